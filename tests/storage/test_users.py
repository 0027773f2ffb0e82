"""Users: names in any case, the first Admin, and who counts as one."""

import asyncio
from dataclasses import replace

import pytest

from bodhi.core.errors import Conflict
from bodhi.core.principal import Role
from bodhi.storage.engine import Store
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.users import (
    count_admins,
    find_user,
    get_user,
    insert_first_admin,
    insert_user,
    list_users,
    set_password_hash,
)
from bodhi.storage.version import config_version
from tests.storage.conftest import user


async def test_a_user_is_found_by_id_and_by_name_in_any_case(store: Store) -> None:
    ada = user(name="Ada Straße", role=Role.MANAGER)
    async with store.write() as connection:
        await insert_user(connection, ada)
    async with store.read() as connection:
        assert await get_user(connection, ada.id) == ada
        assert await find_user(connection, "aDA STRASSE") == ada
        assert await find_user(connection, "bob") is None
        assert await get_user(connection, "nobody") is None


async def test_a_name_that_differs_in_case_only_is_taken(store: Store) -> None:
    async with store.write() as connection:
        await insert_user(connection, user(name="ada"))
    with pytest.raises(Conflict, match="ADA"):
        async with store.write() as connection:
            await insert_user(connection, user(name="ADA"))


async def test_an_id_that_exists_is_a_conflict(store: Store) -> None:
    ada = user()
    async with store.write() as connection:
        await insert_user(connection, ada)
    with pytest.raises(Conflict):
        async with store.write() as connection:
            await insert_user(connection, replace(ada, name="other"))


@pytest.mark.parametrize("name", ["a\x00da", "a\ud800da"])
async def test_a_name_that_no_database_can_hold_finds_nobody(store: Store, name: str) -> None:
    async with store.read() as connection:
        assert await find_user(connection, name) is None


async def test_of_200_parallel_first_admins_one_succeeds(store: Store, urls: StoreUrls) -> None:
    second = await Store.open(urls)

    async def attempt(number: int) -> bool:
        async with (store if number % 2 else second).write() as connection:
            return await insert_first_admin(connection, user(name=f"admin-{number}", role=Role.ADMIN))

    outcomes = await asyncio.gather(*(attempt(number) for number in range(200)))
    await second.close()

    assert outcomes.count(True) == 1
    async with store.read() as connection:
        assert len(await list_users(connection)) == 1
        assert await count_admins(connection) == 1


async def test_disabled_admins_and_lower_roles_do_not_count(store: Store) -> None:
    async with store.write() as connection:
        await insert_user(connection, user(role=Role.ADMIN, disabled=True))
        await insert_user(connection, user(role=Role.MANAGER))
        assert await count_admins(connection) == 0


async def test_a_password_changes_without_a_new_version_of_the_configuration(store: Store) -> None:
    ada = user()
    async with store.write() as connection:
        await insert_user(connection, ada)
        before = await config_version(connection)
        assert await set_password_hash(connection, ada.id, "new")
        assert not await set_password_hash(connection, "nobody", "new")
        assert await config_version(connection) == before
        assert await get_user(connection, ada.id) == replace(ada, password_hash="new")


async def test_users_are_listed_oldest_first_in_pages(store: Store) -> None:
    people = [user(id=f"{number}", created_at=float(number)) for number in range(5)]
    async with store.write() as connection:
        for person in reversed(people):
            await insert_user(connection, person)
        assert await list_users(connection) == people
        assert await list_users(connection, limit=2) == people[:2]
        assert await list_users(connection, after="1", limit=2) == people[2:4]


def test_a_password_hash_is_not_in_the_repr() -> None:
    assert "argon2id" not in repr(user())
