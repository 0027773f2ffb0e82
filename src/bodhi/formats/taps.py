"""Taps: they see the bytes that pass to the client and count tokens, in any dialect. They never change or delay a byte.

Decompression happens before, in `relay`; where a dialect reports tokens is in its own file.
A tap parses what a provider sends: whatever it trips over is logged and costs the counts, never the call.
"""

import json
import logging
from collections import deque
from functools import lru_cache
from typing import Protocol

from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import Dialect
from bodhi.formats.documents import media_type
from bodhi.formats.sse import EventCutter, read_events

MAX_BODY_BYTES = 4 * 1024 * 1024
TAIL_BYTES = 64 * 1024
LAST_RUNS = 4
LAST_BYTES = 4_096
"""How much of the end of each of the last runs of events is looked at again."""
MOST_TYPES, LONGEST_TYPE = 256, 128
"""Values of Content-Type that are remembered, and how much of each is looked at."""
LEAST_RUN = 40
"""Bytes; what is shorter, such as `data: [DONE]`, tells nothing."""

_DECODER = json.JSONDecoder()
_FAULT = "the usage tap failed and was switched off for this call"

_log = logging.getLogger("bodhi.formats.taps")


class UsageTap(Protocol):
    """Counts the tokens of one answer. Neither method raises, whatever the upstream sent."""

    counts: TokenCounts

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the body, in any split."""

    def finish(self) -> TokenCounts:
        """Count what only the end of the body tells, and return all counts. Called at the end, proven or not."""


def new_tap(dialect: Dialect, content_type: bytes) -> UsageTap:
    """Return a tap for an answer with this Content-Type."""
    return EventTap(dialect) if is_event_stream(content_type) else BodyTap(dialect)


def is_event_stream(content_type: bytes) -> bool:
    """Tell whether a Content-Type is that of server-sent events."""
    return _is_event_stream(content_type[:LONGEST_TYPE])


@lru_cache(maxsize=MOST_TYPES)
def _is_event_stream(content_type: bytes) -> bool:
    return media_type(content_type.decode("latin-1")) == "text/event-stream"


class EventTap:
    """Reads the few events of a stream that hold one of the dialect's usage markers."""

    __slots__ = ("_cutter", "_finish_markers", "_last", "_markers", "_read_usage", "counts")

    def __init__(self, dialect: Dialect) -> None:
        self.counts = TokenCounts()
        self._finish_markers = dialect.finish_markers
        self._last: deque[bytes] = deque(maxlen=LAST_RUNS)
        self._markers = dialect.usage_markers
        self._read_usage = dialect.read_usage
        self._cutter = EventCutter()

    @property
    def dropped(self) -> int:
        """How many events were too large to be kept, and so were not looked at."""
        return self._cutter.dropped

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the stream.

        Most pieces are whole events without a marker: two tests, and nothing is copied.
        """
        try:
            cutter = self._cutter
            run = chunk if not cutter.pending and chunk.endswith(b"\n\n") else cutter.feed(chunk)
            for marker in self._markers:
                # `marker in run` would raise and catch an exception inside, as it takes the marker for a number first.
                if run.find(marker) >= 0:
                    self._read(run)
                    break
            # Looking for the end in every event would cost each of them: the last ones are kept, and looked at once.
            if len(run) > LEAST_RUN:
                self._last.append(run if len(run) <= LAST_BYTES else run[-LAST_BYTES:])
        except Exception:  # noqa: BLE001 # see the top of this file
            self._switch_off()

    def finish(self) -> TokenCounts:
        """Read a last event whose blank line is missing, as some servers end their streams, and why it ended."""
        try:
            rest = self._cutter.rest()
            if any(marker in rest for marker in self._markers):
                self._read(rest + b"\n\n")
            if self.counts.finish is None and self._finish_markers:
                self._last.append(rest)
                self._read_finish()
        except Exception:  # noqa: BLE001 # see the top of this file
            self._switch_off()
        return self.counts

    def _switch_off(self) -> None:
        self._markers = self._finish_markers = ()
        self._cutter = EventCutter()
        _log.exception(_FAULT)

    def _read_finish(self) -> None:
        for run in reversed(self._last):
            for marker in self._finish_markers:
                at = run.rfind(marker)
                if at >= 0:
                    whole = run.splitlines(keepends=False)
                    line = next(each for each in reversed(whole) if marker in each)
                    self._read_usage(line.removeprefix(b"data:"), self.counts)
                    return

    def _read(self, run: bytes) -> None:
        for event in read_events(run):
            if any(marker in event.data for marker in self._markers):
                self._read_usage(event.data, self.counts)


class BodyTap:
    """Keeps a JSON body and reads it at its end; of a large one it keeps the tail, where usage usually is."""

    __slots__ = ("_dialect", "_ignored", "_kept", "_large", "_pieces", "_tail", "counts")

    def __init__(self, dialect: Dialect) -> None:
        self.counts = TokenCounts()
        self._dialect = dialect
        self._pieces: list[bytes] = []
        self._kept = 0
        self._large = False
        self._tail = bytearray()
        self._ignored = False

    def feed(self, chunk: bytes) -> None:
        """Keep the next bytes of the body, unless it cannot be JSON, such as sound."""
        if self._ignored or not chunk:
            return
        if self._large:
            self._keep_tail(chunk)
            return
        if not self._kept:
            chunk = chunk.lstrip()
            if not chunk.startswith((b"{", b"[")):
                self._ignored = bool(chunk)
                return
        self._pieces.append(chunk)
        self._kept += len(chunk)
        if self._kept > MAX_BODY_BYTES:
            pieces, self._pieces = self._pieces, []
            self._large = True
            self._keep_tail(b"".join(pieces))

    def finish(self) -> TokenCounts:
        """Count the tokens that the body reports."""
        try:
            document = b"".join(self._pieces) if not self._large else self._usage_in_tail(bytes(self._tail))
            self._pieces, self._tail, self._ignored = [], bytearray(), True
            if document:
                self._dialect.read_usage(document, self.counts)
        except Exception:  # noqa: BLE001 # see the top of this file
            _log.exception(_FAULT)
        return self.counts

    def _keep_tail(self, chunk: bytes) -> None:
        self._tail += chunk[-TAIL_BYTES:]
        if len(self._tail) > 2 * TAIL_BYTES:
            del self._tail[:-TAIL_BYTES]

    def _usage_in_tail(self, tail: bytes) -> bytes:
        """Cut the last usage object out of a tail, as a document of its own; empty if there is none."""
        key = self._dialect.usage_key
        at = tail.rfind(key)
        if at < 0:
            return b""
        text = tail[at + len(key) :].decode("utf-8", "replace").lstrip().removeprefix(":").lstrip()
        try:
            _, end = _DECODER.raw_decode(text)
        except (ValueError, RecursionError):
            return b""
        return b"{" + key + b":" + text[:end].encode() + b"}"
