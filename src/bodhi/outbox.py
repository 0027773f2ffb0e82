"""In a busy turn of the event loop writes wait for its end, so that all that it wants to send is sent in one go.

A system call that sends runs through more code than the first cache of a CPU holds, and wakes whoever reads the other
end. One after each call's work throws the interpreter out of the cache and finds the reader asleep, every time; many in
a row do it once. A turn with a single write gains nothing and would pay for the waiting, so while turns are like that
most writes go straight through. What is written when, by whom and how much is decided elsewhere.

Bounds: a connection holds 16 KiB at most, and 64 connections wait at most: what is more is sent at once.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from typing_extensions import override

MOST_HELD = 16 * 1024
"""Bytes of one connection; a larger piece costs so much itself that waiting saves nothing."""
MOST_WAITING = 64
"""Connections, so that the first of a long turn does not wait for the work of all others."""
STRAIGHT = 15
"""Writes that go straight through once a turn had only one, before the next one waits to see how busy turns are."""


class Outbox:
    """The writes of one event loop that wait for the end of its turn."""

    __slots__ = ("straight", "waiting")

    def __init__(self) -> None:
        self.straight = 0
        """How many writes shall not wait."""
        self.waiting: list[HeldTransport] = []

    def end_turn(self) -> None:
        """Send all that waits, and see how busy the turn was."""
        if len(self.waiting) == 1:
            self.straight = STRAIGHT
        self.flush()

    def flush(self) -> None:
        """Send all that waits."""
        waiting, self.waiting = self.waiting, []
        for transport in waiting:
            held = transport.held
            # Another write of it may have taken along what it held, and its connection may be gone.
            if held:
                transport.held = b""
                if not transport.is_closing():
                    transport.send(held)


class HeldTransport(asyncio.Transport):
    """A transport whose small writes may wait in an outbox. All else is the wrapped one's, in the order of calls."""

    __slots__ = (
        "_outbox", "_transport", "can_write_eof", "held", "is_closing", "is_reading", "pause_reading",
        "resume_reading", "send", "written",
    )  # fmt: skip

    # As they are: passing them on by a method each would cost more than what they do.
    can_write_eof: Callable[[], bool]
    is_closing: Callable[[], bool]
    is_reading: Callable[[], bool]
    pause_reading: Callable[[], None]
    resume_reading: Callable[[], None]

    def __init__(self, transport: asyncio.Transport, outbox: Outbox) -> None:
        super().__init__()
        self._transport = transport
        self._outbox = outbox
        self.held: bytes = b""
        """What waits to be sent."""
        self.written = 0
        """Bytes that were given to it; less those that the system has not taken yet, the measure of progress."""
        self.send = transport.write
        self.can_write_eof = transport.can_write_eof
        self.is_closing = transport.is_closing
        self.is_reading = transport.is_reading
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading

    @override
    def write(self, data: bytes) -> None:  # type: ignore[override] # Nothing here writes any other kind of buffer.
        """Send at the end of this turn; at once what is large, or would be together with what is held."""
        outbox = self._outbox
        self.written += len(data)
        if self.held:
            self._write_more(data)
        elif outbox.straight:
            outbox.straight -= 1
            self.send(data)
        elif len(data) > MOST_HELD:
            self.send(data)
        elif data:
            self.held = data
            waiting = outbox.waiting
            waiting.append(self)
            if len(waiting) == 1:
                # What a turn schedules runs before the loop looks for input again: nothing is delayed for longer.
                asyncio.get_running_loop().call_soon(outbox.end_turn)
            elif len(waiting) >= MOST_WAITING:
                outbox.flush()

    def _write_more(self, data: bytes) -> None:
        if len(self.held) + len(data) <= MOST_HELD:
            self.held += data
        else:
            self._flush()
            self.send(data)

    def _flush(self) -> None:
        held, self.held = self.held, b""
        if held and not self.is_closing():
            self.send(held)

    @override
    def write_eof(self) -> None:
        self._flush()
        self._transport.write_eof()

    @override
    def close(self) -> None:
        self._flush()
        self._transport.close()

    @override
    def abort(self) -> None:
        self.held = b""
        self._transport.abort()

    @override
    def get_write_buffer_size(self) -> int:
        """Return how many bytes the system has not taken yet, those that are held included."""
        return len(self.held) + self._transport.get_write_buffer_size()

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:  # lint: word asyncio's name
        return self._transport.get_extra_info(name, default)  # lint: word asyncio's name
