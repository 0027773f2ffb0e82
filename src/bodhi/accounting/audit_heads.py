"""Carries signed heads of the audit trail out of the database: into the log, and into a file in the home folder.

Whoever rolls the database back cannot roll back what was carried out. Checking against heads is storage's.
"""

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bodhi.core.clock import Clock
from bodhi.core.errors import StoreUnavailable
from bodhi.storage.audit import AuditLog
from bodhi.storage.audit_head import Head, read_head, signed_head
from bodhi.storage.duty import Duty
from bodhi.storage.engine import Store

FILE = "audit-heads.jsonl"
EVERY_SECONDS = 300.0
KEPT = 10_000
SLACK = 1_000
"""So many lines more are let grow before the file is written anew."""

log = logging.getLogger(__name__)


class AuditHeads:
    """Writes a head every five minutes if there are new rows, and at the stop. One exists per process.

    Args:
        store: holds the trail.
        audit: signs.
        file: where heads go.
        clock: for the time in a head.
        duty: of several processes, who writes.
    """

    def __init__(self, store: Store, audit: AuditLog, file: Path, clock: Clock, duty: Duty) -> None:
        self._store = store
        self._audit = audit
        self._file = file
        self._clock = clock
        self._duty = duty
        self._last: Head | None = None
        self._lines: int | None = None

    async def run(self) -> NoReturn:
        """Write heads until cancelled: one at once, since the process before may have been killed."""
        while True:
            await self.export()
            await asyncio.sleep(EVERY_SECONDS)

    async def export(self) -> Head | None:
        """Write the head if it has changed, and return it; failures are logged and tried again the next time."""
        try:
            if not self._duty.is_ours():
                return None
            lines = await self._known_lines()
            async with self._store.read() as connection:
                head = await signed_head(connection, self._audit.keys, self._clock.now())
            if not self._is_news(head):
                return None
            self._lines = await asyncio.to_thread(_append, self._file, head.as_line(), lines)
        except StoreUnavailable:
            return None
        except OSError as error:
            log.warning("a head of the audit trail could not be written to %s: %s", self._file, error.strerror)
            return None
        self._last = head
        log.info("audit head %s", head.as_line())
        return head

    async def drain(self, within: float) -> None:
        """Write the head before the process ends.

        Args:
            within: seconds that this may take.
        """
        try:
            async with asyncio.timeout(within):
                await self.export()
        except TimeoutError:
            log.warning("the head of the audit trail could not be written before the stop")

    async def _known_lines(self) -> int:
        if self._lines is not None:
            return self._lines
        self._last, lines = await asyncio.to_thread(_end_of_file, self._file)
        self._lines = lines
        return lines

    def _is_news(self, head: Head) -> bool:
        last = self._last
        if last is None or last.deployment != head.deployment:
            return head.seq > 0
        if head.seq < last.seq:
            log.error(
                "the audit trail ends at row %d, and had gone on to row %d: see `bodhi audit verify`",
                head.seq,
                last.seq,
            )
        return (head.seq, head.mac) != (last.seq, last.mac)


def read_heads(lines: Sequence[str]) -> tuple[list[Head], int]:
    """Read heads from the lines of a file, and count the lines that are none.

    A last line without its end was cut short by a crash, and counts as none only if others are missing, too.
    """
    heads, spoiled = [], 0
    for line in lines:
        if not line.strip():
            continue
        try:
            heads.append(read_head(line))
        except (ValueError, RecursionError):
            spoiled += line.endswith("\n")
    return heads, spoiled


def _end_of_file(file: Path) -> tuple[Head | None, int]:
    """Return the last head of the file, and how many lines it has."""
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            lines = opened.readlines()
    except FileNotFoundError:
        return None, 0
    heads, _ = read_heads(lines[-SLACK:])
    return heads[-1] if heads else None, len(lines)


def _append(file: Path, line: str, lines: int) -> int:
    """Append a line, and return how many there are then; the oldest go when there are too many."""
    if lines >= KEPT + SLACK:
        kept = file.read_bytes().splitlines(keepends=True)[-KEPT + 1 :]
        fresh = file.with_suffix(".new")
        _write(fresh, os.O_TRUNC, b"".join(kept))
        fresh.replace(file)
        lines = len(kept)
    start = b""
    if file.exists() and not _ends_whole(file):
        # A crash cut the last line short; the next must not become a part of it.
        start = b"\n"
    _write(file, os.O_APPEND, start + line.encode() + b"\n")
    return lines + 1


def _write(file: Path, how: int, content: bytes) -> None:
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC | how, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())


def _ends_whole(file: Path) -> bool:
    with file.open("rb") as opened:
        size = opened.seek(0, os.SEEK_END)
        opened.seek(max(0, size - 1))
        return opened.read(1) in (b"", b"\n")
