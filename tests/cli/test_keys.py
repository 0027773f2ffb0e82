import base64
import os
import sqlite3

import pytest

from tests.cli.conftest import Cli
from tests.fakes.upstream import UpstreamThread


def test_the_status_tells_ids_and_states_and_no_key(cli: Cli, provider: UpstreamThread) -> None:
    cli.add("one", provider.base_url("openai"), "--model", "ok")
    root_key = (cli.home / "root.key").read_text().strip()
    told = cli("keys", "status", "--json")
    table = cli("keys", "status").out

    assert {(key["purpose"], key["state"]) for key in told.json} == {("seal", "active"), ("derive", "active")}
    assert {key["rows"] for key in told.json if key["purpose"] == "seal"} == {1}
    assert told.json[0]["id"] in table
    assert root_key not in told.out + table


@pytest.mark.parametrize("what", [["--data"], ["--root"], ["--data", "--root"], ["--data", "--grace", "0"]])
def test_api_models_and_tokens_still_work_after_a_rotation(cli: Cli, provider: UpstreamThread, what: list[str]) -> None:
    cli.add("one", provider.base_url("openai"), "--model", "ok")
    before = cli("keys", "status", "--json").json
    rotated = cli("keys", "rotate", *what, "--json")
    after = cli("keys", "status", "--json").json

    assert (rotated.status, rotated.err) == (0, "")
    assert cli("api-model", "test", "one").status == 0
    assert cli("check").status == 0
    if "--data" in what:
        assert (rotated.json["resealed"], rotated.json["unopened"]) == (1, 0)
        assert {key["id"] for key in after} > {key["id"] for key in before}
    if "--root" in what:
        assert {key["root_key_id"] for key in after} == {rotated.json["root_key"]}
        assert rotated.json["root_key"] != before[0]["root_key_id"]
        assert (cli.home / "root.key").stat().st_mode & 0o777 == 0o600


def test_people_are_told_to_back_the_root_key_up(cli: Cli) -> None:
    out = cli("keys", "rotate", "--root", "--data").out

    assert "Back it up" in out
    assert "0 provider key(s), 0 capture(s) and 0 chat(s) and message(s) sealed anew" in out


def test_a_key_that_cannot_be_opened_is_counted_and_left_alone(cli: Cli, provider: UpstreamThread) -> None:
    damage(cli, cli.add("one", provider.base_url("openai"), "--model", "ok")["id"])

    assert cli("keys", "rotate", "--data", "--json").json["unopened"] == 1


def test_what_to_rotate_must_be_said(cli: Cli) -> None:
    refused = cli("keys", "rotate")

    assert (refused.status, refused.out) == (1, "")
    assert "--data" in refused.err


def test_a_root_key_from_elsewhere_is_not_rewritten(new_cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODHI_ENCRYPTION_KEY", base64.b64encode(os.urandom(32)).decode())
    refused = new_cli("keys", "rotate", "--root")

    assert refused.status == 1
    assert "BODHI_ENCRYPTION_KEY" in refused.err
    assert not (new_cli.home / "root.key").exists()


def damage(cli: Cli, api_model_id: str) -> None:
    with sqlite3.connect(cli.home / "bodhi.db") as connection:
        connection.execute(
            "UPDATE api_models SET sealed_key = substr(sealed_key, 1, length(sealed_key) - 4) || 'AAAA' WHERE id = ?",
            (api_model_id,),
        )
    connection.close()
