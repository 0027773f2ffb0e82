"""Where things stand inside JSON text, without building the document, so that bytes can be kept and spliced.

The scanner walks structure only; whoever calls it has had the text judged to be JSON first. It never recurses.
Grammar: RFC 8259.
"""

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

_BLANKS = re.compile(rb"[ \t\n\r]*")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_SCALAR = re.compile(rb"[^ \t\n\r,\]}]+")
_STRUCTURE = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]|"', re.DOTALL)

_QUOTE, _COMMA, _COLON = ord('"'), ord(","), ord(":")
_OPEN_OBJECT, _CLOSE_OBJECT = ord("{"), ord("}")
_OPEN_ARRAY, _CLOSE_ARRAY = ord("["), ord("]")


class Span(msgspec.Struct, gc=False):
    """A half-open range of byte positions."""

    start: int
    end: int


class Member(NamedTuple):
    """One member of an object: its decoded name, whether that was spelled without escapes, and where its value is."""

    name: str
    plain: bool
    value: Span


class Splice(msgspec.Struct, gc=False):
    """A replacement of a range of bytes; an empty range inserts."""

    start: int
    end: int
    text: bytes


def members(text: bytes, start: int = 0) -> list[Member]:
    """List the members of the object that begins at or after `start`, in order, duplicates included.

    Raises:
        ValueError: there is no well-formed object.
    """
    position = _skip_blanks(text, start)
    found: list[Member] = []
    position = _expect(text, position, _OPEN_OBJECT)
    if _byte(text, position) == _CLOSE_OBJECT:
        return found
    while True:
        key = _STRING.match(text, position)
        if key is None:
            raise ValueError("a member's name is missing")
        value_start = _expect(text, _skip_blanks(text, key.end()), _COLON)
        value_end = skip_value(text, value_start)
        raw = key.group()
        found.append(Member(read_string(raw), b"\\" not in raw, Span(value_start, value_end)))
        position = _skip_blanks(text, value_end)
        if _byte(text, position) == _CLOSE_OBJECT:
            return found
        position = _expect(text, position, _COMMA)


def elements(text: bytes, start: int) -> list[Span]:
    """List the elements of the array that begins at or after `start`.

    Raises:
        ValueError: there is no well-formed array.
    """
    position = _expect(text, _skip_blanks(text, start), _OPEN_ARRAY)
    found: list[Span] = []
    if _byte(text, position) == _CLOSE_ARRAY:
        return found
    while True:
        end = skip_value(text, position)
        found.append(Span(position, end))
        position = _skip_blanks(text, end)
        if _byte(text, position) == _CLOSE_ARRAY:
            return found
        position = _expect(text, position, _COMMA)


def skip_value(text: bytes, start: int) -> int:
    """Return the position behind the value that begins exactly at `start`.

    Raises:
        ValueError: no value begins there, or it does not end.
    """
    first = _byte(text, start)
    if first in (_OPEN_OBJECT, _OPEN_ARRAY):
        return _skip_container(text, start)
    match = (_STRING if first == _QUOTE else _SCALAR).match(text, start)
    if match is None:
        raise ValueError("a value is missing")
    return match.end()


def read_string(raw: bytes) -> str:
    """Decode one JSON string, quotes included.

    Raises:
        ValueError: it is not a JSON string.
    """
    if b"\\" not in raw:
        return raw[1:-1].decode()
    decoded = json.loads(raw, strict=False)
    if not isinstance(decoded, str):
        raise ValueError("not a string")  # noqa: TRY004 # the text is wrong, not the argument's type
    return decoded


def is_object(text: bytes, start: int) -> bool:
    """Tell whether the value at `start` is an object."""
    return _byte(text, start) == _OPEN_OBJECT


def is_string(text: bytes, start: int) -> bool:
    """Tell whether the value at `start` is a string."""
    return _byte(text, start) == _QUOTE


def apply(text: bytes, splices: Sequence[Splice]) -> bytes:
    """Return the text with each range replaced. Ranges must not overlap; insertions at one place keep their order."""
    if len(splices) == 1:
        splice = splices[0]
        return b"".join((text[: splice.start], splice.text, text[splice.end :]))
    pieces: list[bytes] = []
    position = 0
    for splice in sorted(splices, key=lambda s: s.start):
        pieces += (text[position : splice.start], splice.text)
        position = splice.end
    pieces.append(text[position:])
    return b"".join(pieces)


def _skip_container(text: bytes, start: int) -> int:
    """Return the position behind the object or array at `start`, by counting brackets outside strings."""
    depth = 0
    for match in _STRUCTURE.finditer(text, start):
        token = text[match.start()]
        if token == _QUOTE:
            if match.end() - match.start() == 1:
                break
        elif token in (_OPEN_OBJECT, _OPEN_ARRAY):
            depth += 1
        else:
            depth -= 1
            if depth == 0:
                return match.end()
    raise ValueError("an object or array does not end")


def _skip_blanks(text: bytes, position: int) -> int:
    match = _BLANKS.match(text, position)
    return match.end() if match else position


def _byte(text: bytes, position: int) -> int:
    return text[position] if position < len(text) else -1


def _expect(text: bytes, position: int, byte: int) -> int:
    """Return the position behind `byte` and the blanks after it."""
    if _byte(text, position) != byte:
        raise ValueError(f"{chr(byte)!r} is missing")
    return _skip_blanks(text, position + 1)
