"""Repository of one-time links, by the MAC of their code: invites, and links to set a new password.

Making codes, and who may make and use a link, is identity's.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.errors import Conflict
from bodhi.core.principal import ROLES, Role
from bodhi.storage.paging import page
from bodhi.storage.tables import invites
from bodhi.storage.text import is_storable

INVITE = "invite"
PASSWORD_RESET = "password_reset"  # noqa: S105 # what a link is for


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link. Times are Unix seconds."""

    id: str
    mac: bytes = field(repr=False)
    purpose: str
    """`invite` or `password_reset`; a link works for nothing else."""
    role: Role | None = None
    """Of the account that an invite makes."""
    user_id: str | None = None
    """Whose password is set."""
    note: str = ""
    created_by: str
    created_by_name: str
    created_at: float
    expires_at: float
    used_at: float | None = None
    revoked_at: float | None = None


async def insert_link(connection: AsyncConnection, link: Link) -> None:
    """Store a new link.

    Raises:
        Conflict: its user does not exist, or the link does already.
    """
    values = {**asdict(link), "role": None if link.role is None else link.role.wire}
    try:
        await connection.execute(insert(invites).values(values))
    except IntegrityError as error:
        raise Conflict("The link's user does not exist, or the link does already.") from error


async def find_link(connection: AsyncConnection, mac: bytes, purpose: str, now: float) -> Link | None:
    """Return a link that still works for a purpose."""
    query = select(invites).where(invites.c.mac == mac, *_works(purpose, now))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _link(row)


async def list_links(
    connection: AsyncConnection, purpose: str, *, after: str | None = None, limit: int | None = None
) -> list[Link]:
    """Return the links made for a purpose, newest first, those that work no more included."""
    query = page(select(invites), invites, "created_at", after=after, limit=limit, newest_first=True)
    return [_link(row) for row in await connection.execute(query.where(invites.c.purpose == purpose))]


async def use_link(connection: AsyncConnection, link: Link, now: float) -> bool:
    """Note that a link was used, and tell whether it still worked. Of parallel uses exactly one is the first."""
    statement = update(invites).where(invites.c.id == link.id, *_works(link.purpose, now)).values(used_at=now)
    return (await connection.execute(statement)).rowcount > 0


async def revoke_link(connection: AsyncConnection, link_id: str, purpose: str, now: float) -> Link | None:
    """Withdraw a link that still works, and return it; None where there is none."""
    if not is_storable(link_id):
        return None
    statement = (
        update(invites).where(invites.c.id == link_id, *_works(purpose, now)).values(revoked_at=now).returning(invites)
    )
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _link(row)


async def revoke_links_of(connection: AsyncConnection, user_id: str, now: float) -> int:
    """Withdraw every link that still sets a user's password, and return how many there were."""
    statement = update(invites).where(invites.c.user_id == user_id, *_works(PASSWORD_RESET, now)).values(revoked_at=now)
    return (await connection.execute(statement)).rowcount


async def purge_links(connection: AsyncConnection, before: float) -> int:
    """Remove the links that expired before a time, whatever became of them, and return how many there were."""
    return (await connection.execute(delete(invites).where(invites.c.expires_at < before))).rowcount


def _works(purpose: str, now: float) -> tuple[Any, ...]:
    return (
        invites.c.purpose == purpose,
        invites.c.used_at.is_(None),
        invites.c.revoked_at.is_(None),
        invites.c.expires_at > now,
    )


def _link(row: Row[Any]) -> Link:
    # A role that this version does not know is none, and an invite without one makes no account.
    return Link(**{**row._mapping, "mac": bytes(row.mac), "role": ROLES.get(row.role)})  # noqa: SLF001 # SQLAlchemy's public name for a row's columns
