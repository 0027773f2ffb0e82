"""Bring the databases' schema up to date: `python -m bodhi.storage.migrate`, with the two URLs on standard input.

The only module that imports Alembic. `serve` runs it as a process of its own, so the server's memory stays small.
"""

import asyncio
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bodhi.core.errors import StartupError
from bodhi.storage.engine import BUSY_TIMEOUT, CONNECT_TIMEOUT
from bodhi.storage.schema_state import MAIN_VERSION_TABLE, USAGE_VERSION_TABLE
from bodhi.storage.sqlite import create_private_file, journal_mode, open_writer
from bodhi.storage.store_urls import StoreUrls, sqlite_path

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 7_240_681_175
"""PostgreSQL's advisory lock that lets one process migrate at a time; the number means nothing."""


def migrate(urls: StoreUrls) -> None:
    """Run the migrations that are missing, each database's in one transaction.

    Not for a running event loop, nor for two threads at once: Alembic keeps its state in globals.

    Raises:
        StartupError: the database cannot be used, or a newer version of Bodhi has migrated it.
    """
    try:
        asyncio.run(_migrate_both(urls))
    except (CommandError, RevisionError) as error:
        raise StartupError(
            f"The database {urls.describe()} was made by a newer version of Bodhi. Nothing was changed. ({error})"
        ) from error
    except (DBAPIError, OSError, TimeoutError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StartupError(
            f"The database {urls.describe()} cannot be migrated: {reason}. Nothing was changed."
        ) from error


def migration_config(name: str, connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for `main` or `usage`."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS / name).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = {"main": MAIN_VERSION_TABLE, "usage": USAGE_VERSION_TABLE}[name]
    return config


async def _migrate_both(urls: StoreUrls) -> None:
    await _migrate_one(_engine(urls, urls.main, "main"), "main")
    await _migrate_one(_engine(urls, urls.usage, "usage"), "usage")


def _engine(urls: StoreUrls, url: str, name: str) -> AsyncEngine:
    if not urls.is_sqlite:
        return create_async_engine(url, poolclass=NullPool, connect_args={"timeout": CONNECT_TIMEOUT})
    create_private_file(sqlite_path(url))
    return open_writer(url, BUSY_TIMEOUT, journal=journal_mode(one_writer=name == "usage"))


async def _migrate_one(engine: AsyncEngine, name: str) -> None:
    try:
        # Both databases run DDL in transactions, so a process killed here leaves the schema as it was.
        async with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            await connection.run_sync(_upgrade, name)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection, name: str) -> None:
    command.upgrade(migration_config(name, connection), "head")


def main() -> int:
    """Migrate the databases whose URLs come on standard input, one a line: arguments would show a password to `ps`."""
    lines = sys.stdin.read().split("\n")
    try:
        migrate(StoreUrls(main=lines[0], usage=lines[1]))
    except StartupError as error:
        sys.stderr.write(f"{error.message}\n")
        return error.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main())
