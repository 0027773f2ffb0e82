"""A clock that stands still until a test moves it."""

from bodhi.core.clock import Clock


class StillClock:
    """Holds both readings of `Clock`."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.time = now
        self.clock = Clock(now=lambda: self.time, monotonic=lambda: self.time)

    def advance(self, seconds: float) -> None:
        """Move both readings."""
        self.time += seconds
