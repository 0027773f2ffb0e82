"""The usage tap of an answer as it comes: beside the stream, on decoded copies where the answer is compressed."""

import logging

from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import Dialect
from bodhi.formats.taps import MAX_BODY_BYTES, UsageTap, is_event_stream, new_tap
from bodhi.relay.decode import Decoder, new_decoder

_log = logging.getLogger("bodhi.relay.tap")


class DecodingTap:
    """Lets a tap see what the client gets decoded; without a decoder it sees nothing."""

    __slots__ = ("_decoder", "_tap", "counts")

    def __init__(self, decoder: Decoder | None, tap: UsageTap) -> None:
        self._decoder = decoder
        self._tap = tap
        self.counts = tap.counts

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes of the body."""
        if self._decoder is None:
            return
        try:
            self._tap.feed(self._decoder.feed(chunk))
        except Exception:  # noqa: BLE001 # see the next line
            # As in the taps themselves: what a provider sends may cost the counts, never the call.
            self._decoder = None
            _log.exception("an answer could not be decoded, and its tokens are not counted")

    def finish(self) -> TokenCounts:
        """Return the counts after the last byte, or after however far the answer came."""
        return self._tap.finish()


def tap_for(dialect: Dialect, content_type: bytes, content_encoding: bytes | None) -> UsageTap:
    """Return what sees the bytes that the client gets. Nothing that happens in there reaches the client."""
    tap = new_tap(dialect, content_type)
    if content_encoding is None or content_encoding.strip().lower() == b"identity":
        return tap
    return DecodingTap(new_decoder(content_encoding), tap)


def count_whole(dialect: Dialect, content_type: bytes, content_encoding: bytes | None, body: bytes) -> TokenCounts:
    """Count the tokens of an answer that is here whole, as a tap does."""
    plain = content_encoding is None and body.startswith(b"{") and len(body) <= MAX_BODY_BYTES
    if not plain or is_event_stream(content_type):
        tap = tap_for(dialect, content_type, content_encoding)
        tap.feed(body)
        return tap.finish()
    counts = TokenCounts()
    try:
        dialect.read_usage(body, counts)
    except Exception:  # noqa: BLE001 # as above
        _log.exception("the usage of a call could not be read")
    return counts
