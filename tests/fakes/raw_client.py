"""A client that writes and reads HTTP/1.1 by the byte, so that nothing between test and gateway tidies up."""

import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

RawHeaders = Sequence[tuple[bytes, bytes]]
PATIENCE = 20.0


@dataclass
class RawAnswer:
    """An answer as it came: `complete` only if its framing proved the end of the body."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    complete: bool = False
    head: bytes = field(default=b"", repr=False)

    def all(self, name: bytes) -> list[bytes]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name: bytes) -> bytes | None:
        """Return the first value of a header, or None."""
        return next(iter(self.all(name)), None)


class RawClient:
    """One connection to the gateway."""

    def __init__(self, port: int, receive_buffer: int = 0) -> None:
        self.port = port
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self._buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self.socket.close()

    def send(self, method: bytes, target: bytes, headers: RawHeaders = (), body: bytes | None = None) -> None:
        """Write a request; Host and Content-Length are added where the caller gives none."""
        self.socket.sendall(write_request(self.port, method, target, headers, body))

    def ask(self, method: bytes, target: bytes, headers: RawHeaders = (), body: bytes | None = None) -> RawAnswer:
        """Write a request and read its answer."""
        self.send(method, target, headers, body)
        return self.answer(has_body=method != b"HEAD")

    def head(self) -> RawAnswer:
        """Read up to the end of the next answer's head."""
        while (at := self._buffer.find(b"\r\n\r\n")) < 0:
            if not self._more():
                raise ConnectionError("the gateway closed before the head of its answer was complete")
        head = bytes(self._buffer[:at])
        del self._buffer[: at + 4]
        line, *rows = head.split(b"\r\n")
        headers = [(name, value.strip()) for name, _, value in (row.partition(b":") for row in rows)]
        return RawAnswer(int(line.split(b" ")[1]), headers, head=head)

    def answer(self, *, has_body: bool = True) -> RawAnswer:
        """Read an answer as far as it comes."""
        answer = self.head()
        if not has_body or answer.status in (204, 304):
            answer.complete = True
        elif answer.header(b"transfer-encoding") == b"chunked":
            self._read_chunks(answer)
        elif (length := answer.header(b"content-length")) is not None:
            answer.body = self._take(int(length))
            answer.complete = len(answer.body) == int(length)
        else:
            answer.body = self._take(None)
        return answer

    def read_until(self, mark: bytes) -> bytes:
        """Return what is read of a body until a mark has passed, framing included."""
        while mark not in self._buffer:
            if not self._more():
                raise ConnectionError(f"the gateway closed before {mark!r} came")
        return bytes(self._buffer)

    def _read_chunks(self, answer: RawAnswer) -> None:
        body = bytearray()
        while True:
            line = self._line()
            if line is None:
                break
            size = int(line.partition(b";")[0], 16)
            chunk = self._take(size + 2)
            body += chunk[:size]
            if len(chunk) < size + 2:
                break
            if not size:
                answer.complete = True
                break
        answer.body = bytes(body)

    def _line(self) -> bytes | None:
        while (at := self._buffer.find(b"\r\n")) < 0:
            if not self._more():
                return None
        line = bytes(self._buffer[:at])
        del self._buffer[: at + 2]
        return line

    def _take(self, count: int | None) -> bytes:
        while count is None or len(self._buffer) < count:
            if not self._more():
                break
        end = len(self._buffer) if count is None else min(count, len(self._buffer))
        taken = bytes(self._buffer[:end])
        del self._buffer[:end]
        return taken

    def _more(self) -> bool:
        try:
            received = self.socket.recv(1 << 16)
        except ConnectionResetError:
            return False
        self._buffer += received
        return bool(received)


def write_request(port: int, method: bytes, target: bytes, headers: RawHeaders, body: bytes | None) -> bytes:
    """Write a request as bytes."""
    names = {name.lower() for name, _ in headers}
    lines = [b"%s %s HTTP/1.1" % (method, target)]
    if b"host" not in names:
        lines.append(b"Host: 127.0.0.1:%d" % port)
    lines += [name + b": " + value for name, value in headers]
    if body is not None and not names & {b"content-length", b"transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + (body or b"")


def ask(
    port: int, method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]] = (), body: bytes | None = None
) -> RawAnswer:
    """Ask on a connection of its own."""
    with RawClient(port) as client:
        return client.ask(method, target, list(headers), body)
