"""Which dialect asks, for the requests that real clients send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.errors import InvalidPath
from bodhi.formats.registry import DIALECTS
from bodhi.routing.classify import MAX_REMEMBERED_PATH, MAX_REMEMBERED_PATHS, Classifier, decode_path

CLASSIFIER = Classifier(DIALECTS)
VERSION = [(b"anthropic-version", b"2026-10-21")]
GOOGLE = [(b"x-goog-api-key", b"k")]


@pytest.mark.parametrize(
    ("method", "path", "headers", "query", "mount", "endpoint", "params"),
    [
        ("POST", "/v1/chat/completions", [], b"", "/openai", "openai.chat_completions", {}),
        ("POST", "/v1/chat/completions", VERSION, b"", "/openai", "openai.chat_completions", {}),
        ("POST", "/openai/v1/embeddings", [], b"", "/openai", "openai.embeddings", {}),
        ("GET", "/v1/models", [], b"", "/openai", "openai.models", {}),
        ("GET", "/v1/models/pre/model", [], b"", "/openai", "openai.model", {"model": "pre/model"}),
        ("GET", "/v1/models/ft:gpt-x:org::id", [], b"", "/openai", "openai.model", {"model": "ft:gpt-x:org::id"}),
        ("POST", "/v1/responses", [], b"", "/openai", "responses.create", {}),
        ("GET", "/v1/responses/resp_1", [], b"stream=true", "/openai", "responses.read", {"id": "resp_1"}),
        ("POST", "/v1/responses/resp_1/cancel", [], b"", "/openai", "responses.cancel", {"id": "resp_1"}),
        ("GET", "/v1/responses/resp_1/input_items", [], b"", "/openai", "responses.input_items", {"id": "resp_1"}),
        ("POST", "/v1/responses/input_tokens", [], b"", "/openai", "responses.input_tokens", {}),
        ("POST", "/v1/responses/compact", [], b"", "/openai", "responses.compact", {}),
        ("POST", "/v1/messages", [], b"beta=true", "/anthropic", "anthropic.messages", {}),
        ("POST", "/anthropic/v1/messages", [], b"", "/anthropic", "anthropic.messages", {}),
        ("POST", "/v1/messages/count_tokens", GOOGLE, b"", "/anthropic", "anthropic.count_tokens", {}),
        ("GET", "/v1/models", VERSION, b"limit=1000", "/anthropic", "anthropic.models", {}),
        ("GET", "/v1/models", VERSION + GOOGLE, b"", "/anthropic", "anthropic.models", {}),
        ("GET", "/anthropic/v1/models/a/b", [], b"", "/anthropic", "anthropic.model", {"model": "a/b"}),
        ("GET", "/v1/models", GOOGLE, b"", "/gemini", "gemini.models", {"version": "v1"}),
        ("GET", "/v1/models", [], b"key=x", "/gemini", "gemini.models", {"version": "v1"}),
        ("GET", "/v1beta/models", [], b"", "/gemini", "gemini.models", {"version": "v1beta"}),
        ("GET", "/v1beta/models/g", [], b"", "/gemini", "gemini.model", {"version": "v1beta", "model": "g"}),
        ("POST", "/v1/models/g:generateContent", [], b"", "/gemini", "gemini.generate_content", {"version": "v1", "model": "g"}),
        ("POST", "/v1alpha/models/p:q:countTokens", [], b"", "/gemini", "gemini.count_tokens", {"version": "v1alpha", "model": "p:q"}),
        ("POST", "/v1beta/pre/m:streamGenerateContent", [], b"alt=sse", "/gemini", "gemini.stream_generate_content", {"version": "v1beta", "model": "pre/m"}),
        ("POST", "/v1beta/models/pre/m:tomorrowsAction", [], b"", "/gemini", "gemini.action", {"version": "v1beta", "model": "pre/m", "action": "tomorrowsAction"}),
        ("POST", "/gemini/v1beta/models/m:embedContent", [], b"", "/gemini", "gemini.embed_content", {"version": "v1beta", "model": "m"}),
    ],
)  # fmt: skip
def test_real_requests_find_their_dialect_and_endpoint(
    method: str, path: str, headers: list[tuple[bytes, bytes]], query: bytes, mount: str, endpoint: str, params: dict[str, str]
) -> None:  # fmt: skip
    surface, below = CLASSIFIER.classify(method, path, headers, query)
    match = surface.match(method, below)

    assert mount == surface.mount
    assert match is not None
    assert (endpoint, params) == (match.endpoint.name, dict(match.params))


@pytest.mark.parametrize(
    ("method", "path", "headers", "mount"),
    [
        ("POST", "/v1beta/whatever", [], "/gemini"),
        ("POST", "/v1/interactions", [], "/gemini"),
        ("POST", "/v1/files", VERSION, "/anthropic"),
        ("POST", "/v1/files", GOOGLE, "/gemini"),
        ("POST", "/v1/files", [], "/openai"),
        ("GET", "/nowhere", [], "/openai"),
        ("GET", "/anthropicx/v1/models", [], "/openai"),
    ],
)
def test_unknown_endpoints_still_have_a_dialect_for_their_error(
    method: str, path: str, headers: list[tuple[bytes, bytes]], mount: str
) -> None:
    surface, below = CLASSIFIER.classify(method, path, headers, b"")

    assert mount == surface.mount
    assert surface.match(method, below) is None


def test_the_methods_of_a_path_are_known() -> None:
    surface = CLASSIFIER.surfaces["/openai"]

    assert surface.methods("/v1/responses/resp_1") == ["DELETE", "GET"]
    assert surface.methods("/v1/chat/completions") == ["POST"]
    assert surface.methods("/v1/nowhere") == []


def test_what_is_remembered_of_paths_is_bounded() -> None:
    classifier = Classifier(DIALECTS)
    for number in range(MAX_REMEMBERED_PATHS + 10):
        classifier.classify("GET", f"/v1/models/m{number}", [], b"")

    assert len(classifier._remembered) <= MAX_REMEMBERED_PATHS


@pytest.mark.parametrize(("length", "count"), [(MAX_REMEMBERED_PATH, 1), (MAX_REMEMBERED_PATH + 1, 0)])
def test_a_long_path_is_found_and_not_remembered(length: int, count: int) -> None:
    classifier = Classifier(DIALECTS)
    end = b":generateContent"
    path = b"/v1beta/models/".ljust(length - len(end), b"x") + end

    assert classifier.find("POST", path, [], b"").match is not None
    assert (len(classifier._remembered), len(classifier._found)) == (count, count)


@pytest.mark.parametrize("path", [b"/v1/nothing/%d", b"/openai/v1/nothing/%d", b"/v1/responses/resp_%d"])
def test_paths_that_come_once_are_not_remembered(path: bytes) -> None:
    classifier = Classifier(DIALECTS)
    for number in range(9):
        classifier.find("GET", path % number, [], b"")

    assert (len(classifier._remembered), len(classifier._found)) == (0, 0)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/v1/models/pre%2Fmodel", "/v1/models/pre/model"),
        (b"/v1/models/a%3Ab", "/v1/models/a:b"),
        (b"/v1/models/caf%C3%A9", "/v1/models/café"),
        (b"/v1/models/a.b..c", "/v1/models/a.b..c"),
        (b"/v1/models/100%25", "/v1/models/100%"),
    ],
)
def test_paths_are_decoded_once(raw: bytes, path: str) -> None:
    assert path == decode_path(raw)


@pytest.mark.parametrize(
    "raw",
    [b"/v1/../x", b"/v1/%2e%2e/x", b"/v1/.%2E/x", b"/v1/./x", b"//v1", b"/v1//x", b"/v1%2F%2Fx", b"/v1\\x", b"/v1/%5Cx", b"/v1/%00",
     b"/v1/%0d%0ax", b"/v1/%252e%252e/x", b"/v1/%252Fx", b"/v1/%255c", b"/v1/%ff", b"/v1/..", b"/v1/%7f"],
)  # fmt: skip
def test_paths_that_two_parsers_could_read_differently_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidPath):
        decode_path(raw)


@given(st.text("/%.\\abc0123456789:{}", max_size=40))
def test_every_path_is_classified_or_refused(text: str) -> None:
    try:
        path = decode_path(b"/" + text.encode())
    except InvalidPath:
        return
    surface, below = CLASSIFIER.classify("POST", path, [], b"")

    assert surface.match("POST", below) is None or below
