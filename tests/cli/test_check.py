import sqlite3

from tests.cli.conftest import Cli

URL = "https://api.example.com/v1"


def sql(cli: Cli, statement: str) -> None:
    connection = sqlite3.connect(cli.home / "bodhi.db")
    with connection:
        connection.execute(statement)
    connection.close()


def test_all_is_well(cli: Cli) -> None:
    cli.add("sealed", URL, "--model", "m")
    cli.add("open", URL, "--model", "m", key=None, format_name="anthropic")
    checked = cli("check", "--json")

    assert (checked.status, checked.err) == (0, "")
    assert all(finding["ok"] for finding in checked.json)
    details = {finding["subject"]: finding["detail"] for finding in checked.json}
    assert details["database"] == "ok"
    assert details["api model sealed"] == "key opens"
    assert details["api model open"] == "needs no key"


def test_a_damaged_key_fails_the_check_and_is_named(cli: Cli) -> None:
    cli.add("hurt", URL, "--model", "m")
    cli.add("sound", URL, "--model", "m", format_name="anthropic")
    sql(cli, "UPDATE api_models SET sealed_key = 'v1.nonsense' WHERE name = 'hurt'")
    checked, table = cli("check", "--json"), cli("check")

    assert checked.status == table.status == 1
    assert [finding["subject"] for finding in checked.json if not finding["ok"]] == ["api model hurt"]
    assert "1 of 7 checks failed" in checked.err
    assert "FAIL" in table.out
    assert "enter it again" in table.out


def test_a_key_moved_to_another_origin_fails_the_check(cli: Cli) -> None:
    cli.add("moved", URL, "--model", "m")
    sql(cli, "UPDATE api_models SET base_url = 'https://evil.example/v1'")

    assert cli("check").status == 1


def test_a_format_that_is_unknown_fails_the_check(cli: Cli) -> None:
    cli.add("odd", URL, "--model", "m")
    sql(cli, "UPDATE api_models SET format = 'none'")

    assert "not an API format" in cli("check").out


def test_a_home_without_an_admin_is_not_ready(new_cli: Cli) -> None:
    checked = new_cli("check")

    assert checked.status == 1
    assert "bodhi setup" in checked.out


def test_a_setting_that_cannot_be_read_is_named(cli: Cli) -> None:
    (cli.home / "root.key").chmod(0o644)
    checked = cli("check")

    assert (checked.status, checked.out) == (3, "")
    assert "chmod 600" in checked.err


def test_an_end_of_the_trail_that_does_not_fit_fails_the_check(cli: Cli) -> None:
    assert any("ends at row" in finding["detail"] for finding in cli("check", "--json").json)
    sql(cli, "UPDATE audit_head SET seq = seq + 1")
    refused = cli("check", "--json")
    assert refused.status == 1
    assert [finding["subject"] for finding in refused.json if not finding["ok"]] == ["audit trail"]


def test_a_trail_without_a_head_fails_the_check(cli: Cli) -> None:
    sql(cli, "DELETE FROM audit_head")
    assert "its head is missing" in cli("check").out
