"""The tables that are made of results: medians, and ratios to nginx in the same run."""

import statistics
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.results import Results
from bench.windows import Window

LIMIT = "nginx"
MEASURED = "bodhi"
DIRECT = "direct"
MICRO = 1e6
MEGA = 1e6


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


@dataclass(frozen=True)
class Figure:
    """One line of the table that comes from a scenario. `added` subtracts what the same call takes without a proxy."""

    title: str
    scenario: str
    value: Callable[[Window], float]
    added: bool = False
    digits: int = 0


FIGURES = (
    Figure("CPU per call, 1 KB (µs)", "json-1k", cpu_per_call, digits=1),
    Figure("CPU per call, 10 KB (µs)", "json-10k", cpu_per_call, digits=1),
    Figure("CPU per call, 200 KB request (µs)", "body-200k", cpu_per_call),
    Figure("CPU per SSE event, 50 streams, 5 ms (µs)", "sse-5ms-x50", cpu_per_event, digits=1),
    Figure("CPU per SSE event, 200 streams, 5 ms (µs)", "sse-5ms-x200", cpu_per_event, digits=1),
    Figure("CPU per SSE event, no gaps (µs)", "sse-0ms", cpu_per_event, digits=1),
    Figure("Latency added at 200/s, p50 (µs)", "rate-200", lambda w: w.load.latency.p50, added=True),
    Figure("Latency at 200/s, p99 (µs)", "rate-200", lambda w: w.load.latency.p99),
    Figure("Latency added at 1,000/s, p50 (µs)", "rate-1000", lambda w: w.load.latency.p50, added=True),
    Figure("Latency at 1,000/s, p99 (µs)", "rate-1000", lambda w: w.load.latency.p99),
    Figure("Calls a second, one core", "json-1k", calls_per_second),
)


@dataclass(frozen=True)
class Row:
    """One line of the table: the limit's value, the gateway's, and their ratio where one has a meaning."""

    title: str
    limit: float | None
    measured: float | None
    digits: int
    has_ratio: bool = True

    @property
    def ratio(self) -> float | None:
        """Return the gateway's value over the limit's, None without both or with a limit of nothing."""
        if not self.has_ratio or self.limit is None or self.measured is None or self.limit <= 0:
            return None
        return self.measured / self.limit


def rows(results: Results) -> list[Row]:
    """Return the table's lines, without those that this run did not measure."""
    lines = [*(_figure_row(results, figure) for figure in FIGURES), *_memory_rows(results)]
    return [row for row in lines if row.limit is not None or row.measured is not None]


def _figure_row(results: Results, figure: Figure) -> Row:
    direct = results.median(figure.scenario, DIRECT, figure.value) if figure.added else 0.0

    def value(proxy: str) -> float | None:
        median = results.median(figure.scenario, proxy, figure.value)
        return None if median is None or direct is None else median - direct

    return Row(figure.title, value(LIMIT), value(MEASURED), figure.digits)


def _memory_rows(results: Results) -> Iterator[Row]:
    growth: dict[str, float] = {slow.proxy: slow.growth_bytes / MEGA for slow in results.slow_readers}
    idle = {proxy: rss / MEGA for proxy, rss in results.rss_idle.items()}
    after = {proxy: rss / MEGA for proxy, rss in results.rss_after.items()}
    startup = {proxy: statistics.median(times) for proxy, times in results.startup_seconds.items()}
    for title, values, digits in (
        ("Memory idle, RSS (MB)", idle, 0),
        ("Memory after the load, RSS (MB)", after, 0),
        ("Memory grown by 4 clients that do not read 250 MB (MB)", growth, 1),
        ("Start to first answer, warm (s)", startup, 2),
    ):
        yield Row(title, values.get(LIMIT), values.get(MEASURED), digits, has_ratio=False)


def table(results: Results) -> str:
    """Return the table with all values, as Markdown."""
    lines = [f"| figure | {LIMIT} | {MEASURED} | {MEASURED} / {LIMIT} |", "|---|---:|---:|---:|"]
    for row in rows(results):
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"| {row.title} | {_text(row.limit, row.digits)} | {_text(row.measured, row.digits)} | {ratio} |")
    return "\n".join(lines)


def ratio_table(results: Results) -> str:
    """Return the table for documentation, as Markdown: ratios alone, for they outlive the machine."""
    lines = [f"| figure | {MEASURED} / {LIMIT} |", "|---|---:|"]
    for row in rows(results):
        if row.ratio is not None:
            digits = 1 if row.ratio >= 1 else 2
            lines.append(f"| {row.title.rsplit(' (', 1)[0]} | {row.ratio:.{digits}f} |")
        elif not row.has_ratio:
            lines.append(f"| {row.title} | {_text(row.measured, row.digits)} |")
    return "\n".join(lines)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _text(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def report(results: Results) -> str:
    """Return the whole report: the machine, the table, the proof of the method, what behaved how, and faults."""
    parts = [
        _circumstances(results),
        table(results),
        "\n".join([*_proof(results), *_behaviour(results)]),
        "\n".join(f"FAULT: {fault}" for fault in results.faults()),
    ]
    return "\n\n".join(part for part in parts if part)


def ratio_report(results: Results) -> str:
    """Return what the documentation shows of a run."""
    return f"{ratio_table(results)}\n\n{textwrap.fill(_circumstances(results), 120)}"


def _circumstances(results: Results) -> str:
    rounds = _count(results.rounds, "round")
    return f"{results.machine.line()}; {rounds} of {results.seconds:g} s each, medians; {results.at[:10]}."


def _proof(results: Results) -> Iterator[str]:
    """Yield the sentences that show that the proxies, not the mock or the load generator, were the limit."""
    alone = results.median("json-1k", DIRECT, calls_per_second)
    fastest = results.median("json-1k", LIMIT, calls_per_second)
    if alone is None or fastest is None:
        return
    yield (
        f"The mock and the load generator alone, on one core: {alone / fastest:.1f} times the calls a second that "
        f"{LIMIT} reaches."
    )
    for proxy in (LIMIT, MEASURED):
        share = results.median("json-1k", proxy, idle_share)
        if share is not None:
            yield f"The core of {proxy} was idle for {share:.0%} of the closed loop."


def _behaviour(results: Results) -> Iterator[str]:
    for left in results.cancellations:
        yield (
            f"{left.proxy}: {left.aborted} of {left.clients} upstream streams were aborted within "
            f"{left.seconds * 1000:.0f} ms of their clients' leaving."
        )
    for slow in results.slow_readers:
        yield (
            f"{slow.proxy}: with {slow.clients} clients that do not read, the upstream could send "
            f"{slow.sent_bytes / MEGA / slow.clients:.1f} MB of 250 MB to each."
        )
