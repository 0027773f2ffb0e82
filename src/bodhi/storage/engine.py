"""The store: pooled connections to both databases, each transaction with a deadline. No schema here."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bodhi.core.errors import StoreUnavailable
from bodhi.storage.file_turn import FileTurn
from bodhi.storage.sqlite import create_private_file, journal_mode, open_reader, open_writer
from bodhi.storage.store_urls import StoreUrls, sqlite_path

BUSY_TIMEOUT = 5.0
"""Seconds that a SQLite statement waits for another process's lock."""

DEADLINE = 15.0
"""Seconds for one transaction, waiting for a connection included; longer than a lock may take."""

POOL_SIZE = 10
CONNECT_TIMEOUT = 5.0


@dataclass(slots=True)
class _Database:
    """The engines of one database, and the lock that lets one transaction write to a SQLite file at a time."""

    reader: AsyncEngine
    writer: AsyncEngine
    turn: asyncio.Lock | None = field(default_factory=asyncio.Lock)
    file_turn: FileTurn | None = None
    """The same among processes, for a file that must never have two that write."""

    async def close(self) -> None:
        if self.file_turn is not None:
            self.file_turn.close()
        await self.reader.dispose()
        if self.writer is not self.reader:
            await self.writer.dispose()


class Store:
    """Both databases. Created once by `app` or `cli`, and closed by whoever opened it."""

    def __init__(self, urls: StoreUrls, main: _Database, usage: _Database, deadline: float) -> None:
        self.urls = urls
        self._main = main
        self._usage = usage
        self._deadline = deadline

    @classmethod
    async def open(cls, urls: StoreUrls, *, busy_timeout: float = BUSY_TIMEOUT, deadline: float = DEADLINE) -> Self:
        """Make the engines; SQLite files are created private where they are missing. Does not migrate.

        Raises:
            StartupError: the folder of the SQLite files cannot be written.
        """
        if not urls.is_sqlite:
            engine = create_async_engine(
                urls.main,
                pool_size=POOL_SIZE,
                max_overflow=0,
                pool_timeout=CONNECT_TIMEOUT,
                pool_pre_ping=True,
                connect_args={"timeout": CONNECT_TIMEOUT, "command_timeout": deadline},
            )
            both = _Database(engine, engine, turn=None)
            return cls(urls, both, both, deadline)
        for url in (urls.main, urls.usage):
            create_private_file(sqlite_path(url))
        main = _Database(
            open_reader(urls.main, busy_timeout),
            open_writer(urls.main, busy_timeout, journal=journal_mode(one_writer=False)),
        )
        usage = _Database(
            open_reader(urls.usage, busy_timeout),
            open_writer(urls.usage, busy_timeout, journal=journal_mode(one_writer=True), sync_each_commit=False),
            file_turn=FileTurn(sqlite_path(urls.usage).with_suffix(".lock")),
        )
        return cls(urls, main, usage, deadline)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection to the main database; what it writes is discarded.

        Raises:
            StoreUnavailable: the database did not answer, or not in time.
        """
        async with self._transaction(self._main, self._main.reader, write=False) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection to the main database in one transaction, committed when the block ends without an error.

        Raises:
            StoreUnavailable: the database did not answer, or not in time; nothing was changed.
        """
        async with self._transaction(self._main, self._main.writer, write=True) as connection:
            yield connection

    @asynccontextmanager
    async def usage_read(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection to the usage database, as `read` does.

        Raises:
            StoreUnavailable: the database did not answer, or not in time.
        """
        async with self._transaction(self._usage, self._usage.reader, write=False) as connection:
            yield connection

    @asynccontextmanager
    async def usage_write(self) -> AsyncIterator[AsyncConnection]:
        """Lend a connection to the usage database in one transaction, as `write` does.

        Raises:
            StoreUnavailable: the database did not answer, or not in time; nothing was changed.
        """
        async with self._transaction(self._usage, self._usage.writer, write=True) as connection:
            yield connection

    async def close(self) -> None:
        """Close every connection."""
        await self._main.close()
        if self._usage is not self._main:
            await self._usage.close()

    @asynccontextmanager
    async def _transaction(
        self, database: _Database, engine: AsyncEngine, *, write: bool
    ) -> AsyncIterator[AsyncConnection]:
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(asyncio.timeout(self._deadline))
                if write and database.turn is not None:
                    await stack.enter_async_context(database.turn)
                if write and database.file_turn is not None:
                    await stack.enter_async_context(database.file_turn)
                yield await stack.enter_async_context(engine.begin() if write else engine.connect())
        except (DBAPIError, PoolTimeout, TimeoutError, OSError) as error:
            # asyncpg lets a refused or lost connection through as OSError; the statement's text stays in the cause.
            raise StoreUnavailable from error
