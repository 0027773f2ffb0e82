"""The Gemini format: `models/{model}:{action}`, and models lists, in three versions of the path.

Shapes: ai.google.dev/api (generate-content, models, embeddings), and google.aip.dev/193 for errors.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from bodhi.core.errors import BodhiError, Unauthenticated
from bodhi.core.types import Headers, Json, JsonObject
from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import (
    CatalogEntry,
    CatalogPage,
    Claims,
    Dialect,
    Endpoint,
    Format,
    ModelIn,
    Probe,
    ProviderPreset,
    Serves,
)
from bodhi.formats.documents import count, first_count, media_type, read_error_line, read_shape, word, write_json
from bodhi.formats.paging import page_after, page_size, read_entries, read_ids

BASE_URL = "https://generativelanguage.googleapis.com/v1beta"
DEFAULT_PAGE = 50
MAX_PAGE = 1000
NAME_PREFIX = "models/"

# proto3 JSON takes both spellings of a name (protobuf.dev/programming-guides/json).
_COUNTED = ("model", "generateContentRequest.model", "generate_content_request.model")
_BATCHED = (
    "batch.model",
    "batch.inputConfig.requests.requests[].request.model",
    "batch.input_config.requests.requests[].request.model",
)
_EMBEDDED = ("model", "requests[].model")


def _action(name: str, action: str, *, generating: bool = False, repeated_models: tuple[str, ...] = ()) -> Endpoint:
    """Describe one action on a model. The AI SDK leaves out `models/` where the model id holds a slash."""
    return Endpoint(
        name=f"gemini.{name}",
        method="POST",
        path=f"/{{version}}/[models/]{{model}}:{action}",
        suffix=f"/models/{{model}}:{action}",
        model_in=ModelIn.PATH,
        generating=generating,
        repeated_models=repeated_models,
    )


GENERATE_CONTENT = _action("generate_content", "generateContent", generating=True)

ENDPOINTS = (
    GENERATE_CONTENT,
    _action("stream_generate_content", "streamGenerateContent", generating=True),
    _action("count_tokens", "countTokens", repeated_models=_COUNTED),
    _action("embed_content", "embedContent", repeated_models=_EMBEDDED),
    _action("batch_embed_contents", "batchEmbedContents", repeated_models=_EMBEDDED),
    _action("action", "{action}", repeated_models=(*_COUNTED, *_EMBEDDED[1:], *_BATCHED)),
    Endpoint(
        name="gemini.models",
        method="GET",
        path="/{version}/models",
        suffix="/models",
        model_in=ModelIn.NONE,
        serves=Serves.CATALOG,
    ),
    Endpoint(
        name="gemini.model",
        method="GET",
        path="/{version}/models/{model}",
        suffix="/models/{model}",
        model_in=ModelIn.PATH,
        serves=Serves.CATALOG_ENTRY,
    ),
)

# Errors, as google.aip.dev/193 shapes them. A bad key is 401 here although Google itself answers 400: both are
# a ClientError for the SDK, the reason is the same, and what stands between reads the status.

_STATUS_NAMES = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _write_error(error: BodhiError, request_id: str) -> bytes:
    reason = "API_KEY_INVALID" if isinstance(error, Unauthenticated) else error.code.upper()
    details: list[Json] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": reason,
            "domain": "bodhi",
            "metadata": {"requestId": request_id},
        },
    ]
    if error.retry_after is not None:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{error.retry_after}s"})
    otherwise = "INVALID_ARGUMENT" if error.status < 500 else "INTERNAL"
    status = _STATUS_NAMES.get(error.status, otherwise)
    return write_json(
        {"error": {"code": error.status, "message": error.message, "status": status, "details": details}},
    )


def _write_break(error: BodhiError, request_id: str, content_type: str) -> bytes:
    """Write an event with an error; nothing inside a started array."""
    if media_type(content_type) != "text/event-stream":
        return b""
    return b"data: " + _write_error(error, request_id) + b"\r\n\r\n"


# The models list, as ai.google.dev/api/models pages it.


def _read_catalog(body: bytes) -> CatalogPage:
    """Read a page; a token leads to the next one."""
    page, entries = read_entries(body)
    ids = read_ids([_named(entry) for entry in entries], strip=NAME_PREFIX)
    token = page.get("nextPageToken")
    if not isinstance(token, str) or not token:
        return CatalogPage(ids)
    return CatalogPage(ids, f"pageSize={MAX_PAGE}&pageToken={quote(token, safe='')}")


def _named(entry: object) -> object:
    """Prefer an entry's `name`, since an `id` is not Gemini's."""
    return entry.get("name", entry) if isinstance(entry, dict) else entry


def _entry(entry: CatalogEntry) -> JsonObject:
    """Write one model. Token limits are left out, since Bodhi does not know them; the methods are what it serves."""
    return {
        "name": NAME_PREFIX + entry.id,
        "version": "unknown",
        "displayName": entry.id,
        "supportedGenerationMethods": ["generateContent", "countTokens", "embedContent", "batchEmbedContents"],
    }


def _write_catalog(entries: Sequence[CatalogEntry], query: Mapping[str, str]) -> bytes:
    token = query.get("pageToken")
    page = page_after(
        entries, _read_token(token) if token else None, page_size(query, "pageSize", DEFAULT_PAGE, MAX_PAGE)
    )
    body: dict[str, Json] = {"models": [_entry(entry) for entry in page.entries]}
    if page.has_more:
        body["nextPageToken"] = urlsafe_b64encode(page.entries[-1].id.encode()).decode().rstrip("=")
    return write_json(body)


def _read_token(token: str) -> str:
    """Read the last id of the page before; a token that is not ours leads to an id that no model has."""
    try:
        return urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4)).decode()
    except ValueError:
        return ""


def _write_catalog_entry(entry: CatalogEntry) -> bytes:
    return write_json(_entry(entry))


# Usage, as ai.google.dev/api/generate-content describes `UsageMetadata`.


class _Candidate(msgspec.Struct):
    finish: Any = msgspec.field(default=None, name="finishReason")


class _Answer(msgspec.Struct):
    usage: Any = msgspec.field(default=None, name="usageMetadata")
    candidates: list[_Candidate] | None = None


class _Counts(msgspec.Struct):
    """The same without the candidates, for answers that have them in another shape."""

    usage: Any = msgspec.field(default=None, name="usageMetadata")


def _read_usage(document: bytes, counts: TokenCounts) -> None:
    """Read the counts so far of an answer, or of the last elements of a streamed array of answers."""
    if document.lstrip()[:1] == b"[":
        answers: Sequence[_Answer | _Counts] = (
            read_shape(document, list[_Answer]) or read_shape(document, list[_Counts]) or ()
        )
    else:
        answer = read_shape(document, _Answer) or read_shape(document, _Counts)
        answers = (answer,) if answer else ()
    for each in answers:
        _count_usage(each.usage, counts)
        if isinstance(each, _Answer) and each.candidates:
            counts.finish = word(each.candidates[0].finish) or counts.finish


def _count_usage(usage: object, counts: TokenCounts) -> None:
    prompt = count(usage, "promptTokenCount")
    used_by_tools = count(usage, "toolUsePromptTokenCount")
    cached = count(usage, "cachedContentTokenCount")
    shown = first_count(usage, ("candidatesTokenCount",), ("responseTokenCount",))
    thought = count(usage, "thoughtsTokenCount")
    if prompt is not None:
        counts.input = prompt + (used_by_tools or 0)
    if shown is not None or thought is not None:
        # Gemini counts thoughts beside the candidates, not within.
        counts.output = (shown or 0) + (thought or 0)
    counts.cached = counts.cached if cached is None else cached
    counts.reasoning = counts.reasoning if thought is None else thought


_PROBE = Probe(
    GENERATE_CONTENT,
    {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "generationConfig": {"maxOutputTokens": 1}},
)
"""One token at most, thoughts included."""


def _key_headers(key: str) -> Headers:
    return ((b"x-goog-api-key", key.encode()),)


DIALECT = Dialect(
    name="gemini",
    mount="/gemini",
    claims=Claims(
        paths=(
            r"[A-Z]+ /v1(?:beta|alpha)(?:/|$)",
            r"[A-Z]+ /upload/",
            # `…:generateContent`. Only a POST: fine-tuned models of OpenAI hold colons, as `ft:gpt-x:org::id`.
            r"POST /(?:.*/)?[^/]*:[a-z]+(?:[A-Z][a-z]*)*$",
            r"[A-Z]+ /v1/(?:interactions|cachedContents|operations|tunedModels)(?:/|$)",
        ),
        headers=(b"x-goog-api-key",),
        query=(b"key",),
    ),
    endpoints=ENDPOINTS,
    versions=("v1beta", "v1", "v1alpha"),
    write_error=_write_error,
    write_break=_write_break,
    read_error=read_error_line,
    catalog_query=f"pageSize={MAX_PAGE}",
    read_catalog=_read_catalog,
    write_catalog=_write_catalog,
    write_catalog_entry=_write_catalog_entry,
    usage_markers=(b'"usageMetadata"',),
    usage_key=b'"usageMetadata"',
    read_usage=_read_usage,
    probe=lambda model: _PROBE,
)

FORMAT = Format(
    name="gemini",
    label="Gemini",
    dialect=DIALECT,
    base_url=BASE_URL,
    key_headers=_key_headers,
    providers=(
        ProviderPreset("Gemini", BASE_URL, key_url="https://aistudio.google.com/apikey"),
        ProviderPreset("Custom", ""),
    ),
)
