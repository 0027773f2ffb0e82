"""What the bench's clients send: bodies, and headers like those of OpenAI's Python SDK."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass

MODEL_PREFIX = "bench/"
TURN_BYTES = 2000
WORDS = 'The quick brown fox jumps over the lazy dog; "quoted" text\n'
SDK_HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Content-Type", "application/json"),
    ("User-Agent", "OpenAI/Python 2.8.0"),
    ("X-Stainless-Lang", "python"),
    ("X-Stainless-Package-Version", "2.8.0"),
    ("X-Stainless-Retry-Count", "0"),
    ("X-Stainless-Runtime", "CPython"),
)


@dataclass(frozen=True)
class Address:
    """Where calls go: straight to the mock, or to a proxy before it."""

    name: str
    port: int
    token: str
    path: str = "/v1/chat/completions"
    extra_headers: tuple[tuple[str, str], ...] = ()

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the headers of a call, without Host and Content-Length."""
        return (*SDK_HEADERS, ("Authorization", f"Bearer {self.token}"), *self.extra_headers)


def new_body(model: str, size: int, *, stream: bool) -> bytes:
    """Return a chat completion request of about `size` bytes whose model has the prefix that the gateway strips."""
    messages: list[dict[str, str]] = [{"role": "system", "content": "You are a helpful assistant."}]
    document: dict[str, object] = {"model": MODEL_PREFIX + model, "messages": messages, "temperature": 0.7}
    if stream:
        document |= {"stream": True, "stream_options": {"include_usage": True}}
    while (missing := size - len(_encoded(document))) > 0:
        role = "user" if len(messages) % 2 else "assistant"
        turn: dict[str, str] = {"role": role, "content": ""}
        room = min(missing, TURN_BYTES) - len(_encoded(turn)) - 1
        # JSON writes a quote and a line end as two bytes, so a little less text fills the room.
        turn["content"] = (WORDS * (TURN_BYTES // len(WORDS) + 1))[: max(1, int(room * 0.95))]
        messages.append(turn)
    return _encoded(document)


def _encoded(document: object) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def call(address: Address, model: str, *, timeout: float = 10) -> tuple[int, bytes]:
    """Make one call and return its status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=timeout)
    try:
        connection.request("POST", address.path, new_body(model, 1024, stream=False), dict(address.headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@contextlib.contextmanager
def begun_streams(address: Address, model: str, count: int) -> Iterator[list[socket.socket]]:
    """Ask for streams without reading them; all are closed at the end."""
    body = new_body(model, 1024, stream=True)
    lines = [f"{name}: {value}" for name, value in address.headers]
    head = [f"POST {address.path} HTTP/1.1", "Host: 127.0.0.1", *lines, f"Content-Length: {len(body)}", "", ""]
    with contextlib.ExitStack() as stack:
        streams = []
        for _ in range(count):
            stream = stack.enter_context(socket.socket())
            # Small, and set before connecting, so that what is not read piles up in the proxy and not in the kernel.
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            stream.connect(("127.0.0.1", address.port))
            stream.sendall("\r\n".join(head).encode() + body)
            streams.append(stream)
        yield streams
