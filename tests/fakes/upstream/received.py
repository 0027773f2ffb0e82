"""What the fake upstream took from the wire, and the answers its dialects make. Sockets are in `wire`."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True)
class Received:
    """One request exactly as it came: nothing decoded, nothing put in order."""

    method: str
    target: bytes
    headers: RawHeaders
    body: bytes
    connection: int
    at: float

    def all(self, name: str) -> list[str]:
        """Return every value of a header, whatever the case of its name."""
        wanted = name.lower().encode()
        return [value.decode("latin-1") for key, value in self.headers if key.lower() == wanted]

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next(iter(self.all(name)), None)

    @property
    def path(self) -> str:
        """Return the path, percent-decoded, without the query."""
        return unquote(self.target.partition(b"?")[0].decode("latin-1"))

    @property
    def query(self) -> dict[str, str]:
        """Return the query's fields; of a repeated one the last."""
        text = self.target.partition(b"?")[2].decode("latin-1")
        return {key: values[-1] for key, values in parse_qs(text, keep_blank_values=True).items()}

    @property
    def json(self) -> Any:
        """Return the body as Python values."""
        return json.loads(self.body)


@dataclass
class Answer:
    """A whole answer before it is framed: `events` for a stream, `body` for anything else."""

    body: bytes = b""
    events: Sequence[bytes] | None = None
    status: int = 200
    content_type: bytes = b"application/json"
    headers: RawHeaders = field(default_factory=list)

    @property
    def pieces(self) -> Sequence[bytes]:
        """Return what is written one after the other."""
        if self.events is not None:
            return self.events
        size = max(1, -(-len(self.body) // 6))
        return [self.body[at : at + size] for at in range(0, len(self.body), size)]

    @property
    def all_headers(self) -> RawHeaders:
        """Return the content type and the dialect's own headers."""
        return [(b"content-type", self.content_type), *self.headers] if self.content_type else list(self.headers)


@dataclass(frozen=True)
class Call:
    """A request as a dialect sees it: the path below its base, and the body if it is a JSON object."""

    received: Received
    path: str
    body: dict[str, Any]
    model: str
    number: int

    @property
    def method(self) -> str:
        """Return the HTTP method."""
        return self.received.method

    @property
    def query(self) -> dict[str, str]:
        """Return the query's fields."""
        return self.received.query

    @property
    def streams(self) -> bool:
        """Return whether the body asks for a stream."""
        return self.body.get("stream") is True


@dataclass(frozen=True)
class Dialect:
    """How one vendor speaks: its answers, its errors, and where a call names the model."""

    answer: Callable[[Call], Answer]
    error: Callable[[Call, int], Answer]
    model: Callable[[str, dict[str, Any]], str]
    error_event: bytes


def compact(value: Any) -> bytes:
    """Write JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def pretty(value: Any) -> bytes:
    """Write JSON indented, as several vendors do."""
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def model_in_body(path: str, body: dict[str, Any]) -> str:
    """Return the model from the body or else from `models/{id}` in the path."""
    model = body.get("model")
    return model if isinstance(model, str) else path.partition("models/")[2]
