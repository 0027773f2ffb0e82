import msgspec
import pytest

from bench.behaviour import Cancellation, SlowReaders
from bench.report import Row, ratio_report, ratio_table, report, rows, table
from bench.results import Machine, Results
from bench.windows import Latency, Load, Window

QUIET = Latency(count=0, p50=0, p90=0, p99=0, max=0)


def window(
    scenario: str, proxy: str, *, answers: int = 1000, cpu: float = 0.0, p50: int = 0, errors: int = 0
) -> Window:
    latency = Latency(count=answers, p50=p50, p90=p50, p99=p50, max=p50)
    load = Load(answers, errors, 0, events=0, bytes=0, unasked=0, latency=latency, event_delay=QUIET)
    return Window(scenario, proxy, seconds=2.0, load=load, cpu_seconds=cpu)


def results(*windows: Window) -> Results:
    machine = Machine("Made-up", cores=2, kernel="6", python="3.11", load_average=0.0)
    return Results("2026-01-01T00:00:00+00:00", machine, seconds=2.0, rounds=3, windows=list(windows))


def row(found: Results, title: str) -> Row:
    return next(row for row in rows(found) if row.title.startswith(title))


def test_ratio_is_the_median_over_the_limits_median() -> None:
    limit = [window("json-1k", "nginx", cpu=cpu) for cpu in (0.02, 0.9, 0.01)]
    measured = [window("json-1k", "bodhi", cpu=cpu) for cpu in (0.05, 0.06, 0.001)]

    found = row(results(*limit, *measured), "CPU per call, 1 KB")

    assert found.limit == pytest.approx(20.0)
    assert found.measured == pytest.approx(50.0)
    assert found.ratio == pytest.approx(2.5)


def test_added_latency_leaves_out_what_the_call_takes_without_a_proxy() -> None:
    found = results(
        window("rate-200", "direct", p50=20), window("rate-200", "nginx", p50=70), window("rate-200", "bodhi", p50=120)
    )

    assert row(found, "Latency added at 200/s, p50") == Row("Latency added at 200/s, p50 (µs)", 50, 100, 0)


def test_calls_a_second_are_answers_over_the_windows_length() -> None:
    assert row(results(window("json-1k", "nginx", answers=500)), "Calls a second").limit == 250


def test_what_was_not_measured_has_no_line() -> None:
    titles = [row.title for row in rows(results(window("json-10k", "nginx", cpu=0.1)))]

    assert titles == ["CPU per call, 10 KB (µs)"]


def test_line_with_one_side_has_no_ratio() -> None:
    found = results(window("json-10k", "bodhi", cpu=0.1))

    assert row(found, "CPU per call, 10 KB").ratio is None
    assert "| CPU per call, 10 KB (µs) |  | 100.0 |  |" in table(found)


def test_ratio_table_shows_no_absolute_times() -> None:
    found = results(window("json-1k", "nginx", cpu=0.02), window("json-1k", "bodhi", cpu=0.05))

    assert "| CPU per call, 1 KB | 2.5 |" in ratio_table(found)
    assert "µs" not in ratio_table(found)


def test_memory_is_shown_without_a_ratio() -> None:
    found = results()
    found.rss_idle = {"nginx": 10_000_000, "bodhi": 80_000_000}

    assert "| Memory idle, RSS (MB) | 80 |" in ratio_table(found)
    assert "| Memory idle, RSS (MB) | 10 | 80 |  |" in table(found)


def test_failed_calls_are_a_fault() -> None:
    found = results(window("json-1k", "bodhi", errors=3))

    assert found.faults() == ["bodhi failed 3 calls of json-1k and left 0 unasked."]
    assert "FAULT: bodhi failed 3 calls" in report(found)


def test_broken_promises_are_faults() -> None:
    found = results()
    found.cancellations = [Cancellation("bodhi", clients=20, aborted=19, seconds=1.0)]
    found.slow_readers = [SlowReaders("bodhi", clients=4, growth_bytes=90_000_000, sent_bytes=0)]

    assert found.faults() == [
        "bodhi aborted 19 of 20 upstream calls whose client left.",
        "bodhi grew by 90 MB for 4 clients that do not read.",
    ]


def test_documentation_shows_on_what_machine_the_figures_were_taken() -> None:
    assert "Made-up, 2 cores" in ratio_report(results(window("json-1k", "nginx")))


def test_results_survive_being_written_and_read() -> None:
    found = results(window("json-1k", "bodhi", cpu=0.05))

    assert msgspec.json.decode(msgspec.json.encode(found), type=Results) == found
