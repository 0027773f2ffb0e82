"""The person behind a proven identity: found or made, with the role that the claims give. Proving it is `flow`'s.

Everything happens in the transaction of the sign-in, so that an account, its role and its session agree.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.errors import IdentityRefused
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.identity.oidc.config import OidcConfig
from bodhi.identity.oidc.roles import mapped_role, suggested_name
from bodhi.identity.setup import insert_admin
from bodhi.storage.audit import AuditLog
from bodhi.storage.identities import find_identity
from bodhi.storage.sessions import delete_sessions
from bodhi.storage.users import User, count_admins, find_user, insert_user, update_user
from bodhi.storage.version import bump_config_version

MAX_NUMBERED = 20


@dataclass(frozen=True, slots=True)
class People:
    """What admitting somebody needs. One exists per process."""

    config: OidcConfig
    audit: AuditLog
    clock: Clock

    async def admit(self, connection: AsyncConnection, claims: Mapping[str, Any], address: str | None) -> User:
        """Return the user whom the claims are about, with the role that they have from now on.

        Raises:
            IdentityRefused: the account is disabled.
        """
        # The version's row lock comes first: of two sign-ins of a new person one makes the account, and no two
        # changes of roles can each leave the other's Admin as the last.
        await bump_config_version(connection)
        user = await find_identity(connection, self.config.issuer, claims["sub"])
        if user is None:
            return await self._insert(connection, claims, address)
        if user.disabled:
            raise IdentityRefused("Your account in Bodhi is disabled. Ask an Admin or Manager to enable it.")
        return await self._follow(connection, user, claims, address)

    async def admit_first(self, connection: AsyncConnection, claims: Mapping[str, Any], address: str | None) -> User:
        """Make the first Admin.

        Raises:
            Conflict: there are users already.
        """
        user = self._new(claims, suggested_name(claims), Role.ADMIN)
        await insert_admin(connection, self.audit, Actor(address=address), user)
        return user

    async def find(self, connection: AsyncConnection, claims: Mapping[str, Any]) -> User | None:
        """Return the user whom the claims are about, if there is one who may sign in."""
        user = await find_identity(connection, self.config.issuer, claims["sub"])
        return None if user is None or user.disabled else user

    async def _insert(self, connection: AsyncConnection, claims: Mapping[str, Any], address: str | None) -> User:
        name = await self._free_name(connection, suggested_name(claims))
        user = self._new(claims, name, self._role(claims) or self.config.default_role)
        await insert_user(connection, user)
        after = {"role": user.role.wire, "issuer": user.issuer}
        await self._append(connection, user, address, Act(action="user.create", after=after))
        return user

    async def _follow(
        self, connection: AsyncConnection, user: User, claims: Mapping[str, Any], address: str | None
    ) -> User:
        """Give a known person the role of their claims; it ends their other sessions if it is another one."""
        role = self._role(claims)
        if role is None or role == user.role:
            return user
        if user.role is Role.ADMIN and await count_admins(connection) <= 1:
            # Nobody may leave Bodhi without an Admin; the next sign-in after somebody else is one takes the role.
            return user
        changed = await update_user(connection, user.id, {"role": role})
        after = {"role": role.wire, "sessions_ended": len(await delete_sessions(connection, user.id))}
        act = Act(action="user.change", before={"role": user.role.wire}, after=after)
        await self._append(connection, user, address, act)
        return changed

    async def _append(self, connection: AsyncConnection, user: User, address: str | None, act: Act) -> None:
        actor = Actor(user_id=user.id, user_name=user.name, address=address)
        await self.audit.append(connection, actor, replace(act, subject_id=user.id, subject_name=user.name))

    async def _free_name(self, connection: AsyncConnection, wish: str) -> str:
        for number in range(1, MAX_NUMBERED + 1):
            name = wish if number == 1 else f"{wish}-{number}"
            if await find_user(connection, name) is None:
                return name
        return f"{wish}-{new_id(self.clock)[-12:].lower()}"

    def _role(self, claims: Mapping[str, Any]) -> Role | None:
        """Return the role that the claims decide, or None where the operator leaves roles to Managers and Admins."""
        config = self.config
        if not config.roles:
            return None
        return mapped_role(claims, config.role_claim, config.roles, config.default_role)

    def _new(self, claims: Mapping[str, Any], name: str, role: Role) -> User:
        return User(
            new_id(self.clock),
            name,
            role,
            None,
            disabled=False,
            created_at=self.clock.now(),
            issuer=self.config.issuer,
            subject=claims["sub"],
        )
