"""The OpenAI format: chat completions, embeddings, models, and the other JSON calls that name a model in their body.

Every provider that speaks this format by its own base URL is a preset here. Responses are in `openai_responses`.
Shapes: platform.openai.com/docs/api-reference (chat, embeddings, models, errors).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from bodhi.core.errors import BodhiError, Unauthenticated
from bodhi.core.types import Headers, Json, JsonObject
from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import (
    CatalogEntry,
    CatalogPage,
    Dialect,
    Endpoint,
    Format,
    ModelIn,
    Probe,
    ProviderPreset,
    Serves,
)
from bodhi.formats.documents import (
    Count,
    first_count,
    media_type,
    member,
    read_error_line,
    read_shape,
    word,
    write_json,
)
from bodhi.formats.paging import read_entries, read_ids

BASE_URL = "https://api.openai.com/v1"


def _body_call(name: str, suffix: str, *, generating: bool = False, model_optional: bool = False) -> Endpoint:
    """Describe a POST that names its model in the body; the inbound path is the suffix below `/v1`."""
    return Endpoint(
        name=f"openai.{name}",
        method="POST",
        path=f"/v1{suffix}",
        suffix=suffix,
        model_in=ModelIn.BODY,
        generating=generating,
        model_optional=model_optional,
    )


CHAT_COMPLETIONS = _body_call("chat_completions", "/chat/completions", generating=True)

ENDPOINTS = (
    CHAT_COMPLETIONS,
    _body_call("embeddings", "/embeddings"),
    _body_call("completions", "/completions", generating=True),
    _body_call("moderations", "/moderations", model_optional=True),
    _body_call("images_generations", "/images/generations"),
    _body_call("audio_speech", "/audio/speech"),
    _body_call("decisions", "/decisions"),
    # Not OpenAI's own, but served below the same base URL by vLLM, llama.cpp, Together AI and others.
    _body_call("rerank", "/rerank"),
    _body_call("score", "/score"),
    Endpoint(
        name="openai.models",
        method="GET",
        path="/v1/models",
        suffix="/models",
        model_in=ModelIn.NONE,
        serves=Serves.CATALOG,
    ),
    Endpoint(
        name="openai.model",
        method="GET",
        path="/v1/models/{model}",
        suffix="/models/{model}",
        model_in=ModelIn.PATH,
        serves=Serves.CATALOG_ENTRY,
    ),
)


# Errors, as platform.openai.com/docs/guides/error-codes lists them.


def error_object(error: BodhiError) -> dict[str, Json]:
    """Write the members that OpenAI's SDKs read from an error: message, type, param and code."""
    return {
        "message": error.message,
        "type": "invalid_request_error" if error.status < 500 else "server_error",
        "param": error.param,
        "code": "invalid_api_key" if isinstance(error, Unauthenticated) else error.code,
    }


def _write_error(error: BodhiError) -> bytes:
    return write_json({"error": error_object(error)})


def _write_break(error: BodhiError, content_type: str) -> bytes:
    """Write an event whose truthy `error` makes the SDKs raise.

    Nothing can be said inside a started JSON body, nor in sound.
    """
    if media_type(content_type) != "text/event-stream":
        return b""
    return b"data: " + _write_error(error) + b"\n\n"


# The models list, which OpenAI does not page.


def _read_catalog(body: bytes) -> CatalogPage:
    """Read a list without pages. Only ids are looked at, since compatible servers leave out all else."""
    return CatalogPage(read_ids(read_entries(body)[1]))


def _entry(entry: CatalogEntry) -> JsonObject:
    return {"id": entry.id, "object": "model", "created": int(entry.created_at), "owned_by": entry.owned_by}


def _write_catalog(entries: Sequence[CatalogEntry]) -> bytes:
    return write_json({"object": "list", "data": [_entry(entry) for entry in entries]})


def _write_catalog_entry(entry: CatalogEntry) -> bytes:
    return write_json(_entry(entry))


# Usage, in the spellings of chat completions and of newer calls.


class _InputDetails(msgspec.Struct):
    cached_tokens: Count | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: Count | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: Count
    completion_tokens: Count | None = None
    prompt_tokens_details: _InputDetails | None = None
    completion_tokens_details: _OutputDetails | None = None


class _Choice(msgspec.Struct):
    finish_reason: Any = None


class _UsualAnswer(msgspec.Struct):
    usage: _Usage
    choices: list[_Choice] = []


class _Answer(msgspec.Struct):
    usage: Any = None
    x_groq: Any = None
    choices: Any = None


