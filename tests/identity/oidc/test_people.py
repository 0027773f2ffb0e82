"""Accounts behind proven identities; tests/control/test_oidc.py sees them over HTTP."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from bodhi.core.errors import Conflict, IdentityRefused
from bodhi.core.principal import Role
from bodhi.identity.oidc.flow import OidcSignIn
from bodhi.identity.oidc.people import MAX_NUMBERED
from bodhi.storage.tables import users
from bodhi.storage.users import User, list_users
from tests.fakes.control import Control


async def admit(control: Control, sign_in: OidcSignIn, **claims: Any) -> User:
    async with control.store.write() as connection:
        return await sign_in.people.admit(connection, claims, "192.0.2.7")


async def test_many_sign_ins_of_one_new_person_make_one_account(control: Control, sign_in: OidcSignIn) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(admit(control, sign_in, sub="s", name="ada")) for _ in range(8)]
    assert len({task.result().id for task in tasks}) == 1


async def test_many_people_of_one_name_get_names_of_their_own(control: Control, sign_in: OidcSignIn) -> None:
    admitted = [await admit(control, sign_in, sub=f"s{n}", name="Ada") for n in range(MAX_NUMBERED + 2)]
    names = [user.name for user in admitted]
    assert names[:3] == ["Ada", "Ada-2", "Ada-3"]
    assert len({name.casefold() for name in names}) == len(names)
    assert max(map(len, names)) < 64


async def test_subjects_that_differ_in_case_are_different_people(control: Control, sign_in: OidcSignIn) -> None:
    first, second = [await admit(control, sign_in, sub=sub) for sub in ("Abc", "abc")]
    assert first.id != second.id


async def test_another_issuers_subject_is_somebody_else(control: Control, sign_in: OidcSignIn) -> None:
    first = await admit(control, sign_in, sub="s")
    other = replace(sign_in.people, config=replace(sign_in.people.config, issuer="https://other.example"))
    async with control.store.write() as connection:
        second = await other.admit(connection, {"sub": "s"}, None)
    assert (first.id != second.id, second.issuer) == (True, "https://other.example")


async def test_two_admins_who_lose_the_role_at_once_leave_one(control: Control, sign_in: OidcSignIn) -> None:
    for sub in ("a", "b"):
        assert (await admit(control, sign_in, sub=sub, groups=["admins"])).role is Role.ADMIN
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(admit(control, sign_in, sub=sub, groups=[])) for sub in ("a", "b")]
    assert sorted(task.result().role for task in tasks) == [Role.USER, Role.ADMIN]


async def test_a_disabled_person_is_refused_and_not_found(control: Control, sign_in: OidcSignIn) -> None:
    await admit(control, sign_in, sub="s")
    async with control.store.write() as connection:
        await connection.execute(update(users).values(disabled=True))
    with pytest.raises(IdentityRefused, match="disabled"):
        await admit(control, sign_in, sub="s", groups=["admins"])
    async with control.store.read() as connection:
        assert await sign_in.people.find(connection, {"sub": "s"}) is None
        assert [user.role for user in await list_users(connection)] == [Role.USER]


async def test_the_first_admin_is_made_once(control: Control, sign_in: OidcSignIn) -> None:
    async with control.store.write() as connection:
        first = await sign_in.people.admit_first(connection, {"sub": "s", "email": "a@example.org"}, None)
    assert (first.name, first.role, first.subject) == ("a@example.org", Role.ADMIN, "s")
    with pytest.raises(Conflict):
        async with control.store.write() as connection:
            await sign_in.people.admit_first(connection, {"sub": "t"}, None)
