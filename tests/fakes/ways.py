"""How each of the five formats is called by hand: endpoint, credential, the smallest body, the shape of its errors."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Way:
    """One format as a client without an SDK sees it."""

    format: str
    path: str
    stream_path: str
    credential: Callable[[str], tuple[bytes, bytes]]
    fields: dict[str, Any]
    provider_key: str
    key_header: bytes

    @property
    def model_in_path(self) -> bool:
        """Return whether the path names the model, and not the body."""
        return "{model}" in self.path

    def target(self, model: str, *, stream: bool = False) -> bytes:
        """Return the request target of a generating call."""
        return (self.stream_path if stream else self.path).replace("{model}", model).encode()

    def body(self, model: str, *, stream: bool = False, **more: Any) -> bytes:
        """Return the body of a generating call."""
        fields = dict(self.fields)
        if not self.model_in_path:
            fields = {"model": model, **fields, **({"stream": True} if stream else {})}
        return json.dumps({**fields, **more}).encode()

    def headers(self, token: str) -> list[tuple[bytes, bytes]]:
        """Return a client's headers with its token."""
        return [self.credential(token), (b"content-type", b"application/json")]

    def key_value(self, key: str) -> bytes:
        """Return how the provider's key must look in its header."""
        return (b"Bearer " if self.key_header == b"authorization" else b"") + key.encode()

    def message_of(self, body: bytes) -> str:
        """Return the message of an error in this dialect, whose shape must be the vendor's own."""
        document = json.loads(body)
        error = document["error"]
        if self.format.startswith("anthropic"):
            assert document["type"] == "error"
            assert set(error) == {"type", "message"}
        elif self.format == "gemini":
            assert set(error) == {"code", "message", "status", "details"}
        else:
            assert set(error) == {"message", "type", "param", "code"}
        return str(error["message"])


def _bearer(token: str) -> tuple[bytes, bytes]:
    return b"Authorization", b"Bearer " + token.encode()


_MESSAGES = [{"role": "user", "content": "Say hello."}]
_CLAUDE: dict[str, Any] = {"max_tokens": 16, "messages": _MESSAGES}

OPENAI = Way(
    "openai",
    "/v1/chat/completions",
    "/v1/chat/completions",
    _bearer,
    {"messages": _MESSAGES},
    "sk-proj-Qm7ZtWv4Lr9xYb2KdNc8Hf3JsPg6",
    b"authorization",
)
RESPONSES = Way(
    "openai_responses",
    "/v1/responses",
    "/v1/responses",
    _bearer,
    {"input": "Say hello."},
    "sk-resp-Vn5TgRc1Xe8wMz4UhBq7Ly2DoAk9",
    b"authorization",
)
ANTHROPIC = Way(
    "anthropic",
    "/v1/messages",
    "/v1/messages",
    lambda token: (b"X-Api-Key", token.encode()),
    _CLAUDE,
    "sk-ant-api03-Jw6EpSx9Gt3vCu1NiOm5Zr8FbYd2",
    b"x-api-key",
)
OAUTH = Way(
    "anthropic_oauth",
    "/v1/messages",
    "/v1/messages",
    _bearer,
    _CLAUDE,
    "sk-ant-oat01-Ha4MkTy7Wq2cRj9EsVx6Dn1GlPb8",
    b"authorization",
)
GEMINI = Way(
    "gemini",
    "/v1beta/models/{model}:generateContent",
    "/v1beta/models/{model}:streamGenerateContent?alt=sse",
    lambda token: (b"x-goog-api-key", token.encode()),
    {"contents": [{"role": "user", "parts": [{"text": "Say hello."}]}]},
    "AIzaSyUo3RdKf8Bx5tLm1WvQh7Cz4NgJe9Yp6",
    b"x-goog-api-key",
)
WAYS = (OPENAI, RESPONSES, ANTHROPIC, OAUTH, GEMINI)
BY_DIALECT = (OPENAI, RESPONSES, ANTHROPIC, GEMINI)


def way_id(way: Way) -> str:
    """Name a way in a test's id."""
    return way.format
