import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.errors import (
    BadRequest,
    BodhiError,
    Conflict,
    InternalError,
    Overloaded,
    RoleTooLow,
    TokenUnknown,
    UnknownModel,
    UpstreamBroke,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import CatalogEntry, CatalogPage, ModelIn, Serves
from bodhi.formats.gemini import DIALECT, FORMAT, GENERATE_CONTENT
from tests.formats.recorded import recording

ENTRIES = [CatalogEntry(f"gem/müller-{n}", 0.0, "Gemini") for n in range(5)]


def written(error: BodhiError) -> Any:
    return json.loads(DIALECT.write_error(error, "req_1"))["error"]


def listed(**query: str) -> Any:
    return json.loads(DIALECT.write_catalog(ENTRIES, query))


def names(page: Any) -> list[str]:
    return [model["name"] for model in page["models"]]


def test_every_action_is_a_row_and_the_open_one_comes_after_those_with_a_name() -> None:
    actions = [e for e in DIALECT.endpoints if e.method == "POST"]

    assert [e.path.rpartition(":")[2] for e in actions] == [
        "generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents", "{action}",
    ]  # fmt: skip
    assert all(e.path.startswith("/{version}/[models/]{model}:") for e in actions)
    assert all(e.suffix.startswith("/models/{model}:") for e in actions)
    assert all(e.model_in is ModelIn.PATH for e in actions)
    assert [e.name for e in actions if e.generating] == ["gemini.generate_content", "gemini.stream_generate_content"]


def test_a_get_under_models_is_never_an_action() -> None:
    assert [(e.path, e.serves) for e in DIALECT.endpoints if e.method == "GET"] == [
        ("/{version}/models", Serves.CATALOG),
        ("/{version}/models/{model}", Serves.CATALOG_ENTRY),
    ]


def test_the_places_that_repeat_the_model_are_known() -> None:
    repeated = {e.name: e.repeated_models for e in DIALECT.endpoints}

    assert repeated["gemini.generate_content"] == ()
    assert "generateContentRequest.model" in repeated["gemini.count_tokens"]
    assert repeated["gemini.batch_embed_contents"] == ("model", "requests[].model")
    assert "batch.model" in repeated["gemini.action"]


@pytest.mark.parametrize(
    ("line", "claimed"),
    [
        ("GET /v1beta/models", True),
        ("GET /v1alpha/models/x", True),
        ("POST /upload/v1beta/files", True),
        ("POST /v1/models/gemini-x:generateContent", True),
        ("POST /v1/models/pre/gemini-x:streamGenerateContent", True),
        ("POST /v1/pre/gemini-x:predict", True),
        ("POST /v1/models/a:b:countTokens", True),
        ("POST /v1/interactions", True),
        ("GET /v1/operations/x", True),
        ("GET /v1/models", False),
        ("GET /v1/models/ft:gpt-x:org::id", False),
        ("GET /v1/models/ft:gpt", False),
        ("DELETE /v1/models/ft:gpt", False),
        ("POST /v1/x:y/z", False),
        ("POST /v1/models/x:", False),
        ("POST /v1/models/x:v1", False),
        ("POST /v1/chat/completions", False),
        ("GET /v1betamax/models", False),
        ("GET /v1/operationsx", False),
    ],
)
def test_paths_of_google_are_claimed(line: str, claimed: bool) -> None:
    assert any(re.match(pattern, line) for pattern in DIALECT.claims.paths) is claimed


def test_google_key_header_and_query_are_claimed() -> None:
    assert DIALECT.claims.headers == (b"x-goog-api-key",)
    assert DIALECT.claims.query == (b"key",)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest(), "INVALID_ARGUMENT"),
        (TokenUnknown(), "UNAUTHENTICATED"),
        (RoleTooLow(), "PERMISSION_DENIED"),
        (UnknownModel(), "NOT_FOUND"),
        (Conflict(), "ABORTED"),
        (InternalError(), "INTERNAL"),
        (UpstreamUnreachable(), "UNAVAILABLE"),
        (Overloaded(), "UNAVAILABLE"),
        (UpstreamTimeout(), "DEADLINE_EXCEEDED"),
    ],
)
def test_errors_have_the_status_name_that_goes_with_their_status(error: BodhiError, status: str) -> None:
    assert written(error)["status"] == status
    assert written(error)["code"] == error.status
    assert written(error)["message"] == error.message


def test_the_reason_of_a_bad_token_is_googles() -> None:
    assert written(TokenUnknown())["details"][0]["reason"] == "API_KEY_INVALID"
    assert written(UnknownModel())["details"][0]["reason"] == "MODEL_NOT_FOUND"


def test_when_to_retry_is_told_where_google_tells_it() -> None:
    assert written(Overloaded(retry_after=5))["details"][1] == {
        "@type": "type.googleapis.com/google.rpc.RetryInfo",
        "retryDelay": "5s",
    }
    assert len(written(Overloaded())["details"]) == 1


