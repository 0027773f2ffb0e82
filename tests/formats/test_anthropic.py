import json
import re
from typing import Any

import pytest

from bodhi.core.errors import (
    BodhiError,
    BodyTooLarge,
    InternalError,
    MethodNotAllowed,
    Overloaded,
    RoleTooLow,
    TokenUnknown,
    UnknownModel,
    UpstreamBroke,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from bodhi.core.usage import TokenCounts
from bodhi.formats.anthropic import DIALECT, FORMAT, MESSAGES
from bodhi.formats.contract import CatalogEntry, CatalogPage
from bodhi.formats.sse import EventParser
from tests.formats.recorded import recording

ENTRIES = [CatalogEntry(f"claude-{n}", 1788220800.0, "Anthropic") for n in range(5)]


def listed(**query: str) -> Any:
    return json.loads(DIALECT.write_catalog(ENTRIES, query))


def ids(page: Any) -> list[str]:
    return [entry["id"] for entry in page["data"]]


def test_every_call_of_the_format_is_a_row() -> None:
    assert [(e.name, e.method, e.path, e.suffix, e.generating) for e in DIALECT.endpoints] == [
        ("anthropic.messages", "POST", "/v1/messages", "/messages", True),
        ("anthropic.count_tokens", "POST", "/v1/messages/count_tokens", "/messages/count_tokens", False),
        ("anthropic.models", "GET", "/v1/models", "/models", False),
        ("anthropic.model", "GET", "/v1/models/{model}", "/models/{model}", False),
    ]


@pytest.mark.parametrize(
    ("line", "claimed"),
    [
        ("POST /v1/messages", True),
        ("POST /v1/messages/count_tokens", True),
        ("GET /v1/messages/batches", True),
        ("POST /v1/messages_x", False),
        ("POST /v1/chat/completions", False),
    ],
)
def test_paths_under_messages_are_claimed(line: str, claimed: bool) -> None:
    assert any(re.match(pattern, line) for pattern in DIALECT.claims.paths) is claimed
    assert DIALECT.claims.headers == (b"anthropic-version",)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TokenUnknown(), "authentication_error"),
        (RoleTooLow(), "permission_error"),
        (UnknownModel(), "not_found_error"),
        (MethodNotAllowed(), "invalid_request_error"),
        (BodyTooLarge(), "request_too_large"),
        (InternalError(), "api_error"),
        (UpstreamUnreachable(), "api_error"),
        (Overloaded(), "overloaded_error"),
        (UpstreamTimeout(), "timeout_error"),
    ],
)
def test_errors_have_the_type_that_goes_with_their_status(error: BodhiError, expected: str) -> None:
    assert json.loads(DIALECT.write_error(error, "req_1")) == {
        "type": "error",
        "error": {"type": expected, "message": error.message},
        "request_id": "req_1",
    }


def test_the_request_id_travels_as_anthropic_names_it() -> None:
    assert DIALECT.error_headers(UnknownModel(), "req_1") == ((b"request-id", b"req_1"),)


def test_a_broken_stream_ends_with_the_error_event() -> None:
    (event,) = EventParser().feed(DIALECT.write_break(UpstreamBroke(), "req_1", "text/event-stream"))

    assert event.name == b"error"
    assert json.loads(event.data)["error"]["type"] == "api_error"
    assert DIALECT.write_break(UpstreamBroke(), "req_1", "application/json") == b""


def test_an_upstreams_error_text_is_found() -> None:
    assert DIALECT.read_error(recording("anthropic/error_529.json")) == "Overloaded"


def test_a_catalog_is_followed_after_its_last_id_while_there_is_more() -> None:
    assert DIALECT.catalog_query == "limit=1000"
    assert DIALECT.read_catalog(recording("anthropic/models.json")) == CatalogPage(
        ("claude-sonnet-5-20260901", "claude-haiku-5-20260901"), "limit=1000&after_id=claude-haiku-5-20260901"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"data":[{"id":"a"}],"has_more":false,"last_id":"a"}', CatalogPage(("a",))),
        (b'{"data":[{"id":"a"}],"has_more":true}', CatalogPage(("a",), "limit=1000&after_id=a")),
        (b'{"data":[{"id":"a"}],"has_more":true,"last_id":7}', CatalogPage(("a",))),
        (
            b'{"data":[{"id":"a"}],"has_more":true,"last_id":"a&b=c"}',
            CatalogPage(("a",), "limit=1000&after_id=a%26b%3Dc"),
        ),
        (b'{"data":[],"has_more":true,"last_id":"a"}', CatalogPage(())),
        (b'[{"id":"a"}]', CatalogPage(("a",))),
    ],
)
def test_odd_catalogs_end(body: bytes, expected: CatalogPage) -> None:
    assert DIALECT.read_catalog(body) == expected


