import json
from typing import Any

import pytest

from bodhi.core.errors import BodhiError, InternalError, TokenUnknown, UnknownModel, UpstreamBroke
from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import CatalogEntry, CatalogPage, ModelIn, Serves
from bodhi.formats.openai import CHAT_COMPLETIONS, DIALECT, FORMAT
from tests.formats.recorded import recording

ENTRIES = [CatalogEntry("oai/gpt-5.1", 1795300000.7, "OpenAI")]


def written(error: BodhiError) -> Any:
    return json.loads(DIALECT.write_error(error, "req_1"))


def test_every_call_of_the_format_is_a_row() -> None:
    paths = {(e.method, e.path): e for e in DIALECT.endpoints}

    for name in (
        "chat/completions",
        "embeddings",
        "completions",
        "moderations",
        "images/generations",
        "audio/speech",
        "rerank",
    ):
        endpoint = paths["POST", f"/v1/{name}"]
        assert endpoint.suffix == f"/{name}"
        assert endpoint.model_in is ModelIn.BODY
    assert paths["GET", "/v1/models"].serves is Serves.CATALOG
    assert paths["GET", "/v1/models/{model}"].serves is Serves.CATALOG_ENTRY


def test_extra_body_applies_to_calls_that_generate_only() -> None:
    assert {e.name for e in DIALECT.endpoints if e.generating} == {"openai.chat_completions", "openai.completions"}


def test_only_moderations_may_leave_out_the_model() -> None:
    assert [e.name for e in DIALECT.endpoints if e.model_optional] == ["openai.moderations"]


def test_errors_have_the_members_that_the_sdks_read() -> None:
    assert written(UnknownModel("No such model.", param="model")) == {
        "error": {
            "message": "No such model.",
            "type": "invalid_request_error",
            "param": "model",
            "code": "model_not_found",
        },
    }


def test_a_bad_token_has_the_code_that_clients_know() -> None:
    assert written(TokenUnknown())["error"]["code"] == "invalid_api_key"


def test_errors_of_the_gateway_are_server_errors() -> None:
    assert written(InternalError())["error"]["type"] == "server_error"


def test_the_request_id_travels_as_openai_names_it() -> None:
    assert DIALECT.error_headers(UnknownModel(), "req_1") == ((b"x-request-id", b"req_1"),)


def test_a_broken_stream_ends_with_an_event_that_makes_the_sdk_raise() -> None:
    event = DIALECT.write_break(UpstreamBroke(), "req_1", "text/event-stream; charset=utf-8")

    assert event.startswith(b"data: ")
    assert event.endswith(b"\n\n")
    assert json.loads(event.strip().removeprefix(b"data: "))["error"]["code"] == "upstream_broke_off"


@pytest.mark.parametrize("media_type", ["application/json", "audio/mpeg", ""])
def test_nothing_is_said_inside_a_started_body(media_type: str) -> None:
    assert DIALECT.write_break(UpstreamBroke(), "req_1", media_type) == b""


def test_an_upstreams_error_text_is_found() -> None:
    line = DIALECT.read_error(recording("openai/error_401.json"))

    assert line is not None
    assert line.startswith("Incorrect API key provided")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("models.json", ("gpt-5.1", "ft:gpt-5.1:org::abc123", "text-embedding-3-small")),
        ("models_bare_array.json", ("meta-llama/Llama-4-8B", "plain-name")),
        ("models_llama_cpp.json", ("gemma-3-270m.gguf",)),
    ],
)
def test_catalogs_of_compatible_servers_are_read(name: str, expected: tuple[str, ...]) -> None:
    assert DIALECT.read_catalog(recording(f"openai/{name}")) == CatalogPage(expected)
    assert DIALECT.catalog_query == ""


def test_the_models_list_has_what_typed_clients_require() -> None:
    model = {"id": "oai/gpt-5.1", "object": "model", "created": 1795300000, "owned_by": "OpenAI"}

    assert json.loads(DIALECT.write_catalog(ENTRIES, {"limit": "1"})) == {"object": "list", "data": [model]}
    assert json.loads(DIALECT.write_catalog_entry(ENTRIES[0])) == model


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}', TokenCounts(3, 4)),
        (b'{"usage":null,"x_groq":{"id":"r","usage":{"prompt_tokens":3,"completion_tokens":4}}}', TokenCounts(3, 4)),
        (b'{"usage":{"input_tokens":3,"output_tokens":4}}', TokenCounts(3, 4)),
        (b'{"usage":{"prompt_tokens":"3","completion_tokens":4,"prompt_tokens_details":7}}', TokenCounts(None, 4)),
        (b'{"usage":[1]}', TokenCounts()),
        (b'{"usage":null}', TokenCounts()),
        (b"[DONE]", TokenCounts()),
        (b"[1]", TokenCounts()),
    ],
)
def test_usage_is_read_in_its_spellings(document: bytes, expected: TokenCounts) -> None:
    counts = TokenCounts()

    DIALECT.read_usage(document, counts)
    assert counts == expected


def test_a_later_document_keeps_what_it_does_not_tell() -> None:
    counts = TokenCounts(1, 2, 3, 4)

    DIALECT.read_usage(b'{"usage":{"completion_tokens":9}}', counts)
    assert counts == TokenCounts(1, 9, 3, 4)


def test_the_probe_is_a_chat_completion_of_one_token() -> None:
    probe = DIALECT.probe("gpt-5.1")

    assert probe.endpoint is CHAT_COMPLETIONS
    assert probe.body["model"] == "gpt-5.1"
    assert probe.body["max_tokens"] == 1


def test_the_key_is_a_bearer_token() -> None:
    assert FORMAT.key_headers("sk-1") == ((b"authorization", b"Bearer sk-1"),)


def test_every_provider_of_the_form_that_speaks_this_format_is_a_preset() -> None:
    assert [p.label for p in FORMAT.providers] == [
        "OpenAI", "OpenRouter", "Hugging Face", "Groq", "Together AI", "Mistral", "DeepSeek", "xAI", "vLLM",
        "LM Studio", "Ollama", "llama.cpp", "Custom",
    ]  # fmt: skip


def test_servers_on_this_machine_need_no_key_and_a_private_network() -> None:
    for provider in FORMAT.providers:
        local = provider.base_url.startswith("http://localhost")
        assert (provider.private_network, provider.needs_key) == (local, not local)


@pytest.mark.parametrize(
    ("document", "finish"),
    [
        (b'{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}', "stop"),
        (b'{"choices":[{"finish_reason":"tool_calls"}]}', "tool_calls"),
        (b'{"choices":[{"finish_reason":null}],"usage":{"prompt_tokens":3}}', None),
        (b'{"choices":[7,{"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}', None),
        (b'{"choices":7,"usage":{"prompt_tokens":3}}', None),
        (b'{"choices":[{"finish_reason":7}]}', None),
        (b'{"choices":[{"finish_reason":"' + b"x" * 65 + b'"}]}', None),
    ],
)
def test_why_an_answer_ended_is_its_first_choice_s_reason(document: bytes, finish: str | None) -> None:
    counts = TokenCounts()

    DIALECT.read_usage(document, counts)
    assert counts.finish == finish
    assert counts.input == (3 if b"usage" in document else None)
