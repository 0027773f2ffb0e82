"""The tables and sentences that are made of figures, for the terminal and for the pages."""

import textwrap
from collections.abc import Iterator, Sequence

from bench.figures import MEGA, RATES, Row, calls_per_second, idle_share, p50, p99, rows
from bench.goals import GOALS, LEAST_MULTIPLES
from bench.results import DIRECT, LIMIT, MEASURED, Results
from bench.scenarios import SCENARIOS

ENOUGH = 1.2
"""How many times the fastest proxy's rate the mock and the load generator shall reach alone."""
NOISE = "noise"
"""Stands where even the limit's calls were no slower than those without a proxy."""
LEGEND = "met: within the goal; missed: beyond the goal, within the alarm; alarm: beyond the alarm."


def ratio_table(results: Results, *, with_goals: bool = False) -> str:
    """Return the table of ratios to nginx, as Markdown: they outlive the machine. Memory and start are values."""
    header = ["figure", *results.proxies, *(["goal", "alarm", "verdict"] if with_goals else [])]
    lines = []
    for row in rows(results):
        cells = [row.title.rsplit(" (", 1)[0] if row.has_ratio else row.title]
        cells += [_ratio_cell(row, proxy) for proxy in results.proxies]
        lines.append(cells + (_goal_cells(row) if with_goals else []))
    return _markdown(header, lines)


def value_table(results: Results) -> str:
    """Return the table with all values as measured, as Markdown."""
    lines = []
    for row in rows(results):
        values = [row.notes.get(proxy) or _text(row.values.get(proxy), row.digits) for proxy in results.proxies]
        lines.append([row.title, *values])
    return _markdown(["figure", *results.proxies], lines)


def _ratio_cell(row: Row, proxy: str) -> str:
    if proxy in row.notes:
        return row.notes[proxy]
    if not row.has_ratio:
        return _text(row.values.get(proxy), row.digits)
    return NOISE if _is_noise(row) and proxy in row.values else ratio_text(row.ratio(proxy))


def _is_noise(row: Row) -> bool:
    return row.has_ratio and row.values.get(LIMIT, 1.0) <= 0


def ratio_text(ratio: float | None) -> str:
    """Return a ratio with as many digits as mean something."""
    if ratio is None:
        return ""
    if abs(ratio) < 0.1:
        return f"{ratio:.1g}"
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}"


def _goal_cells(row: Row) -> list[str]:
    goal = GOALS.get(row.name)
    if goal is None:
        return ["", "", ""]
    return [f"{goal.wanted:g}", "" if goal.alarm is None else f"{goal.alarm:g}", row.verdict() or ""]


def _markdown(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in (header, *lines)) for column in range(len(header))]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    aligned = [
        " | ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in (header, ruler, *lines)
    ]
    return "\n".join(f"| {line} |" for line in aligned)


