"""The one clock. Other modules never ask the operating system for the time, so a test can hold it still."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Clock:
    """Two readings of time, in seconds.

    `now` is wall time (Unix epoch) for what people read and for expiry; `monotonic` never jumps and
    is for durations and deadlines.
    """

    now: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


SYSTEM_CLOCK = Clock()


def iso_time(seconds: float) -> str:
    """Write a wall time as RFC 3339 in UTC with milliseconds, for people and for JSON."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
