import pytest

from bench.__main__ import read_options, read_plan
from bench.measuring import Plan
from bench.scenarios import chosen


def plan(*arguments: str) -> Plan:
    return read_plan(read_options(list(arguments)))


def test_run_without_options_measures_no_peer() -> None:
    found = plan()

    assert (found.scenarios, found.peers, found.behaviour) == (chosen([]), [], True)


@pytest.mark.parametrize(
    ("arguments", "peers"),
    [(["--peers"], ["litellm", "portkey"]), (["--peer", "portkey"], ["portkey"])],
)
def test_peers_are_measured_on_request(arguments: list[str], peers: list[str]) -> None:
    found = plan(*arguments)

    assert found.peers == peers
    assert "rate-20" in [scenario.name for scenario in found.scenarios]


def test_behaviour_alone_measures_no_window() -> None:
    found = plan("--scenario", "behaviour")

    assert (found.scenarios, found.behaviour) == ([], True)


def test_named_scenario_is_measured_alone() -> None:
    found = plan("--scenario", "json-1k")

    assert ([scenario.name for scenario in found.scenarios], found.behaviour) == (["json-1k"], False)


def test_quick_run_has_one_short_round() -> None:
    quick = plan("--quick")

    assert (quick.rounds, quick.turns, quick.seconds) == (1, 1, 1.0)
