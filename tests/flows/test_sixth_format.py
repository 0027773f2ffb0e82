"""A format of one file and one line in the registry works from the form's list to the usage record."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bodhi.formats.registry import FORMATS
from tests.fakes.gateway import Gateway
from tests.fakes.puppet import Puppet, write_reply
from tests.fakes.raw_client import RawAnswer, ask
from tests.formats import toy

KEY = "toy-key-1"
USAGE = b'{"said":"hello","usage":{"prompt_tokens":7,"completion_tokens":3}}'


@dataclass
class Bench:
    """A gateway that knows six formats, and a provider of the sixth."""

    gateway: Gateway
    puppet: Puppet

    def ask(self, method: bytes, target: bytes, body: bytes | None = None, *more: tuple[bytes, bytes]) -> RawAnswer:
        token = self.gateway.mint(scope="power_user").encode()
        headers = [(b"authorization", b"Bearer " + token), (b"content-type", b"application/json"), *more]
        return ask(self.gateway.port, method, target, headers, body)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Bench]:
    formats = (*FORMATS, toy.FORMAT)
    with Puppet() as puppet, Gateway(tmp_path_factory.mktemp("home"), formats=formats, lane=has_lane) as gateway:
        puppet.reply = write_reply(200, [(b"content-type", b"application/json")], [USAGE])
        gateway.add_api_model(
            "toy", f"{puppet.url}/v1", key=KEY, prefix="t/", models=("talker",), extra_body={"max_words": 9}
        )
        yield Bench(gateway, puppet)


def test_its_endpoint_is_served_with_key_prefix_and_extra_body(bench: Bench) -> None:
    answer = bench.ask(b"POST", b"/v1/say", b'{ "model":"t/talker","say":"Hi"}')

    sent = bench.puppet.last
    assert (answer.status, answer.body) == (200, USAGE)
    assert sent.target == b"/v1/say"
    assert sent.all(b"x-api-key") == [KEY.encode()]
    assert sent.all(b"authorization") == []
    assert json.loads(sent.body) == {"model": "talker", "say": "Hi", "max_words": 9}


def test_its_usage_is_recorded(bench: Bench) -> None:
    bench.ask(b"POST", b"/toy/v1/say", b'{"model":"t/talker"}')

    record = bench.gateway.records()[-1]
    assert (record.endpoint, record.status, record.model_asked, record.model_sent) == (
        "toy.say",
        200,
        "t/talker",
        "talker",
    )
    assert (record.input_tokens, record.output_tokens) == (7, 3)


@pytest.mark.parametrize("marked", [True, False], ids=["header", "mount"])
def test_its_models_are_listed(bench: Bench, marked: bool) -> None:
    more = [(b"toy-version", b"1")] if marked else []

    listed = bench.ask(b"GET", b"/v1/models" if marked else b"/toy/v1/models", None, *more)

    assert [entry["id"] for entry in json.loads(listed.body)["data"]] == ["t/talker"]
    assert json.loads(bench.ask(b"GET", b"/openai/v1/models").body)["data"] == []


def test_its_errors_are_its_own(bench: Bench) -> None:
    refused = bench.ask(b"POST", b"/v1/say", b'{"model":"t/talkre"}')

    assert refused.status == 404
    assert set(json.loads(refused.body)["error"]) == {"message", "id"}
    assert "t/talker" in json.loads(refused.body)["error"]["message"]


def test_a_model_of_another_format_is_told_its_endpoint(bench: Bench) -> None:
    refused = bench.ask(b"POST", b"/v1/chat/completions", b'{"model":"t/talker","messages":[]}')

    assert refused.header(b"x-bodhi-error") == b"model_format_mismatch"
    assert b"POST /v1/say" in refused.body


def test_the_control_api_lists_it_creates_it_and_tests_it(bench: Bench) -> None:
    listed = json.loads(bench.ask(b"GET", b"/bodhi/v1/formats").body)
    fields = {"name": "Toy", "format": "toy", "base_url": f"{bench.puppet.url}/v1", "api_key": KEY, "models": ["second"],
              "allow_private_network": True}  # fmt: skip
    made = bench.ask(b"POST", b"/bodhi/v1/api-models", json.dumps(fields).encode())
    place = b"/bodhi/v1/api-models/" + json.loads(made.body)["id"].encode()
    tested = json.loads(bench.ask(b"POST", place + b"/test-connection", b"{}").body)

    assert ("toy", "Toy") in [(each.get("name", each.get("id")), each["label"]) for each in listed["data"]]
    assert made.status == 201
    assert (tested["ok"], tested["message"]) == (True, "Connection works")
    assert json.loads(bench.puppet.last.body) == {"model": "second", "say": "Hi", "max_words": 1}
