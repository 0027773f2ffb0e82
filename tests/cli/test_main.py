import re
import subprocess
import sys

import click
import pytest

from bodhi import __version__
from bodhi.cli.commands import app
from bodhi.cli.main import run
from tests.cli.conftest import Cli

COMMANDS = ["serve", "setup", "token", "api-model", "keys", "check", "openapi", "version"]


def test_the_version_is_printed(new_cli: Cli) -> None:
    assert new_cli("version").out == f"{__version__}\n"


def test_the_module_is_the_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bodhi", "version"], capture_output=True, text=True, timeout=30, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, f"{__version__}\n", "")


def test_help_names_every_command_and_its_status_is_0(new_cli: Cli) -> None:
    told = new_cli("--help")

    assert told.status == 0
    assert all(command in told.out for command in COMMANDS)


def test_help_lists_commands_in_the_order_of_their_use_and_says_all_of_each(new_cli: Cli) -> None:
    listed = new_cli("--help").out.partition("Commands:\n")[2]
    whole = " ".join(listed.split())

    assert re.findall(r"^  ([a-z-]+)", listed, re.MULTILINE) == list(app.commands)
    assert next(iter(app.commands)) == "serve"
    assert [name for name, each in app.commands.items() if f"{name} {each.help}" not in whole] == []


@pytest.mark.parametrize("command", [["token", "create"], ["api-model", "add"], ["serve"], ["keys", "rotate"]])
def test_each_command_explains_itself(new_cli: Cli, command: list[str]) -> None:
    assert new_cli(*command, "-h").status == 0


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["token", "create"], ["token", "create", "--name"], ["serve", "--port", "x"], ["check", "--nope"]],
)
def test_a_command_that_cannot_be_read_is_a_failure_on_standard_error(new_cli: Cli, arguments: list[str]) -> None:
    refused = new_cli(*arguments)

    assert (refused.status, refused.out) == (2, "")
    assert refused.err
    assert not new_cli.home.exists()


def test_an_error_is_one_message_with_the_field_it_is_about(cli: Cli) -> None:
    refused = cli("token", "create", "--name", "x", "--owner", "nobody")

    assert refused.err == "bodhi: There is no user 'nobody'. (owner)\n"


@pytest.mark.parametrize(
    ("raised", "status", "told"),
    [
        (KeyboardInterrupt(), 130, ""),
        (click.Abort(), 1, "Aborted."),
        (EOFError(), 1, "Aborted."),
        (click.exceptions.Exit(7), 7, ""),
        (click.UsageError("No."), 2, "Error: No."),
    ],
    ids=repr,
)
def test_however_a_command_ends_its_status_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised: BaseException, status: int, told: str
) -> None:
    @click.command
    def ends() -> None:
        raise raised

    monkeypatch.setattr(sys, "argv", ["bodhi"])

    assert run(ends) == status
    assert capsys.readouterr().err.strip().rpartition("\n")[2] == told


def test_a_reader_that_goes_away_is_no_reason_for_words() -> None:
    told = [sys.executable, "-m", "bodhi", "openapi"]
    with subprocess.Popen(told, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()

    assert (process.returncode, err) == (1, b"")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("BODHI_ENCRYPTION_KEY", "canary"),
        ("BODHI_DATABASE_URL", "canary"),
        ("BODHI_DATABASE_URL", "mysql://user:canary@host/x"),
        ("BODHI_DATABASE_URL", "postgresql://user:canary@127.0.0.1:1/x"),
    ],
)
def test_a_secret_that_is_wrong_is_not_repeated(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.setenv(name, text)
    refused = cli("check")

    assert refused.status > 0
    assert refused.out == ""
    assert "canary" not in refused.err


def test_a_setting_that_cannot_be_read_stops_every_command(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODHI_PORT", "http")
    refused = cli("token", "list")

    assert (refused.status, refused.out) == (2, "")
    assert refused.err.startswith("bodhi: BODHI_PORT: 'http' cannot be read")


PROCESS = """
import gc, sys
from bodhi.__main__ import GC_OBJECTS, main
sys.argv = ["bodhi", "version"]
try:
    main()
except SystemExit:
    pass
assert gc.isenabled()
assert gc.get_threshold()[0] == GC_OBJECTS
assert gc.get_freeze_count() > 10_000
"""


def test_the_collector_of_a_process_of_its_own_looks_seldom_and_not_at_what_is_loaded() -> None:
    ran = subprocess.run([sys.executable, "-c", PROCESS], capture_output=True, text=True, timeout=30, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")


GUEST = """
import gc, sys
before = gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()
from bodhi.cli.main import command, run
sys.argv = ["bodhi", "version"]
try:
    run(command(sys.argv[1:]))
except SystemExit:
    pass
assert (gc.isenabled(), gc.get_threshold(), gc.get_freeze_count()) == before
"""


def test_the_collector_of_somebody_elses_process_is_left_alone() -> None:
    ran = subprocess.run([sys.executable, "-c", GUEST], capture_output=True, text=True, timeout=30, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
