import json

import pytest

from tests.cli.conftest import KEY, Cli
from tests.fakes.upstream import UpstreamThread

URL = "https://api.example.com/v1"


def test_an_api_model_is_added_listed_and_removed(cli: Cli) -> None:
    made = cli.add("mine", URL, "--prefix", "p/", "--model", "a", "--model", "b")
    listed = cli("api-model", "list", "--json").json
    removed = cli("api-model", "remove", "mine", "--json")

    assert listed == [made]
    assert (made["name"], made["prefix"], made["models"], made["has_key"]) == ("mine", "p/", ["a", "b"], True)
    assert removed.json == {"id": made["id"], "removed": True}
    assert cli("api-model", "list", "--json").json == []


def test_the_base_url_is_the_formats_own_where_none_is_given(cli: Cli) -> None:
    made = cli(
        "api-model",
        "add",
        "--name",
        "c",
        "--format",
        "anthropic",
        "--model",
        "m",
        "--api-key-stdin",
        "--json",
        stdin=KEY,
    )

    assert made.json["base_url"] == "https://api.anthropic.com/v1"


def test_people_read_a_line_a_table_and_a_line(cli: Cli) -> None:
    added = cli(
        "api-model", "add", "--name", "[b]x", "--format", "openai", "--no-key", "--prefix", "p/", "--forward-all"
    )
    table = cli("api-model", "list").out
    removed = cli("api-model", "remove", "[b]x")

    assert added.out.startswith("Added [b]x (")
    assert "[b]x" in table
    assert "all with the prefix" in table
    assert removed.out.startswith("Removed [b]x (")


def test_an_empty_list_says_how_to_begin(cli: Cli) -> None:
    assert "bodhi api-model add" in cli("api-model", "list").out


def test_presets_are_taken_unless_extras_are_given(cli: Cli, provider: UpstreamThread) -> None:
    token = "sk-ant-oat01-" + KEY
    common = {"format_name": "anthropic_oauth", "key": token}
    url = provider.base_url("anthropic")
    cli.add("preset", url, "--model", "ok", **common)
    cli.add("none", url, "--prefix", "n/", "--model", "ok", "--extra-headers", "{}", "--extra-body", "{}", **common)
    sent = []
    for name in ("preset", "none"):
        assert cli("api-model", "test", name).status == 0
        sent.append(provider.last.header("anthropic-beta"))

    assert sent == ["oauth-2025-04-20,claude-code-20250219", "oauth-2025-04-20"]


def test_the_terms_of_a_private_format_are_told(cli: Cli) -> None:
    added = cli("api-model", "add", "--name", "c", "--format", "anthropic_oauth", "--model", "m", "--no-key")

    assert "serves nobody but you" in added.err
    assert "serves nobody" not in added.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--api-key-stdin", "--no-key", "--model", "m"], "not both"),
        (["--no-key", "--model", "m", "--extra-headers", "{"], "not JSON"),
        (["--no-key", "--model", "m", "--extra-body", "[]"], "must be a JSON object"),
        (["--no-key", "--model", "m", "--extra-body", '{"model":"x"}'], "'model' cannot be set"),
        (["--no-key", "--model", "m", "--extra-headers", '{"X-Api-Key":"x"}'], "cannot be set"),
        (["--no-key", "--model", "m", "--extra-headers", '{"X-A":1}'], "X-A"),
        (["--no-key", "--forward-all"], "needs a prefix"),
        (["--no-key"], "at least one model"),
        (["--no-key", *(word for n in range(51) for word in ("--model", f"m{n}"))], "At most 50"),
        (["--no-key", "--model", "a b"], "not a model id"),
        (["--no-key", "--model", "m", "--prefix", "a b"], "prefix"),
        (["--no-key", "--model", "m", "--base-url", "ftp://x"], "base URL"),
        (["--no-key", "--model", "m", "--base-url", "https://u:p@x/v1"], "user name"),
        (["--no-key", "--model", "m", "--format", "none"], "openai_responses"),
        (["--no-key", "--model", "m", "--name", ""], "name"),
        (["--no-key", "--model", "m", "--owner", "nobody"], "no user"),
        (["--api-key-stdin", "--model", "m"], "api key was given"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_not_stored(cli: Cli, arguments: list[str], told: str) -> None:
    given = ["--name", "x", "--format", "openai", "--base-url", URL, *arguments]
    refused = cli("api-model", "add", *given)

    assert (refused.status, refused.out) == (1, "")
    assert told in refused.err
    assert cli("api-model", "list", "--json").json == []


@pytest.mark.parametrize(
    ("format_name", "key"), [("anthropic_oauth", KEY), ("openai", "sk with blanks"), ("openai", b"\xffkey")]
)
def test_a_key_of_another_shape_is_refused_and_not_repeated(cli: Cli, format_name: str, key: str | bytes) -> None:
    given = ["--name", "x", "--format", format_name, "--base-url", URL, "--model", "m", "--api-key-stdin"]
    refused = cli("api-model", "add", *given, stdin=key)

    assert (refused.status, refused.out) == (1, "")
    assert "key" in refused.err
    assert "sk with blanks" not in refused.err


def test_a_prefix_is_taken_by_one_alone(cli: Cli) -> None:
    cli.add("first", URL, "--prefix", "p/", "--model", "m", key=None)
    refused = cli(
        "api-model", "add", "--name", "second", "--format", "openai", "--prefix", "p/", "--model", "m", "--no-key"
    )

    assert refused.status == 1
    assert "first" in refused.err


def test_a_connection_is_tested_with_the_stored_key_and_extras(cli: Cli, provider: UpstreamThread) -> None:
    body = json.dumps({"seed": 7})
    cli.add(
        "good", provider.base_url("openai"), "--model", "ok", "--extra-body", body, "--extra-headers", '{"X-Team":"t"}'
    )
    tested = cli("api-model", "test", "good", "--json")

    assert (tested.status, tested.json["ok"], tested.err) == (0, True, "")
    assert provider.last.header("authorization") == f"Bearer {KEY}"
    assert provider.last.header("x-team") == "t"
    assert provider.last.json["seed"] == 7


def test_a_failed_test_is_a_failure_that_says_why(cli: Cli, provider: UpstreamThread) -> None:
    cli.add("bad", provider.base_url("openai"), "--model", "401")
    tested = cli("api-model", "test", "bad", "--json")
    other = cli("api-model", "test", "bad", "--model", "ok")

    assert (tested.status, tested.json["ok"], tested.json["status"]) == (1, False, 401)
    assert tested.err.startswith("bodhi: ")
    assert other.status == 0


def test_a_test_without_a_selected_model_asks_for_one(cli: Cli, provider: UpstreamThread) -> None:
    cli.add("all", provider.base_url("openai"), "--prefix", "p/", "--forward-all", key=None)

    assert "--model" in cli("api-model", "test", "all").err
    assert cli("api-model", "test", "all", "--model", "ok").status == 0
    assert provider.last.header("authorization") is None


def test_a_name_that_is_unknown_or_not_unique_is_refused(cli: Cli) -> None:
    made = [cli.add("same", URL, "--prefix", prefix, "--model", "m", key=None)["id"] for prefix in ("a/", "b/")]
    ambiguous, unknown = cli("api-model", "remove", "same"), cli("api-model", "test", "none")

    assert ambiguous.status == unknown.status == 1
    assert all(each in ambiguous.err for each in made)
    assert "no api model 'none'" in unknown.err
    assert cli("api-model", "remove", made[0]).status == 0
