"""The regression gate's pure parts: what is read from the counters, what is said of a cost, and what is recorded."""

from pathlib import Path

import pytest

from bench.calibration import one_round
from bench.counting import READING, scaled, total_of
from bench.instructions import COSTS, advice, table
from bench.limits import (
    FILE,
    ROOM,
    ROOM_OF_ANOTHER_BUILD,
    SAYS,
    Limit,
    Record,
    Verdict,
    judge,
    read_limits,
    record,
    this_build,
)

DUMP = """\
# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 4711
cmd:  python3 -m bench.calibration
part: 2

desc: Timerange: Basic block 0 - 52123
desc: Trigger: User request

positions: line
events: Ir
summary: 123456789

fn=(1) PyEval_EvalDefault
16 400

totals: 123456789
"""
RECORDED = Record("a Python", {"json-1k": Limit(recorded=10.0, alarm=13.5)})


def test_the_total_of_a_dump_is_counted_once() -> None:
    assert total_of(DUMP) == 123_456_789


def test_a_dump_without_a_total_counts_as_nothing() -> None:
    assert total_of("# callgrind format\n") == 0


@pytest.mark.parametrize(
    ("value", "wanted", "counted", "expected"),
    [(1_000, 50, 50, 1_000), (1_000, 100, 50, 2_000), (0, 100, 0, 0)],
    ids=["counted all the time", "counted half the time", "never ran"],
)
def test_a_reading_is_made_up_for_the_time_it_was_not_counted(
    value: int, wanted: int, counted: int, expected: int
) -> None:
    assert scaled(READING.pack(value, wanted, counted)) == expected


@pytest.mark.parametrize(
    ("measured", "is_good", "text"),
    [
        (10.0, True, "ok, +0%"),
        (13.5, True, "ok, +35%"),
        (13.6, False, "GREW +36%"),
        (7.0, True, "record it: -30%"),
    ],
)
def test_a_cost_is_judged_by_its_alarm(measured: float, is_good: bool, text: str) -> None:
    [verdict] = judge({"json-1k": measured}, RECORDED, "a Python")

    assert (verdict.is_good, verdict.text) == (is_good, text)


def test_another_build_of_python_gets_more_room() -> None:
    [verdict] = judge({"json-1k": 13.6}, RECORDED, "another Python")

    assert verdict.is_good
    assert verdict.limit == Limit(10.0, 13.5 * ROOM_OF_ANOTHER_BUILD)


@pytest.mark.parametrize("known", [None, Record("a Python", {})], ids=["no record", "a record of other costs"])
def test_a_cost_that_nobody_recorded_is_not_good(known: Record | None) -> None:
    [verdict] = judge({"json-1k": 1.0}, known, "a Python")

    assert (verdict.is_good, verdict.text) == (False, "NOT RECORDED")


def test_recording_one_method_leaves_the_others(tmp_path: Path) -> None:
    file = tmp_path / "limits.toml"

    record("callgrind", {"json-1k": 20.0}, "a Python", file)
    record("hardware", {"json-1k": 10.0, "sse-event": 1.234}, 'one called "it"', file)
    record("hardware", {"json-1k": 11.0}, "a Python", file)

    assert read_limits(file) == {
        "callgrind": Record("a Python", {"json-1k": Limit(20.0, 20.0 * ROOM["callgrind"])}),
        "hardware": Record("a Python", {"json-1k": Limit(11.0, round(11.0 * ROOM["hardware"], 2))}),
    }


def test_without_a_file_nothing_is_recorded(tmp_path: Path) -> None:
    assert read_limits(tmp_path / "missing.toml") == {}


def test_the_file_of_this_checkout_has_every_cost_by_every_method() -> None:
    limits = read_limits(FILE)

    assert limits.keys() == SAYS.keys()
    for kept in limits.values():
        assert list(kept.limits) == [cost.scenario.name for cost in COSTS]
        assert all(limit.recorded < limit.alarm for limit in kept.limits.values())


def test_the_table_has_a_line_for_each_cost() -> None:
    shown = table([Verdict("json-1k", 20.0, RECORDED.limits["json-1k"]), Verdict("sse-event", 1.0, None)]).split("\n")

    assert shown[-2].split("  ")[-1] == "GREW +100%"
    assert shown[-1].endswith("-  NOT RECORDED")


def test_the_advice_names_the_costs_and_how_to_record_them() -> None:
    text = advice([Verdict("json-1k", 20.0, RECORDED.limits["json-1k"])])

    assert "json-1k" in text
    assert "make regression ARGS=--record" in text


def test_a_round_of_the_calibration_always_does_the_same() -> None:
    assert one_round() == one_round() > 0


def test_a_build_names_its_version_and_architecture() -> None:
    assert this_build().startswith("CPython 3.")
    assert len(this_build().split(", ")) == 4
