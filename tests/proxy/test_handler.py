"""The steps of a call in their order, and what each says when it stops the call."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bodhi.formats import openai
from tests.fakes.gateway import Gateway
from tests.fakes.upstream import UpstreamThread
from tests.proxy.conftest import Caller

CHAT = "/v1/chat/completions"


def test_a_call_goes_to_the_api_model_with_its_key_and_without_our_token(caller: Caller) -> None:
    answer = caller.chat("openai/ok")
    received = caller.upstream.last

    assert answer.status == 200
    assert received.json["model"] == "ok"
    assert received.header("authorization") == "Bearer provider-key-openai"
    assert caller.gateway.token.encode() not in b"".join(value for _, value in received.headers)


@pytest.mark.parametrize(
    ("path", "body", "header"),
    [
        (CHAT, {"model": "openai/ok", "messages": []}, "authorization"),
        ("/openai/v1/chat/completions", {"model": "openai/ok", "messages": []}, "authorization"),
        ("/v1/messages", {"model": "anthropic/ok", "max_tokens": 9, "messages": []}, "x-api-key"),
        ("/anthropic/v1/messages", {"model": "anthropic/ok", "max_tokens": 9, "messages": []}, "x-api-key"),
        ("/v1beta/models/gemini%2Fok:generateContent", {"contents": []}, "x-goog-api-key"),
        ("/gemini/v1beta/models/gemini/ok:generateContent", {"contents": []}, "x-goog-api-key"),
    ],
)
def test_each_dialect_is_served_at_its_path_and_under_its_mount(
    caller: Caller, path: str, body: Mapping[str, object], header: str
) -> None:
    credential = {"authorization": "", header: caller.gateway.token}
    if header == "authorization":
        credential = {header: f"Bearer {caller.gateway.token}"}

    assert caller.call("POST", path, body, credential).status == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "status", "code"),
    [
        ("POST", CHAT, {"authorization": ""}, b"{}", 401, "token_missing"),
        ("POST", CHAT, {"authorization": "Bearer sk-x"}, b"{}", 401, "token_invalid"),
        ("POST", "/v1/nothing", {"authorization": ""}, b"{}", 401, "token_missing"),
        ("POST", "/v1/nothing", {}, b"{}", 404, "endpoint_not_found"),
        ("GET", CHAT, {}, None, 405, "method_not_allowed"),
        ("GET", "/v1/responses", {"upgrade": "websocket", "connection": "upgrade"}, None, 426, "websocket_not_served"),
        ("POST", CHAT, {}, b"not json", 400, "invalid_json"),
        ("POST", CHAT, {}, b"[]", 400, "invalid_json"),
        ("POST", CHAT, {}, b"{}", 400, "model_missing"),
        ("POST", CHAT, {}, b'{"model": 7}', 400, "model_invalid"),
        ("POST", CHAT, {}, b'{"model": ""}', 400, "model_invalid"),
        ("POST", CHAT, {}, b'{"model": "a", "model": "b"}', 400, "model_ambiguous"),
        ("POST", CHAT, {}, b'{"m\\u006fdel": "a"}', 400, "model_ambiguous"),
        ("POST", CHAT, {}, b'{"model": "nobody/ok"}', 404, "model_not_found"),
        ("POST", CHAT, {}, b'{"model": "anthropic/ok"}', 400, "model_format_mismatch"),
        ("POST", CHAT, {"content-encoding": "gzip"}, b"x", 415, "unsupported_encoding"),
        ("POST", CHAT, {}, b'{"model": "openai/redirect"}', 502, "upstream_redirect"),
    ],
)
def test_what_is_wrong_is_said_with_its_own_code(
    caller: Caller, method: str, path: str, headers: dict[str, str], body: bytes | None, status: int, code: str
) -> None:
    answer = caller.call(method, path, body, headers)

    assert (answer.status, answer.headers["x-bodhi-error"]) == (status, code)
    assert caller.record().error == code
    assert caller.record().status == status


def test_a_token_may_use_only_its_models(caller: Caller) -> None:
    token = caller.gateway.mint(allowed_models=["anthropic/*"])
    answer = caller.call("POST", CHAT, {"model": "openai/ok", "messages": []}, {"authorization": f"Bearer {token}"})

    assert (answer.status, answer.headers["x-bodhi-error"]) == (403, "model_not_allowed")


def test_an_error_speaks_the_dialect_of_its_caller(caller: Caller) -> None:
    of_anthropic = caller.call("POST", "/v1/messages", {"model": "none"}).document
    of_gemini = caller.call("POST", "/v1beta/models/none:generateContent", {}).document
    of_openai = caller.chat("none").document

    assert (of_anthropic["type"], of_anthropic["error"]["type"]) == ("error", "not_found_error")
    assert (of_gemini["error"]["code"], of_gemini["error"]["status"]) == (404, "NOT_FOUND")
    assert (of_openai["error"]["code"], of_openai["error"]["param"]) == ("model_not_found", "model")


def test_every_call_leaves_one_record_with_who_what_and_how_much(caller: Caller) -> None:
    before = len(caller.gateway.records())
    answer = caller.chat("openai/ok")
    records = caller.gateway.records()
    record = records[-1]

    assert len(records) == before + 1
    assert (record.user_id, record.endpoint) == (caller.gateway.admin.id, "openai.chat_completions")
    assert (record.model_asked, record.model_sent, record.status) == ("openai/ok", "ok", 200)
    assert (record.error, record.bytes_out) == (None, len(answer.body))
    assert record.bytes_in > 0
    assert 0 < (record.first_byte_us or 0) <= record.total_us


def test_no_two_calls_share_an_id(caller: Caller) -> None:
    ids = [caller.chat("openai/ok").headers["x-bodhi-request-id"] for _ in range(3)]

    assert len(set(ids)) == 3


def broken_break(*_: object) -> bytes:
    raise RuntimeError("a fault of ours")


def test_a_fault_of_ours_cuts_an_answer_that_has_begun(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, has_lane: bool
) -> None:
    faulty = replace(openai.FORMAT, dialect=replace(openai.DIALECT, write_break=broken_break))
    with UpstreamThread() as upstream, Gateway(tmp_path, formats=(faulty,), lane=has_lane) as gateway:
        gateway.add_api_model("openai", upstream.base_url("openai"), models=("dies-after-3", "ok"))
        answer = Caller(gateway, upstream).chat("dies-after-3", stream=True)
        record = gateway.records()[-1]

    assert answer.status == 200
    assert b"internal_error" not in answer.body
    assert (record.status, record.error) == (200, "internal_error")
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == [f"call {record.id} failed"]


def test_a_fault_of_ours_is_told_without_its_cause(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, has_lane: bool
) -> None:
    faulty = replace(openai.FORMAT, dialect=replace(openai.DIALECT, write_catalog=broken_break))
    with UpstreamThread() as upstream, Gateway(tmp_path, formats=(faulty,), lane=has_lane) as gateway:
        answer = Caller(gateway, upstream).call("GET", "/v1/models")

    assert (answer.status, answer.headers["x-bodhi-error"]) == (500, "internal_error")
    assert answer.headers["x-should-retry"] == "false"
    assert b"a fault of ours" not in answer.body
    assert "a fault of ours" in caplog.text
