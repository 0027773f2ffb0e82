"""A provider that answers exactly the bytes a test hands it, in exactly the writes it asks for, and keeps what came."""

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

RawHeaders = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True)
class RawRequest:
    """One request as it came."""

    method: bytes
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    head: bytes

    def all(self, name: bytes) -> list[bytes]:
        """Return every value of a header, whatever the case of its name."""
        return [value for key, value in self.headers if key.lower() == name]

    @property
    def names(self) -> set[bytes]:
        """Return the names of all headers in lower case."""
        return {name.lower() for name, _ in self.headers}


@dataclass(frozen=True)
class Reply:
    """What is written: each of `writes` with one system call; then the connection closes if `close`."""

    writes: Sequence[bytes]
    close: bool = False


OK_JSON = Reply((b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",))


class Puppet:
    """Listens on loopback in threads of its own. Set `reply`, or `replier` for a reply that depends on the request."""

    def __init__(self) -> None:
        self.reply = OK_JSON
        self.replier: Callable[[RawRequest], Reply] | None = None
        self.requests: list[RawRequest] = []
        self.connections_made = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: set[socket.socket] = set()

    @property
    def url(self) -> str:
        """Return the root of the provider."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def last(self) -> RawRequest:
        """Return the last request."""
        return self.requests[-1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="puppet", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.close()
        for connection in list(self._open):
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.connections_made += 1
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        buffer = bytearray()
        try:
            while True:
                request = _read_request(connection, buffer)
                if request is None:
                    return
                self.requests.append(request)
                reply = self.replier(request) if self.replier else self.reply
                for piece in reply.writes:
                    connection.sendall(piece)
                if reply.close:
                    return
        except OSError:
            return
        finally:
            self._open.discard(connection)
            connection.close()


def write_reply(status: int, headers: RawHeaders, pieces: Sequence[bytes], framing: str = "length") -> Reply:
    """Frame a body: `length`, `chunked` with a chunk for each piece, or `close`."""
    framed = list(pieces)
    lines = [b"HTTP/1.1 %d Said" % status, *(name + b": " + value for name, value in headers)]
    if framing == "length":
        lines.append(b"Content-Length: %d" % sum(map(len, pieces)))
    elif framing == "chunked":
        lines.append(b"Transfer-Encoding: chunked")
        framed = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece] + [b"0\r\n\r\n"]
    else:
        lines.append(b"Connection: close")
    return Reply((b"\r\n".join([*lines, b"", b""]), *framed), close=framing == "close")


def _read_request(connection: socket.socket, buffer: bytearray) -> RawRequest | None:
    while (at := buffer.find(b"\r\n\r\n")) < 0:
        received = connection.recv(1 << 16)
        if not received:
            return None
        buffer += received
    head = bytes(buffer[:at])
    del buffer[: at + 4]
    line, *rows = head.split(b"\r\n")
    method, target, _ = line.split(b" ")
    headers = [(name, value.strip()) for name, _, value in (row.partition(b":") for row in rows)]
    length = next((int(value) for name, value in headers if name.lower() == b"content-length"), 0)
    while len(buffer) < length:
        received = connection.recv(1 << 16)
        if not received:
            return None
        buffer += received
    body = bytes(buffer[:length])
    del buffer[:length]
    return RawRequest(method, target, headers, body, head)
