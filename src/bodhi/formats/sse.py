"""Event streams (WHATWG HTML, section 9.2): cutting bytes at events, and reading events. No dialect is known here.

Pieces may end anywhere: inside a line, a line end or a character. What is kept between pieces is bounded.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_EVENT_BYTES = 2 * 1024 * 1024
"""A stream without a blank line holds this much at most; only its usage is lost beyond it."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# A blank line ends an event, and a line ends with LF, CR or CRLF, also mixed. Two line ends in a row therefore hold
# one of these pairs, and nothing else holds one. After a pair that ends in CR, an LF still belongs to that line end;
# left over, it reads as one more blank line, which means nothing.
_BLANK_LINES = (b"\n\n", b"\n\r", b"\r\r")
_BLANK_LINE = re.compile(rb"\n\n|\n\r\n?|\r\r\n?")
_COMPLETE = (*_BLANK_LINES, b"\n\r\n", b"\r\r\n")


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name, empty where the stream gives none, and its data with lines joined by LF."""

    name: bytes
    data: bytes


class EventCutter:
    """Turns pieces of a stream into runs of whole events, and keeps the beginning of the next one."""

    __slots__ = ("_dropping", "_kept", "_limit", "_pieces", "dropped", "pending")

    def __init__(self, limit: int = MAX_EVENT_BYTES) -> None:
        self.pending = False
        """Whether the last piece ended inside an event."""
        self.dropped = 0
        """How many events were larger than the limit and left out."""
        self._limit = limit
        self._pieces: list[bytes] = []
        self._kept = 0
        self._dropping = False

    def feed(self, piece: bytes) -> bytes:
        """Take the next piece; return the whole events that are now complete, as one run of bytes, maybe empty."""
        if self._dropping:
            piece = self._skip(piece)
        if not self.pending:
            cut = _last_cut(piece)
            run = piece[:cut]
        else:
            cut = _last_cut(piece) or _cut_at_seam(self._pieces[-1], piece)
            run = b"".join((*self._pieces, piece[:cut])) if cut else b""
            if cut:
                self._forget()
        self._keep(piece[cut:])
        return run

    def rest(self) -> bytes:
        """Return what was kept when the stream ended: an event without its blank line, or the beginning of one."""
        rest = b"" if self._dropping else b"".join(self._pieces)
        self._forget()
        return rest

    def _skip(self, piece: bytes) -> bytes:
        """Leave out the rest of an event that is too large; return what follows it."""
        cut = _cut_at_seam(self._pieces[-1], piece)
        if not cut:
            found = _BLANK_LINE.search(piece)
            cut = found.end() if found else 0
        if not cut:
            self._pieces = [piece[-1:] or self._pieces[-1]]
            return b""
        self._forget()
        return piece[cut:]

    def _keep(self, tail: bytes) -> None:
        if not tail:
            return
        self.pending = True
        self._kept += len(tail)
        self._pieces.append(tail)
        if self._kept > self._limit:
            self.dropped += 1
            self._dropping = True
            self._pieces = [tail[-1:]]

    def _forget(self) -> None:
        self.pending = self._dropping = False
        self._pieces = []
        self._kept = 0


class EventParser:
    """Reads whole events out of a stream's pieces."""

    __slots__ = ("_at_start", "_cutter")

    def __init__(self, limit: int = MAX_EVENT_BYTES) -> None:
        self._cutter = EventCutter(limit)
        self._at_start = True

    @property
    def dropped(self) -> int:
        """How many events were larger than the limit and left out."""
        return self._cutter.dropped

    def feed(self, piece: bytes) -> list[Event]:
        """Take the next piece; return the events that are now complete."""
        run = self._cutter.feed(piece)
        if run and self._at_start:
            self._at_start = False
            run = run.removeprefix(BYTE_ORDER_MARK)
        return list(read_events(run))


def read_events(run: bytes) -> Iterator[Event]:
    """Read a run of whole events. Those without data, such as comments, are none; `id` and `retry` are not kept."""
    name = b""
    data: list[bytes] = []
    for line in run.splitlines():
        if not line:
            if data:
                yield Event(name, b"\n".join(data))
            name, data = b"", []
            continue
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")


def _last_cut(piece: bytes) -> int:
    """Return the place right after the last blank line in a piece, or 0."""
    if piece.endswith(_COMPLETE):
        return len(piece)
    return max((piece.rfind(pair) + 2 for pair in _BLANK_LINES if pair in piece), default=0)


def _cut_at_seam(before: bytes, piece: bytes) -> int:
    """Return 1 if the last byte before and the first byte of a piece make a blank line, or else 0."""
    return 1 if before[-1:] + piece[:1] in _BLANK_LINES else 0
