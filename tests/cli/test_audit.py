"""`bodhi audit`."""

import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bodhi.accounting.audit_heads import FILE
from tests.cli.conftest import Cli, Outcome


@pytest.fixture
def acting(cli: Cli) -> Cli:
    """Give a home whose trail has an api model and a token in it."""
    cli.add("one", "https://example.org/v1", "--model", "ok")
    assert cli("token", "create", "--name", "=laptop").status == 0
    return cli


def head_of(cli: Cli) -> str:
    told = cli("audit", "head")
    assert (told.status, told.out.count("\n")) == (0, 1)
    return told.out


def change(cli: Cli, *statements: str) -> None:
    with sqlite3.connect(cli.home / "bodhi.db") as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def roll_back(cli: Cli, left: int) -> None:
    change(
        cli,
        f"DELETE FROM audit_log WHERE seq > {left}",
        f"UPDATE audit_head SET seq = {left}, mac = (SELECT mac FROM audit_log WHERE seq = {left})",
    )


def rows(told: Outcome) -> list[dict[str, Any]]:
    assert told.status == 0, told.err
    return [json.loads(line) for line in told.out.splitlines()]


def test_acts_of_the_host_are_listed_newest_first(acting: Cli) -> None:
    told = acting("audit", "list", "--json").json
    assert [row["action"] for row in told[:2]] == ["token.create", "api_model.create"]
    assert {row["via"] for row in told[:2]} == {"host"}
    assert told[1]["after"]["key"]["fingerprint"]
    table = acting("audit", "list", "--action", "token.").out
    assert "token.create" in table
    assert "api_model" not in table
    assert "no such rows" in acting("audit", "list", "--until", "1999-01-01").out
    assert acting("audit", "list", "--action", "nothing").status == 1


def test_the_export_is_told_and_no_cell_is_a_formula(acting: Cli) -> None:
    told = rows(acting("audit", "export"))
    assert [row["seq"] for row in told] == list(range(1, len(told) + 1))
    assert told[-1]["action"] == "audit.export"
    sheet = acting("audit", "export", "--format", "csv", "--action", "token.create").out
    (row,) = csv.DictReader(io.StringIO(sheet, newline=""))
    assert row["subject_name"] == "'=laptop"
    assert acting("audit", "export", "--since", "soon").status == 1


def test_an_untouched_trail_verifies_with_its_heads(acting: Cli, tmp_path: Path) -> None:
    head = head_of(acting)
    (acting.home / FILE).write_text(head)
    other = tmp_path / "heads"
    other.write_text(head.rstrip("\n"))
    acting("token", "create", "--name", "later")
    told = acting("audit", "verify")
    assert (told.status, told.err) == (0, "")
    assert "The audit trail is as it was written." in told.out
    assert "Heads checked: 1," in told.out
    for given in (
        acting("audit", "verify", "--head", str(other)),
        acting("audit", "verify", "--head", "-", stdin=head),
    ):
        assert given.status == 0
    document = acting("audit", "verify", "--json").json
    assert document["ok"]
    assert document["rows"] == document["last"] == json.loads(head)["seq"] + 1


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE audit_log SET user_name = 'somebody else' WHERE seq = 2", "row 2: the row is not as it was written"),
        ("DELETE FROM audit_log WHERE seq = 2", "row 2: the row is missing"),
        ("DELETE FROM audit_log WHERE seq > 2", "row 3: the row is missing"),
    ],
)
def test_a_trail_that_somebody_changed_is_told_by_row_and_status(acting: Cli, statement: str, words: str) -> None:
    change(acting, statement)
    told = acting("audit", "verify")
    assert told.status == 1
    assert words in told.err
    document = acting("audit", "verify", "--json")
    assert (document.status, document.json["ok"], document.json["broken_at"]) == (1, False, int(words[4]))


def test_a_database_that_was_rolled_back_is_told_by_a_head_kept_elsewhere(acting: Cli, tmp_path: Path) -> None:
    head = head_of(acting)
    roll_back(acting, 2)
    assert acting("audit", "verify").status == 0
    given = acting("audit", "verify", "--head", "-", stdin=head)
    assert given.status == 1
    assert "row 3: the row is missing: a head kept elsewhere" in given.err
    (acting.home / FILE).write_text(head)
    assert acting("audit", "verify").status == 1


@pytest.mark.parametrize("line", ["[]\n", "nonsense\n", '{"deployment":"x"}\n'])
def test_a_file_of_heads_that_somebody_changed_is_told(acting: Cli, line: str) -> None:
    (acting.home / FILE).write_text(head_of(acting) + line)
    told = acting("audit", "verify")
    assert told.status == 1
    assert "1 line(s) of the heads are no heads" in told.err
    assert acting("audit", "verify", "--json").json["lines_that_are_no_heads"] == 1


def test_a_line_that_a_crash_cut_short_is_no_tampering(acting: Cli) -> None:
    (acting.home / FILE).write_text(head_of(acting) + '{"deploy')
    assert acting("audit", "verify").status == 0


def test_a_file_that_holds_no_heads_is_an_error(acting: Cli, tmp_path: Path) -> None:
    (tmp_path / "heads").write_text("")
    for given in (tmp_path / "heads", tmp_path / "missing", tmp_path):
        told = acting("audit", "verify", "--head", str(given))
        assert told.status == 1
        assert "(head)" in told.err


def test_a_head_that_was_changed_proves_nothing(acting: Cli) -> None:
    forged = {**json.loads(head_of(acting)), "seq": 1}
    told = acting("audit", "verify", "--head", "-", stdin=json.dumps(forged))
    assert told.status == 1
    assert "was changed, or not signed" in told.err
