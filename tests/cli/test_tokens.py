import contextlib
import re
import sqlite3

import pytest

from bodhi.identity.tokens import KINDS, looks_like_token, new_token
from tests.cli.conftest import Cli


def test_a_token_is_shown_once(cli: Cli) -> None:
    made = cli("token", "create", "--name", "laptop", "--json")
    listed = cli("token", "list", "--json")

    assert (made.status, made.err) == (0, "")
    assert looks_like_token(made.json["token"].encode())
    assert made.json["token"] not in listed.out
    assert [{"token": made.json["token"], **each} for each in listed.json] == [made.json]
    assert made.json["state"] == "active"


def test_people_get_the_token_alone_on_standard_output(cli: Cli) -> None:
    made = cli("token", "create", "--name", "laptop")

    assert looks_like_token(made.out.strip().encode())
    assert "shown once" in made.err
    assert made.out.strip() not in made.err


def test_a_token_is_as_wide_as_was_asked_for(cli: Cli) -> None:
    arguments = ["--scope", "power_user", "--model", "gpt-*", "--model", "claude-?", "--expires", "1", "--owner", "ADA"]
    made = cli("token", "create", "--name", "ci", "--json", *arguments).json

    assert (made["name"], made["owner"], made["scope"]) == ("ci", "ada", "power_user")
    assert made["allowed_models"] == ["gpt-*", "claude-?"]
    assert made["expires_at"] > made["created_at"]


def test_a_token_of_an_admin_may_last_for_ever(cli: Cli) -> None:
    made = cli("token", "create", "--name", "ci", "--expires", "0")

    assert "until it is revoked" in made.err
    assert cli("token", "list", "--json").json[0]["expires_at"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--owner", "nobody"], "no user 'nobody'"),
        (["--scope", "admin"], "scope"),
        (["--expires", "99999"], "days"),
        (["--model", ""], "allowed model"),
        (["--model", "a b"], "allowed model"),
        (["--name", " "], "name"),
    ],
)
def test_a_token_that_cannot_be_is_refused(cli: Cli, arguments: list[str], told: str) -> None:
    refused = cli("token", "create", "--name", "x", *arguments)

    assert (refused.status, refused.out) == (1, "")
    assert told in refused.err
    assert cli("token", "list", "--json").json == []


def test_without_an_admin_nobody_can_own_a_token(new_cli: Cli) -> None:
    refused = new_cli("token", "create", "--name", "x")

    assert refused.status == 1
    assert "bodhi setup" in refused.err


def test_a_token_is_revoked_once(cli: Cli) -> None:
    token_id = cli("token", "create", "--name", "x", "--json").json["id"]
    first, second = cli("token", "revoke", token_id, "--json"), cli("token", "revoke", token_id)

    assert first.json == {"id": token_id, "revoked": True}
    assert (second.status, second.out) == (1, "")
    assert "revoked before" in second.err
    assert cli("token", "list", "--json").json[0]["revoked_at"]
    for command in ("disable", "enable", "rotate", "revoke"):
        for gone in (token_id, "nothing"):
            assert (refused := cli("token", command, gone)).status == 1
            assert "no such token" in refused.err


def test_a_token_is_disabled_and_enabled(cli: Cli) -> None:
    token_id = cli("token", "create", "--name", "x", "--json").json["id"]
    assert cli("token", "disable", token_id, "--json").json == {"id": token_id, "disabled": True}
    assert [each["id"] for each in cli("token", "list", "--state", "disabled", "--json").json] == [token_id]
    assert cli("token", "list", "--state", "active", "--json").json == []
    assert "is enabled" in cli("token", "enable", token_id).out
    assert cli("token", "list", "--owner", "ada", "--json").json[0]["state"] == "active"
    assert "no user" in cli("token", "list", "--owner", "bob").err


def test_a_rotated_token_shows_its_new_secret_once(cli: Cli) -> None:
    made = cli("token", "create", "--name", "x", "--json").json
    rotated = cli("token", "rotate", made["id"], "--json").json
    people = cli("token", "rotate", made["id"], "--overlap", "0")
    listed = cli("token", "list", "--json")

    assert rotated["id"] == made["id"]
    assert rotated["previous_until"] > made["created_at"]
    secrets = {made["token"], rotated["token"], people.out.strip()}
    assert len(secrets) == 3
    assert all(looks_like_token(each.encode()) for each in secrets)
    assert not any(each in listed.out + people.err for each in secrets)
    assert "The one before has ended" in people.err
    assert cli("token", "rotate", made["id"], "--overlap", "604801").status != 0


def test_every_change_on_the_host_is_in_the_audit_trail(cli: Cli) -> None:
    token_id = cli("token", "create", "--name", "x", "--json").json["id"]
    for command in ("disable", "enable", "rotate", "revoke"):
        assert cli("token", command, token_id).status == 0
    with contextlib.closing(sqlite3.connect(cli.home / "bodhi.db")) as connection:
        rows = connection.execute("SELECT action, via FROM audit_log WHERE subject_id = ? ORDER BY seq", [token_id])
        acts = rows.fetchall()
    actions = ["token.create", "token.change", "token.change", "token.rotate", "token.revoke"]
    assert acts == [(action, "host") for action in actions]


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_looked_at_without_being_shown(new_cli: Cli, kind: str) -> None:
    token = new_token(kind).reveal()
    broken = token[:-1] + ("a" if token[-1] != "a" else "b")
    told, as_json = new_cli("token", "inspect", stdin=f"{token}\n"), new_cli("token", "inspect", "--json", stdin=token)
    refused = new_cli("token", "inspect", stdin=broken)

    assert told.status == 0
    assert KINDS[kind] in told.out
    assert as_json.json == {"kind": kind, "checksum_valid": True}
    assert (refused.status, refused.out) == (1, "")
    assert "checksum is wrong" in refused.err
    for outcome in (told, as_json, refused):
        assert token[:20] not in outcome.out + outcome.err
    assert not new_cli.home.exists()


@pytest.mark.parametrize("junk", ["", "sk-abc", "bodhi_u_short", "ü", b"\xff\xfe"])
def test_what_is_no_token_is_told_so_and_not_repeated(new_cli: Cli, junk: str | bytes) -> None:
    refused = new_cli("token", "inspect", stdin=junk)

    assert (refused.status, refused.out) == (1, "")
    assert "oken" in refused.err
    assert "sk-abc" not in refused.err


def test_the_list_is_a_table_for_people(cli: Cli) -> None:
    empty = cli("token", "list")
    token_id = cli("token", "create", "--name", "[red]x", "--json").json["id"]
    cli("token", "revoke", token_id)
    table = cli("token", "list").out

    assert "no API tokens yet" in empty.out
    assert re.search(rf"{token_id} +\[red\]x +ada +user +all +\d{{4}}-\d\d-\d\d +never +revoked", table)
