"""Runs a usage tap beside the stream, on decoded copies where the answer is compressed, and swallows its faults."""

import logging

from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import Dialect
from bodhi.formats.taps import MAX_BODY_BYTES, is_event_stream, new_tap
from bodhi.relay.decode import new_decoder

_log = logging.getLogger("bodhi.relay.tap")


class Tap:
    """Sees the bytes that the client gets. Nothing that happens in here reaches the client."""

    __slots__ = ("_decoder", "_off", "_tap")

    def __init__(self, dialect: Dialect, content_type: bytes, content_encoding: bytes | None) -> None:
        self._tap = new_tap(dialect, content_type)
        self._decoder = None
        self._off = False
        if content_encoding is not None and content_encoding.strip().lower() != b"identity":
            self._decoder = new_decoder(content_encoding)
            self._off = self._decoder is None

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the body."""
        if self._off:
            return
        try:
            self._tap.feed(chunk if self._decoder is None else self._decoder.feed(chunk))
        except Exception:  # noqa: BLE001 # see the next line
            # A tap parses what a provider sends: whatever it trips over costs the counts, never the call.
            self._off = True
            _log.exception("the usage tap failed and was switched off for this call")

    def finish(self) -> TokenCounts:
        """Return the counts after the last byte, or after however far the answer came."""
        if not self._off:
            try:
                self._tap.finish()
            except Exception:  # noqa: BLE001 # see the next line
                # As above: only the counts are lost.
                self._off = True
                _log.exception("the usage tap failed at the end of a call")
        return self._tap.counts


def count_whole(dialect: Dialect, content_type: bytes, content_encoding: bytes | None, body: bytes) -> TokenCounts:
    """Count the tokens of an answer that is here whole, as a tap does."""
    plain = content_encoding is None and body.startswith(b"{") and len(body) <= MAX_BODY_BYTES
    if not plain or is_event_stream(content_type):
        tap = Tap(dialect, content_type, content_encoding)
        tap.feed(body)
        return tap.finish()
    counts = TokenCounts()
    try:
        dialect.read_usage(body, counts)
    except Exception:  # noqa: BLE001 # as above
        _log.exception("the usage of a call could not be read")
    return counts
