"""Repository of API tokens. Only their MACs are here; minting and checking them is identity's."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, Select, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.errors import Conflict
from bodhi.core.principal import ROLES, SCOPES, Role, TokenGrant
from bodhi.storage.paging import page
from bodhi.storage.tables import tokens, users
from bodhi.storage.version import bump_config_version

NOTHING_ALLOWED = ("",)
"""Allowed models of a damaged row: a glob that matches no model id, where an empty list would allow all."""


async def insert_token(connection: AsyncConnection, grant: TokenGrant) -> None:
    """Store a new token.

    Raises:
        Conflict: its owner does not exist, or its id or MAC does already.
    """
    await bump_config_version(connection)
    values = {
        "id": grant.id,
        "name": grant.name,
        "mac": grant.mac,
        "owner_id": grant.owner_id,
        "scope": grant.scope,
        "allowed_models": json.dumps(list(grant.allowed_models)),
        "created_at": grant.created_at,
        "expires_at": grant.expires_at,
        "revoked_at": grant.revoked_at,
        "disabled_at": grant.disabled_at,
        "session_id": grant.session_id,
    }
    try:
        await connection.execute(insert(tokens).values(values))
    except IntegrityError as error:
        raise Conflict("The token's owner does not exist, or the token does already.") from error


async def list_tokens(
    connection: AsyncConnection, owner_id: str | None, *, after: str | None = None, limit: int | None = None
) -> list[TokenGrant]:
    """Return the tokens of one owner, or of all, oldest first, the expired and revoked ones included."""
    query = page(_grants(), tokens, "created_at", after=after, limit=limit)
    if owner_id is not None:
        query = query.where(tokens.c.owner_id == owner_id)
    return [_grant(row) for row in await connection.execute(query)]


async def all_live_grants(
    connection: AsyncConnection, now: float, *, ended_since: float | None = None
) -> list[TokenGrant]:
    """Return the tokens that are neither revoked nor expired, of owners who are not disabled.

    Args:
        connection: to the main database.
        now: Unix time.
        ended_since: also return those that were revoked or expired after this time, so that their bearers can be
            told so; the caller then checks `revoked_at` and `expires_at` itself.
    """
    since = now if ended_since is None else min(ended_since, now)
    query = _grants().where(
        users.c.disabled.is_(False),
        or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > since),
        tokens.c.revoked_at.is_(None) if ended_since is None else _not_before(since),
    )
    return [_grant(row) for row in await connection.execute(query)]


async def revoke_token(connection: AsyncConnection, token_id: str, owner_id: str | None, at: float) -> bool:
    """Revoke a token, of this owner where one is given; False when there is none or it was revoked before."""
    await bump_config_version(connection)
    statement = update(tokens).where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None)).values(revoked_at=at)
    if owner_id is not None:
        statement = statement.where(tokens.c.owner_id == owner_id)
    return (await connection.execute(statement)).rowcount > 0


async def touch_tokens(connection: AsyncConnection, last_used: Mapping[str, float]) -> None:
    """Note when tokens were last used. Does not bump the version: no snapshot holds this."""
    if not last_used:
        return
    statement = update(tokens).where(tokens.c.id == bindparam("token_id")).values(last_used_at=bindparam("at"))
    # In one order everywhere, so that two processes cannot wait for each other's rows on PostgreSQL.
    await connection.execute(statement, [{"token_id": token, "at": at} for token, at in sorted(last_used.items())])


async def tokens_last_used(connection: AsyncConnection, owner_id: str | None) -> dict[str, float]:
    """Return when each token was last used, by token id, for one owner or all."""
    query = select(tokens.c.id, tokens.c.last_used_at).where(tokens.c.last_used_at.is_not(None))
    if owner_id is not None:
        query = query.where(tokens.c.owner_id == owner_id)
    return {row.id: row.last_used_at for row in await connection.execute(query)}


def _grants() -> Select[Any]:
    owner = users.c.name.label("owner_name"), users.c.role.label("owner_role"), users.c.disabled.label("owner_disabled")
    return select(tokens, *owner).join_from(tokens, users)


def _not_before(since: float) -> Any:
    return or_(tokens.c.revoked_at.is_(None), tokens.c.revoked_at > since)


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
        owner_disabled=bool(row.owner_disabled),
        session_id=row.session_id,
    )


def _allowed_models(text: str) -> tuple[str, ...]:
    try:
        globs = json.loads(text)
    except ValueError:
        return NOTHING_ALLOWED
    if not isinstance(globs, list) or not all(isinstance(glob, str) for glob in globs):
        return NOTHING_ALLOWED
    return tuple(globs)
