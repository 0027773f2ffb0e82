"""The answer to one request, as the parser hands it over: status, headers, body pieces, and what is refused.

Sockets, deadlines and back-pressure are `relay.connection`'s.
"""

import httptools

from bodhi.core.errors import UpstreamError
from bodhi.core.types import Header
from bodhi.relay import failures

MAX_HEAD = 64 * 1024
MAX_HEADERS = 200
MAX_INTERIM = 8


class Stop(Exception):
    """What follows is not part of this answer."""


def body_of_chunk(framed: bytes) -> bytes:
    """Return the data of bytes that are one whole chunk and nothing else; b"" of anything else (RFC 9112 section 7.1).

    Only the plain form is known, in which most servers write: a size in small letters, without zeros in front of it
    and without extensions. The rest is the parser's.
    """
    at = framed.find(b"\r\n")
    size = len(framed) - at - 4
    if size > 0 and framed[:at] == b"%x" % size and framed.endswith(b"\r\n"):
        return framed[at + 2 : -2]
    return b""


class Answer:
    """The state of an answer and the parser's callbacks that fill it.

    llhttp in its strict mode refuses obs-fold, control characters, bare LF, a second Content-Length, and
    Content-Length beside Transfer-Encoding; what it lets pass and we do not is refused here.
    """

    __slots__ = (
        "_chunks", "_discard", "_interim", "_overhead", "_parser", "_size", "between_chunks", "chunked", "done",
        "failure", "head", "headers", "length_known", "reusable", "status",
    )  # fmt: skip

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser
        self.failure: UpstreamError | None = None
        self.status = 0
        self.expect(has_body=True)

    def expect(self, *, has_body: bool) -> None:
        """Get ready for the next answer on this connection; without a body if the request is a HEAD."""
        self._discard = not has_body
        self._chunks: list[bytes] = []
        self._size = 0
        self._overhead = 0
        self._interim = 0
        self.headers: list[Header] = []
        self.head = False
        """Whether status and headers are complete."""
        self.done = False
        """Whether the end of the body is proven."""
        self.reusable = False
        self.length_known = False
        self.chunked = False
        self.between_chunks = False
        """Whether the last that the parser understood was the end of a chunk."""

    def on_message_begin(self) -> None:
        """Refuse a second message."""
        if self.done:
            raise Stop

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header; trailers are dropped."""
        if self.head:
            return
        name = name.lower()
        if name == b"content-length":
            self.length_known = True
        elif name == b"transfer-encoding":
            # The parser takes any list that ends in `chunked`, and reads to the end of the connection otherwise.
            # Blanks behind it are all that it passes over: behind a tab, it would not see that the body is in chunks.
            if self.chunked or value.strip(b" ").lower() != b"chunked":
                self._refuse("its Transfer-Encoding is not `chunked`")
            self.chunked = True
        self.headers.append((name, value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Judge the head."""
        status = self._parser.get_status_code()
        self._judge_head(status)
        if status < 200:
            self._interim += 1
            self.headers.clear()
            self.length_known = self.chunked = False
            return
        self.status = status
        self.head = True
        if self._discard:
            self.done = True
            raise Stop  # The parser does not know that the request was a HEAD and would wait for a body.

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        self._chunks.append(body)
        self._size += len(body)

    def on_chunk_header(self) -> None:
        """Note the begin of a chunk's data, or of the trailers."""
        self.between_chunks = False

    def on_chunk_complete(self) -> None:
        """Note the end of a chunk, its line end included."""
        self.between_chunks = True

    def on_message_complete(self) -> None:
        """Note the proven end."""
        if self.head:
            self.done = True
            self.reusable = self._parser.should_keep_alive()

    def _judge_head(self, status: int) -> None:
        if not 100 <= status <= 599 or status == 101:
            self._refuse(f"the status {status:03} was not asked for")
        if self._interim == MAX_INTERIM and status < 200:
            self._refuse("it has too many interim answers")
        if len(self.headers) > MAX_HEADERS:
            self._refuse(f"it has more than {MAX_HEADERS} headers")
        if self._overhead and sum(len(name) + len(value) + 4 for name, value in self.headers) > MAX_HEAD:
            self._refuse(f"its headers are larger than {MAX_HEAD // 1024} KiB")
        version = self._parser.get_http_version()
        if version != "1.1" and (version != "1.0" or self.chunked):
            self._refuse(f"HTTP/{version} with this framing is not understood")

    def _refuse(self, reason: str) -> None:
        self.failure = failures.malformed(reason)
        raise Stop
