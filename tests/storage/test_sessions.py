"""Sign-in sessions: found by MAC, until they expire, are not used, end, or their user is disabled."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import update

from bodhi.core.errors import Conflict
from bodhi.core.ids import new_id
from bodhi.core.principal import CHAT, Role, TokenGrant
from bodhi.storage.engine import Store
from bodhi.storage.sessions import (
    Session,
    confirm_session,
    delete_sessions,
    find_session,
    get_session,
    insert_session,
    list_sessions,
    lock_user,
    purge_chat_tokens,
    purge_sessions,
    touch_session,
    trim_chat_tokens,
)
from bodhi.storage.tables import users
from bodhi.storage.tokens import insert_token
from bodhi.storage.users import User, insert_user
from bodhi.storage.version import config_version
from tests.storage.conftest import user


def session(of: User, number: int = 0, *, seen_at: float = 100.0, expires_at: float = 200.0) -> Session:
    return Session(
        id=f"session-{number}",
        mac=bytes([number]) * 32,
        user_id=of.id,
        method="password",
        carried_by="cookie",
        created_at=100.0 + number,
        authenticated_at=100.0,
        seen_at=seen_at,
        expires_at=expires_at,
        address="192.0.2.1",
        user_agent="Browser",
    )


def chat_token(of: Session, number: int, expires_at: float = 150.0) -> TokenGrant:
    return TokenGrant(
        f"token-{number}",
        "chat",
        bytes([number, 1]) * 16,
        of.user_id,
        "",
        Role.USER,
        CHAT,
        (),
        float(number),
        expires_at,
        None,
        session_id=of.id,
    )


@pytest.fixture
async def ada(store: Store) -> User:
    made = user()
    async with store.write() as connection:
        await insert_user(connection, made)
    return made


async def test_a_session_leads_to_its_user_until_it_expires_or_is_not_used(store: Store, ada: User) -> None:
    one = session(ada)
    async with store.write() as connection:
        await insert_session(connection, one)
        assert await find_session(connection, one.mac, 199.9, idle_since=99.9) == (one, ada)
        assert await find_session(connection, one.mac, 200.0, idle_since=99.9) is None
        assert await find_session(connection, one.mac, 150.0, idle_since=100.0) is None
        assert await find_session(connection, b"other", 150.0, idle_since=0.0) is None
        assert await get_session(connection, one.id) == one
        assert await get_session(connection, "other") is None


async def test_a_disabled_users_session_finds_nobody(store: Store, ada: User) -> None:
    one = session(ada)
    async with store.write() as connection:
        await insert_session(connection, one)
        await connection.execute(update(users).values(disabled=True))
        assert await find_session(connection, one.mac, 150.0, idle_since=0.0) is None


async def test_a_use_is_noted_without_a_new_version(store: Store, ada: User) -> None:
    async with store.write() as connection:
        await insert_session(connection, session(ada))
        before = await config_version(connection)
        await touch_session(connection, "session-0", 170.0)
        assert await config_version(connection) == before
        found = await get_session(connection, "session-0")
        assert found is not None
        assert found.seen_at == 170.0


async def test_a_confirmed_session_may_get_another_secret(store: Store, ada: User) -> None:
    one = session(ada)
    async with store.write() as connection:
        await insert_session(connection, one)
        confirmed = replace(one, authenticated_at=120.0, seen_at=120.0)
        assert await confirm_session(connection, one.id, 120.0) == confirmed
        renewed = replace(confirmed, mac=b"n" * 32, authenticated_at=130.0, seen_at=130.0)
        assert await confirm_session(connection, one.id, 130.0, b"n" * 32) == renewed
        assert await find_session(connection, one.mac, 150.0, idle_since=0.0) is None
        assert await confirm_session(connection, "other", 130.0) is None


async def test_sessions_are_listed_newest_first_and_only_ones_own(store: Store, ada: User) -> None:
    eve = user()
    async with store.write() as connection:
        await insert_user(connection, eve)
        for number in range(3):
            await insert_session(connection, session(ada, number))
        await insert_session(connection, session(ada, 3, expires_at=120.0))
        await insert_session(connection, session(ada, 4, seen_at=50.0))
        await insert_session(connection, session(eve, 5))
        found = await list_sessions(connection, ada.id, 150.0, idle_since=60.0)
        assert [each.id for each in found] == ["session-2", "session-1", "session-0"]
        assert len(await list_sessions(connection, ada.id, 150.0, idle_since=60.0, limit=2)) == 2


async def test_one_session_or_all_or_all_but_one_end(store: Store, ada: User) -> None:
    eve = user()
    async with store.write() as connection:
        await insert_user(connection, eve)
        for number in range(5):
            await insert_session(connection, session(ada, number))
        await insert_session(connection, session(eve, 9))
        assert await delete_sessions(connection, ada.id, only="session-9") == []
        assert await delete_sessions(connection, ada.id, only="session-0") == ["session-0"]
        assert sorted(await delete_sessions(connection, ada.id, but="session-1")) == [f"session-{n}" for n in (2, 3, 4)]
        assert await delete_sessions(connection, ada.id) == ["session-1"]
        assert await get_session(connection, "session-9") is not None


async def test_a_sessions_chat_tokens_end_with_it_and_processes_learn_of_it(store: Store, ada: User) -> None:
    one, other = session(ada), session(ada, 1)
    async with store.write() as connection:
        await insert_session(connection, one)
        await insert_session(connection, other)
        await insert_token(connection, chat_token(one, 1))
        await insert_token(connection, chat_token(other, 2))
    async with store.write() as connection:
        before = await config_version(connection)
        await delete_sessions(connection, ada.id, only=one.id)
        assert await config_version(connection) > before
        rows = await connection.exec_driver_sql("SELECT id FROM tokens")
        assert [row[0] for row in rows] == ["token-2"]


async def test_of_a_sessions_chat_tokens_the_newest_stay(store: Store, ada: User) -> None:
    one, other = session(ada), session(ada, 1)
    async with store.write() as connection:
        await insert_session(connection, one)
        await insert_session(connection, other)
        for number in range(6):
            await insert_token(connection, chat_token(one, number, expires_at=110.0 if number == 5 else 150.0))
        await insert_token(connection, chat_token(other, 9))
        await trim_chat_tokens(connection, one.id, 120.0, keep=3)
        rows = await connection.exec_driver_sql("SELECT id FROM tokens ORDER BY id")
        assert [row[0] for row in rows] == ["token-3", "token-4", "token-9"]
        assert await purge_chat_tokens(connection, 150.0) == 3


async def test_no_session_is_left_of_an_account_that_ends_while_it_is_opened(store: Store) -> None:
    async def open_for(one: User) -> None:
        async with store.write() as connection:
            current = await lock_user(connection, one.id)
            assert current is not None
            if not current.disabled:
                await insert_session(connection, session(one, int(one.name)))

    async def disable(one: User) -> None:
        async with store.write() as connection:
            await delete_sessions(connection, one.id)
            await connection.execute(update(users).where(users.c.id == one.id).values(disabled=True))

    people = [user(name=str(number)) for number in range(30)]
    async with store.write() as connection:
        for each in people:
            await insert_user(connection, each)
    await asyncio.gather(*(work(each) for each in people for work in (open_for, disable)))
    async with store.read() as connection:
        for each in people:
            assert await list_sessions(connection, each.id, 0.0, idle_since=0.0) == []


async def test_a_locked_user_is_as_stored(store: Store, ada: User) -> None:
    async with store.write() as connection:
        assert await lock_user(connection, ada.id) == ada
        assert await lock_user(connection, "nobody") is None


async def test_what_has_ended_is_purged(store: Store, ada: User) -> None:
    async with store.write() as connection:
        for number in range(4):
            await insert_session(connection, session(ada, number, expires_at=float(number), seen_at=float(number)))
        assert await purge_sessions(connection, 1.0, idle_since=0.0) == 2
        assert await purge_sessions(connection, 1.0, idle_since=2.0) == 1
        assert await get_session(connection, "session-3") is not None


async def test_a_session_of_nobody_is_a_conflict(store: Store) -> None:
    nobody = replace(user(), id=new_id())
    with pytest.raises(Conflict):
        async with store.write() as connection:
            await insert_session(connection, session(nobody))


def test_a_session_does_not_show_its_mac() -> None:
    assert "mac" not in repr(session(user()))
