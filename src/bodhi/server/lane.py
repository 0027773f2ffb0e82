"""The short way through the server: calls that are answered by callbacks, and heads that were read before.

What a call means is decided behind `Lane`, which the data plane implements; bytes are parsed in `protocol`.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from bodhi.server.exchange import Exchange, LaneCall, Scope

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([1-9][0-9]*)\r\n", re.IGNORECASE)
MAX_KNOWN_BYTES = 8 * 1024
"""A longer head is parsed each time; one is kept for each connection."""
MAX_DIGITS = 9


class Admission(Protocol):
    """A request head that the lane takes: everything about it that no body changes."""

    def begin(self, exchange: Exchange) -> LaneCall | None:
        """Begin a call, or leave it to a task."""


class Lane(Protocol):
    """What answers calls by callbacks."""

    def admit(self, scope: Scope) -> Admission | None:
        """Look at a request head; None leaves the request to a task."""


@dataclass(frozen=True, slots=True)
class KnownHead:
    """The last head of a connection, as it came, but for the digits of its Content-Length.

    Clients send the same head again and again. Bytes that are the same as those that llhttp and every check of ours
    let pass mean the same, whatever length of one to nine digits stands in them; so they are only compared.
    """

    before: bytes
    after: bytes
    """From the line end behind the digits to the end of the head."""
    scope: Scope
    admission: Admission

    def body_of(self, data: bytes) -> bytes | None:
        """Return the body of a message that is whole, alone in `data`, and has this head; None for anything else."""
        begin = len(self.before)
        if not data.startswith(self.before):
            return None
        end = data.find(b"\r", begin, begin + MAX_DIGITS + 1)
        digits = data[begin:end]
        if end < 0 or not digits.isdigit() or digits[0] == 0x30 or not data.startswith(self.after, end):
            return None
        start = end + len(self.after)
        return data[start:] if len(data) - start == int(digits) else None


def known_head(data: bytes, scope: Scope, admission: Admission) -> KnownHead | None:
    """Keep the head that `data` begins with, if it is one that can be compared.

    Args:
        data: bytes whose first message was taken by the parser and every check, its whole head in one piece.
        scope: of that message.
        admission: of that message.
    """
    size = data.find(b"\r\n\r\n", 0, MAX_KNOWN_BYTES) + 4
    if size < 4 or not data.startswith(b"POST "):
        return None
    found = _LENGTH.search(data, 0, size)
    return None if found is None else KnownHead(data[: found.start(1)], data[found.end(1) : size], scope, admission)
