"""Ids that providers gave out: whose they are, and which api model answers for them."""

import pytest

from bodhi.storage.engine import Store
from bodhi.storage.objects import find_object, forget_object, forget_objects_of, purge_objects, remember_object


async def test_only_the_owner_finds_an_object(store: Store) -> None:
    async with store.write() as connection:
        await remember_object(connection, "resp_1", "model-a", "ada", 1.0)
    async with store.read() as connection:
        assert await find_object(connection, "resp_1", "ada") == "model-a"
        assert await find_object(connection, "resp_1", "bob") is None
        assert await find_object(connection, "resp_2", "ada") is None


async def test_the_first_writer_stays_the_owner(store: Store) -> None:
    async with store.write() as connection:
        await remember_object(connection, "resp_1", "model-a", "ada", 1.0)
        await remember_object(connection, "resp_1", "model-a", "bob", 2.0)
        assert await find_object(connection, "resp_1", "bob") is None
        assert await find_object(connection, "resp_1", "ada") == "model-a"


async def test_two_providers_may_give_out_the_same_id(store: Store) -> None:
    async with store.write() as connection:
        await remember_object(connection, "resp_1", "model-a", "ada", 1.0)
        await remember_object(connection, "resp_1", "model-b", "bob", 2.0)
        assert await find_object(connection, "resp_1", "ada") == "model-a"
        assert await find_object(connection, "resp_1", "bob") == "model-b"
        await remember_object(connection, "resp_1", "model-c", "ada", 3.0)
        assert await find_object(connection, "resp_1", "ada") == "model-c"


async def test_an_owner_forgets_only_what_is_theirs(store: Store) -> None:
    async with store.write() as connection:
        await remember_object(connection, "resp_1", "model-a", "ada", 1.0)
        await forget_object(connection, "resp_1", "bob")
        assert await find_object(connection, "resp_1", "ada") == "model-a"
        await forget_object(connection, "resp_1", "ada")
        assert await find_object(connection, "resp_1", "ada") is None


async def test_old_objects_are_purged(store: Store) -> None:
    async with store.write() as connection:
        for number in range(5):
            await remember_object(connection, f"resp_{number}", "model-a", "ada", float(number))
        assert await purge_objects(connection, 3.0) == 3
        assert await find_object(connection, "resp_3", "ada") == "model-a"


@pytest.mark.parametrize("odd", ["resp_\x00", "resp_\udc80"])
async def test_ids_that_no_database_can_hold_are_nobodys(store: Store, odd: str) -> None:
    async with store.write() as connection:
        await remember_object(connection, odd, "model-a", "ada", 1.0)
        assert await find_object(connection, odd, "ada") is None
        await forget_object(connection, odd, "ada")


async def test_all_of_an_owner_are_forgotten_at_once(store: Store) -> None:
    async with store.write() as connection:
        for number in range(3):
            await remember_object(connection, f"resp_{number}", "model-a", "ada", 1.0)
        await remember_object(connection, "resp_9", "model-a", "bob", 1.0)
        assert await forget_objects_of(connection, "ada") == 3
        assert await find_object(connection, "resp_0", "ada") is None
        assert await find_object(connection, "resp_9", "bob") == "model-a"
