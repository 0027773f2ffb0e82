"""What the fake's models say: the same words, tool calls and figures in every dialect. Wire shapes are elsewhere."""

import base64
import json
import struct
from collections.abc import Sequence
from typing import Any

TEXT = "Hello from the fake upstream, wörld. 你好 🌱 Goodbye."
PIECES = ("Hello from", " the fake", " upstream,", " wörld. 你好", " 🌱", " Goodbye.")
THOUGHT = ("First I think,", " then I speak.")
ARGUMENTS = ('{"city":', '"Zürich",', '"unit":"celsius"}')
JSON_TEXT = '{"answer": 42}'
CREATED = 1790000000
INPUT_TOKENS = 11
CACHED_TOKENS = 4
OUTPUT_TOKENS = 13
REASONING_TOKENS = 7
PASSAGE = """## Where the key goes

The gateway checks **your token** first, then swaps in the *provider's* key. See `Authorization` below.

| Format | Header sent upstream | Endpoint |
| --- | --- | --- |
| OpenAI | `Authorization: Bearer` | `/v1/chat/completions` |
| Anthropic | `x-api-key` | `/v1/messages` |
| Gemini | `x-goog-api-key` | `/v1beta/models/{model}` |

1. The gateway checks **your token** first.
2. It swaps in the *provider* key.
3. It streams bytes back unchanged.

```python
from openai import OpenAI

client = OpenAI(base_url="http://localhost:1135/v1", api_key="your token")
for chunk in client.chat.completions.create(model="oai/gpt-4o", stream=True, messages=[]):
    print(chunk.choices[0].delta.content or "", end="")
```

> A prefix such as `oai/` is removed before forwarding.

"""
LONG = PASSAGE * (100_000 // len(PASSAGE) + 1)
"""A hundred kilobytes of Markdown."""
LONG_PIECE = 160
REPEATED_PIECE = 7
VECTOR = (0.25, -0.5, 0.125, 1.0)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SPEECH = b"ID3\x04\x00" + bytes(range(256)) * 8
UNKNOWN_FIELDS = {"x_new_field": {"deep": [1, 2.0, 123456789012345678901234567890, None]}}

SCRIPTS = [
    "ok", "slow-50ms", "reasoning", "tools", "dies-after-3", "dies-before-head", "dies-in-body", "resets",
    "resets-before-head", "429-then-ok", "429-ms-then-ok", "503-then-ok", "500-no-retry", "400", "401", "402", "403",
    "404", "408", "409", "413", "422", "429", "500", "502", "503", "504", "529", "html-error", "html-ok", "hang",
    "hang-mid", "gzip", "br", "zstd", "deflate", "redirect", "huge", "slow-head", "early-answer", "1xx", "1xx-storm",
    "trailers", "close-delimited", "http10", "keepalive-close", "bad-chunk", "bad-length", "two-lengths",
    "header-bomb", "garbage", "echo", "unknown-fields", "set-cookie", "bad-sse", "bad-utf8", "bad-json",
    "half-close", "dribble", "empty", "error-in-stream", "big-1000",
]  # fmt: skip
CATALOG = [*SCRIPTS, "text-embedding-fake", "ft:ok:acme::7hx", "org/ok"]


def vector(text: str) -> list[float]:
    """Return an embedding that depends on the text's length alone."""
    return [value + len(text) / 8 for value in VECTOR]


def packed(values: Sequence[float]) -> str:
    """Return an embedding as base64 of little-endian float32, as OpenAI does."""
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def images_in(value: Any) -> int:
    """Count the image parts of any dialect's body."""
    if isinstance(value, list):
        return sum(images_in(item) for item in value)
    if not isinstance(value, dict):
        return 0
    is_image = value.get("type") in ("image", "image_url", "input_image") or "inlineData" in value
    return 1 if is_image else sum(images_in(item) for item in value.values())


def wants_json(body: dict[str, Any]) -> bool:
    """Return whether any dialect's body asks for a JSON answer."""
    return any(mark in json.dumps(body) for mark in ('"json_schema"', '"json_object"', '"application/json"'))


def pieces_for(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the text of an answer in its streamed pieces."""
    if text := {"long-100k": LONG, "passage": PASSAGE}.get(str(body.get("model"))):
        return tuple(text[at : at + LONG_PIECE] for at in range(0, len(text), LONG_PIECE))
    if body.get("model") == "repeats":
        asked = str(body["messages"][-1]["content"])
        return tuple(asked[at : at + REPEATED_PIECE] for at in range(0, len(asked), REPEATED_PIECE))
    if wants_json(body):
        return (JSON_TEXT[:5], JSON_TEXT[5:])
    if count := images_in(body):
        return (*PIECES, f" I saw {count} image(s).")
    return PIECES
