"""How others read the same bytes: h11 for requests and answers, and a strict reader of what we write."""

import re
from dataclasses import dataclass, field

import h11

from fuzz.rules import Broken, hold


@dataclass(frozen=True, slots=True)
class Request:
    """A request as somebody read it."""

    method: bytes
    target: bytes
    fields: tuple[tuple[bytes, bytes], ...]
    """Without Content-Length, which h11 rewrites."""
    body: bytes


@dataclass(slots=True)
class Read:
    """An answer as somebody read it."""

    status: int = 0
    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    ended: bool = False
    failed: bool = False
    reusable: bool = False


def plain_fields(fields: "list[tuple[bytes, bytes]]") -> tuple[tuple[bytes, bytes], ...]:
    """Return field lines as they can be compared: h11 rewrites the two that frame."""
    return tuple(
        (name, value.lower() if name == b"transfer-encoding" else value)
        for name, value in fields
        if name != b"content-length"
    )


def requests(stream: bytes) -> list[Request]:
    """Read the complete requests in a stream, up to the first that h11 refuses."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    found: list[Request] = []
    try:
        connection.receive_data(stream)
        while True:
            event = connection.next_event()
            if not isinstance(event, h11.Request):
                return found
            body = b""
            while isinstance(piece := connection.next_event(), h11.Data):
                body += bytes(piece.data)
            if not isinstance(piece, h11.EndOfMessage):
                return found
            target = _target(*event.target.partition(b"?")[::2])
            found.append(Request(event.method, target, plain_fields(list(event.headers)), body))
            connection.send(h11.Response(status_code=200, headers=[(b"content-length", b"0")]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is h11.MUST_CLOSE or connection.their_state is h11.MUST_CLOSE:
                return found
            connection.start_next_cycle()
    except h11.ProtocolError:
        return found


def _target(path: bytes, query: bytes) -> bytes:
    """Join a target as ASGI has it, which knows no empty query."""
    return path + b"?" + query if query else path


def answer(stream: bytes, *, closed: bool, method: bytes = b"GET") -> Read:
    """Read one answer."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    connection.send(h11.Request(method=method, target=b"/", headers=[(b"host", b"a")]))
    connection.send(h11.EndOfMessage())
    read = Read()
    try:
        connection.receive_data(stream)
        if closed and stream:
            connection.receive_data(b"")
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Response):
                read.status, read.fields = event.status_code, list(event.headers)
            elif isinstance(event, h11.Data):
                read.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                read.ended = True
                read.reusable = connection.their_state is h11.DONE and not connection.trailing_data[0].strip(b"\r\n")
                return read
            elif not isinstance(event, h11.InformationalResponse):
                return read
    except h11.ProtocolError:
        read.failed = True
        return read


_HEAD = re.compile(
    rb"HTTP/1\.1 ([1-5][0-9]{2}) [^\x00-\x1f\x7f]*\r\n((?:[!#-'*+.0-9a-z^_`|~-]+: [^\x00-\x08\x0a-\x1f\x7f]*\r\n)*)\r\n"
)
_CHUNK = re.compile(rb"([0-9a-f]+)\r\n")


def answers(stream: bytes, methods: list[bytes]) -> list[tuple[int, bytes]]:
    """Read all that we wrote on a connection: status and body of each final answer. Nothing may be odd about it.

    Args:
        stream: all bytes written.
        methods: of the requests, in their order.

    Raises:
        Broken: it is not well-formed.
    """
    found: list[tuple[int, bytes]] = []
    position = 0
    while position < len(stream):
        head = _HEAD.match(stream, position)
        if head is None:
            raise Broken(f"no head of an answer at {position} of {stream!r}")
        position = head.end()
        status = int(head[1])
        if status < 200:
            hold(status == 100, f"an interim answer {status}")
            continue
        lines = [line.partition(b": ") for line in head[2].split(b"\r\n")[:-1]]
        fields = [(name, value) for name, _, value in lines]
        method = methods[len(found)] if len(found) < len(methods) else b""
        body, position = _body(stream, position, fields, bodiless=method == b"HEAD" and status == 200)
        found.append((status, body))
    return found


def _body(stream: bytes, start: int, fields: list[tuple[bytes, bytes]], *, bodiless: bool) -> tuple[bytes, int]:
    framing = [(name, value) for name, value in fields if name in (b"content-length", b"transfer-encoding")]
    if bodiless:
        return b"", start
    if not framing:
        hold((b"connection", b"close") in fields, "an answer that nothing ends")
        return stream[start:], len(stream)
    hold(len(framing) == 1, f"framing is {framing}")
    if framing[0][0] == b"content-length":
        end = start + int(framing[0][1])
        hold(end <= len(stream), "an answer is cut short")
        return stream[start:end], end
    hold(framing[0][1] == b"chunked", "another coding than chunked")
    return _chunks(stream, start)


def _chunks(stream: bytes, start: int) -> tuple[bytes, int]:
    body = b""
    while True:
        line = _CHUNK.match(stream, start)
        if line is None:
            raise Broken("a chunk without its size")
        size = int(line[1], 16)
        start = line.end() + size
        hold(stream[start : start + 2] == b"\r\n", "a chunk without its end")
        body += stream[line.end() : start]
        start += 2
        if size == 0:
            return body, start
