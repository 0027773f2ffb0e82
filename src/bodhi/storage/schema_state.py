"""Whether the databases' schema is the one this version needs. Migrating it is for `migrate`."""

from typing import Literal

from sqlalchemy import Connection, Text, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.engine import Store

MAIN_VERSION_TABLE = "schema_version_main"
USAGE_VERSION_TABLE = "schema_version_usage"

MAIN_REVISIONS = ("0001", "0002", "0003")
"""Every revision of the main database, oldest first; the last is the one that this version needs."""
USAGE_REVISIONS = ("0001", "0002", "0003")

SchemaState = Literal["current", "behind", "empty", "ahead"]


async def schema_state(store: Store) -> SchemaState:
    """Tell how the schema stands: `ahead` means that a newer version of Bodhi has migrated it.

    Raises:
        StoreUnavailable: the database did not answer.
    """
    async with store.read() as connection:
        main = await _state(connection, MAIN_VERSION_TABLE, MAIN_REVISIONS)
    async with store.usage_read() as connection:
        usage = await _state(connection, USAGE_VERSION_TABLE, USAGE_REVISIONS)
    states = {main, usage}
    if "ahead" in states:
        return "ahead"
    return main if len(states) == 1 else "behind"


async def _state(connection: AsyncConnection, version_table: str, revisions: tuple[str, ...]) -> SchemaState:
    if not await connection.run_sync(_has_table, version_table):
        return "empty"
    found = (
        await connection.execute(select(column("version_num", Text)).select_from(table(version_table)))
    ).scalar_one_or_none()
    if found is None:
        return "empty"
    if found == revisions[-1]:
        return "current"
    return "behind" if found in revisions else "ahead"


def _has_table(connection: Connection, name: str) -> bool:
    return inspect(connection).has_table(name)
