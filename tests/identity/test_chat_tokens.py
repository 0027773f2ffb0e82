"""Chat tokens: short, few, and over with their session."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bodhi.core.audit import Actor
from bodhi.core.credential import Secret
from bodhi.core.errors import SessionEnded
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal, Role
from bodhi.core.session import ABSOLUTE_SECONDS, CHAT_TOKEN_SECONDS
from bodhi.identity.chat_tokens import MAX_PER_SESSION, mint_chat_token
from bodhi.identity.mint import Mint
from bodhi.identity.passwords import Passwords
from bodhi.identity.sign_in import BEARER, Opening, Sessions
from bodhi.identity.throttle import Throttle
from bodhi.identity.tokens import TokenHasher
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.sessions import delete_sessions
from bodhi.storage.users import User, insert_user
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

USER = User("ada-id", "ada", Role.ADMIN, None, disabled=False, created_at=1.0)
ACTOR = Actor(user_id=USER.id, user_name=USER.name)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        async with store.write() as connection:
            await insert_user(connection, USER)
        yield store


@pytest.fixture
def time() -> StillClock:
    return StillClock()


@pytest.fixture
def mint(store: Store, time: StillClock) -> Mint:
    return Mint(store, TokenHasher(b"t" * 32), AuditLog(b"a" * 32, time.clock), time.clock)


@pytest.fixture
async def principal(store: Store, mint: Mint, time: StillClock) -> Principal:
    """Give a signed-in person."""
    passwords, throttle = Passwords(passes=1, memory_kib=64), Throttle(store, time.clock)
    sessions = Sessions(store, passwords, TokenHasher(b"s" * 32), mint.audit, time.clock, throttle)
    async with store.write() as connection:
        opened = await sessions.open(connection, USER, Opening(method="password", carried_by=BEARER))
    return await sessions.principal(opened.secret.reveal().encode())


async def stored_ids(store: Store) -> set[str]:
    async with store.read() as connection:
        return {row[0] for row in await connection.exec_driver_sql("SELECT id FROM tokens")}


async def test_a_chat_token_lives_a_quarter_of_an_hour_and_belongs_to_its_session(
    mint: Mint, principal: Principal, time: StillClock
) -> None:
    secret, grant = await mint_chat_token(mint, ACTOR, principal)
    assert isinstance(secret, Secret)
    assert grant.mac == mint.hasher.mac(secret.reveal().encode())
    assert (grant.scope, grant.session_id, grant.expires_at) == (
        "chat", principal.session_id, time.time + CHAT_TOKEN_SECONDS,
    )  # fmt: skip


async def test_a_chat_token_never_outlives_its_session(mint: Mint, principal: Principal, time: StillClock) -> None:
    ends = time.time + ABSOLUTE_SECONDS
    time.advance(ABSOLUTE_SECONDS - 10)
    _, grant = await mint_chat_token(mint, ACTOR, principal)
    assert grant.expires_at == ends


async def test_of_too_many_the_oldest_ends(mint: Mint, store: Store, principal: Principal, time: StillClock) -> None:
    minted = []
    for _ in range(MAX_PER_SESSION + 5):
        time.advance(1)
        minted.append((await mint_chat_token(mint, ACTOR, principal))[1].id)
    assert await stored_ids(store) == set(minted[5:])


async def test_expired_ones_make_room(mint: Mint, store: Store, principal: Principal, time: StillClock) -> None:
    await mint_chat_token(mint, ACTOR, principal)
    time.advance(CHAT_TOKEN_SECONDS)
    _, grant = await mint_chat_token(mint, ACTOR, principal)
    assert await stored_ids(store) == {grant.id}


async def test_chat_tokens_end_with_their_session_and_none_is_minted_after(
    mint: Mint, store: Store, principal: Principal
) -> None:
    await mint_chat_token(mint, ACTOR, principal)
    async with store.write() as connection:
        await delete_sessions(connection, USER.id)
    assert await stored_ids(store) == set()
    with pytest.raises(SessionEnded):
        await mint_chat_token(mint, ACTOR, principal)
    principal.session_id = new_id()
    with pytest.raises(SessionEnded):
        await mint_chat_token(mint, ACTOR, principal)
