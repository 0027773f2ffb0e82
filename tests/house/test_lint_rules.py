"""Each house rule finds what it is for, lets pass what only looks like it, and takes an exception with a reason."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.lint.rule import Checkout, Rule, findings
from scripts.lint.rules import (
    RULES,
    file_length,
    guarded_endpoints,
    machine_paths,
    no_eval,
    no_format_branch,
    sql_literals,
    vocabulary,
)

Plant = Callable[..., list[str]]
FORMAT_FILE = 'ECHO = Format(name="echo", dialect=Dialect(name="echoes"))\n'
GUARDS_FILE = "IsAdmin = Annotated[Principal, Depends(admin)]\n_Hidden = Annotated[Principal, Depends(nobody)]\n"


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Return what a rule finds in one file, in a checkout that also holds a format and a guard."""

    def planted(rule: Rule, path: str, text: str) -> list[str]:
        beside = {"src/bodhi/formats/echo.py": FORMAT_FILE, "src/bodhi/control/guards.py": GUARDS_FILE}
        for name, content in {**beside, path: text}.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content, encoding="utf-8")
        return [finding.message for finding in findings(rule, Checkout(tmp_path))]

    return planted


def test_every_rule_has_its_own_name_and_exception_code() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert len({rule.suppress for rule in RULES}) == len(RULES)


def test_the_checkout_keeps_every_rule() -> None:
    checkout = Checkout(Path(__file__).resolve().parents[2])
    found = [f"{f.path}:{f.line}: {f.message}" for rule in RULES for f in findings(rule, checkout)]

    assert found == []


@pytest.mark.parametrize(
    ("path", "lines", "count"), [("src/a.py", 400, 0), ("src/a.py", 401, 1), ("tests/a.py", 600, 0)]
)
def test_a_file_over_its_limit_is_found(plant: Plant, path: str, lines: int, count: int) -> None:
    assert len(plant(file_length.RULE, path, "x = 1\n" * lines)) == count


@pytest.mark.parametrize(
    "line",
    [
        'if name == "echo": pass',
        'if "echoes" != name: pass',
        'if name in ("other", "echo"): pass',
        'if name in {"echo"}: pass',
        'rank = {"echo": 1}[name]',
        'match name:\n    case "echo": pass',
        'match name:\n    case "other" | "echo": pass',
    ],
)
def test_a_branch_on_a_format_is_found(plant: Plant, line: str) -> None:
    assert len(plant(no_format_branch.RULE, "src/bodhi/relay/a.py", line)) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/bodhi/relay/a.py", 'if name == "other": pass'),
        ("src/bodhi/relay/a.py", 'default = "echo"'),
        ("src/bodhi/formats/b.py", 'if name == "echo": pass'),
        ("tests/a.py", 'assert name == "echo"'),
    ],
)
def test_a_format_may_be_named_without_branching(plant: Plant, path: str, line: str) -> None:
    assert plant(no_format_branch.RULE, path, line) == []


@pytest.mark.parametrize(
    "line",
    [
        "eval(text)",
        "exec(text)",
        "compile(text, 'a', 'exec')",
        "import pickle",
        "import subprocess",
        "from subprocess import run",
        "import importlib",
        "from importlib import import_module",
        "import os\nos.system(text)",
        "import os\nos.execv(text, [])",
        "import asyncio\nasyncio.create_subprocess_exec(text)",
    ],
)
def test_running_text_or_programs_is_found(plant: Plant, line: str) -> None:
    assert len(plant(no_eval.RULE, "src/bodhi/a.py", line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "import re\nre.compile(text)",
        "from importlib import metadata",
        "import importlib.resources",
        "import os\nos.stat(text)",
    ],
)
def test_what_only_sounds_like_running_text_passes(plant: Plant, line: str) -> None:
    assert plant(no_eval.RULE, "src/bodhi/a.py", line) == []


