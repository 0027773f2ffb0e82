"""Users by who they are at an identity provider: issuer and subject, never a name. The rest of users is in `users`."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.principal import Role
from bodhi.storage.tables import users
from bodhi.storage.text import is_storable
from bodhi.storage.users import User, read_user
from bodhi.storage.version import bump_config_version


async def find_identity(connection: AsyncConnection, issuer: str, subject: str) -> User | None:
    """Return the user whom a provider knows by a subject, spelled exactly so."""
    if not is_storable(subject):
        return None
    query = select(users).where(users.c.issuer == issuer, users.c.subject == subject)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else read_user(row)


async def set_role(connection: AsyncConnection, user_id: str, role: Role) -> bool:
    """Give a user another role, and tell whether the user exists."""
    await bump_config_version(connection)
    statement = update(users).where(users.c.id == user_id).values(role=role.wire)
    return (await connection.execute(statement)).rowcount > 0
