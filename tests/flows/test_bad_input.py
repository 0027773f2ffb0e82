"""Everything malformed that a client can send gets a clear error in its own dialect, and reaches no provider."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.gateway import Gateway
from tests.fakes.puppet import Puppet
from tests.fakes.raw_client import RawAnswer, RawClient, ask
from tests.fakes.ways import ANTHROPIC, BY_DIALECT, GEMINI, OPENAI, RESPONSES, Way, way_id

MOST = 8192
IN_BODY = [way for way in BY_DIALECT if not way.model_in_path]


@dataclass
class Bench:
    """A gateway with two api models for each dialect, and a provider that should not hear of anything here."""

    gateway: Gateway
    puppet: Puppet
    home: Path

    def post(
        self, way: Way, body: bytes | None, *more: tuple[bytes, bytes], target: bytes = b"", token: str = ""
    ) -> RawAnswer:
        headers = [*way.headers(token or self.gateway.token), *more]
        return ask(self.gateway.port, b"POST", target or way.target(f"good-{way.format}"), headers, body)

    def sql(self, statement: str, *values: object) -> None:
        connection = sqlite3.connect(self.home / "bodhi.db", timeout=10)
        with connection:
            assert connection.execute(statement, values).rowcount == 1
        connection.close()
        self.gateway.do(self.gateway.server.directory.reload())


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("home")
    with Puppet() as puppet, Gateway(home, max_body_bytes=MOST, lane=has_lane) as gateway:
        for way in BY_DIALECT:
            base = f"{puppet.url}/v1"
            gateway.add_api_model(way.format, base, key=way.provider_key, models=(f"good-{way.format}", "shared-1"))
            gateway.add_api_model(way.format, base, key=way.provider_key, prefix=f"{way.format}/", forward_all=True)
        yield Bench(gateway, puppet, home)


@pytest.fixture(params=BY_DIALECT, ids=way_id)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


def refused(bench: Bench, way: Way, answer: RawAnswer, status: int, code: str) -> str:
    """Check a refusal in every respect and return its message."""
    assert (answer.status, answer.header(b"x-bodhi-error")) == (status, code.encode()), answer.body
    assert answer.complete
    assert answer.header(b"content-type") == b"application/json"
    assert answer.header(b"x-bodhi-request-id")
    assert (answer.header(b"request-id") is not None) is (way is ANTHROPIC)
    message = way.message_of(answer.body)
    assert len(message) > 10
    assert message.endswith((".", "?"))
    assert bench.puppet.requests == []
    assert bench.gateway.records()[-1].error == code
    return message


NO_JSON = {
    "empty": b"", "blank": b"  \n", "text": b"hello", "cut": b'{"model":"good', "array": b'[{"model":"x"}]', "string": b'"model"',
    "null": b"null", "number": b"1", "two": b'{"model":"a"}{"model":"b"}', "comma": b'{"model":"a",}', "quotes": b"{'model':'a'}",
    "form": b"model=a&x=1", "not UTF-8": b'\xff\xfe{"model":"a"}', "deep": b'{"a":' + b"[" * 2500, "nul": b"\x00", "bom16": '{"model":"a"}'.encode("utf-16"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_JSON)
@pytest.mark.parametrize("caller", IN_BODY, ids=way_id)
def test_what_is_no_json_object_is_refused(bench: Bench, caller: Way, name: str) -> None:
    refused(bench, caller, bench.post(caller, NO_JSON[name]), 400, "invalid_json")


MODELS = {
    "missing": (b'{"x":1}', "model_missing"),
    "only nested": (b'{"x":{"model":"shared-1"}}', "model_missing"),
    "other case": (b'{"Model":"shared-1"}', "model_missing"),
    "empty": (b'{"model":""}', "model_invalid"),
    "blank": (b'{"model":"  "}', "model_invalid"),
    "null": (b'{"model":null}', "model_invalid"),
    "number": (b'{"model":1}', "model_invalid"),
    "object": (b'{"model":{"id":"shared-1"}}', "model_invalid"),
    "array": (b'{"model":["shared-1"]}', "model_invalid"),
    "surrogate": (b'{"model":"\\ud800"}', "model_invalid"),
    "name not UTF-8": (b'{"model":"\x84"}', "model_invalid"),
    "name not UTF-8, large": (b'{"model":"\x84","x":"%b"}' % (b"y" * 5_000), "model_invalid"),
    "twice": (b'{"model":"shared-1","model":"good"}', "model_ambiguous"),
    "twice the same": (b'{"model":"shared-1","a":{},"model":"shared-1"}', "model_ambiguous"),
    "escaped": (b'{"m\\u006fdel":"shared-1"}', "model_ambiguous"),
    "plain and escaped": (b'{"model":"shared-1","\\u006dodel":"good"}', "model_ambiguous"),
    "escaped and plain": (b'{"\\u006Dodel":"good", "model":"shared-1"}', "model_ambiguous"),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("caller", IN_BODY, ids=way_id)
def test_a_model_that_is_missing_or_could_be_read_twice_is_refused(bench: Bench, caller: Way, name: str) -> None:
    body, code = MODELS[name]

    assert "model" in refused(bench, caller, bench.post(caller, body), 400, code)


@pytest.mark.parametrize("path", ["embedContent", "batchEmbedContents", "countTokens"])
@pytest.mark.parametrize(
    "body", [b'{"model":"models/other"}', b'{"model":"good-gemini","m\\u006fdel":"models/other"}', b'{"model":1}']
)
def test_gemini_bodies_must_name_the_model_of_the_path(bench: Bench, path: str, body: bytes) -> None:
    answer = bench.post(GEMINI, body, target=f"/v1beta/models/good-gemini:{path}".encode())

    refused(bench, GEMINI, answer, 400, "model_invalid" if body == b'{"model":1}' else "model_ambiguous")


def test_an_unknown_model_is_answered_with_close_names(bench: Bench, way: Way) -> None:
    model = f"god-{way.format}"

    message = refused(bench, way, bench.post(way, way.body(model), target=way.target(model)), 404, "model_not_found")

    assert model in message
    assert f"'good-{way.format}'" in message


@pytest.mark.parametrize("other", BY_DIALECT, ids=way_id)
def test_a_model_of_another_format_is_answered_with_its_endpoint(bench: Bench, way: Way, other: Way) -> None:
    if other is way:
        return
    model = f"good-{other.format}"

    message = refused(
        bench, way, bench.post(way, way.body(model), target=way.target(model)), 400, "model_format_mismatch"
    )

    assert f"POST {other.path.replace('{model}', model)}" in message


BAD_TOKENS = {
    "none": ("", "token_missing"),
    "junk": ("junk", "token_invalid"),
    "a provider's": (OPENAI.provider_key, "token_invalid"),
    "well-formed": ("bodhi_u_" + "0" * 43 + "000000", "token_invalid"),
    "not ASCII": ("caf\u00e9", "token_invalid"),
}


@pytest.mark.parametrize("name", BAD_TOKENS)
def test_a_bad_token_is_refused(bench: Bench, way: Way, name: str) -> None:
    token, code = BAD_TOKENS[name]
    shown = [way.credential(token)] if token else []

    answer = ask(bench.gateway.port, b"POST", way.target("shared-1"), shown, way.body("shared-1"))

    refused(bench, way, answer, 401, code)
    assert answer.header(b"www-authenticate")


def test_a_token_that_expired_or_was_revoked_says_so(bench: Bench, way: Way) -> None:
    for column, code in (("expires_at", "token_expired"), ("revoked_at", "token_revoked")):
        token = bench.gateway.mint()
        bench.sql(
            f"UPDATE tokens SET {column} = strftime('%s', 'now') - 1.0 WHERE rowid = (SELECT max(rowid) FROM tokens)"
        )

        refused(bench, way, bench.post(way, way.body("shared-1"), token=token), 401, code)


def test_a_token_for_other_models_is_told_what_it_may_use(bench: Bench, way: Way) -> None:
    token = bench.gateway.mint(allowed_models=("shared-*",))

    message = refused(
        bench, way, bench.post(way, way.body(f"good-{way.format}"), token=token), 403, "model_not_allowed"
    )

    assert "shared-*" in message


def test_two_valid_tokens_are_one_too_many(bench: Bench, way: Way) -> None:
    more = (b"x-goog-api-key" if way is not GEMINI else b"x-api-key", bench.gateway.mint().encode())

    refused(bench, way, bench.post(way, way.body("shared-1"), more), 400, "tokens_conflict")


def test_a_body_over_the_limit_is_refused(bench: Bench, way: Way) -> None:
    fitting = way.body("nobody", pad="")
    body = way.body("nobody", pad="x" * (MOST - len(fitting)))
    target = way.target("nobody")
    refused(bench, way, bench.post(way, body, target=target), 404, "model_not_found")

    message = refused(bench, way, bench.post(way, body + b" ", target=target), 413, "body_too_large")

    assert str(MOST) in message


def test_a_chunked_body_over_the_limit_is_refused(bench: Bench, way: Way) -> None:
    chunks = b"1000\r\n" + b" " * 4096 + b"\r\n"
    headers = [*way.headers(bench.gateway.token), (b"transfer-encoding", b"chunked")]

    answer = ask(bench.gateway.port, b"POST", way.target("shared-1"), headers, chunks * 4 + b"0\r\n\r\n")

    refused(bench, way, answer, 413, "body_too_large")


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd", b"deflate", b"GZIP", b"identity, gzip"])
def test_a_compressed_body_is_refused(bench: Bench, way: Way, coding: bytes) -> None:
    answer = bench.post(way, b"\x1f\x8b", (b"content-encoding", coding))

    refused(bench, way, answer, 415, "unsupported_encoding")


def test_a_websocket_upgrade_is_answered_426(bench: Bench) -> None:
    headers = [
        (b"connection", b"Upgrade"), (b"upgrade", b"websocket"), (b"sec-websocket-version", b"13"),
        (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=="), *RESPONSES.headers(bench.gateway.token),
    ]  # fmt: skip
    answer = ask(bench.gateway.port, b"GET", b"/v1/responses", headers)

    assert "POST" in refused(bench, RESPONSES, answer, 426, "websocket_not_served")
    assert answer.header(b"upgrade")


def test_an_unknown_endpoint_and_a_wrong_method_are_named(bench: Bench, way: Way) -> None:
    mount = {
        "openai": b"/openai/v1",
        "openai_responses": b"/openai/v1",
        "anthropic": b"/anthropic/v1",
        "gemini": b"/gemini/v1beta",
    }
    token = way.headers(bench.gateway.token)

    lost = ask(bench.gateway.port, b"POST", mount[way.format] + b"/nothing/here", token, b"{}")
    assert "/nothing/here" in refused(bench, way, lost, 404, "endpoint_not_found")

    wrong = ask(bench.gateway.port, b"PUT", way.target("shared-1"), token, b"{}")
    assert wrong.status == 405
    assert b"POST" in (wrong.header(b"allow") or b"")
    assert "PUT" in way.message_of(wrong.body)


@pytest.mark.parametrize(
    "path", [b"/v1/responses/resp_1%2F..%2Fx", b"/v1beta/models/a%252fb:generateContent", b"/v1/models//x"]
)
def test_a_path_that_two_parsers_read_differently_is_refused(bench: Bench, path: bytes) -> None:
    answer = ask(bench.gateway.port, b"GET", path, OPENAI.headers(bench.gateway.token))

    assert answer.status in (400, 404)
    assert json.loads(answer.body)["error"]["message"]
    assert bench.puppet.requests == []


def test_a_refusal_leaves_the_connection_usable(bench: Bench) -> None:
    with RawClient(bench.gateway.port) as client:
        for body in (b"{", b"[]", b'{"model":1}'):
            assert client.ask(b"POST", b"/v1/chat/completions", OPENAI.headers(bench.gateway.token), body).status == 400
        assert client.ask(b"GET", b"/v1/models", OPENAI.headers(bench.gateway.token)).status == 200
