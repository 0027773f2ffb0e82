"""What one run found, and on which machine. Kept as JSON, so that tables can be made again."""

import datetime
import os
import platform
import statistics
from collections.abc import Callable
from pathlib import Path

import msgspec

from bench.behaviour import Cancellation, SlowReaders
from bench.peers import Peer
from bench.windows import Window

FOLDER = Path(__file__).parent / "results"
PUBLISHED = FOLDER / "published.json"
"""The run whose figures the pages show; the only one that is kept with the source."""
DIRECT = "direct"
LIMIT = "nginx"
MEASURED = "bodhi"


class Machine(msgspec.Struct, frozen=True):
    """Where a run took place."""

    processor: str
    cores: int
    kernel: str
    python: str
    load_average: float

    @classmethod
    def here(cls) -> "Machine":
        """Describe this machine."""
        return cls(
            processor=_processor(),
            cores=os.cpu_count() or 1,
            kernel=platform.release(),
            python=platform.python_version(),
            load_average=round(os.getloadavg()[0], 2),
        )

    def line(self) -> str:
        """Return the description as one line."""
        return (
            f"{self.processor}, {self.cores} cores, Linux {self.kernel}, Python {self.python}, "
            f"load average at the start {self.load_average}"
        )


class Results(msgspec.Struct):
    """Everything that one run measured. Names of proxies are keys; what one of them was not measured for is missing."""

    at: str
    machine: Machine
    seconds: float
    rounds: int
    turns: int = 1
    """In how many turns of each proxy a round's seconds were measured, each a window of its own."""
    windows: list[Window] = msgspec.field(default_factory=list)
    startup_seconds: dict[str, list[float]] = msgspec.field(default_factory=dict)
    rss_idle: dict[str, int] = msgspec.field(default_factory=dict)
    rss_after: dict[str, int] = msgspec.field(default_factory=dict)
    cancellations: list[Cancellation] = msgspec.field(default_factory=list)
    slow_readers: list[SlowReaders] = msgspec.field(default_factory=list)
    peers: list[Peer] = msgspec.field(default_factory=list)
    failures: dict[str, str] = msgspec.field(default_factory=dict)
    left_out: list[str] = msgspec.field(default_factory=list)

    @property
    def proxies(self) -> list[str]:
        """Return the names of what was measured: the limit, the gateway, and the peers in alphabetical order."""
        return [LIMIT, MEASURED, *sorted(peer.name for peer in self.peers)]

    @classmethod
    def begin(cls, seconds: float, rounds: int, turns: int = 1) -> "Results":
        """Begin the results of a run on this machine, now."""
        now = datetime.datetime.now(datetime.UTC)
        at = now.isoformat(timespec="seconds")
        return cls(at=at, machine=Machine.here(), seconds=seconds, rounds=rounds, turns=turns)

    def of(self, scenario: str, proxy: str) -> list[Window]:
        """Return the windows of a scenario that a proxy was measured in."""
        return [window for window in self.windows if (window.scenario, window.proxy) == (scenario, proxy)]

    def median(self, scenario: str, proxy: str, value: Callable[[Window], float]) -> float | None:
        """Return the median over the windows, or None when the scenario was not measured."""
        values = [value(window) for window in self.of(scenario, proxy)]
        return statistics.median(values) if values else None

    def faults(self) -> list[str]:
        """Return what makes this run worthless, as sentences. Peers may fail: that is a result."""
        own = [window for window in self.windows if window.proxy in (DIRECT, LIMIT, MEASURED)]
        faults = [
            f"{w.proxy} failed {w.load.errors} calls of {w.scenario} and left {w.load.unasked} unasked."
            for w in own
            if w.load.errors or w.load.unasked
        ]
        faults += [f"{w.proxy} answered nothing in {w.scenario}." for w in own if not w.load.answers + w.load.events]
        faults += [
            f"{left.proxy} aborted {left.aborted} of {left.clients} upstream calls whose client left."
            for left in self.cancellations
            if not left.is_good
        ]
        faults += [
            f"{slow.proxy} grew by {slow.growth_bytes / 1e6:.0f} MB for {slow.clients} clients that do not read."
            for slow in self.slow_readers
            if not slow.is_good
        ]
        return faults

    def save(self, path: Path | None = None) -> Path:
        """Write the results to a file of their own, or to this one."""
        path = path or FOLDER / f"{self.at.replace(':', '').replace('+0000', 'Z')}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1))
        return path


def load_results(path: Path) -> Results:
    """Read the results of an earlier run."""
    return msgspec.json.decode(path.read_bytes(), type=Results)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
