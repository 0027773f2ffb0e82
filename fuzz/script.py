"""How bytes of a fuzzer become what happens on connections. What must then hold is in `inbound` and `upstream`.

Bytes from 0xF8 up, which no valid HTTP text needs, are steps; all others are sent as they are, so that a seed is readable.
"""

import re
from dataclasses import dataclass
from enum import IntEnum

MAX_STREAM = 16 * 1024
MAX_CONNECTIONS = 4
MAX_STEPS = 100
_LENGTH = re.compile(rb"(\r\ncontent-length:[ \t]*)([0-9]{1,6})(\r\n)", re.IGNORECASE)


class Step(IntEnum):
    """What a byte means that is not sent."""

    STALL = 0xF9
    """The reader stops reading, or reads on."""
    SWEEP = 0xFA
    """All deadlines pass."""
    LONGER = 0xFB
    """The last piece once more, its body and its Content-Length longer by one byte."""
    BENT = 0xFC
    """The last piece once more with one byte changed; the two bytes that follow say which and to what."""
    AGAIN = 0xFD
    """The last piece once more."""
    CUT = 0xFE
    """The end of a piece: what follows arrives later."""
    NEXT = 0xFF
    """What follows is sent on the next connection, or answers the next request."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What arrives on one connection: pieces of bytes, and steps between them."""

    steps: tuple[bytes | Step, ...]

    @property
    def stream(self) -> bytes:
        """All bytes in one."""
        return b"".join(step for step in self.steps if isinstance(step, bytes))

    def has(self, step: Step) -> bool:
        """Tell whether a step occurs."""
        return any(one is step for one in self.steps)

    def whole(self) -> "Talk":
        """Return the same bytes in as few pieces as the steps between them allow."""
        merged: list[bytes | Step] = []
        for step in self.steps:
            last = merged[-1] if merged else None
            if isinstance(step, bytes) and isinstance(last, bytes):
                merged[-1] = last + step
            else:
                merged.append(step)
        return Talk(tuple(merged))

    def split(self) -> "Talk":
        """Return the same bytes one by one."""
        steps: list[bytes | Step] = []
        for step in self.steps:
            steps += [step[at : at + 1] for at in range(len(step))] if isinstance(step, bytes) else [step]
        return Talk(tuple(steps))


def read_talks(raw: bytes) -> list[Talk]:
    """Read what happens on each connection."""
    return [Talk(tuple(_read_steps(part))) for part in raw.split(b"\xff")[:MAX_CONNECTIONS]]


def write_pieces(*pieces: bytes) -> bytes:
    """Write the script that sends pieces on one connection."""
    return b"\xfe".join(pieces)


_TOKENS = re.compile(rb"[\xf9-\xfb\xfd\xfe]|\xfc[\x00-\xff]{2}|[^\xf9-\xfe]+", re.DOTALL)


def _read_steps(part: bytes) -> list[bytes | Step]:
    steps: list[bytes | Step] = []
    last = b""
    left = MAX_STREAM
    for token in _TOKENS.findall(part)[:MAX_STEPS]:
        if token[0] in (Step.STALL, Step.SWEEP):
            steps.append(Step(token[0]))
            continue
        piece = _piece(token, last)
        if token[0] < Step.STALL or token[0] == Step.LONGER:
            last = piece
        if token[0] != Step.CUT and piece and left:
            steps.append(piece[:left])
            left = max(0, left - len(piece))
    return steps


def _piece(token: bytes, last: bytes) -> bytes:
    """Return what a token sends, after `last` was sent."""
    if token[0] == Step.LONGER:
        return longer(last)
    if token[0] == Step.BENT:
        return bent(last, token[1], token[2])
    return last if token[0] == Step.AGAIN else token


def longer(message: bytes) -> bytes:
    """Return a message with one byte more in its body, and in its Content-Length."""
    return _LENGTH.sub(lambda found: b"%b%d%b" % (found[1], int(found[2]) + 1, found[3]), message, count=1) + b"z"


def bent(message: bytes, place: int, byte: int) -> bytes:
    """Return a message with one other byte."""
    if not message:
        return message
    place %= len(message)
    return b"%b%c%b" % (message[:place], byte, message[place + 1 :])
