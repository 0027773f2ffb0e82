import json

import pytest

from bodhi.core.errors import UpstreamBroke
from bodhi.core.usage import TokenCounts
from bodhi.formats import openai
from bodhi.formats.contract import ModelIn
from bodhi.formats.openai_responses import CREATE, DIALECT, FORMAT
from bodhi.formats.sse import EventParser
from tests.formats.recorded import recording

RESPONSE_ID = "resp_0a1b2c3d4e5f60718293a4b5c6d7e8f9"


def test_every_call_of_the_format_is_a_row() -> None:
    assert {(e.name, e.method, e.path, e.model_in) for e in DIALECT.endpoints} == {
        ("responses.create", "POST", "/v1/responses", ModelIn.BODY),
        ("responses.input_tokens", "POST", "/v1/responses/input_tokens", ModelIn.BODY),
        ("responses.compact", "POST", "/v1/responses/compact", ModelIn.BODY),
        ("responses.read", "GET", "/v1/responses/{id}", ModelIn.OBJECT),
        ("responses.delete", "DELETE", "/v1/responses/{id}", ModelIn.OBJECT),
        ("responses.cancel", "POST", "/v1/responses/{id}/cancel", ModelIn.OBJECT),
        ("responses.input_items", "GET", "/v1/responses/{id}/input_items", ModelIn.OBJECT),
    }


def test_suffixes_are_the_paths_below_the_version() -> None:
    assert all("/v1" + e.suffix == e.path for e in DIALECT.endpoints)


def test_create_makes_an_object_and_delete_ends_it() -> None:
    assert [e.name for e in DIALECT.endpoints if e.creates_object] == ["responses.create"]
    assert [e.name for e in DIALECT.endpoints if e.deletes_object] == ["responses.delete"]
    assert [e.name for e in DIALECT.endpoints if e.generating] == ["responses.create"]


def test_earlier_responses_are_named_in_two_members() -> None:
    assert CREATE.references == ("previous_response_id", "conversation")


def test_errors_and_models_are_openais() -> None:
    assert DIALECT.mount == openai.DIALECT.mount
    assert DIALECT.write_error is openai.DIALECT.write_error
    assert DIALECT.write_catalog is openai.DIALECT.write_catalog


def test_a_broken_stream_ends_with_the_error_event() -> None:
    (event,) = EventParser().feed(DIALECT.write_break(UpstreamBroke("It broke."), "req_1", "text/event-stream"))
    data = json.loads(event.data)

    assert event.name == b"error"
    assert data["type"] == "error"
    assert data["message"] == "It broke."
    assert data["code"] == "upstream_broke_off"
    assert data["sequence_number"] == 0
    assert data["error"]["message"] == "It broke."


def test_nothing_is_said_inside_a_started_body() -> None:
    assert DIALECT.write_break(UpstreamBroke(), "req_1", "application/json") == b""


def test_the_id_is_learnt_from_a_body_and_from_the_first_event() -> None:
    first = EventParser().feed(recording("openai_responses/create_stream.sse"))[0]

    assert DIALECT.read_object_id(recording("openai_responses/create.json")) == RESPONSE_ID
    assert DIALECT.read_object_id(first.data) == RESPONSE_ID


@pytest.mark.parametrize(
    "document",
    [
        recording("openai_responses/create_not_stored.json"),
        recording("openai_responses/error_400.json"),
        b'{"response":{"id":"resp_1","store":false}}',
        b'{"type":"error","message":"x"}',
        b'{"id":"../resp"}',
        b'{"id":7}',
        b'{"response":7,"id":"resp_1"}',
        b"not json",
        b"[]",
    ],
)
def test_what_the_upstream_does_not_keep_has_no_id(document: bytes) -> None:
    assert DIALECT.read_object_id(document) is None


def test_a_server_that_does_not_say_whether_it_keeps_is_believed_to() -> None:
    assert DIALECT.read_object_id(b'{"id":"resp_1"}') == "resp_1"


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed"])
def test_usage_is_in_every_terminal_event(kind: str) -> None:
    counts = TokenCounts()
    document = {"type": f"response.{kind}", "response": {"usage": {"input_tokens": 3, "output_tokens": 4}}}

    DIALECT.read_usage(json.dumps(document).encode(), counts)
    assert counts == TokenCounts(3, 4)


def test_reading_usage_from_rubbish_changes_nothing() -> None:
    counts = TokenCounts(1)

    DIALECT.read_usage(b"rubbish", counts)
    assert counts == TokenCounts(1)


def test_the_probe_asks_for_the_least_that_openai_accepts_and_keeps_nothing() -> None:
    probe = DIALECT.probe("gpt-5.1")

    assert probe.endpoint is CREATE
    assert probe.body == {"model": "gpt-5.1", "input": "Hi", "max_output_tokens": 16, "store": False}


def test_the_format_is_openais_but_for_its_dialect() -> None:
    assert FORMAT.base_url == openai.FORMAT.base_url
    assert FORMAT.key_headers("sk-1") == ((b"authorization", b"Bearer sk-1"),)


@pytest.mark.parametrize(
    ("response", "finish"),
    [
        ({"status": "completed", "incomplete_details": None}, "completed"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "content_filter"),
        ({"status": "failed"}, "failed"),
        ({"status": "in_progress"}, None),
        ({"status": "queued"}, None),
        ({"status": 7}, None),
        ({}, None),
    ],
)
def test_why_a_response_ended_is_its_status_unless_there_is_a_reason(
    response: dict[str, object], finish: str | None
) -> None:
    for document in (response, {"type": "response.completed", "response": response}):
        counts = TokenCounts()
        DIALECT.read_usage(json.dumps(document).encode(), counts)
        assert counts.finish == finish
