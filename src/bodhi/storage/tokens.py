"""Repository of API tokens. Only their MACs are here; minting and checking them is identity's."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.errors import Conflict
from bodhi.core.principal import MODEL_CALLS, ROLES, SCOPES, Role, TokenGrant, TokenState
from bodhi.storage.paging import page
from bodhi.storage.tables import tokens, users
from bodhi.storage.text import is_storable
from bodhi.storage.version import bump_config_version

NOTHING_ALLOWED = ("",)
"""Allowed models of a damaged row: a glob that matches no model id, where an empty list would allow all."""


_FOR_PROGRAMS = tokens.c.session_id.is_(None)
"""Chat tokens are in no list, and nobody names one: their session does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFilter:
    """Which tokens to list; what is None does not matter."""

    owner_id: str | None = None
    state: TokenState | None = None
    text: str | None = None
    """A part of the token's name, in whatever case."""


async def insert_token(connection: AsyncConnection, grant: TokenGrant) -> None:
    """Store a new token.

    Raises:
        Conflict: its owner does not exist, or its id or MAC does already.
    """
    await bump_config_version(connection)
    fixed = {
        "id": grant.id,
        "owner_id": grant.owner_id,
        "scope": grant.scope,
        "created_at": grant.created_at,
        "session_id": grant.session_id,
    }
    try:
        await connection.execute(insert(tokens).values(fixed | _changeable(grant)))
    except IntegrityError as error:
        raise Conflict("The token's owner does not exist, or the token does already.") from error


async def lock_token(connection: AsyncConnection, token_id: str) -> TokenGrant | None:
    """Return a token that the transaction is about to change, with all other changes waiting; never a chat token."""
    await bump_config_version(connection)
    if not is_storable(token_id):
        return None
    row = (await connection.execute(_grants().where(tokens.c.id == token_id, _FOR_PROGRAMS))).one_or_none()
    return None if row is None else _grant(row)


async def update_token(connection: AsyncConnection, grant: TokenGrant) -> None:
    """Store what may change of a token that `lock_token` returned."""
    await connection.execute(update(tokens).where(tokens.c.id == grant.id).values(_changeable(grant)))


async def list_tokens(
    connection: AsyncConnection,
    wanted: TokenFilter,
    now: float,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> list[TokenGrant]:
    """Return tokens, oldest first, the ended ones included; chat tokens never.

    Args:
        connection: to the main database.
        wanted: which.
        now: Unix time, for the states.
        after: the id of the token before the first.
        limit: at most so many.
    """
    query = page(_grants(), tokens, "created_at", after=after, limit=limit).where(_FOR_PROGRAMS)
    if wanted.owner_id is not None:
        query = query.where(tokens.c.owner_id == wanted.owner_id)
    if wanted.state is not None:
        query = query.where(_is_in(wanted.state, now))
    if wanted.text is not None:
        query = query.where(tokens.c.name.icontains(wanted.text, autoescape=True))
    return [_grant(row) for row in await connection.execute(query)]


async def count_live_tokens(connection: AsyncConnection, owner_id: str, now: float) -> int:
    """Count somebody's tokens that are neither revoked nor expired, chat tokens apart."""
    query = select(func.count()).select_from(tokens).where(tokens.c.owner_id == owner_id, _FOR_PROGRAMS, _not_over(now))
    return int((await connection.execute(query)).scalar_one())


async def known_grants(connection: AsyncConnection, ended_since: float) -> list[TokenGrant]:
    """Return the tokens that were not over at a time, so that the bearers of those that are now can be told so.

    The disabled ones and those of disabled owners are among them: what a token is good for is for the caller to see.
    """
    query = _grants().where(
        or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > ended_since),
        or_(tokens.c.revoked_at.is_(None), tokens.c.revoked_at > ended_since),
    )
    return [_grant(row) for row in await connection.execute(query)]


