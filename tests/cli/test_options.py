import io
import sys
from enum import Enum
from pathlib import Path

import click
import pytest

from bodhi.cli.options import OneOf, read_secret_line, with_home
from bodhi.core.errors import InvalidField
from bodhi.home import Home
from tests.cli.conftest import Cli


async def place(home: Home) -> Path:
    return home.settings.home


def test_the_option_comes_before_the_variable(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODHI_HOME", str(tmp_path / "variable"))

    assert with_home(cli.home, place) == cli.home
    assert with_home(None, place) == tmp_path / "variable"


def test_a_tilde_is_the_persons_own_folder(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(cli.home.parent))

    assert with_home(Path("~/home"), place) == cli.home


def test_the_store_is_closed_when_the_work_fails(cli: Cli) -> None:
    async def fail(home: Home) -> None:
        raise InvalidField("no")

    with pytest.raises(InvalidField):
        with_home(cli.home, fail)
    assert cli("check").status == 0


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (b"abc\n", "abc"),
        (b"abc\r\nrest\n", "abc"),
        (b"abc", "abc"),
        ("Zoë ß\n".encode(), "Zoë ß"),
        (b" a b \n", " a b "),
    ],
)
def test_the_first_line_is_the_secret(monkeypatch: pytest.MonkeyPatch, given: bytes, read: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8"))

    assert read_secret_line("Password", from_stdin=True).reveal() == read


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
@pytest.mark.parametrize("given", [b"", b"\n", b"\xff\n"])
def test_no_line_or_no_text_is_refused(monkeypatch: pytest.MonkeyPatch, given: bytes, errors: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), "utf-8", errors))

    with pytest.raises(InvalidField):
        read_secret_line("Password", from_stdin=True)


class Colour(Enum):
    DARK_RED = "dark-red"
    BLUE = "blue"


def test_a_member_is_typed_as_its_value() -> None:
    assert OneOf(Colour).convert("dark-red", None, None) is Colour.DARK_RED
    assert OneOf(Colour).convert(Colour.BLUE, None, None) is Colour.BLUE


@pytest.mark.parametrize("typed", ["DARK_RED", "Blue", ""])
def test_what_is_no_value_is_refused_with_those_there_are(typed: str) -> None:
    with pytest.raises(click.BadParameter, match=r"is not one of 'dark-red', 'blue'\."):
        OneOf(Colour).convert(typed, None, None)
