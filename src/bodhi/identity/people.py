"""Who may do what to whose account, and doing it: roles, disabling, removal. Links and sign-in are others'.

The control API and the command line change people through `Accounts` alone, so that one set of rules holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.errors import InvalidField, RoleTooLow, SessionEnded, UnknownObject
from bodhi.core.principal import ROLES, Principal, Role
from bodhi.identity.names import check_user_name
from bodhi.storage.access_requests import APPROVED, Decision, decide_access_request, pending_of
from bodhi.storage.api_models import delete_api_model, disown_api_models, list_api_models_of
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.objects import forget_objects_of
from bodhi.storage.sessions import delete_sessions, get_session
from bodhi.storage.users import User, delete_user, get_user, update_user
from bodhi.storage.version import bump_config_version

HOST = Principal(user_id="", user_name="host", role=Role.ADMIN)
"""Who acts on the command line: whoever can read the host's files may do what Admins may."""

NOBODY_THERE = "There is no such person."


def read_role(name: str, *, lowest: Role = Role.GUEST, param: str = "role") -> Role:
    """Return the role of a name.

    Raises:
        InvalidField: there is none, or it is below the lowest that is meant.
    """
    role = ROLES.get(name)
    if role is None or role < lowest:
        names = ", ".join(each.wire for each in Role if each >= lowest)
        raise InvalidField(f"The role must be one of: {names}.", param=param)
    return role


def check_may_manage(principal: Principal, subject: User) -> None:
    """Refuse to let somebody act on an account above their own role.

    Raises:
        RoleTooLow: the person is out of reach.
    """
    _check_manages(principal)
    if subject.role > principal.role:
        raise RoleTooLow(
            f"{subject.name} is {_with_article(subject.role)}, and your role is {principal.role.wire}: you can act on "
            "people up to your own role. Ask an Admin."
        )


def check_may_give(principal: Principal, role: Role) -> None:
    """Refuse to let somebody give a role above their own; so nobody raises themselves.

    Raises:
        RoleTooLow: the role is out of reach.
    """
    _check_manages(principal)
    if role > principal.role:
        raise RoleTooLow(
            f"Your role is {principal.role.wire}: you can give roles up to your own. Ask an Admin.", param="role"
        )


def check_may_change(principal: Principal, subject: User, changes: Mapping[str, Any]) -> None:
    """Refuse a change of an account that its author may not make.

    Raises:
        RoleTooLow: the person, the role or the permission is out of reach.
    """
    check_may_manage(principal, subject)
    if "role" in changes:
        check_may_give(principal, changes["role"])
    if "reads_captures" in changes and principal.role < Role.ADMIN:
        raise RoleTooLow("Only Admins decide who reads captured prompts and completions.", param="reads_captures")


async def still(connection: AsyncConnection, principal: Principal) -> Principal:
    """Return a principal as it is now, in the transaction that is about to act on its behalf.

    Raises:
        SessionEnded: the session, or the account, ended since the request came in.
    """
    if principal.session_id is None:
        return principal
    session = await get_session(connection, principal.session_id)
    user = await get_user(connection, principal.user_id)
    if session is None or user is None or user.disabled:
        raise SessionEnded
    return replace(principal, role=user.role)


async def known(connection: AsyncConnection, user_id: str) -> User:
    """Return a user.

    Raises:
        UnknownObject: there is none of that id.
    """
    user = await get_user(connection, user_id)
    if user is None:
        raise UnknownObject(NOBODY_THERE)
    return user


@dataclass(frozen=True, slots=True)
class Accounts:
    """What changing accounts needs. One exists per process."""

    store: Store
    audit: AuditLog
    clock: Clock
    private_formats: frozenset[str]
    """Formats whose api models serve only the person who made them, and go with that person."""

    async def change(self, principal: Principal, actor: Actor, user_id: str, wanted: Mapping[str, Any]) -> User:
        """Change an account's `role`, `disabled`, `name` or `reads_captures`; what is so already is no change.

        Another role, and disabling, end all sessions of that person.

        Raises:
            UnknownObject: there is no such person.
            InvalidField: the name is no name.
            RoleTooLow: the change is out of reach.
            Conflict: the name is taken.
            LastAdmin: it would leave no Admin who can sign in.
        """
        if "name" in wanted:
            wanted = {**wanted, "name": check_user_name(wanted["name"], param="name")}
        async with self.store.write() as connection:
            await bump_config_version(connection)
            principal = await still(connection, principal)
            subject = await known(connection, user_id)
            before = {name: getattr(subject, name) for name in wanted if getattr(subject, name) != wanted[name]}
            changes = {name: wanted[name] for name in before}
            check_may_change(principal, subject, changes)
            if not changes:
                return subject
            changed = await update_user(connection, user_id, changes)
            after = dict(changes)
            if "role" in changes or changes.get("disabled"):
                after["sessions_ended"] = len(await delete_sessions(connection, user_id))
            if "role" in changes:
                await self._grant_request(connection, actor, changed)
            act = Act(
                action="user.change",
                subject_id=subject.id,
                subject_name=subject.name,
                before=_told(before),
                after=_told(after),
            )
            await self.audit.append(connection, actor, act)
        return changed

    async def remove(self, principal: Principal, actor: Actor, user_id: str) -> User:
        """Remove an account with its sessions, tokens, links and private api models. Shared ones lose their owner.

        Raises:
            UnknownObject: there is no such person.
            RoleTooLow: the person is out of reach.
            LastAdmin: it would leave no Admin who can sign in.
        """
        async with self.store.write() as connection:
            await bump_config_version(connection)
            principal = await still(connection, principal)
            subject = await known(connection, user_id)
            check_may_manage(principal, subject)
            private = [
                each for each in await list_api_models_of(connection, user_id) if each.format in self.private_formats
            ]
            for api_model in private:
                await delete_api_model(connection, api_model.id)
            disowned = await disown_api_models(connection, user_id)
            await forget_objects_of(connection, user_id)
            sessions = await delete_sessions(connection, user_id)
            await delete_user(connection, user_id)
            for api_model in private:
                gone = Act(
                    action="api_model.delete",
                    subject_id=api_model.id,
                    subject_name=api_model.name,
                    before={"format": api_model.format, "base_url": api_model.base_url, "owner": subject.name},
                )
                await self.audit.append(connection, actor, gone)
            act = Act(
                action="user.delete",
                subject_id=subject.id,
                subject_name=subject.name,
                before={"role": subject.role.wire, "disabled": subject.disabled, "issuer": subject.issuer},
                after={
                    "sessions_ended": len(sessions),
                    "api_models_removed": len(private),
                    "api_models_left_to_all": disowned,
                },
            )
            await self.audit.append(connection, actor, act)
        return subject

    async def _grant_request(self, connection: AsyncConnection, actor: Actor, changed: User) -> None:
        """Close the request of somebody who has got a role without an answer to it."""
        request = await pending_of(connection, changed.id)
        if request is not None and changed.role > Role.GUEST:
            decision = Decision(
                state=APPROVED, role=changed.role, at=self.clock.now(), by=actor.user_id, by_name=actor.user_name
            )
            await decide_access_request(connection, request.id, decision)


def _check_manages(principal: Principal) -> None:
    if principal.role < Role.MANAGER:
        raise RoleTooLow(f"Only Managers and Admins act on people; your role is {principal.role.wire}.")


def _told(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Write fields as the audit trail shows them."""
    return {name: value.wire if isinstance(value, Role) else value for name, value in fields.items()}


def _with_article(role: Role) -> str:
    return {Role.ADMIN: "an Admin", Role.MANAGER: "a Manager"}.get(role, f"a {role.wire}")
