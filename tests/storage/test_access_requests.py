"""Requests for a role: one waits at a time, each is decided once."""

import asyncio
from dataclasses import replace

import pytest

from bodhi.core.errors import Conflict
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.storage.access_requests import (
    APPROVED,
    PENDING,
    REJECTED,
    AccessRequest,
    Decision,
    decide_access_request,
    get_access_request,
    insert_access_request,
    latest_of,
    list_access_requests,
    pending_of,
)
from bodhi.storage.engine import Store
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.users import User, delete_user, insert_user
from tests.storage.conftest import user

NOW = 1_800_000_000.0


def request_of(person: User, **changes: object) -> AccessRequest:
    """Return a request with the given fields."""
    fields: dict[str, object] = {
        "id": new_id(),
        "user_id": person.id,
        "user_name": person.name,
        "note": "bitte schön",
        "created_at": NOW,
    }
    return AccessRequest(**(fields | changes))  # type: ignore[arg-type]  # a test passes what the fields take


@pytest.fixture
async def ada(store: Store) -> User:
    """Give a person without a role."""
    person = user(name="ada", role=Role.GUEST)
    async with store.write() as connection:
        await insert_user(connection, person)
    return person


async def test_a_request_waits_until_it_is_decided_once(store: Store, ada: User) -> None:
    asked = request_of(ada)
    yes = Decision(state=APPROVED, role=Role.MANAGER, at=NOW + 1, by="root-id", by_name="root")
    decided = replace(
        asked, state=APPROVED, role=Role.MANAGER, decided_at=NOW + 1, decided_by="root-id", decided_by_name="root"
    )
    async with store.write() as connection:
        await insert_access_request(connection, asked)
        assert await pending_of(connection, ada.id) == await get_access_request(connection, asked.id) == asked
        assert await decide_access_request(connection, asked.id, yes)
        assert not await decide_access_request(connection, asked.id, replace(yes, state=REJECTED))
        assert await pending_of(connection, ada.id) is None
        assert await latest_of(connection, ada.id) == decided
        assert await get_access_request(connection, "a\x00") is None


async def test_of_20_parallel_requests_one_waits(store: Store, urls: StoreUrls, ada: User) -> None:
    second = await Store.open(urls)

    async def attempt(number: int) -> bool:
        try:
            async with (store if number % 2 else second).write() as connection:
                await insert_access_request(connection, request_of(ada))
        except Conflict:
            return False
        return True

    outcomes = await asyncio.gather(*(attempt(number) for number in range(20)))
    await second.close()
    assert outcomes.count(True) == 1


async def test_somebody_who_is_gone_cannot_ask_and_leaves_no_request(store: Store, ada: User) -> None:
    asked = request_of(ada)
    async with store.write() as connection:
        await insert_access_request(connection, asked)
        await delete_user(connection, ada.id)
        assert await list_access_requests(connection) == []
    with pytest.raises(Conflict):
        async with store.write() as connection:
            await insert_access_request(connection, asked)


async def test_requests_are_listed_oldest_first_in_pages_by_state(store: Store) -> None:
    people = [user(name=f"user-{number}", role=Role.GUEST) for number in range(4)]
    asked = [request_of(person, id=f"{i}", created_at=float(i)) for i, person in enumerate(people)]
    async with store.write() as connection:
        for person, each in zip(people, asked, strict=True):
            await insert_user(connection, person)
            await insert_access_request(connection, each)
        no = Decision(state=REJECTED, at=NOW, by=None, by_name="root")
        await decide_access_request(connection, "1", no)
        pending = [asked[0], asked[2], asked[3]]
        assert await list_access_requests(connection, PENDING) == pending
        assert await list_access_requests(connection, PENDING, after="0", limit=1) == pending[1:2]
        assert [each.id for each in await list_access_requests(connection)] == ["0", "1", "2", "3"]
        assert [each.id for each in await list_access_requests(connection, REJECTED)] == ["1"]


async def test_after_a_rejection_one_may_ask_again(store: Store, ada: User) -> None:
    first, again = request_of(ada), request_of(ada, created_at=NOW + 1)
    async with store.write() as connection:
        await insert_access_request(connection, first)
        await decide_access_request(connection, first.id, Decision(state=REJECTED, at=NOW, by=None, by_name="root"))
        await insert_access_request(connection, again)
        assert await latest_of(connection, ada.id) == again
