"""What the gateway shall cost at most beside nginx, as a table, and the verdicts on what was measured."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["met", "missed", "alarm"]
"""Within the goal; beyond the goal, but not beyond the alarm; beyond the alarm."""


@dataclass(frozen=True)
class Goal:
    """A ratio to nginx, or for what has no ratio a value: which one is wanted, and from where on it is an alarm."""

    wanted: float
    alarm: float | None = None
    more_is_better: bool = False

    def verdict(self, found: float) -> Verdict:
        """Return what is to be said of a figure."""
        if self._is_within(found, self.wanted):
            return "met"
        return "alarm" if self.alarm is not None and not self._is_within(found, self.alarm) else "missed"

    def _is_within(self, found: float, bound: float) -> bool:
        return found >= bound if self.more_is_better else found <= bound


GOALS = {
    "cpu-1k": Goal(2.0, 2.6),
    "cpu-10k": Goal(1.7, 2.2),
    "cpu-200k": Goal(2.5, 3.5),
    "cpu-event-50": Goal(1.4, 1.8),
    "added-p50-1000": Goal(1.6, 2.2),
    "rate-one-core": Goal(0.48, 0.36, more_is_better=True),
    "rss-idle": Goal(90, 130),
    "rss-after": Goal(90, 130),
    "slow-readers": Goal(5, 30),
    "start": Goal(1.0),
}
"""By the name of the figure. Memory is in megabytes, the start in seconds."""

LEAST_MULTIPLES = {"portkey": Goal(20, more_is_better=True), "litellm": Goal(200, more_is_better=True)}
"""How many times the gateway's CPU time for a 1 KB call a peer shall need at least."""
