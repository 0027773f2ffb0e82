"""Users by who they are at an identity provider: issuer and subject, never a name. The rest of users is in `users`."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import users
from bodhi.storage.text import is_storable
from bodhi.storage.users import User, read_user


async def find_identity(connection: AsyncConnection, issuer: str, subject: str) -> User | None:
    """Return the user whom a provider knows by a subject, spelled exactly so."""
    if not is_storable(subject):
        return None
    query = select(users).where(users.c.issuer == issuer, users.c.subject == subject)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else read_user(row)
