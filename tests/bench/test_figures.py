import pytest

from bench.figures import FIGURES, Row, rows
from bench.goals import GOALS
from bench.results import Results
from bench.scenarios import SCENARIOS
from tests.bench.made_up import results, window


def row(found: Results, name: str) -> Row:
    return next(row for row in rows(found) if row.name == name)


def test_values_are_medians_and_the_ratio_is_the_median_of_what_each_turn_found() -> None:
    limit = [window("json-1k", "nginx", cpu=cpu) for cpu in (0.02, 0.9, 0.01)]
    measured = [window("json-1k", "bodhi", cpu=cpu) for cpu in (0.05, 0.06, 0.03)]

    found = row(results(*limit, *measured), "cpu-1k")

    assert found.values == pytest.approx({"nginx": 20.0, "bodhi": 50.0})
    assert found.ratio("nginx") == 1
    assert found.ratio("bodhi") == pytest.approx(2.5)


def test_a_slow_minute_of_the_machine_does_not_change_the_ratio() -> None:
    limit = [window("json-1k", "nginx", cpu=cpu) for cpu in (0.01, 0.02, 0.06)]
    measured = [window("json-1k", "bodhi", cpu=cpu) for cpu in (0.06, 0.02, 0.12)]

    # Each side's median is from another turn: their quotient would be 3.
    assert row(results(*limit, *measured), "cpu-1k").ratio("bodhi") == pytest.approx(2.0)


def test_added_latency_is_compared_within_a_turn() -> None:
    windows = [
        window("rate-200", name, p50=p50)
        for name, turns in (("direct", (10, 100)), ("nginx", (30, 140)), ("bodhi", (50, 220)))
        for p50 in turns
    ]

    found = row(results(*windows), "added-p50-200")

    assert found.values == {"nginx": 30, "bodhi": 80}
    assert found.ratio("bodhi") == pytest.approx(2.5)


def test_without_as_many_turns_on_both_sides_the_ratio_is_that_of_the_medians() -> None:
    limit = [window("json-1k", "nginx", cpu=cpu) for cpu in (0.01, 0.02, 0.03)]
    measured = [window("json-1k", "bodhi", cpu=cpu) for cpu in (0.03, 0.05)]

    assert row(results(*limit, *measured), "cpu-1k").ratio("bodhi") == pytest.approx(2.0)


def test_where_the_limit_added_nothing_in_a_turn_the_ratio_is_that_of_the_medians() -> None:
    windows = [
        window("rate-200", name, p50=p50)
        for name, turns in (("direct", (10, 10, 10)), ("nginx", (9, 20, 30)), ("bodhi", (30, 30, 30)))
        for p50 in turns
    ]

    assert row(results(*windows), "added-p50-200").ratio("bodhi") == pytest.approx(2.0)


def test_each_peer_has_its_own_ratio() -> None:
    windows = [window("json-1k", name, cpu=cpu) for name, cpu in (("nginx", 0.02), ("bodhi", 0.04), ("portkey", 0.8))]

    assert row(results(*windows, peers=("portkey",)), "cpu-1k").ratio("portkey") == pytest.approx(40.0)


def test_added_latency_leaves_out_what_the_call_takes_without_a_proxy() -> None:
    found = results(
        window("rate-200", "direct", p50=20), window("rate-200", "nginx", p50=70), window("rate-200", "bodhi", p50=120)
    )

    for name in ("added-p50-200", "added-p99-200"):
        assert row(found, name).values == {"nginx": 50, "bodhi": 100}


def test_latency_without_the_direct_one_is_not_shown_as_added() -> None:
    assert rows(results(window("rate-200", "nginx", p50=70))) == []


def test_calls_a_second_are_answers_over_the_windows_length() -> None:
    assert row(results(window("json-1k", "nginx", answers=500)), "rate-one-core").values == {"nginx": 250}


def test_what_was_not_measured_has_no_line() -> None:
    assert [row.name for row in rows(results(window("json-10k", "nginx", cpu=0.1)))] == ["cpu-10k"]


def test_line_with_one_side_has_no_ratio_and_no_verdict() -> None:
    found = row(results(window("json-10k", "bodhi", cpu=0.1)), "cpu-10k")

    assert found.ratio("bodhi") is None
    assert found.verdict() is None


def test_limit_of_nothing_has_no_ratio() -> None:
    assert Row("x", "x", {"nginx": -3.0, "bodhi": 5.0}).ratio("bodhi") is None


@pytest.mark.parametrize(
    ("answers", "errors", "note"), [(399, 0, None), (300, 0, "too slow"), (0, 0, "too slow"), (390, 9, "failed")]
)
def test_proxy_that_does_not_hold_the_rate_has_a_note_and_no_figure(
    answers: int, errors: int, note: str | None
) -> None:
    found = results(
        window("rate-200", "direct", answers=400),
        window("rate-200", "nginx", answers=400),
        window("rate-200", "litellm", answers=answers, errors=errors),
        peers=("litellm",),
    )

    added = row(found, "added-p50-200")

    assert added.notes.get("litellm") == note
    assert ("litellm" in added.values) == (note is None)


def test_stream_that_has_not_ended_yet_still_has_events() -> None:
    found = row(results(window("sse-5ms-x50", "bodhi", answers=0, events=1000, cpu=0.01)), "cpu-event-50")

    assert found.values == pytest.approx({"bodhi": 10.0})


def test_memory_has_no_ratio_but_a_verdict() -> None:
    found = results()
    found.rss_idle = {"nginx": 10_000_000, "bodhi": 80_000_000}

    idle = row(found, "rss-idle")

    assert idle.ratio("bodhi") is None
    assert idle.verdict() == "met"


def test_every_figure_has_a_scenario_and_a_name_of_its_own() -> None:
    names = [figure.name for figure in FIGURES]

    assert len(set(names)) == len(names)
    assert {figure.scenario for figure in FIGURES} <= {scenario.name for scenario in SCENARIOS}
    assert set(GOALS) - set(names) == {"rss-idle", "rss-after", "slow-readers", "start"}
