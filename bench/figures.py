"""The figures that are made of results: for each proxy the median over all turns, and the ratio to nginx.

A ratio is the median of the ratios of single turns, in which both were measured within seconds of one another: a slow
minute of the machine then changes both sides alike, where two medians may each be of another minute.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bench.goals import GOALS, Verdict
from bench.results import DIRECT, LIMIT, MEASURED, Results
from bench.scenarios import SCENARIOS
from bench.windows import Window

MICRO = 1e6
MEGA = 1e6
HELD_SHARE = 0.95
"""Of the calls of an open loop: with fewer answers in time, latencies tell the length of the run."""
MOST_FAILED_SHARE = 0.01
RATES = {scenario.name: scenario.rate for scenario in SCENARIOS}


def cpu_per_call(window: Window) -> float:
    """Return microseconds of CPU time for each answer that was finished in the window."""
    return window.cpu_seconds / max(window.load.answers, 1) * MICRO


def cpu_per_event(window: Window) -> float:
    """Return microseconds of CPU time for each event that arrived in the window."""
    return window.cpu_seconds / max(window.load.events, 1) * MICRO


def calls_per_second(window: Window) -> float:
    """Return the rate of finished calls."""
    return window.load.answers / window.seconds


def idle_share(window: Window) -> float:
    """Return how much of the window the proxy's core had nothing to do."""
    return window.idle_seconds / window.seconds


def p50(window: Window) -> float:
    """Return the median latency."""
    return window.load.latency.p50


def p99(window: Window) -> float:
    """Return the latency that one call in a hundred exceeds."""
    return window.load.latency.p99


@dataclass(frozen=True)
class Figure:
    """One line of the table that comes from a scenario. `added` subtracts what the same call takes without a proxy."""

    name: str
    title: str
    scenario: str
    value: Callable[[Window], float]
    added: bool = False
    digits: int = 0


FIGURES = (
    Figure("cpu-1k", "CPU per call, 1 KB (µs)", "json-1k", cpu_per_call, digits=1),
    Figure("cpu-10k", "CPU per call, 10 KB (µs)", "json-10k", cpu_per_call, digits=1),
    Figure("cpu-200k", "CPU per call, 200 KB request (µs)", "body-200k", cpu_per_call),
    Figure("cpu-event-50", "CPU per SSE event, 50 streams, 5 ms (µs)", "sse-5ms-x50", cpu_per_event, digits=1),
    Figure("cpu-event-200", "CPU per SSE event, 200 streams, 5 ms (µs)", "sse-5ms-x200", cpu_per_event, digits=1),
    Figure("cpu-event-0ms", "CPU per SSE event, no gaps (µs)", "sse-0ms", cpu_per_event, digits=1),
    Figure("added-p50-20", "Latency added at 20/s, p50 (µs)", "rate-20", p50, added=True),
    Figure("added-p50-200", "Latency added at 200/s, p50 (µs)", "rate-200", p50, added=True),
    Figure("added-p99-200", "Latency added at 200/s, p99 (µs)", "rate-200", p99, added=True),
    Figure("added-p50-1000", "Latency added at 1,000/s, p50 (µs)", "rate-1000", p50, added=True),
    Figure("added-p99-1000", "Latency added at 1,000/s, p99 (µs)", "rate-1000", p99, added=True),
    Figure("rate-one-core", "Calls a second, one core", "json-1k", calls_per_second),
    Figure("rate-two-cores", "Calls a second, two workers on two cores", "two-workers", calls_per_second),
)


@dataclass(frozen=True)
class Row:
    """One line of the table: the value of each proxy that has one, and what to say where one has none."""

    name: str
    title: str
    values: Mapping[str, float]
    digits: int = 0
    has_ratio: bool = True
    notes: Mapping[str, str] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)
    """By turns, where they were taken so; otherwise they are the quotients of the values."""

    def ratio(self, proxy: str) -> float | None:
        """Return a proxy's value over the limit's, None without both or where it has no meaning."""
        if proxy in self.ratios:
            return self.ratios[proxy]
        limit, value = self.values.get(LIMIT), self.values.get(proxy)
        if not self.has_ratio or limit is None or value is None or limit <= 0:
            return None
        return value / limit

    def verdict(self) -> Verdict | None:
        """Return what is to be said of the gateway, None without a goal or a figure."""
        goal = GOALS.get(self.name)
        found = self.ratio(MEASURED) if self.has_ratio else self.values.get(MEASURED)
        return None if goal is None or found is None else goal.verdict(found)


def rows(results: Results) -> list[Row]:
    """Return the table's lines, without those that this run did not measure."""
    lines = [*(_figure_row(results, figure) for figure in FIGURES), *_other_rows(results)]
    return [row for row in lines if row.values]


def _figure_row(results: Results, figure: Figure) -> Row:
    straight = [figure.value(window) for window in results.of(figure.scenario, DIRECT)] if figure.added else [0.0]
    by_turns, notes = {}, {}
    for proxy in results.proxies:
        windows = results.of(figure.scenario, proxy)
        trouble = next((each for each in map(_trouble, windows) if each), "")
        if trouble:
            notes[proxy] = trouble
        elif windows and straight:
            # Where the sides had not equally many turns, each is taken beside the other's median.
            beside = straight if len(straight) == len(windows) else [statistics.median(straight)] * len(windows)
            by_turns[proxy] = [figure.value(one) - less for one, less in zip(windows, beside, strict=True)]
    values = {proxy: statistics.median(turns) for proxy, turns in by_turns.items()}
    return Row(figure.name, figure.title, values, figure.digits, notes=notes, ratios=_ratios(by_turns))


def _ratios(by_turns: Mapping[str, Sequence[float]]) -> Mapping[str, float]:
    """Return each proxy's median ratio to the limit within a turn, where every turn has one."""
    limit = by_turns.get(LIMIT, ())
    if not limit or min(limit) <= 0:
        return {}
    return {
        proxy: statistics.median(value / nginx for value, nginx in zip(turns, limit, strict=True))
        for proxy, turns in by_turns.items()
        if len(turns) == len(limit)
    }


def _trouble(window: Window) -> str:
    """Return why a window has no figure, or nothing."""
    load, rate = window.load, RATES.get(window.scenario, 0)
    if load.errors > MOST_FAILED_SHARE * (load.answers + load.errors):
        return "failed"
    if not load.answers and not load.events:
        return "too slow"
    if rate and load.answers < HELD_SHARE * rate * window.seconds:
        return "too slow"
    return ""


def _other_rows(results: Results) -> Iterator[Row]:
    growth: dict[str, float] = {slow.proxy: slow.growth_bytes / MEGA for slow in results.slow_readers}
    idle = {proxy: rss / MEGA for proxy, rss in results.rss_idle.items()}
    after = {proxy: rss / MEGA for proxy, rss in results.rss_after.items()}
    start = {proxy: statistics.median(times) for proxy, times in results.startup_seconds.items()}
    yield Row("rss-idle", "Memory idle, RSS (MB)", idle, has_ratio=False)
    yield Row("rss-after", "Memory after the load, RSS (MB)", after, has_ratio=False)
    title = "Memory grown by 4 clients that do not read 250 MB (MB)"
    yield Row("slow-readers", title, growth, digits=1, has_ratio=False)
    yield Row("start", "Start to first answer, warm (s)", start, digits=2, has_ratio=False)