def test_a_broken_event_stream_ends_with_an_error_and_a_broken_array_with_nothing() -> None:
    event = DIALECT.write_break(UpstreamBroke(), "req_1", "text/event-stream")

    assert event.startswith(b"data: ")
    assert event.endswith(b"\r\n\r\n")
    assert json.loads(event.strip().removeprefix(b"data: "))["error"]["status"] == "UNAVAILABLE"
    assert DIALECT.write_break(UpstreamBroke(), "req_1", "application/json; charset=UTF-8") == b""


@pytest.mark.parametrize("name", ["error_400.json", "error_stream_array.json"])
def test_an_upstreams_error_text_is_found(name: str) -> None:
    line = DIALECT.read_error(recording(f"gemini/{name}"))

    assert line is not None
    assert line.endswith((".", "later."))


def test_a_catalog_is_followed_by_its_token() -> None:
    assert DIALECT.catalog_query == "pageSize=1000"
    assert DIALECT.read_catalog(recording("gemini/models.json")) == CatalogPage(
        ("gemini-3-flash", "gemini-embedding-001"), "pageSize=1000&pageToken=Ch9tb2Rlbhs%2F%2B%3D"
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"models":[{"name":"models/a"}]}', CatalogPage(("a",))),
        (b'{"models":[{"name":"models/a"},{"id":"b"},"models/c"],"nextPageToken":""}', CatalogPage(("a", "b", "c"))),
        (b'{"models":[{"name":"tunedModels/a"}],"nextPageToken":7}', CatalogPage(("tunedModels/a",))),
    ],
)
def test_catalogs_without_a_token_end(body: bytes, expected: CatalogPage) -> None:
    assert DIALECT.read_catalog(body) == expected


def test_the_models_list_is_paged_by_tokens_until_there_is_none() -> None:
    seen: list[str] = []
    page = listed(pageSize="2")
    while token := page.get("nextPageToken"):
        seen += names(page)
        page = listed(pageSize="2", pageToken=token)
    seen += names(page)

    assert seen == [f"models/{entry.id}" for entry in ENTRIES]


def test_all_models_fit_one_page_by_default() -> None:
    assert len(names(listed())) == 5
    assert "nextPageToken" not in listed()


@given(st.text(max_size=20))
def test_a_foreign_token_leads_to_an_empty_page_or_a_page_of_ours(token: str) -> None:
    assert len(names(listed(pageToken=token))) in (0, 5)


def test_a_model_names_what_bodhi_serves_and_no_limits() -> None:
    model = json.loads(DIALECT.write_catalog_entry(CatalogEntry("gem/flash", 0.0, "x")))

    assert model["name"] == "models/gem/flash"
    assert model["displayName"] == "gem/flash"
    assert "generateContent" in model["supportedGenerationMethods"]
    assert "inputTokenLimit" not in model


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (
            b'{"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":4,"thoughtsTokenCount":5}}',
            TokenCounts(3, 9, None, 5),
        ),
        (b'{"usageMetadata":{"promptTokenCount":3,"toolUsePromptTokenCount":2}}', TokenCounts(5)),
        (
            b' [{"usageMetadata":{"promptTokenCount":3}},{"usageMetadata":{"candidatesTokenCount":4}}]',
            TokenCounts(3, 4),
        ),
        (b'{"usageMetadata":{"promptTokenCount":"3","cachedContentTokenCount":2}}', TokenCounts(None, None, 2)),
        (b'{"usageMetadata":7}', TokenCounts()),
        (b"[7]", TokenCounts()),
        (b"{", TokenCounts()),
        (b"", TokenCounts()),
    ],
)
def test_thoughts_are_output_and_prompts_of_tools_are_input(document: bytes, expected: TokenCounts) -> None:
    counts = TokenCounts()

    DIALECT.read_usage(document, counts)
    assert counts == expected


def test_the_probe_generates_one_token() -> None:
    probe = DIALECT.probe("gemini-x")

    assert probe.endpoint is GENERATE_CONTENT
    assert probe.body["generationConfig"] == {"maxOutputTokens": 1}


def test_the_key_goes_into_googles_header() -> None:
    assert FORMAT.key_headers("AIza") == ((b"x-goog-api-key", b"AIza"),)


@pytest.mark.parametrize(
    ("candidates", "finish"),
    [(b'[{"finishReason":"MAX_TOKENS"}]', "MAX_TOKENS"), (b"[{}]", None), (b"[]", None), (b"7", None), (b"[7]", None)],
)
@pytest.mark.parametrize("shape", [b"%s", b"[%s]"])
def test_why_an_answer_ended_never_costs_its_counts(shape: bytes, candidates: bytes, finish: str | None) -> None:
    counts = TokenCounts()

    DIALECT.read_usage(shape % (b'{"candidates":' + candidates + b',"usageMetadata":{"promptTokenCount":3}}'), counts)
    assert (counts.finish, counts.input) == (finish, 3)
