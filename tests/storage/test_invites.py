"""One-time links: found by MAC and purpose while they work, used once, withdrawn."""

import asyncio
from dataclasses import replace

import pytest

from bodhi.core.errors import Conflict
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.storage.engine import Store
from bodhi.storage.invites import (
    INVITE,
    PASSWORD_RESET,
    Link,
    find_link,
    insert_link,
    list_links,
    purge_links,
    revoke_link,
    revoke_links_of,
    use_link,
)
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.users import delete_user, insert_user
from tests.storage.conftest import user

NOW = 1_800_000_000.0


def link(**changes: object) -> Link:
    """Return an invite with the given fields."""
    made = new_id()
    fields: dict[str, object] = {
        "id": made,
        "mac": made.encode().ljust(32, b"m"),
        "purpose": INVITE,
        "role": Role.USER,
        "note": "für Bob",
        "created_by": "host",
        "created_by_name": "root",
        "created_at": NOW,
        "expires_at": NOW + 100,
    }
    return Link(**(fields | changes))  # type: ignore[arg-type]  # a test passes what the fields take


async def test_a_link_is_found_by_its_mac_for_its_purpose_until_it_expires(store: Store) -> None:
    made = link()
    async with store.write() as connection:
        await insert_link(connection, made)
        assert await find_link(connection, made.mac, INVITE, NOW) == made
        assert await find_link(connection, made.mac, INVITE, NOW + 99.9) == made
        assert await find_link(connection, made.mac, INVITE, NOW + 100) is None
        assert await find_link(connection, made.mac, PASSWORD_RESET, NOW) is None
        assert await find_link(connection, b"?" * 32, INVITE, NOW) is None


async def test_a_link_is_used_once_and_then_works_no_more(store: Store) -> None:
    made = link()
    async with store.write() as connection:
        await insert_link(connection, made)
        assert await use_link(connection, made, NOW + 1)
        assert not await use_link(connection, made, NOW + 2)
        assert await find_link(connection, made.mac, INVITE, NOW + 2) is None
        assert await revoke_link(connection, made.id, INVITE, NOW + 2) is None
        assert await list_links(connection, INVITE) == [replace(made, used_at=NOW + 1)]


async def test_of_50_parallel_uses_one_is_the_first(store: Store, urls: StoreUrls) -> None:
    made, second = link(), await Store.open(urls)
    async with store.write() as connection:
        await insert_link(connection, made)

    async def attempt(number: int) -> bool:
        async with (store if number % 2 else second).write() as connection:
            return await use_link(connection, made, NOW)

    outcomes = await asyncio.gather(*(attempt(number) for number in range(50)))
    await second.close()
    assert outcomes.count(True) == 1


async def test_a_withdrawn_link_works_no_more(store: Store) -> None:
    made = link()
    async with store.write() as connection:
        await insert_link(connection, made)
        assert await revoke_link(connection, made.id, PASSWORD_RESET, NOW) is None
        assert await revoke_link(connection, "a\x00b", INVITE, NOW) is None
        assert await revoke_link(connection, made.id, INVITE, NOW) == replace(made, revoked_at=NOW)
        assert await revoke_link(connection, made.id, INVITE, NOW) is None
        assert not await use_link(connection, made, NOW)


async def test_the_links_of_one_person_are_withdrawn_together_and_go_with_them(store: Store) -> None:
    ada, eve = user(), user()
    hers = [link(purpose=PASSWORD_RESET, user_id=ada.id, role=None) for _ in range(3)]
    eves = link(purpose=PASSWORD_RESET, user_id=eve.id, role=None)
    async with store.write() as connection:
        for person in (ada, eve):
            await insert_user(connection, person)
        for each in (*hers, eves):
            await insert_link(connection, each)
        assert await use_link(connection, hers[0], NOW)
        assert await revoke_links_of(connection, ada.id, NOW) == 2
        assert await find_link(connection, hers[1].mac, PASSWORD_RESET, NOW) is None
        assert await find_link(connection, eves.mac, PASSWORD_RESET, NOW) == eves
        await delete_user(connection, ada.id)
        assert await list_links(connection, PASSWORD_RESET) == [eves]


async def test_links_are_listed_newest_first_in_pages(store: Store) -> None:
    made = [link(id=f"{number}", mac=bytes([number]) * 32, created_at=float(number)) for number in range(5)]
    async with store.write() as connection:
        for each in made:
            await insert_link(connection, each)
        assert await list_links(connection, INVITE) == made[::-1]
        assert await list_links(connection, INVITE, limit=2) == [made[4], made[3]]
        assert await list_links(connection, INVITE, after="3", limit=2) == [made[2], made[1]]


async def test_a_link_for_nobody_or_a_second_time_is_a_conflict(store: Store) -> None:
    made = link()
    with pytest.raises(Conflict):
        async with store.write() as connection:
            await insert_link(connection, link(purpose=PASSWORD_RESET, user_id="nobody"))
    async with store.write() as connection:
        await insert_link(connection, made)
    with pytest.raises(Conflict):
        async with store.write() as connection:
            await insert_link(connection, made)


async def test_links_that_expired_long_ago_are_removed(store: Store) -> None:
    old, made = link(expires_at=NOW - 1), link()
    async with store.write() as connection:
        await insert_link(connection, old)
        await insert_link(connection, made)
        assert await purge_links(connection, NOW) == 1
        assert await list_links(connection, INVITE) == [made]


def test_a_mac_is_not_in_the_repr() -> None:
    assert "mac" not in repr(link())