def _text(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def report(results: Results) -> str:
    """Return the whole report: the machine, the tables, the proof of the method, what behaved how, and faults."""
    parts = [
        circumstances(results),
        f"Ratios to {LIMIT}; memory and start as they are. {LEGEND}",
        ratio_table(results, with_goals=True),
        "As measured:",
        value_table(results),
        proof_table(results),
        "\n".join([*_proof(results), *_multiples(results), *_behaviour(results)]),
        "\n".join(peer_lines(results)),
        "\n".join(f"FAULT: {fault}" for fault in results.faults()),
    ]
    return "\n\n".join(part for part in parts if part)


def page_report(results: Results, pictures: Sequence[str] = ()) -> str:
    """Return what the documentation shows of a run."""
    sentences = [circumstances(results), *peer_lines(results)]
    return "\n\n".join([*pictures, ratio_table(results), *(textwrap.fill(sentence, 120) for sentence in sentences)])


def circumstances(results: Results) -> str:
    """Return on what machine the run took place, when, and with which windows."""
    rounds = f"{results.rounds} round" if results.rounds == 1 else f"{results.rounds} rounds"
    turns = f", in turns of {results.seconds / results.turns:g} s" if results.turns > 1 else ""
    return f"{results.machine.line()}; {rounds} of {results.seconds:g} s each{turns}, medians; {results.at[:10]}."


def peer_lines(results: Results) -> list[str]:
    """Return what is to be said of the peers: what they are, and what could not be measured."""
    lines = [peer.line() for peer in results.peers]
    lines += [f"{name} could not be measured: {reason}" for name, reason in sorted(results.failures.items())]
    notes = {note for row in rows(results) for note in row.notes.values()}
    if "too slow" in notes:
        lines.append('"too slow" stands where a proxy answered fewer than 95 of 100 calls in time, or none at all.')
    if "failed" in notes:
        lines.append('"failed" stands where more than one call in a hundred got no proper answer.')
    if any(_is_noise(row) for row in rows(results)):
        lines.append(f'"{NOISE}" stands where {LIMIT} added nothing that could be told from the noise of the machine.')
    if results.left_out:
        lines.append("Left out: " + " ".join(results.left_out))
    return lines


def proof_table(results: Results) -> str:
    """Return the table that shows what the mock and the load generator can do alone, and how busy the proxies were."""
    lines = []
    for scenario in SCENARIOS:
        alone = results.median(scenario.name, DIRECT, calls_per_second)
        found = {proxy: results.median(scenario.name, proxy, calls_per_second) for proxy in results.proxies}
        rates = {proxy: rate for proxy, rate in found.items() if rate is not None}
        if RATES[scenario.name] or scenario.streams or alone is None or not rates:
            continue
        fastest = max(rates, key=lambda proxy: rates[proxy])
        idle = [results.median(scenario.name, proxy, idle_share) for proxy in results.proxies]
        times = f"{alone / rates[fastest]:.2f}" if rates[fastest] else ""
        busy = ["" if share is None else f"{1 - share:.0%}" for share in idle]
        lines.append([scenario.name, f"{alone:,.0f}", f"{rates[fastest]:,.0f} ({fastest})", times, *busy])
    if not lines:
        return ""
    header = ["closed loop", "mock alone, calls/s", "fastest proxy", "times", *(f"{p} busy" for p in results.proxies)]
    return _markdown(header, lines)


def _proof(results: Results) -> Iterator[str]:
    """Yield the sentences that show that the proxies, not the mock or the load generator, were the limit."""
    alone = results.median("json-1k", DIRECT, calls_per_second)
    rates = [results.median("json-1k", proxy, calls_per_second) for proxy in results.proxies]
    fastest = max((rate for rate in rates if rate is not None), default=0.0)
    if alone is not None and fastest:
        enough = "they are not the limit" if alone >= ENOUGH * fastest else "CAUTION: too few to be no limit"
        yield (
            f"The mock and the load generator alone, on one core: {alone:,.0f} calls of 1 KB a second, "
            f"{alone / fastest:.1f} times what the fastest proxy reaches: {enough}."
        )
    for scenario in SCENARIOS:
        straight = [results.median(scenario.name, DIRECT, value) for value in (p50, p99)]
        if scenario.rate and straight[0] is not None and straight[1] is not None:
            yield (
                f"Without a proxy at {scenario.rate:,}/s: p50 {straight[0]:,.0f} µs, p99 {straight[1]:,.0f} µs, which "
                'are subtracted for "added".'
            )


def _multiples(results: Results) -> Iterator[str]:
    cpu = next((row for row in rows(results) if row.name == "cpu-1k"), None)
    own = None if cpu is None else cpu.values.get(MEASURED)
    for peer, goal in LEAST_MULTIPLES.items():
        theirs = None if cpu is None else cpu.values.get(peer)
        if own and theirs is not None:
            multiple = theirs / own
            yield (
                f"{peer} takes {multiple:,.1f} times {MEASURED}'s CPU for a 1 KB call "
                f"(goal: at least {goal.wanted:g}): {goal.verdict(multiple)}."
            )


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
