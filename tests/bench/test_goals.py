import pytest

from bench.goals import GOALS, LEAST_MULTIPLES, Goal, Verdict


@pytest.mark.parametrize(("found", "verdict"), [(2.0, "met"), (2.01, "missed"), (2.6, "missed"), (2.61, "alarm")])
def test_more_than_the_alarm_is_an_alarm(found: float, verdict: Verdict) -> None:
    assert Goal(2.0, 2.6).verdict(found) == verdict


@pytest.mark.parametrize(("found", "verdict"), [(0.5, "met"), (0.48, "met"), (0.4, "missed"), (0.3, "alarm")])
def test_less_than_the_alarm_is_an_alarm_where_more_is_better(found: float, verdict: Verdict) -> None:
    assert Goal(0.48, 0.36, more_is_better=True).verdict(found) == verdict


def test_goal_without_an_alarm_is_met_or_missed() -> None:
    assert [Goal(1.0).verdict(found) for found in (0.9, 90.0)] == ["met", "missed"]


@pytest.mark.parametrize("name", GOALS)
def test_alarm_lies_beyond_the_goal(name: str) -> None:
    goal = GOALS[name]

    assert goal.verdict(goal.wanted) == "met"
    assert goal.alarm is None or goal.verdict(goal.alarm) == "missed"


def test_peers_must_take_more() -> None:
    assert all(goal.more_is_better for goal in LEAST_MULTIPLES.values())
