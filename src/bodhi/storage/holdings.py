"""How much a user has: live tokens, live sessions, api models. The rows themselves are in their own repositories."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import api_models, sessions, tokens


@dataclass(frozen=True, slots=True)
class Holdings:
    """What one user has, in numbers."""

    tokens: int
    """Those of programs that work: neither revoked, expired nor disabled."""
    sessions: int
    api_models: int


async def count_holdings(connection: AsyncConnection, user_id: str, now: float, *, idle_since: float) -> Holdings:
    """Count what a user has."""
    of_programs = select(func.count()).where(
        tokens.c.owner_id == user_id,
        tokens.c.session_id.is_(None),
        tokens.c.revoked_at.is_(None),
        tokens.c.disabled_at.is_(None),
        or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now),
    )
    signed_in = select(func.count()).where(
        sessions.c.user_id == user_id, sessions.c.expires_at > now, sessions.c.seen_at > idle_since
    )
    made = select(func.count()).where(api_models.c.owner_id == user_id)
    counts = select(of_programs.scalar_subquery(), signed_in.scalar_subquery(), made.scalar_subquery())
    row = (await connection.execute(counts)).one()
    return Holdings(*(int(count) for count in row))
