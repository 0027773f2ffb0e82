"""Passwords to sessions, sessions to principals."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from argon2 import PasswordHasher
from sqlalchemy import update
from typing_extensions import override

from bodhi.core.audit import Actor
from bodhi.core.credential import Secret
from bodhi.core.errors import (
    ConfirmationNeeded,
    InvalidField,
    SessionEnded,
    SignInFailed,
    TooManyAttempts,
    Unauthenticated,
)
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.core.session import ABSOLUTE_SECONDS, IDLE_SECONDS
from bodhi.identity.passwords import Passwords
from bodhi.identity.sign_in import BEARER, COOKIE, Opening, Sessions, looks_like_session
from bodhi.identity.throttle import LIMITS, PASSWORD_AGAIN, PASSWORD_OF_ACCOUNT, Throttle
from bodhi.identity.tokens import TokenHasher, new_token
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.invites import PASSWORD_RESET, Link, find_link, insert_link
from bodhi.storage.sessions import delete_sessions, get_session, list_sessions
from bodhi.storage.tables import audit_log, users
from bodhi.storage.users import User, find_user, insert_user, set_password_hash
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

DAY = 86_400.0
GOOD = Secret("correct zebra stapler")
BETTER = Secret("correct zebra stapler battery")
PASSWORDS = Passwords(passes=1, memory_kib=64)
BY_PROGRAM = Opening(method="password", carried_by=BEARER, address="192.0.2.1", user_agent="A program" * 100)
BY_PAGE = Opening(method="password", carried_by=COOKIE, address="192.0.2.1")

NewSessions = Callable[[Passwords], Sessions]


class CountingHasher(PasswordHasher):
    """Counts how often argon2 works."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=64, parallelism=1)
        self.verified: list[str] = []
        """The parameters of the hashes that something was compared with."""

    @override
    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # the name is argon2's
        self.verified.append(str(hash).rsplit("$", 2)[0])
        return super().verify(hash, password)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        await add_user(store, "ada", Role.ADMIN)
        yield store


@pytest.fixture
def time() -> StillClock:
    return StillClock()


@pytest.fixture
def new_sessions(store: Store, time: StillClock) -> NewSessions:
    def build(passwords: Passwords) -> Sessions:
        throttle = Throttle(store, time.clock)
        return Sessions(store, passwords, TokenHasher(b"s" * 32), AuditLog(b"a" * 32, time.clock), time.clock, throttle)

    return build


@pytest.fixture
def sessions(new_sessions: NewSessions) -> Sessions:
    return new_sessions(PASSWORDS)


async def add_user(
    store: Store, name: str, role: Role = Role.USER, *, disabled: bool = False, password: Secret | None = GOOD
) -> User:
    password_hash = await PASSWORDS.new_hash(password) if password else None
    user = User(new_id(), name, role, password_hash, disabled=disabled, created_at=1.0)
    async with store.write() as connection:
        await insert_user(connection, user)
    return user


async def change_user(store: Store, name: str, **values: object) -> None:
    async with store.write() as connection:
        await connection.execute(update(users).where(users.c.name == name).values(values))


async def signed_in(sessions: Sessions, opening: Opening = BY_PROGRAM) -> tuple[Actor, bytes]:
    user, opened = await sessions.sign_in("ada", GOOD, opening)
    actor = Actor(user_id=user.id, user_name=user.name, session_id=opened.session.id, address="192.0.2.1")
    return actor, opened.secret.reveal().encode()


async def actions(store: Store) -> list[tuple[str, str | None]]:
    async with store.read() as connection:
        rows = await connection.execute(audit_log.select().order_by(audit_log.c.seq))
        return [(row.action, row.user_name) for row in rows]


async def test_a_password_opens_a_session_that_knows_its_user(sessions: Sessions, store: Store) -> None:
    user, opened = await sessions.sign_in(" Ada ", GOOD, BY_PROGRAM)
    principal = await sessions.principal(opened.secret.reveal().encode())
    assert (principal.user_id, principal.role, principal.token_id) == (user.id, Role.ADMIN, None)
    assert principal.session_id == opened.session.id
    assert len(opened.session.user_agent or "") == 256
    assert await actions(store) == [("session.open", "ada")]