async def touch_tokens(connection: AsyncConnection, last_used: Mapping[str, float]) -> None:
    """Note when tokens were last used. Does not bump the version: no snapshot holds this."""
    if not last_used:
        return
    statement = update(tokens).where(tokens.c.id == bindparam("token_id")).values(last_used_at=bindparam("at"))
    # In one order everywhere, so that two processes cannot wait for each other's rows on PostgreSQL.
    await connection.execute(statement, [{"token_id": token, "at": at} for token, at in sorted(last_used.items())])


async def tokens_last_used(connection: AsyncConnection, token_ids: Collection[str] | None = None) -> dict[str, float]:
    """Return when each of these tokens, or of all, was last used, by id; those that never were are missing."""
    query = select(tokens.c.id, tokens.c.last_used_at).where(tokens.c.last_used_at.is_not(None))
    if token_ids is not None:
        query = query.where(tokens.c.id.in_(token_ids))
    return {row.id: row.last_used_at for row in await connection.execute(query)}


def _grants() -> Select[Any]:
    owner = users.c.name.label("owner_name"), users.c.role.label("owner_role"), users.c.disabled.label("owner_disabled")
    return select(tokens, *owner).join_from(tokens, users)


def _not_over(now: float) -> ColumnElement[bool]:
    return and_(tokens.c.revoked_at.is_(None), or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now))


def _is_in(state: TokenState, now: float) -> ColumnElement[bool]:
    """Say in SQL what `state_of` says of a grant."""
    # A role that this version does not know is none, so roles are compared with those that count.
    has_role = users.c.role.in_([role.wire for role in Role if role >= MODEL_CALLS])
    is_enabled, owner_enabled = tokens.c.disabled_at.is_(None), users.c.disabled.is_(False)
    conditions: dict[TokenState, ColumnElement[bool]] = {
        TokenState.REVOKED: tokens.c.revoked_at.is_not(None),
        TokenState.EXPIRED: and_(tokens.c.revoked_at.is_(None), tokens.c.expires_at <= now),
        TokenState.DISABLED: and_(_not_over(now), tokens.c.disabled_at.is_not(None)),
        TokenState.OWNER_DISABLED: and_(_not_over(now), is_enabled, users.c.disabled.is_(True)),
        TokenState.OWNER_WITHOUT_ROLE: and_(_not_over(now), is_enabled, owner_enabled, ~has_role),
        TokenState.ACTIVE: and_(_not_over(now), is_enabled, owner_enabled, has_role),
    }
    return conditions[state]


def _changeable(grant: TokenGrant) -> dict[str, Any]:
    return {
        "name": grant.name,
        "mac": grant.mac,
        "allowed_models": json.dumps(list(grant.allowed_models)),
        "expires_at": grant.expires_at,
        "revoked_at": grant.revoked_at,
        "disabled_at": grant.disabled_at,
        "disabled_by": grant.disabled_by,
        "lifetime": grant.lifetime,
        "previous_mac": grant.previous_mac,
        "previous_until": grant.previous_until,
    }


def _grant(row: Row[Any]) -> TokenGrant:
    return TokenGrant(
        id=row.id,
        name=row.name,
        mac=bytes(row.mac),
        owner_id=row.owner_id,
        owner_name=row.owner_name,
        owner_role=ROLES.get(row.owner_role, Role.GUEST),
        # A scope that this version does not know grants the least.
        scope=row.scope if row.scope in SCOPES else Role.USER.wire,
        allowed_models=_allowed_models(row.allowed_models),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        disabled_at=row.disabled_at,
        disabled_by=row.disabled_by,
        owner_disabled=bool(row.owner_disabled),
        session_id=row.session_id,
        lifetime=row.lifetime,
        previous_mac=None if row.previous_mac is None else bytes(row.previous_mac),
        previous_until=row.previous_until,
    )


def _allowed_models(text: str) -> tuple[str, ...]:
    try:
        globs = json.loads(text)
    except ValueError:
        return NOTHING_ALLOWED
    if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
        return NOTHING_ALLOWED
    return tuple(globs)
