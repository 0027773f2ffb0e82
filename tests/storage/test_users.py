"""Users: names in any case, the first Admin, and who counts as one."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from bodhi.core.errors import Conflict, LastAdmin
from bodhi.core.principal import Role
from bodhi.storage.engine import Store
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.tables import users as users_table
from bodhi.storage.users import (
    User,
    UserFilter,
    count_admins,
    delete_user,
    find_user,
    get_user,
    insert_first_admin,
    insert_user,
    list_users,
    name_key,
    set_password_hash,
    update_user,
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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada", "ADA"),
        ("ada", "\uff41\uff44\uff41"),
        ("\u00e4da", "a\u0308da"),
        ("strasse", "STRA\u1e9eE"),
        ("fish", "\ufb01sh"),
        ("k2", "\u212a\u00b2"),
        ("\u03c3\u03c3", "\u03a3\u03c2"),
        ("\u0130", "i\u0307"),
    ],
)
async def test_a_name_that_only_looks_like_another_is_the_same(store: Store, one: str, other: str) -> None:
    async with store.write() as connection:
        await insert_user(connection, user(name=one))
        found = await find_user(connection, other)
    assert found is not None
    assert found.name == one


@given(st.text())
def test_the_form_in_which_names_are_compared_is_its_own(name: str) -> None:
    assert name_key(name_key(name)) == name_key(name)


async def test_a_list_is_narrowed_by_role_state_and_a_part_of_the_name(store: Store) -> None:
    people = [
        user(name="Ada_Lovelace", role=Role.ADMIN),
        user(name="AdaXLovelace", disabled=True),
        user(name="50%-bob", role=Role.MANAGER),
        user(name="500-bob"),
    ]
    async with store.write() as connection:
        for person in people:
            await insert_user(connection, person)

    async def found(**wanted: Any) -> list[str]:
        async with store.read() as connection:
            return sorted(each.name for each in await list_users(connection, UserFilter(**wanted)))

    assert await found(role=Role.ADMIN) == ["Ada_Lovelace"]
    assert await found(disabled=True) == ["AdaXLovelace"]
    assert await found(disabled=False, query="BOB") == ["50%-bob", "500-bob"]
    assert await found(query="a_l") == ["Ada_Lovelace"]
    assert await found(query="0%") == ["50%-bob"]
    assert await found(query="\\") == await found(query="/") == await found(query="a\x00") == []
    assert await found(query="ada", role=Role.USER, disabled=True) == ["AdaXLovelace"]


async def test_fields_change_with_a_new_version_of_the_configuration(store: Store) -> None:
    ada, eve = user(name="ada", role=Role.ADMIN), user(name="eve")
    async with store.write() as connection:
        await insert_user(connection, ada)
        await insert_user(connection, eve)
        before = await config_version(connection)
        changed = await update_user(connection, eve.id, {"role": Role.MANAGER, "disabled": True, "name": "Eva"})
        assert changed == replace(eve, role=Role.MANAGER, disabled=True, name="Eva")
        assert await find_user(connection, "EVA") == changed
        assert await update_user(connection, eve.id, {"name": "EVA"}) == replace(changed, name="EVA")
        assert await config_version(connection) > before
    with pytest.raises(Conflict, match="ada"):
        async with store.write() as connection:
            await update_user(connection, eve.id, {"name": "ADA"})


async def test_a_removed_user_is_gone_and_the_name_is_free(store: Store) -> None:
    ada, eve = user(name="ada", role=Role.ADMIN), user(name="eve")
    async with store.write() as connection:
        await insert_user(connection, ada)
        await insert_user(connection, eve)
        assert await delete_user(connection, eve.id)
        assert not await delete_user(connection, eve.id)
        await insert_user(connection, user(name="Eve"))


@pytest.mark.parametrize("loss", [{"role": Role.MANAGER}, {"disabled": True}, None])
async def test_the_last_admin_who_can_sign_in_cannot_be_lost(store: Store, loss: dict[str, Any] | None) -> None:
    ada, locked_out = user(role=Role.ADMIN), user(role=Role.ADMIN, disabled=True)
    async with store.write() as connection:
        for person in (ada, locked_out, user(role=Role.MANAGER)):
            await insert_user(connection, person)
    with pytest.raises(LastAdmin):
        async with store.write() as connection:
            await (delete_user(connection, ada.id) if loss is None else update_user(connection, ada.id, loss))
    async with store.write() as connection:
        assert await get_user(connection, ada.id) == ada
        assert await delete_user(connection, locked_out.id)


async def test_of_two_admins_who_are_lost_at_once_one_stays(store: Store, urls: StoreUrls) -> None:
    second = await Store.open(urls)
    for _ in range(20):
        pair = [user(role=Role.ADMIN), user(role=Role.ADMIN)]
        async with store.write() as connection:
            for person in pair:
                await insert_user(connection, person)

        async def lose(opened: Store, person: User) -> bool:
            try:
                async with opened.write() as connection:
                    await update_user(connection, person.id, {"disabled": True})
            except LastAdmin:
                return False
            return True

        outcomes = await asyncio.gather(lose(store, pair[0]), lose(second, pair[1]))
        assert sorted(outcomes) == [False, True]
        async with store.write() as connection:
            assert await count_admins(connection) == 1
            await connection.execute(delete(users_table))
    await second.close()