@pytest.mark.parametrize(
    "line",
    [
        'connection.execute(f"SELECT {column} FROM users")',
        'text("SELECT a FROM b WHERE c = %s" % name)',
        'text("DELETE FROM users WHERE id = " + user)',
        'text("SELECT {}".format(name))',
        'statement = f"DELETE FROM {table}"',
        'statement = "INSERT INTO users VALUES (" + values + ")"',
    ],
)
def test_sql_that_is_put_together_is_found(plant: Plant, line: str) -> None:
    assert len(plant(sql_literals.RULE, "src/bodhi/storage/a.py", line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        'text("SELECT a FROM users WHERE id = :id")',
        "connection.execute(select(users).where(users.c.id == user))",
        'message = f"Update {name} in the store: set its key again."',
        'log.info("select " + name)',
    ],
)
def test_expressions_and_whole_statements_pass(plant: Plant, line: str) -> None:
    assert plant(sql_literals.RULE, "src/bodhi/storage/a.py", line) == []


@pytest.mark.parametrize(
    ("guarded", "count"),
    [("", 1), ("who: Principal", 1), ("who: _Hidden", 1), ("who: IsAdmin", 0), ("*, who: guards.IsAdmin", 0)],
)
def test_an_endpoint_without_a_guard_is_found(plant: Plant, guarded: str, count: int) -> None:
    text = f'@router.post("/things")\nasync def create_thing({guarded}) -> None: ...\n'

    assert len(plant(guarded_endpoints.RULE, "src/bodhi/control/things.py", text)) == count


def test_public_endpoints_are_listed_by_name(plant: Plant) -> None:
    text = '@router.get("/livez")\nasync def livez() -> None: ...\n'

    assert plant(guarded_endpoints.RULE, "src/bodhi/control/health.py", text) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/bodhi/utils.py", ""),
        ("src/bodhi/common/keys.py", ""),
        ("src/bodhi/a.py", "class KeyManager: ..."),
        ("src/bodhi/a.py", "def process_call(): ..."),
        ("src/bodhi/a.py", "def call(vendor): ..."),
        ("src/bodhi/a.py", "async def _handle(): ..."),
        ("src/bodhi/a.py", "class Call:\n    user_info: str"),
        ("src/bodhi/a.py", "BACKENDS = ()"),
        ("src/bodhi/relay/a.py", "def call(target_url): ..."),
    ],
)
def test_a_word_that_the_vocabulary_leaves_out_is_found(plant: Plant, path: str, line: str) -> None:
    assert len(plant(vocabulary.RULE, path, line)) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("src/bodhi/a.py", "def call(base_url): ..."),
        ("src/bodhi/storage/data_keys.py", "def new_data_key(): ..."),
        ("src/bodhi/a.py", "class Front:\n    def data_received(self, data: bytes): ..."),
        ("src/bodhi/proxy/handler.py", "class Call: ..."),
        ("src/bodhi/server/a.py", "def check_target(target): ..."),
        ("src/bodhi/a.py", "class Event:\n    data: bytes"),
        ("src/bodhi/a.py", "database = 1"),
        ("src/bodhi/a.py", "def start():\n    info = 1"),
    ],
)
def test_the_products_own_words_pass(plant: Plant, path: str, line: str) -> None:
    assert plant(vocabulary.RULE, path, line) == []


@pytest.mark.parametrize(
    ("path", "line"),
    [("docs/a.md", "cd /root/bodhi"), ("src/bodhi/a.py", 'HOME = "/home/kim/.bodhi"'), ("Makefile", "x: /Users/kim/y")],
)
def test_a_path_of_one_machine_is_found(plant: Plant, path: str, line: str) -> None:
    assert len(plant(machine_paths.RULE, path, line)) == 1


@pytest.mark.parametrize("line", ["https://example.com/root/x", "/home/you/.bodhi", "~/.bodhi", "tests/work/a.py"])
def test_paths_that_are_no_ones_pass(plant: Plant, line: str) -> None:
    assert plant(machine_paths.RULE, "docs/a.md", line) == []


@pytest.mark.parametrize(
    ("comment", "count"),
    [("", 1), ("  # lint: runs-code", 1), ("  # lint: word a reason", 1), ("  # lint: runs-code starts migrations", 0)],
)
def test_an_exception_needs_its_code_and_a_reason(plant: Plant, comment: str, count: int) -> None:
    assert len(plant(no_eval.RULE, "src/bodhi/a.py", f"import subprocess{comment}\n")) == count