def test_a_model_is_written_as_anthropic_writes_it() -> None:
    assert json.loads(DIALECT.write_catalog_entry(ENTRIES[0])) == {
        "type": "model",
        "id": "claude-0",
        "display_name": "claude-0",
        "created_at": "2026-09-01T00:00:00.000Z",
    }


def test_the_models_list_is_paged_both_ways() -> None:
    first = listed(limit="2")
    second = listed(limit="2", after_id=first["last_id"])
    back = listed(limit="2", before_id="claude-3")

    assert (ids(first), first["has_more"], first["first_id"]) == (["claude-0", "claude-1"], True, "claude-0")
    assert (ids(second), second["has_more"]) == (["claude-2", "claude-3"], True)
    assert ids(listed(after_id="claude-3")) == ["claude-4"]
    assert (ids(back), back["has_more"]) == (["claude-1", "claude-2"], True)


def test_a_page_holds_twenty_unless_asked_otherwise_and_an_empty_one_has_no_ids() -> None:
    many = [CatalogEntry(f"m{n}", 0.0, "x") for n in range(30)]
    empty = json.loads(DIALECT.write_catalog([], {}))

    assert len(ids(json.loads(DIALECT.write_catalog(many, {})))) == 20
    assert len(ids(json.loads(DIALECT.write_catalog(many, {"limit": "1000", "after_id": ""})))) == 30
    assert empty == {"data": [], "has_more": False, "first_id": None, "last_id": None}


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        (
            [
                b'{"message":{"usage":{"input_tokens":5,"cache_read_input_tokens":90,"cache_creation_input_tokens":null}}}',
                b'{"usage":{"input_tokens":5,"output_tokens":7,"output_tokens_details":{"thinking_tokens":3}}}',
            ],
            TokenCounts(95, 7, 90, 3),
        ),
        (
            [b'{"usage":{"input_tokens":5,"cache_creation_input_tokens":40,"output_tokens":7}}'],
            TokenCounts(45, 7, None, None, 40),
        ),
        (
            [
                b'{"message":{"usage":{"input_tokens":0,"output_tokens":0}}}',
                b'{"usage":{"input_tokens":12,"output_tokens":3}}',
            ],
            TokenCounts(12, 3),
        ),
        ([b'{"usage":{"output_tokens":1}}', b'{"usage":{"output_tokens":8}}'], TokenCounts(None, 8)),
        ([b'{"usage":{"input_tokens":"5"}}', b'{"usage":7}', b'{"message":7}', b"x"], TokenCounts()),
    ],
)
def test_usage_is_the_last_total_with_the_cache_included(documents: list[bytes], expected: TokenCounts) -> None:
    counts = TokenCounts()

    for document in documents:
        DIALECT.read_usage(document, counts)
    assert counts == expected


def test_the_probe_is_a_message_of_one_token() -> None:
    probe = DIALECT.probe("claude-x")

    assert probe.endpoint is MESSAGES
    assert probe.body["model"] == "claude-x"
    assert probe.body["max_tokens"] == 1


def test_the_key_goes_into_its_own_header() -> None:
    assert FORMAT.key_headers("sk-ant-1") == ((b"x-api-key", b"sk-ant-1"),)


def test_the_clients_version_wins_and_betas_are_joined() -> None:
    assert FORMAT.default_headers == ((b"anthropic-version", b"2023-06-01"),)
    assert FORMAT.client_wins == {b"anthropic-version"}
    assert FORMAT.joined_headers == {b"anthropic-beta"}


@pytest.mark.parametrize(
    ("documents", "finish"),
    [
        ([b'{"stop_reason":"tool_use","usage":{"output_tokens":1}}'], "tool_use"),
        ([b'{"message":{"stop_reason":null}}', b'{"delta":{"stop_reason":"max_tokens"}}'], "max_tokens"),
        ([b'{"delta":{"stop_reason":"end_turn"}}', b'{"delta":{"stop_reason":null},"stop_reason":7}'], "end_turn"),
        ([b'{"delta":7}', b'{"stop_reason":""}'], None),
    ],
)
def test_why_a_message_ended_is_its_stop_reason(documents: list[bytes], finish: str | None) -> None:
    counts = TokenCounts()

    for document in documents:
        DIALECT.read_usage(document, counts)
    assert counts.finish == finish
