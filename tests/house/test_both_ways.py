"""What makes model calls in the flows is run over both ways of answering: with callbacks, and with tasks only."""

import ast
from pathlib import Path

import pytest

FLOWS = Path(__file__).resolve().parents[1] / "flows"
WAYS = "has_lane"

ONE_WAY = {
    "test_audit_at_stop.py": "makes no model call",
    "test_audit_tampering.py": "makes no call at all",
    "test_chats.py": "makes no model call",
    "test_kill.py": "makes no model call",
    "test_lane.py": "holds the two ways against each other itself",
    "test_localhost_names.py": "makes no model call",
    "test_oidc_provider.py": "makes no model call",
    "test_restore_drill.py": "is about files; its calls only show that tokens and keys came back",
    "test_sign_in_attacks.py": "makes no model call",
    "test_slim_start.py": "is about what the first call loads in a process as people start it",
    "test_two_servers.py": "is about the store; test_rights_race.py shows what calls meet on the other server",
    "test_upgrade.py": "is about the store; its calls only show that tokens and keys were kept",
    "test_workers.py": "runs `bodhi serve`, which has one way",
}
"""The flows that are run once, each with the reason. All others are run over both ways."""

FILES = sorted(path.name for path in FLOWS.glob("test_*.py"))


def functions(name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return the functions of a file: fixtures, tests, and what they use."""
    tree = ast.parse((FLOWS / name).read_text())
    return [each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]


def takes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Return the names of what a function takes."""
    return {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}


def reaching(name: str) -> set[str]:
    """Return the functions of a file, and of the fixtures of all flows, that take `has_lane`, be it through others."""
    known = {each.name: takes(each) for each in (*functions("conftest.py"), *functions(name))}
    found = {WAYS}
    while more := {each for each, taken in known.items() if taken & found} - found:
        found |= more
    return found


def gateways_of(name: str) -> list[ast.Call]:
    """Return where a file makes gateways."""
    tree = ast.parse((FLOWS / name).read_text())
    calls = [each for each in ast.walk(tree) if isinstance(each, ast.Call)]
    return [each for each in calls if isinstance(each.func, ast.Name) and each.func.id == "Gateway"]


def test_what_is_said_to_be_run_once_is_there() -> None:
    assert set(ONE_WAY) <= set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_flow_is_run_over_both_ways_or_says_why_not(name: str) -> None:
    tests = {each for each in reaching(name) if each.startswith("test_")}

    assert bool(tests) is (name not in ONE_WAY)


@pytest.mark.parametrize("name", [name for name in FILES if name not in ONE_WAY])
def test_no_gateway_of_such_a_flow_is_only_run_with_callbacks(name: str) -> None:
    lines = [each.lineno for each in gateways_of(name) if "lane" not in {keyword.arg for keyword in each.keywords}]

    assert lines == []
