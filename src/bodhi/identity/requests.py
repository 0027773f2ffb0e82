"""Requests for a role, by people who have none: asking, approving, rejecting. Roles themselves are `people`'s."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.errors import Conflict, InvalidField, UnknownObject
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal, Role
from bodhi.identity.links import check_note
from bodhi.identity.people import check_may_give, check_may_manage, known, still
from bodhi.storage.access_requests import (
    APPROVED,
    PENDING,
    REJECTED,
    AccessRequest,
    Decision,
    decide_access_request,
    get_access_request,
    insert_access_request,
)
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.sessions import delete_sessions
from bodhi.storage.users import User, update_user
from bodhi.storage.version import bump_config_version


@dataclass(frozen=True, slots=True)
class Requests:
    """What asking for a role, and answering, needs. One exists per process."""

    store: Store
    audit: AuditLog
    clock: Clock

    async def ask(self, principal: Principal, actor: Actor, note: str) -> AccessRequest:
        """Ask for a role.

        Raises:
            InvalidField: the note cannot be.
            Conflict: the person has a role, or has asked already.
        """
        note = check_note(note)
        async with self.store.write() as connection:
            await bump_config_version(connection)
            principal = await still(connection, principal)
            if principal.role > Role.GUEST:
                raise Conflict(
                    f"You have the role {principal.role.wire} already. For another one, ask a Manager or Admin."
                )
            request = AccessRequest(
                id=new_id(self.clock),
                user_id=principal.user_id,
                user_name=principal.user_name,
                note=note,
                created_at=self.clock.now(),
            )
            await insert_access_request(connection, request)
            act = Act(
                action="access_request.create",
                subject_id=request.user_id,
                subject_name=request.user_name,
                after={"request": request.id, "note": note},
            )
            await self.audit.append(connection, actor, act)
        return request

    async def approve(self, principal: Principal, actor: Actor, request_id: str, role: Role) -> AccessRequest:
        """Give somebody who asked a role. It ends their sessions, so that they sign in with it.

        Raises:
            InvalidField: the role is none.
            UnknownObject: there is no such request.
            RoleTooLow: the role is out of reach.
            Conflict: the request was decided before, or the person has a role by now.
        """
        if role < Role.USER:
            raise InvalidField("Approving gives a role that may do something: user or above.", param="role")
        async with self.store.write() as connection:
            subject = await self._waiting(connection, principal, request_id)
            check_may_give(await still(connection, principal), role)
            if subject.role > Role.GUEST:
                raise Conflict(f"{subject.name} has the role {subject.role.wire} by now. Reject the request instead.")
            await update_user(connection, subject.id, {"role": role})
            ended = await delete_sessions(connection, subject.id)
            return await self._decide(connection, actor, request_id, APPROVED, role, len(ended))

    async def reject(self, principal: Principal, actor: Actor, request_id: str) -> AccessRequest:
        """Answer a request with no. The person may ask again.

        Raises:
            UnknownObject: there is no such request.
            RoleTooLow: the person is out of reach.
            Conflict: the request was decided before.
        """
        async with self.store.write() as connection:
            await self._waiting(connection, principal, request_id)
            return await self._decide(connection, actor, request_id, REJECTED)

    async def _waiting(self, connection: AsyncConnection, principal: Principal, request_id: str) -> User:
        """Return who asked, once nobody else can answer meanwhile."""
        await bump_config_version(connection)
        principal = await still(connection, principal)
        request = await get_access_request(connection, request_id)
        if request is None:
            raise UnknownObject("There is no such request.")
        if request.state != PENDING:
            raise Conflict(f"This request was {request.state} before, by {request.decided_by_name}.")
        subject = await known(connection, request.user_id)
        check_may_manage(principal, subject)
        return subject

    async def _decide(
        self,
        connection: AsyncConnection,
        actor: Actor,
        request_id: str,
        state: str,
        role: Role | None = None,
        ended: int = 0,
    ) -> AccessRequest:
        decision = Decision(state=state, role=role, at=self.clock.now(), by=actor.user_id, by_name=actor.user_name)
        await decide_access_request(connection, request_id, decision)
        request = await get_access_request(connection, request_id)
        if request is None:
            raise UnknownObject("There is no such request.")
        approved = role is not None
        act = Act(
            action="access_request.approve" if approved else "access_request.reject",
            subject_id=request.user_id,
            subject_name=request.user_name,
            before={"role": Role.GUEST.wire} if approved else {},
            after={"request": request.id, **({"role": role.wire, "sessions_ended": ended} if role else {})},
        )
        await self.audit.append(connection, actor, act)
        return request