async def test_each_sign_in_is_a_session_of_its_own_with_a_new_id(sessions: Sessions) -> None:
    (one, first), (other, second) = await signed_in(sessions), await signed_in(sessions)
    assert one.session_id != other.session_id
    assert first != second
    assert (await sessions.principal(first)).session_id == one.session_id


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong password"), ("eve", GOOD.reveal()), ("", ""), ("ada", ""), ("\x00", "x")]
)
async def test_wrong_names_and_wrong_passwords_look_alike(sessions: Sessions, name: str, password: str) -> None:
    with pytest.raises(SignInFailed) as raised:
        await sessions.sign_in(name, Secret(password), BY_PROGRAM)
    assert raised.value.message == SignInFailed().message


async def test_for_everybody_exactly_one_password_is_compared_with_the_same_effort(
    store: Store, new_sessions: NewSessions
) -> None:
    await add_user(store, "disabled", disabled=True)
    await add_user(store, "from-the-provider", password=None)
    await add_user(store, "guest", Role.GUEST)
    passwords = Passwords(passes=1, memory_kib=64)
    hasher = CountingHasher()
    passwords._hasher = hasher
    sessions = new_sessions(passwords)
    for name in ("ada", "nobody", "disabled", "from-the-provider", "guest", "", "x" * 10_000):
        for password in (Secret("wrong"), GOOD) if name in ("disabled", "nobody", "from-the-provider") else (BETTER,):
            hasher.verified.clear()
            with pytest.raises(SignInFailed):
                await sessions.sign_in(name, password, BY_PROGRAM)
            assert len(hasher.verified) == 1, name
            assert hasher.verified[0].startswith("$argon2id$v=19$m=64,t=1,p=1"), name


async def test_beyond_the_limit_no_password_is_compared_not_even_the_right_one(
    new_sessions: NewSessions, time: StillClock
) -> None:
    passwords = Passwords(passes=1, memory_kib=64)
    hasher = CountingHasher()
    passwords._hasher = hasher
    sessions, limit = new_sessions(passwords), LIMITS[PASSWORD_OF_ACCOUNT]
    for _ in range(limit.burst):
        with pytest.raises(SignInFailed):
            await sessions.sign_in("ada", BETTER, BY_PROGRAM)
    with pytest.raises(TooManyAttempts) as raised:
        await sessions.sign_in("ada", GOOD, BY_PROGRAM)
    assert raised.value.retry_after == limit.seconds
    assert len(hasher.verified) == limit.burst
    time.advance(limit.seconds)
    await sessions.sign_in("ada", GOOD, BY_PROGRAM)


async def test_a_right_password_resets_the_accounts_count(sessions: Sessions) -> None:
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        for _ in range(LIMITS[PASSWORD_OF_ACCOUNT].burst - 1):
            with pytest.raises(SignInFailed):
                await sessions.sign_in("ada", BETTER, replace(BY_PROGRAM, address=address))
        await sessions.sign_in("ada", GOOD, replace(BY_PROGRAM, address=address))


@pytest.mark.parametrize("changed", [{"disabled": True}, {"password_hash": "another"}], ids=["disabled", "password"])
async def test_an_account_that_changes_while_its_password_is_compared_is_not_let_in(
    store: Store, new_sessions: NewSessions, changed: dict[str, object]
) -> None:
    class Changing(Passwords):
        @override
        async def verify(self, stored: str | None, password: Secret) -> bool:
            matched = await super().verify(stored, password)
            await change_user(store, "ada", **changed)
            return matched

    with pytest.raises(SignInFailed):
        await new_sessions(Changing(passes=1, memory_kib=64)).sign_in("ada", GOOD, BY_PROGRAM)
    assert await actions(store) == []


async def test_an_unused_session_ends_after_twelve_hours(sessions: Sessions, time: StillClock) -> None:
    _, secret = await signed_in(sessions)
    time.advance(IDLE_SECONDS - 1)
    await sessions.principal(secret)
    time.advance(IDLE_SECONDS)
    with pytest.raises(SessionEnded):
        await sessions.principal(secret)


