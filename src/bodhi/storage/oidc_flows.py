"""Repository of sign-ins that have gone to the identity provider and not come back. What they mean is identity's."""

from dataclasses import asdict, dataclass, field

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import oidc_flows, sessions

COLUMN = "sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcFlow:
    """One sign-in on its way. Times are Unix seconds."""

    state_mac: bytes = field(repr=False)
    browser_mac: bytes = field(repr=False)
    sealed: str = field(repr=False)
    """Nonce and PKCE verifier."""
    purpose: str
    """`sign_in`, `setup` or `confirm`."""
    session_id: str | None
    """The session that is confirmed."""
    created_at: float
    expires_at: float


async def insert_flow(connection: AsyncConnection, flow: OidcFlow) -> None:
    """Store a sign-in that goes to the provider."""
    await connection.execute(insert(oidc_flows).values(asdict(flow)))


async def take_flow(connection: AsyncConnection, state_mac: bytes) -> OidcFlow | None:
    """Remove and return a sign-in that comes back; of two takers one gets it."""
    taken = delete(oidc_flows).where(oidc_flows.c.state_mac == state_mac).returning(*oidc_flows.columns)
    row = (await connection.execute(taken)).one_or_none()
    if row is None:
        return None
    return OidcFlow(
        state_mac=bytes(row.state_mac),
        browser_mac=bytes(row.browser_mac),
        sealed=row.sealed,
        purpose=row.purpose,
        session_id=row.session_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


async def purge_flows(connection: AsyncConnection, now: float) -> int:
    """Remove the sign-ins that never came back, and return how many there were."""
    return (await connection.execute(delete(oidc_flows).where(oidc_flows.c.expires_at <= now))).rowcount


async def session_user_id(connection: AsyncConnection, session_id: str) -> str | None:
    """Return whose a session is, by its id, as a sign-in that confirms one names it."""
    query = select(sessions.c.user_id).where(sessions.c.id == session_id)
    return (await connection.execute(query)).scalar_one_or_none()
