import re

import pytest

from bodhi.identity.tokens import looks_like_token
from tests.cli.conftest import Cli


def test_a_token_is_shown_once(cli: Cli) -> None:
    made = cli("token", "create", "--name", "laptop", "--json")
    listed = cli("token", "list", "--json")

    assert (made.status, made.err) == (0, "")
    assert looks_like_token(made.json["token"].encode())
    assert made.json["token"] not in listed.out
    assert [{"token": made.json["token"], **each} for each in listed.json] == [made.json]


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
    assert "no live token" in second.err
    assert cli("token", "list", "--json").json[0]["revoked_at"]


def test_the_list_is_a_table_for_people(cli: Cli) -> None:
    empty = cli("token", "list")
    token_id = cli("token", "create", "--name", "[red]x", "--json").json["id"]
    cli("token", "revoke", token_id)
    table = cli("token", "list").out

    assert "no API tokens yet" in empty.out
    assert re.search(rf"{token_id} +\[red\]x +ada +user +all +\d{{4}}-\d\d-\d\d +revoked", table)
