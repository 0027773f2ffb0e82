"""Sign-in sessions: found by MAC, until they expire, end, or their user is disabled."""

import pytest
from sqlalchemy import update

from bodhi.core.errors import Conflict
from bodhi.storage.engine import Store
from bodhi.storage.sessions import delete_session, find_session, insert_session, purge_sessions
from bodhi.storage.tables import users
from bodhi.storage.users import insert_user
from tests.storage.conftest import user

MAC = bytes(range(32))


async def test_a_session_leads_to_its_user_until_it_expires(store: Store) -> None:
    ada = user()
    async with store.write() as connection:
        await insert_user(connection, ada)
        await insert_session(connection, MAC, ada.id, 100.0, 200.0)
        assert await find_session(connection, MAC, 199.9) == ada
        assert await find_session(connection, MAC, 200.0) is None
        assert await find_session(connection, b"other", 150.0) is None


async def test_a_disabled_users_session_finds_nobody(store: Store) -> None:
    ada = user()
    async with store.write() as connection:
        await insert_user(connection, ada)
        await insert_session(connection, MAC, ada.id, 100.0, 200.0)
        await connection.execute(update(users).values(disabled=True))
        assert await find_session(connection, MAC, 150.0) is None


async def test_a_session_ends_once(store: Store) -> None:
    ada = user()
    async with store.write() as connection:
        await insert_user(connection, ada)
        await insert_session(connection, MAC, ada.id, 100.0, 200.0)
        assert await delete_session(connection, MAC)
        assert not await delete_session(connection, MAC)
        assert await find_session(connection, MAC, 150.0) is None


async def test_expired_sessions_are_purged(store: Store) -> None:
    ada = user()
    async with store.write() as connection:
        await insert_user(connection, ada)
        for number in range(4):
            await insert_session(connection, bytes([number]), ada.id, 0.0, float(number))
        assert await purge_sessions(connection, 2.0) == 3
        assert await find_session(connection, bytes([3]), 2.0) == ada


async def test_a_session_of_nobody_is_a_conflict(store: Store) -> None:
    with pytest.raises(Conflict):
        async with store.write() as connection:
            await insert_session(connection, MAC, "nobody", 0.0, 1.0)
