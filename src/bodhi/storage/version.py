"""The configuration's version: one number that tells every process when its snapshot is old."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import config_version as table


async def config_version(connection: AsyncConnection) -> int:
    """Return the current version."""
    return int((await connection.execute(select(table.c.version))).scalar_one())


async def bump_config_version(connection: AsyncConnection) -> int:
    """Add one and return the new version.

    Called first in a transaction, it also makes configuration writers wait for each other on PostgreSQL, by the
    row's lock; SQLite has one writer at a time anyway.
    """
    statement = update(table).values(version=table.c.version + 1).returning(table.c.version)
    return int((await connection.execute(statement)).scalar_one())
