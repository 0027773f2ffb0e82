"""One-time links below HTTP: races, codes that are no text, and what a stolen store is worth."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.audit import Actor, Via
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, InvalidField, LinkInvalid, RoleTooLow
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal, Role
from bodhi.identity.links import MAX_NOTE, InviteWish, Links, NewAccount, check_note
from bodhi.identity.passwords import Passwords
from bodhi.identity.people import HOST
from bodhi.identity.sign_in import BEARER, Opening, Sessions
from bodhi.identity.throttle import Throttle
from bodhi.identity.tokens import TokenHasher
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.sessions import list_sessions
from bodhi.storage.users import User, insert_user, list_users
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

GOOD = Secret("correct zebra stapler")
OPERATOR = Actor(via=Via.HOST, user_name="root")
HOW = Opening(method="invite", carried_by=BEARER, address="192.0.2.1")


@dataclass
class Parts:
    """Links on a store with an Admin."""

    store: Store
    links: Links
    sessions: Sessions
    time: StillClock
    admin: User

    def of_key(self, key: bytes) -> Links:
        audit = AuditLog(b"a" * 32, self.time.clock)
        return Links(self.store, Passwords(passes=1, memory_kib=64), TokenHasher(key), audit, self.time.clock)

    async def invite(self) -> str:
        secret, _ = await self.links.invite(HOST, OPERATOR, InviteWish(role=Role.USER))
        return secret.reveal()


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    async with fresh_store(tmp_path) as store:
        time, passwords = StillClock(), Passwords(passes=1, memory_kib=64)
        audit = AuditLog(b"a" * 32, time.clock)
        hash_ = await passwords.new_hash(GOOD)
        admin = User(new_id(), "ada", Role.ADMIN, hash_, disabled=False, created_at=1.0)
        async with store.write() as connection:
            await insert_user(connection, admin)
        throttle = Throttle(store, time.clock)
        sessions = Sessions(store, passwords, TokenHasher(b"s" * 32), audit, time.clock, throttle)
        links = Links(store, passwords, TokenHasher(b"l" * 32), audit, time.clock)
        yield Parts(store, links, sessions, time, admin)


async def test_of_50_parallel_accepts_through_two_processes_one_makes_the_account(parts: Parts) -> None:
    code, second = await parts.invite(), parts.of_key(b"l" * 32)

    async def attempt(number: int) -> bool:
        links = parts.links if number % 2 else second
        try:
            await links.accept(code, NewAccount(username=f"bob{number}", password=GOOD), HOW, parts.sessions)
        except LinkInvalid:
            return False
        return True

    outcomes = await asyncio.gather(*(attempt(number) for number in range(50)))
    assert outcomes.count(True) == 1
    async with parts.store.read() as connection:
        people = await list_users(connection)
        (bob,) = [user for user in people if user.name != "ada"]
        assert len(await list_sessions(connection, bob.id, parts.time.time, idle_since=0.0)) == 1


async def test_of_two_reset_links_at_once_one_sets_the_password(parts: Parts) -> None:
    codes = [(await parts.links.new_reset(HOST, OPERATOR, parts.admin.id))[0].reveal() for _ in range(10)]

    async def attempt(code: str) -> bool:
        try:
            await parts.links.accept_reset(code, Secret(f"zebra {code}"), None)
        except LinkInvalid:
            return False
        return True

    outcomes = await asyncio.gather(*(attempt(code) for code in codes))
    assert outcomes.count(True) == 1


async def test_a_code_of_another_deployment_works_nowhere_else(parts: Parts) -> None:
    code, elsewhere = await parts.invite(), parts.of_key(b"m" * 32)
    with pytest.raises(LinkInvalid):
        await elsewhere.look(code)
    assert (await parts.links.look(f" {code}\n")).role is Role.USER


@pytest.mark.parametrize("code", ["\ud83d", "bodhi_x_\ud83d", "\x00", "bodhi_x_" + "0" * 49])
async def test_a_code_that_is_no_code_is_refused_as_any_other(parts: Parts, code: str) -> None:
    with pytest.raises(LinkInvalid) as raised:
        await parts.links.look(code)
    with pytest.raises(LinkInvalid) as of_reset:
        await parts.links.accept_reset(code, GOOD, None)
    assert raised.value.message == of_reset.value.message


async def test_an_invite_for_nobody_or_for_ever_cannot_be(parts: Parts) -> None:
    for wish in (InviteWish(role=Role.GUEST), InviteWish(role=Role.USER, days=0), InviteWish(role=Role.USER, days=31)):
        with pytest.raises(InvalidField):
            await parts.links.invite(HOST, OPERATOR, wish)
    lowly = Principal(user_id=parts.admin.id, user_name="x", role=Role.POWER_USER)
    with pytest.raises(RoleTooLow):
        await parts.links.invite(lowly, OPERATOR, InviteWish(role=Role.USER))


async def test_the_host_sets_a_password_but_not_for_who_signs_in_elsewhere(parts: Parts) -> None:
    olga = User(new_id(), "olga", Role.USER, None, disabled=False, created_at=1.0, issuer="https://id", subject="1")
    async with parts.store.write() as connection:
        await insert_user(connection, olga)
    with pytest.raises(Conflict, match="identity provider"):
        await parts.links.set_password(OPERATOR, olga.id, GOOD)
    code = (await parts.links.new_reset(HOST, OPERATOR, parts.admin.id))[0].reveal()
    await parts.links.set_password(OPERATOR, parts.admin.id, Secret("another zebra stapler"))
    with pytest.raises(LinkInvalid):
        await parts.links.accept_reset(code, GOOD, None)
    user, _ = await parts.sessions.sign_in("ada", Secret("another zebra stapler"), HOW)
    assert user.id == parts.admin.id


@given(st.text())
def test_a_note_is_kept_on_one_line_or_refused(note: str) -> None:
    try:
        kept = check_note(note)
    except InvalidField:
        return
    assert len(kept) <= MAX_NOTE
    assert kept.isprintable()
