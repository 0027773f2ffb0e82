"""`bodhi backup`, as an operator calls it."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.cli.test_keys import damage
from tests.fakes.upstream import UpstreamThread


def test_a_backup_tells_where_it_is_and_which_root_key_it_needs(
    cli: Cli, provider: UpstreamThread, tmp_path: Path
) -> None:
    cli.add("one", provider.base_url("openai"), "--model", "ok")
    root_key_id = cli("keys", "status", "--json").json[0]["root_key_id"]
    made = cli("backup", str(tmp_path / "first"))
    assert (made.status, made.err) == (0, "")
    assert root_key_id in made.out
    assert "1 sealed key(s)" in made.out
    told = cli("backup", str(tmp_path / "second"), "--json").json
    assert (told["root_key_id"], told["opened"]) == (root_key_id, 1)
    assert told["folder"] == str(tmp_path / "second")
    assert json.loads((tmp_path / "second" / "backup.json").read_text())["root_key_id"] == root_key_id
    assert (cli.home / "root.key").read_text().strip() not in made.out


def test_what_does_not_open_is_said(cli: Cli, provider: UpstreamThread, tmp_path: Path) -> None:
    first = cli.add("one", provider.base_url("openai"), "--model", "ok")
    cli.add("two", provider.base_url("openai"), "--model", "ok", "--prefix", "two/")
    damage(cli, first["id"])
    made = cli("backup", str(tmp_path / "backup"))
    assert made.status == 0
    assert "1 did not open" in made.out


def test_a_refused_backup_fails_so_that_a_timer_notices(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    refused = cli("backup", str(tmp_path / "full"))
    assert (refused.status, refused.out) == (1, "")
    assert "is there already" in refused.err


def test_a_home_without_databases_is_not_made_into_one(new_cli: Cli, tmp_path: Path) -> None:
    refused = new_cli("backup", str(tmp_path / "backup"))
    assert refused.status == 1
    assert "nothing to back up" in refused.err
    assert not new_cli.home.exists()


def test_postgresql_is_left_to_its_own_tool_and_no_password_is_told(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BODHI_DATABASE_URL", "postgresql://bodhi:hunter2@db.example/bodhi")
    refused = cli("backup", str(tmp_path / "backup"))
    assert refused.status == 1
    assert f"pg_dump --format=custom --file={tmp_path / 'backup'}.dump" in refused.err
    assert "--dbname=postgresql://bodhi@db.example/bodhi" in refused.err
    assert "hunter2" not in refused.out + refused.err
