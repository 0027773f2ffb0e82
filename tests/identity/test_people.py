"""Who may act on whom, as rules over every pair of roles; and accounts as they change under an act."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bodhi.core.audit import Actor, Via
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.errors import BodhiError, InvalidField, RoleTooLow, SessionEnded, UnknownObject
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal, Role
from bodhi.identity.passwords import Passwords
from bodhi.identity.people import (
    HOST,
    Accounts,
    check_may_change,
    check_may_give,
    check_may_manage,
    read_role,
    still,
)
from bodhi.identity.sign_in import BEARER, Opening, Sessions
from bodhi.identity.throttle import Throttle
from bodhi.identity.tokens import TokenHasher
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.sessions import delete_sessions
from bodhi.storage.users import User, get_user, insert_user, update_user
from tests.fakes.stores import fresh_store

AUDIT = AuditLog(b"a" * 32, SYSTEM_CLOCK)
OPERATOR = Actor(via=Via.HOST, user_name="root")
ROLES = list(Role)


def principal(role: Role) -> Principal:
    return Principal(user_id="actor", user_name="actor", role=role, session_id="s")


def person(role: Role, **changes: Any) -> User:
    made = new_id()
    return replace(User(made, f"user-{made}", role, None, disabled=False, created_at=1.0), **changes)


def allows(rule: Any, *arguments: Any) -> bool:
    try:
        rule(*arguments)
    except RoleTooLow:
        return False
    return True


@pytest.mark.parametrize("actor", ROLES)
@pytest.mark.parametrize("other", ROLES)
def test_managers_reach_up_to_managers_admins_everybody_and_others_nobody(actor: Role, other: Role) -> None:
    within = (actor is Role.MANAGER and other <= Role.MANAGER) or actor is Role.ADMIN
    assert allows(check_may_manage, principal(actor), person(other)) is within
    assert allows(check_may_give, principal(actor), other) is within


@pytest.mark.parametrize("actor", ROLES)
def test_nobody_raises_themselves(actor: Role) -> None:
    own = person(actor, id="actor")
    for wanted in ROLES:
        if wanted > actor:
            assert not allows(check_may_change, principal(actor), own, {"role": wanted})
        elif actor >= Role.MANAGER:
            assert allows(check_may_change, principal(actor), own, {"role": wanted})


@pytest.mark.parametrize("actor", ROLES)
def test_only_admins_decide_who_reads_captures(actor: Role) -> None:
    bob = person(Role.USER)
    assert allows(check_may_change, principal(actor), bob, {"reads_captures": True}) is (actor is Role.ADMIN)


def test_a_role_is_read_by_its_name() -> None:
    assert read_role("power_user") is Role.POWER_USER
    for bad in ("", "ADMIN", "root"):
        with pytest.raises(InvalidField, match="guest, user, power_user, manager, admin"):
            read_role(bad)
    with pytest.raises(InvalidField, match=r"one of: user"):
        read_role("guest", lowest=Role.USER)


async def test_an_act_sees_what_became_of_its_author(tmp_path: Path) -> None:
    async with fresh_store(tmp_path) as store:
        accounts, sessions = new_parts(store)
        ada, mel, bob = person(Role.ADMIN), person(Role.MANAGER), person(Role.USER)
        await add(store, ada, mel, bob)
        async with store.write() as connection:
            opened = await sessions.open(connection, mel, Opening(method="password", carried_by=BEARER))
        before = await sessions.principal(opened.secret.reveal().encode())
        async with store.write() as connection:
            await update_user(connection, mel.id, {"role": Role.USER})
            assert (await still(connection, before)).role is Role.USER
        await refused(store, accounts, before, bob, RoleTooLow)
        async with store.write() as connection:
            await update_user(connection, mel.id, {"role": Role.MANAGER, "disabled": True})
        await refused(store, accounts, before, bob, SessionEnded)
        async with store.write() as connection:
            await update_user(connection, mel.id, {"disabled": False})
            await delete_sessions(connection, mel.id)
        await refused(store, accounts, before, bob, SessionEnded)


async def test_the_host_acts_without_a_session(tmp_path: Path) -> None:
    async with fresh_store(tmp_path) as store:
        accounts, _ = new_parts(store)
        ada = person(Role.ADMIN)
        await add(store, ada)
        changed = await accounts.change(HOST, OPERATOR, ada.id, {"name": " Ada ", "reads_captures": True})
        assert (changed.name, changed.reads_captures) == ("Ada", True)
        with pytest.raises(UnknownObject):
            await accounts.remove(HOST, OPERATOR, "nobody")


def new_parts(store: Store) -> tuple[Accounts, Sessions]:
    passwords, throttle = Passwords(passes=1, memory_kib=64), Throttle(store, SYSTEM_CLOCK)
    sessions = Sessions(store, passwords, TokenHasher(b"s" * 32), AUDIT, SYSTEM_CLOCK, throttle)
    return Accounts(store, AUDIT, SYSTEM_CLOCK, frozenset()), sessions


async def add(store: Store, *people: User) -> None:
    async with store.write() as connection:
        for each in people:
            await insert_user(connection, each)


async def refused(store: Store, accounts: Accounts, actor: Principal, subject: User, error: type[BodhiError]) -> None:
    with pytest.raises(error):
        await accounts.change(actor, Actor(), subject.id, {"disabled": True})
    with pytest.raises(error):
        await accounts.remove(actor, Actor(), subject.id)
    async with store.read() as connection:
        assert await get_user(connection, subject.id) == subject
