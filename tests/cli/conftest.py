"""The command line as a person calls it: in this process, on a home folder of the test's own."""

import contextlib
import io
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bodhi.cli.main import command, run
from tests.fakes.upstream import UpstreamThread

PASSWORD = "correct zebra stapler"
KEY = "sk-canary-0123456789abcdef"


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Cli:
    """Runs commands on one home folder, and sees to it that none shows a secret that it was given."""

    home: Path

    def __call__(self, *arguments: str, stdin: str | bytes = "") -> Outcome:
        given = stdin if isinstance(stdin, bytes) else stdin.encode()
        streams = io.TextIOWrapper(io.BytesIO(given), "utf-8"), io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "argv", ["bodhi", *arguments])
            patched.setattr(sys, "stdin", streams[0])
            patched.setenv("BODHI_HOME", str(self.home))
            with contextlib.redirect_stdout(streams[1]), contextlib.redirect_stderr(streams[2]):
                status = _status()
        outcome = Outcome(status, streams[1].getvalue(), streams[2].getvalue())
        for secret in (PASSWORD, KEY):
            assert secret not in outcome.out + outcome.err
        assert "Traceback" not in outcome.err
        return outcome

    def add(self, name: str, base_url: str, *arguments: str, format_name: str = "openai", key: str | None = KEY) -> Any:
        """Add an api model and return what is told of it."""
        credential = "--no-key" if key is None else "--api-key-stdin"
        outcome = self(
            "api-model", "add", "--name", name, "--format", format_name, "--base-url", base_url,
            "--allow-private-network", credential, "--json", *arguments, stdin=f"{key or ''}\n",
        )  # fmt: skip
        assert outcome.status == 0, outcome.err
        return outcome.json


def _status() -> int:
    try:
        return run(command(sys.argv[1:]))
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else 0 if left.code is None else 1


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home folder with an Admin, to be copied and never used."""
    home = tmp_path_factory.mktemp("made") / "home"
    assert Cli(home)("setup", "--username", "ada", "--password-stdin", stdin=PASSWORD + "\n").status == 0
    return home


@pytest.fixture
def cli(made_home: Path, tmp_path: Path) -> Cli:
    """Give the command line on a home folder with an Admin."""
    shutil.copytree(made_home, tmp_path / "home")
    return Cli(tmp_path / "home")


@pytest.fixture
def new_cli(tmp_path: Path) -> Cli:
    """Give the command line on a home folder that does not exist yet."""
    return Cli(tmp_path / "new")


@pytest.fixture(scope="session")
def provider() -> Iterator[UpstreamThread]:
    """Give one fake provider."""
    with UpstreamThread() as upstream:
        yield upstream
