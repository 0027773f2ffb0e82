"""A turn among processes: one at a time writes to a database file. Turns within a process are the store's own locks."""

import asyncio
import fcntl
import os
from pathlib import Path
from types import TracebackType

LOOK_SECONDS = 0.005


class FileTurn:
    """A lock on a file beside the database, which the system frees when its holder ends, however that comes about.

    SQLite lets several processes write by turns itself. Before 3.51.3 two that write or checkpoint at the same moment
    can corrupt a database in WAL mode (sqlite.org/wal.html#walresetbug), so there they must not be let near each other.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    async def __aenter__(self) -> None:
        """Wait for the turn. The caller sets a deadline, and never waits twice at once in one process."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                await asyncio.sleep(LOOK_SECONDS)
            else:
                return

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let the next one write."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
