import json
from pathlib import Path

import pytest

from bench.peers import (
    LITELLM_CONFIGURATION,
    MODELS,
    PEERS,
    PORTKEY_FAULT,
    PORTKEY_REPAIR,
    ROOT,
    install_portkey,
    repair_portkey,
    short_reason,
)
from bench.programs import CannotRun
from bench.scenarios import SCENARIOS


def test_portkey_is_repaired_once() -> None:
    repaired = repair_portkey(f"before{PORTKEY_FAULT}after")

    assert repaired == f"before{PORTKEY_REPAIR}after"
    assert repair_portkey(repaired) == repaired


@pytest.mark.parametrize("text", ["another program", PORTKEY_FAULT * 2])
def test_program_that_is_not_as_expected_is_left_alone(text: str) -> None:
    assert repair_portkey(text) == text


def test_what_is_installed_is_not_installed_again(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "@portkey-ai" / "gateway"
    (package / "build").mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"version": "9.8.7"}))
    (package / "build" / "start-server.js").write_text(f"x{PORTKEY_FAULT}y")

    line = install_portkey(tmp_path).line()

    assert "Portkey 9.8.7" in line
    assert "one line changed" in line
    assert PORTKEY_REPAIR in (package / "build" / "start-server.js").read_text()


def test_reason_names_no_place_of_this_machine() -> None:
    reason = short_reason(CannotRun(f"npm\n  failed in {ROOT}/bench/build " + "and so on " * 100))

    assert str(ROOT) not in reason
    assert "\n" not in reason
    assert len(reason) <= 310


def test_litellm_knows_every_model_of_the_scenarios() -> None:
    assert {scenario.model for scenario in SCENARIOS} <= set(MODELS)
    assert json.dumps(LITELLM_CONFIGURATION).count("{upstream}") == len(MODELS)


def test_peers_are_called_what_the_goals_call_them() -> None:
    assert set(PEERS) == {"litellm", "portkey"}
