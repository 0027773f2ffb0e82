"""Tolerant reading of JSON documents that come from upstreams, and their writing. Nothing here knows a dialect.

Lists of models and their pages are in `paging`; event streams in `sse`.
"""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Annotated, Any, TypeAlias, TypeVar, cast

import msgspec

from bodhi.core.types import Json

MAX_ERROR_LINE = 500
MAX_PLAIN_ERROR = 300
MAX_COUNT = 2**53
MAX_WORD = 64

Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, lt=MAX_COUNT)]
"""A sensible count of tokens, for shapes."""

Shape = TypeVar("Shape")


@cache
def _decode(shape: Hashable) -> Callable[[bytes], Any]:
    """Prepare the reading of a shape, once for each of the few that there are."""
    prepared: Callable[[bytes], Any] = msgspec.json.Decoder(cast(Any, shape)).decode
    return prepared


def read_shape(document: bytes, shape: type[Shape]) -> Shape | None:
    """Decode only the members that a shape names; None if the document is not JSON or does not fit."""
    try:
        found: Shape = _decode(cast(Hashable, shape))(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return found


def read_json(document: bytes) -> Any:
    """Decode a whole document.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return msgspec.json.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not a JSON document") from error


def write_json(document: Json) -> bytes:
    """Encode a document without blanks."""
    return msgspec.json.encode(document)


def member(document: object, *path: str) -> Any:
    """Follow names into nested objects; None where the way ends."""
    for name in path:
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document


def count(document: object, *path: str) -> int | None:
    """Read a member that counts tokens; None if it is missing or no sensible count."""
    value = member(document, *path)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < MAX_COUNT:
        return None
    return value


def word(value: object) -> str | None:
    """Return a provider's word for something, such as why an answer ended; None if it is none, or a long text."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_WORD else None


def first_count(document: object, *paths: tuple[str, ...]) -> int | None:
    """Read the first of several members that is a count."""
    for path in paths:
        value = count(document, *path)
        if value is not None:
            return value
    return None


def media_type(content_type: str) -> str:
    """Reduce a Content-Type value to its type and subtype in lower case (RFC 9110 section 8.3.1)."""
    return content_type.partition(";")[0].strip().lower()


def read_error_line(body: bytes) -> str | None:
    """Find the sentence for people in an upstream's error body, whatever its dialect; None if there is none.

    Besides the envelopes of the dialects, it knows `{"error": "…"}`, `{"message": "…"}`, `{"detail": "…"}`, an
    array of one of these (Gemini, when it streams an array), and short plain text.
    """
    try:
        document = read_json(body)
    except ValueError:
        return _plain_line(body)
    if isinstance(document, list) and document:
        document = document[0]
    ways = (("error", "message"), ("error",), ("message",), ("detail",), ("detail", "message"), ("error", "code"))
    for way in ways:
        text = member(document, *way)
        if isinstance(text, str) and text.strip():
            return _one_line(text)
    return _one_line(document) if isinstance(document, str) and document.strip() else None


def _plain_line(body: bytes) -> str | None:
    """Accept a short plain text, and no page of HTML."""
    text = body[: MAX_PLAIN_ERROR + 1].decode("utf-8", "replace").strip()
    if not text or len(body) > MAX_PLAIN_ERROR or text.startswith(("<", "{", "[")):
        return None
    return _one_line(text)


def _one_line(text: str) -> str:
    """Fold blanks, drop control characters and cut what is too long."""
    line = " ".join(text.split())
    line = "".join(c for c in line if c.isprintable())
    return line if len(line) <= MAX_ERROR_LINE else line[: MAX_ERROR_LINE - 1] + "…"
