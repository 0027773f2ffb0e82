"""How SQLite files are opened: private, with settings that keep data over speed. PostgreSQL needs none of this."""

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bodhi.core.errors import StartupError

SAFE_WAL_VERSION = (3, 51, 3)
READERS = 2

JournalMode = Literal["WAL", "TRUNCATE"]

EVERYWHERE = (
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
    "PRAGMA mmap_size = 0",
)
"""Settings of every connection (sqlite.org/pragma.html); the driver's `timeout` sets `busy_timeout`."""

JOURNALS: dict[JournalMode, tuple[str, ...]] = {
    "WAL": ("PRAGMA journal_mode = WAL", "PRAGMA journal_size_limit = 67108864"),
    "TRUNCATE": ("PRAGMA journal_mode = TRUNCATE", "PRAGMA journal_size_limit = 67108864"),
}


def journal_mode(*, one_writer: bool, version: tuple[int, ...] = sqlite3.sqlite_version_info) -> JournalMode:
    """Choose the journal of a database file.

    Before 3.51.3, two connections that write or checkpoint at the same moment can corrupt a database in WAL mode
    (sqlite.org/wal.html#walresetbug). The command line writes to the main database beside a running server, so
    there a rollback journal is used instead; the usage database has one writer at a time, by `file_turn`, and is safe.
    """
    return "WAL" if one_writer or version >= SAFE_WAL_VERSION else "TRUNCATE"


def create_private_file(path: Path) -> None:
    """Create an empty database file that only its owner may read; SQLite gives its journals the same mode.

    Raises:
        StartupError: the folder cannot be written.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StartupError(
            f"{path} cannot be created: {error.strerror}. Choose a folder that you may write to."
        ) from error


def open_reader(url: str, busy_timeout: float) -> AsyncEngine:
    """Make an engine whose connections cannot write."""
    return _engine(url, READERS, "BEGIN", busy_timeout, (*EVERYWHERE, "PRAGMA query_only = ON"))


def open_writer(url: str, busy_timeout: float, *, journal: JournalMode, sync_each_commit: bool = True) -> AsyncEngine:
    """Make an engine of one connection, whose transactions take the write lock when they begin.

    Without `sync_each_commit`, a loss of power can cost the last transactions, but never the database in WAL mode.
    """
    synchronous = "PRAGMA synchronous = FULL" if sync_each_commit else "PRAGMA synchronous = NORMAL"
    return _engine(url, 1, "BEGIN IMMEDIATE", busy_timeout, (*EVERYWHERE, *JOURNALS[journal], synchronous))


def _engine(url: str, size: int, begin: str, busy_timeout: float, settings: Sequence[str]) -> AsyncEngine:
    engine = create_async_engine(url, pool_size=size, max_overflow=0, connect_args={"timeout": busy_timeout})

    @event.listens_for(engine.sync_engine, "connect")
    def configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        # The driver's own transactions start too late, at the first write; ours start where `begin` says.
        driver: Any = connection
        driver.isolation_level = None
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def start_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