def count_usage(usage: object, counts: TokenCounts) -> None:
    """Update counts from a usage object in either of OpenAI's two spellings, keeping what it does not tell."""
    found = TokenCounts(
        input=first_count(usage, ("prompt_tokens",), ("input_tokens",)),
        output=first_count(usage, ("completion_tokens",), ("output_tokens",)),
        cached=first_count(
            usage, ("prompt_tokens_details", "cached_tokens"), ("input_tokens_details", "cached_tokens")
        ),
        reasoning=first_count(
            usage,
            ("completion_tokens_details", "reasoning_tokens"),
            ("output_tokens_details", "reasoning_tokens"),
        ),
    )
    counts.input = counts.input if found.input is None else found.input
    counts.output = counts.output if found.output is None else found.output
    counts.cached = counts.cached if found.cached is None else found.cached
    counts.reasoning = counts.reasoning if found.reasoning is None else found.reasoning


def _take_usage(usage: _Usage, counts: TokenCounts) -> None:
    """Update counts from a usage object as most providers write it, which is read five times as fast as an odd one."""
    given, generated = usage.prompt_tokens_details, usage.completion_tokens_details
    counts.input = usage.prompt_tokens
    if usage.completion_tokens is not None:
        counts.output = usage.completion_tokens
    if given is not None and given.cached_tokens is not None:
        counts.cached = given.cached_tokens
    if generated is not None and generated.reasoning_tokens is not None:
        counts.reasoning = generated.reasoning_tokens


def _read_usage(document: bytes, counts: TokenCounts) -> None:
    """Read `usage`, which every chunk of a stream but the last gives as null; Groq may give it as `x_groq.usage`."""
    usual = read_shape(document, _UsualAnswer)
    if usual is not None:
        _take_usage(usual.usage, counts)
        if usual.choices:
            counts.finish = word(usual.choices[0].finish_reason) or counts.finish
        return
    answer = read_shape(document, _Answer)
    if answer is not None:
        count_usage(answer.usage or member(answer.x_groq, "usage"), counts)
        if isinstance(answer.choices, list) and answer.choices:
            counts.finish = word(member(answer.choices[0], "finish_reason")) or counts.finish


def _probe(model: str) -> Probe:
    """Ask for one token.

    `max_tokens` and not its successor `max_completion_tokens`: it is the only one that all compatible servers know.
    OpenAI's own reasoning models refuse it, and their error says so; the connection is then known to work.
    """
    messages: Json = [{"role": "user", "content": "Hi"}]
    return Probe(CHAT_COMPLETIONS, {"model": model, "messages": messages, "max_tokens": 1})


def bearer_headers(key: str) -> Headers:
    """Write a key as a bearer token (RFC 6750 section 2.1)."""
    return ((b"authorization", b"Bearer " + key.encode()),)


DIALECT = Dialect(
    name="openai",
    mount="/openai",
    endpoints=ENDPOINTS,
    write_error=lambda error, request_id: _write_error(error),
    error_headers=lambda error, request_id: ((b"x-request-id", request_id.encode()),),
    write_break=lambda error, request_id, content_type: _write_break(error, content_type),
    read_error=read_error_line,
    catalog_query="",
    read_catalog=_read_catalog,
    write_catalog=lambda entries, query: _write_catalog(entries),
    write_catalog_entry=_write_catalog_entry,
    # In text, a quotation mark is escaped: `_tokens"` can only end a member's name, or rarely a whole text.
    usage_markers=(b'_tokens"',),
    read_usage=_read_usage,
    # As compact JSON has it, and as Python's `json` writes it; while the answer goes on, the member is null.
    finish_markers=(b'"finish_reason":"', b'"finish_reason": "'),
    probe=_probe,
)

FORMAT = Format(
    name="openai",
    label="OpenAI",
    dialect=DIALECT,
    base_url=BASE_URL,
    key_headers=bearer_headers,
    providers=(
        ProviderPreset("OpenAI", BASE_URL, key_url="https://platform.openai.com/api-keys"),
        ProviderPreset("OpenRouter", "https://openrouter.ai/api/v1", key_url="https://openrouter.ai/settings/keys"),
        ProviderPreset(
            "Hugging Face", "https://router.huggingface.co/v1", key_url="https://huggingface.co/settings/tokens"
        ),
        ProviderPreset("Groq", "https://api.groq.com/openai/v1", key_url="https://console.groq.com/keys"),
        ProviderPreset(
            "Together AI", "https://api.together.xyz/v1", key_url="https://api.together.ai/settings/api-keys"
        ),
        ProviderPreset("Mistral", "https://api.mistral.ai/v1", key_url="https://console.mistral.ai/api-keys"),
        ProviderPreset("DeepSeek", "https://api.deepseek.com/v1", key_url="https://platform.deepseek.com/api_keys"),
        ProviderPreset("xAI", "https://api.x.ai/v1", key_url="https://console.x.ai"),
        ProviderPreset("vLLM", "http://localhost:8000/v1", needs_key=False, private_network=True),
        ProviderPreset("LM Studio", "http://localhost:1234/v1", needs_key=False, private_network=True),
        ProviderPreset("Ollama", "http://localhost:11434/v1", needs_key=False, private_network=True),
        ProviderPreset("llama.cpp", "http://localhost:8080/v1", needs_key=False, private_network=True),
        ProviderPreset("Custom", ""),
    ),
)
