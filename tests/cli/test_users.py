"""People on the command line: the same rules as over HTTP, and links on standard output alone."""

import json
import sqlite3
from typing import Any

import pytest

from tests.cli.conftest import PASSWORD, Cli


def acts(cli: Cli) -> list[dict[str, Any]]:
    """Return what the audit trail holds."""
    with sqlite3.connect(cli.home / "bodhi.db") as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute("SELECT * FROM audit_log ORDER BY seq")]


def add(cli: Cli, name: str, role: str) -> None:
    """Put a person into the store, as if they had accepted an invite."""
    with sqlite3.connect(cli.home / "bodhi.db") as connection:
        connection.execute(
            "INSERT INTO users (id, name, name_key, role, disabled, created_at) VALUES (?, ?, ?, ?, 0, 1.0)",
            (f"id-of-{name}", name, name.casefold(), role),
        )


def test_people_are_listed(cli: Cli) -> None:
    add(cli, "bob", "user")
    listed = cli("user", "list", "--json").json
    assert [(each["name"], each["role"], each["has_password"]) for each in listed] == [
        ("bob", "user", False), ("ada", "admin", True),
    ]  # fmt: skip
    table = cli("user", "list").out
    assert "not at all" in table
    assert "password" in table


def test_a_home_without_people_says_what_to_do(new_cli: Cli) -> None:
    assert "bodhi setup" in new_cli("user", "list").out


def test_one_person_is_shown_by_name_or_id(cli: Cli) -> None:
    cli("token", "create", "--name", "laptop")
    shown = cli("user", "show", "ADA", "--json").json
    assert (shown["name"], shown["live_tokens"], shown["live_sessions"]) == ("ada", 1, 0)
    assert cli("user", "show", shown["id"], "--json").json == shown
    assert "live_tokens" in cli("user", "show", "ada").out


def test_an_invite_is_one_line_on_standard_output(cli: Cli) -> None:
    made = cli("user", "invite", "--role", "manager", "--note", "for Bob", "--days", "2")
    assert made.status == 0
    url, _, code = made.out.strip().partition("#")
    assert (url, code.startswith("bodhi_x_")) == ("http://localhost:1135/ui/invite/", True)
    assert "shown once" in made.err
    assert code not in made.err
    row = acts(cli)[-1]
    assert (row["action"], row["via"], json.loads(row["after"])["role"]) == ("invite.create", "host", "manager")
    assert code not in str(row)
    assert set(cli("user", "invite", "--json").json) == {"id", "link", "expires_at"}


def test_the_public_url_stands_in_links(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODHI_PUBLIC_URL", "https://bodhi.example.org/")
    assert cli("user", "invite").out.startswith("https://bodhi.example.org/ui/invite/#bodhi_x_")
    link = cli("user", "reset-password", "ada", "--json").json["link"]
    assert link.startswith("https://bodhi.example.org/ui/password-reset/#bodhi_x_")


def test_a_role_changes_and_the_trail_tells(cli: Cli) -> None:
    add(cli, "bob", "user")
    changed = cli("user", "set-role", "bob", "admin", "--json")
    assert (changed.status, changed.json["role"]) == (0, "admin")
    row = acts(cli)[-1]
    assert (row["action"], row["via"], row["subject_name"]) == ("user.change", "host", "bob")
    assert json.loads(row["before"]) == {"role": "user"}
    assert json.loads(row["after"]) == {"role": "admin", "sessions_ended": 0}
    assert "role manager" in cli("user", "set-role", "ada", "manager").out


def test_a_person_is_disabled_enabled_and_removed(cli: Cli) -> None:
    add(cli, "bob", "user")
    assert cli("user", "disable", "bob").out == "bob is disabled.\n"
    assert "disabled" in cli("user", "list").out
    assert cli("user", "enable", "bob", "--json").json["disabled"] is False
    assert cli("user", "delete", "bob").out == "Removed bob (id-of-bob).\n"
    add(cli, "eve", "user")
    assert cli("user", "delete", "eve", "--json").json == {"id": "id-of-eve", "removed": True}
    assert [each["name"] for each in cli("user", "list", "--json").json] == ["ada"]
    assert acts(cli)[-1]["action"] == "user.delete"


@pytest.mark.parametrize("command", [["set-role", "ada", "manager"], ["disable", "ada"], ["delete", "ada"]])
def test_the_last_admin_stays(cli: Cli, command: list[str]) -> None:
    before = len(acts(cli))
    refused = cli("user", *command)
    assert (refused.status, refused.out) == (1, "")
    assert "without an Admin" in refused.err
    assert len(acts(cli)) == before
    assert cli("user", "show", "ada", "--json").json["role"] == "admin"


def test_a_password_is_set_from_standard_input(cli: Cli) -> None:
    done = cli("user", "reset-password", "ada", "--password-stdin", stdin=PASSWORD + " 2\n")
    assert (done.status, done.err) == (0, "")
    assert "new password" in done.out
    assert acts(cli)[-1]["action"] == "user.password"
    again = cli("user", "reset-password", "ada", "--password-stdin", "--json", stdin=PASSWORD + "\n")
    assert again.json["password_set"] is True
    weak = cli("user", "reset-password", "ada", "--password-stdin", stdin="password\n")
    assert (weak.status, "Choose another" in weak.err) == (1, True)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["show", "nobody"], "no person 'nobody'"),
        (["delete", "nobody"], "no person 'nobody'"),
        (["reset-password", "nobody"], "no person 'nobody'"),
        (["set-role", "ada", "root"], "role must be one of"),
        (["invite", "--role", "guest"], "role must be one of"),
        (["invite", "--days", "31"], "1 to 30 days"),
        (["invite", "--note", "x" * 501], "at most 500"),
    ],
)
def test_what_cannot_be_says_why(cli: Cli, command: list[str], told: str) -> None:
    refused = cli("user", *command)
    assert (refused.status, refused.out) == (1, "")
    assert told in refused.err
