"""Learns the id of an object that an answer creates, by looking at the passing bytes, before the client sees them."""

from collections.abc import Callable

from bodhi.formats.contract import Dialect
from bodhi.formats.sse import EventParser
from bodhi.relay.decode import new_decoder

MAX_HELD = 8 * 1024 * 1024
"""Most bytes that are held back while the id is not known yet; beyond it they pass and the id stays unknown."""

MAX_EVENTS = 3
"""Most events of a stream that are held back: a stream that keeps no object names none, and must not wait for its end.

An id comes with the first event (platform.openai.com/docs/api-reference/responses-streaming, `response.created`)."""


class ObjectLearner:
    """Holds back the first bytes of an answer until the id in it is known: a whole body, or a stream's first event."""

    def __init__(self, dialect: Dialect, content_type: bytes, content_encoding: bytes | None) -> None:
        self._read: Callable[[bytes], str | None] = dialect.read_object_id
        self._events = EventParser() if content_type.startswith(b"text/event-stream") else None
        coded = content_encoding is not None and content_encoding.strip().lower() != b"identity"
        self._decoder = new_decoder(content_encoding) if content_encoding and coded else None
        self._copy: list[bytes] = []
        self._held: list[bytes] = []
        self._size = 0
        self._seen = 0
        self.object_id: str | None = None
        self.settled = coded and self._decoder is None
        """Whether nothing is held back any more: the id is known, or it will not be."""

    def hold(self, chunk: bytes) -> None:
        """Take the next bytes; look at `settled` afterwards."""
        self._held.append(chunk)
        self._size += len(chunk)
        text = chunk if self._decoder is None else self._decoder.feed(chunk)
        if self._events is None:
            self._copy.append(text)
        else:
            for event in self._events.feed(text):
                self._seen += 1
                self.object_id = self.object_id or self._read(event.data)
        unreadable = self._decoder is not None and self._decoder.given_up
        if self.object_id or unreadable or self._size > MAX_HELD or self._seen >= MAX_EVENTS:
            self.settled = True

    def end(self) -> None:
        """Tell that the body is complete."""
        if self._events is None and not self.settled:
            self.object_id = self._read(b"".join(self._copy))
        self.settled = True

    def release(self) -> bytes:
        """Return everything held back, exactly as it came."""
        held = b"".join(self._held)
        self._held.clear()
        self._copy.clear()
        return held