async def test_a_session_ends_after_seven_days_however_much_it_is_used(sessions: Sessions, time: StillClock) -> None:
    _, secret = await signed_in(sessions)
    for _ in range(int(ABSOLUTE_SECONDS // IDLE_SECONDS)):
        time.advance(IDLE_SECONDS - 1)
        await sessions.principal(secret)
    time.advance(IDLE_SECONDS - 1)
    with pytest.raises(SessionEnded):
        await sessions.principal(secret)


async def test_a_use_is_noted_to_the_minute(sessions: Sessions, store: Store, time: StillClock) -> None:
    actor, secret = await signed_in(sessions)
    began = time.time
    for seconds, seen in ((59.0, began), (1.0, began + 60), (59.0, began + 60), (1.0, began + 120)):
        time.advance(seconds)
        await sessions.principal(secret)
        async with store.read() as connection:
            session = await get_session(connection, actor.session_id or "")
        assert session is not None
        assert session.seen_at == seen


async def test_a_use_that_cannot_be_noted_fails_no_request(
    sessions: Sessions, store: Store, time: StillClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = await signed_in(sessions)
    time.advance(120)
    monkeypatch.setattr("bodhi.identity.sign_in.TOUCH_SECONDS", 0.05)
    async with store.write() as connection:  # the only writer's turn is taken
        assert (await sessions.principal(secret)).role is Role.ADMIN
        await connection.rollback()
    async with store.write() as connection:
        await connection.exec_driver_sql(
            "CREATE TRIGGER no BEFORE UPDATE ON sessions BEGIN SELECT RAISE(FAIL, ''); END"
        )
    assert (await sessions.principal(secret)).role is Role.ADMIN


@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_a_clock_a_day_off_keeps_what_is_over_over_and_what_is_proved_short(
    sessions: Sessions, time: StillClock, jump: float
) -> None:
    _, secret = await signed_in(sessions)
    time.advance(jump)
    if jump > 0:
        with pytest.raises(SessionEnded):
            await sessions.principal(secret)
        time.advance(-jump)
    assert (await sessions.principal(secret)).role is Role.ADMIN
    time.advance(IDLE_SECONDS)
    with pytest.raises(SessionEnded):
        await sessions.principal(secret)


async def test_a_secret_works_only_the_way_it_was_given_out_for(sessions: Sessions) -> None:
    (_, program), (_, page) = await signed_in(sessions), await signed_in(sessions, BY_PAGE)
    await sessions.principal(program, BEARER)
    await sessions.principal(page, COOKIE)
    for secret, carried_by in ((program, COOKIE), (page, BEARER)):
        with pytest.raises(SessionEnded):
            await sessions.principal(secret, carried_by)


@pytest.mark.parametrize(
    "junk",
    [b"", b"junk", b"\xff", new_token("s").reveal().encode(), new_token("u").reveal().encode(), b"bodhi_s_" * 10_000],
    ids=range(6),
)
async def test_what_is_no_session_is_refused(sessions: Sessions, junk: bytes) -> None:
    with pytest.raises(Unauthenticated):
        await sessions.principal(junk)


def test_sessions_and_tokens_are_told_apart_by_their_shape() -> None:
    assert looks_like_session(new_token("s").reveal().encode())
    assert not looks_like_session(new_token("u").reveal().encode())


async def test_an_outdated_hash_is_renewed_at_sign_in(store: Store, new_sessions: NewSessions) -> None:
    stronger = Passwords(passes=2, memory_kib=64)
    await new_sessions(stronger).sign_in("ada", GOOD, BY_PROGRAM)
    async with store.read() as connection:
        user = await find_user(connection, "ada")
    assert user is not None
    assert user.password_hash is not None
    assert not stronger.is_outdated(user.password_hash)


async def test_a_confirmed_session_keeps_its_id_and_gets_a_new_secret(
    sessions: Sessions, store: Store, time: StillClock
) -> None:
    actor, before = await signed_in(sessions)
    time.advance(3600)
    _, opened = await sessions.confirm(actor, GOOD)
    principal = await sessions.principal(opened.secret.reveal().encode())
    assert (principal.session_id, principal.authenticated_at) == (actor.session_id, time.time)
    assert opened.session.expires_at == time.time - 3600 + ABSOLUTE_SECONDS
    with pytest.raises(SessionEnded):
        await sessions.principal(before)
    assert await actions(store) == [("session.open", "ada"), ("session.confirm", "ada")]


async def test_a_wrong_confirmation_changes_nothing_and_is_counted(sessions: Sessions, store: Store) -> None:
    actor, secret = await signed_in(sessions)
    for _ in range(LIMITS[PASSWORD_AGAIN].burst):
        with pytest.raises(SignInFailed):
            await sessions.confirm(actor, BETTER)
    with pytest.raises(TooManyAttempts):
        await sessions.confirm(actor, GOOD)
    await sessions.principal(secret)
    assert await actions(store) == [("session.open", "ada")]


async def test_guesses_from_outside_keep_nobody_who_is_signed_in_from_confirming(sessions: Sessions) -> None:
    actor, _ = await signed_in(sessions)
    for number in range(50):
        with pytest.raises((SignInFailed, TooManyAttempts)):
            await sessions.sign_in("ada", BETTER, replace(BY_PROGRAM, address=f"198.51.100.{number}"))
    await sessions.confirm(actor, GOOD)


async def test_an_account_without_a_password_is_told_to_confirm_elsewhere(sessions: Sessions, store: Store) -> None:
    actor, _ = await signed_in(sessions)
    await change_user(store, "ada", password_hash=None)
    for proving in (sessions.confirm(actor, GOOD), sessions.change_password(actor, GOOD, BETTER)):
        with pytest.raises(ConfirmationNeeded, match="identity provider"):
            await proving


async def test_a_session_that_ended_meanwhile_cannot_be_confirmed(sessions: Sessions, store: Store) -> None:
    actor, _ = await signed_in(sessions)
    async with store.write() as connection:
        await delete_sessions(connection, actor.user_id or "")
    with pytest.raises(SessionEnded):
        await sessions.confirm(actor, GOOD)
    with pytest.raises(SessionEnded):
        await sessions.change_password(actor, GOOD, BETTER)
    await sessions.sign_in("ada", GOOD, BY_PROGRAM)


async def test_a_new_password_ends_the_other_sessions(sessions: Sessions, store: Store) -> None:
    actor, secret = await signed_in(sessions)
    _, elsewhere = await signed_in(sessions, BY_PAGE)
    _, opened = await sessions.change_password(actor, GOOD, BETTER)
    assert (await sessions.principal(opened.secret.reveal().encode())).session_id == actor.session_id
    for ended, carried_by in ((secret, BEARER), (elsewhere, COOKIE)):
        with pytest.raises(SessionEnded):
            await sessions.principal(ended, carried_by)
    with pytest.raises(SignInFailed):
        await sessions.sign_in("ada", GOOD, BY_PROGRAM)
    await sessions.sign_in("ada", BETTER, BY_PROGRAM)
    assert ("user.password", "ada") in await actions(store)


async def test_a_new_password_ends_the_links_that_would_set_another(sessions: Sessions, store: Store) -> None:
    actor, _ = await signed_in(sessions)
    user_id, now = actor.user_id or "", StillClock().time
    link = Link(
        id="l1", mac=b"m", purpose=PASSWORD_RESET, user_id=user_id, created_by="a", created_by_name="a",
        created_at=now, expires_at=now + 900,
    )  # fmt: skip
    async with store.write() as connection:
        await insert_link(connection, link)
    await sessions.change_password(actor, GOOD, BETTER)
    async with store.read() as connection:
        assert await find_link(connection, b"m", PASSWORD_RESET, now) is None


@pytest.mark.parametrize(
    ("current", "wanted", "refusal"),
    [
        (BETTER, BETTER, SignInFailed),
        (GOOD, Secret("password"), InvalidField),
        (GOOD, Secret("short"), InvalidField),
        (GOOD, Secret("ADA"), InvalidField),
    ],
    ids=range(4),
)
async def test_a_password_that_cannot_be_replaced_stays(
    sessions: Sessions, current: Secret, wanted: Secret, refusal: type[Exception]
) -> None:
    actor, secret = await signed_in(sessions)
    with pytest.raises(refusal):
        await sessions.change_password(actor, current, wanted)
    await sessions.principal(secret)
    await sessions.sign_in("ada", GOOD, BY_PROGRAM)


async def test_a_password_set_by_another_way_meanwhile_is_not_overwritten(
    sessions: Sessions, store: Store, new_sessions: NewSessions
) -> None:
    actor, _ = await signed_in(sessions)
    other = await PASSWORDS.new_hash(Secret("another one entirely"))

    class Raced(Passwords):
        @override
        async def new_hash(self, password: Secret) -> str:
            async with store.write() as connection:
                await set_password_hash(connection, actor.user_id or "", other)
            return await super().new_hash(password)

    with pytest.raises(SignInFailed):
        await new_sessions(Raced(passes=1, memory_kib=64)).change_password(actor, GOOD, BETTER)
    await sessions.sign_in("ada", Secret("another one entirely"), BY_PROGRAM)


async def test_of_two_password_changes_at_once_one_wins(sessions: Sessions, store: Store) -> None:
    actors = [(await signed_in(sessions))[0] for _ in range(2)]
    wanted = [Secret(f"{BETTER.reveal()} {number}") for number in range(2)]
    pairs = zip(actors, wanted, strict=True)
    outcomes = await asyncio.gather(
        *(sessions.change_password(actor, GOOD, each) for actor, each in pairs), return_exceptions=True
    )
    assert sum(isinstance(outcome, tuple) for outcome in outcomes) == 1
    async with store.read() as connection:
        left = await list_sessions(connection, actors[0].user_id or "", 0.0, idle_since=0.0)
    assert len(left) == 1
