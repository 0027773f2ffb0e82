"""Passwords to sessions, sessions to principals."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.credential import Secret
from bodhi.core.errors import SignInFailed, Unauthenticated
from bodhi.core.principal import Role
from bodhi.identity.passwords import Passwords
from bodhi.identity.setup import create_first_admin
from bodhi.identity.sign_in import SESSION_SECONDS, Sessions, looks_like_session
from bodhi.identity.tokens import TokenHasher, new_token
from bodhi.storage.engine import Store
from bodhi.storage.users import find_user
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

GOOD = Secret("correct zebra stapler")
PASSWORDS = Passwords(passes=1, memory_kib=64)
HASHER = TokenHasher(b"s" * 32)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        await create_first_admin(store, PASSWORDS, SYSTEM_CLOCK, "ada", GOOD)
        yield store


@pytest.fixture
def time() -> StillClock:
    return StillClock()


@pytest.fixture
def sessions(store: Store, time: StillClock) -> Sessions:
    return Sessions(store, PASSWORDS, HASHER, time.clock)


async def test_a_password_opens_a_session_that_knows_its_user(sessions: Sessions) -> None:
    user, secret = await sessions.sign_in("Ada", GOOD)
    principal = await sessions.principal(secret.reveal().encode())
    assert (principal.user_id, principal.role, principal.token_id) == (user.id, Role.ADMIN, None)


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong password"), ("eve", GOOD.reveal()), ("", ""), ("ada", "")]
)
async def test_wrong_names_and_wrong_passwords_look_alike(sessions: Sessions, name: str, password: str) -> None:
    with pytest.raises(SignInFailed) as raised:
        await sessions.sign_in(name, Secret(password))
    assert raised.value.message == SignInFailed().message


async def test_a_session_ends_after_twelve_hours(sessions: Sessions, time: StillClock) -> None:
    _, secret = await sessions.sign_in("ada", GOOD)
    time.advance(SESSION_SECONDS)
    with pytest.raises(Unauthenticated):
        await sessions.principal(secret.reveal().encode())


async def test_a_session_ends_with_sign_out(sessions: Sessions) -> None:
    _, secret = await sessions.sign_in("ada", GOOD)
    await sessions.sign_out(secret.reveal().encode())
    with pytest.raises(Unauthenticated):
        await sessions.principal(secret.reveal().encode())
    await sessions.sign_out(secret.reveal().encode())


@pytest.mark.parametrize(
    "junk", [b"", b"junk", new_token("s").reveal().encode(), new_token("u").reveal().encode()], ids=range(4)
)
async def test_what_is_no_session_is_refused(sessions: Sessions, junk: bytes) -> None:
    with pytest.raises(Unauthenticated):
        await sessions.principal(junk)


def test_sessions_and_tokens_are_told_apart_by_their_shape() -> None:
    assert looks_like_session(new_token("s").reveal().encode())
    assert not looks_like_session(new_token("u").reveal().encode())


async def test_an_outdated_hash_is_renewed_at_sign_in(store: Store, time: StillClock) -> None:
    stronger = Passwords(passes=2, memory_kib=64)
    await Sessions(store, stronger, HASHER, time.clock).sign_in("ada", GOOD)
    async with store.read() as connection:
        user = await find_user(connection, "ada")
    assert user is not None
    assert user.password_hash is not None
    assert not stronger.is_outdated(user.password_hash)
