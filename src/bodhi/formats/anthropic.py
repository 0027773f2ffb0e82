"""The Anthropic format: messages, token counting, models. `anthropic_oauth` is the same with another credential.

Shapes: docs.claude.com/en/api (messages, streaming, errors, models).
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from bodhi.core.clock import iso_time
from bodhi.core.errors import BodhiError
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
from bodhi.formats.documents import count, media_type, member, read_error_line, read_shape, word, write_json
from bodhi.formats.paging import page_after, page_before, page_size, read_entries, read_ids

BASE_URL = "https://api.anthropic.com/v1"
DEFAULT_PAGE = 20
MAX_PAGE = 1000

MESSAGES = Endpoint(
    name="anthropic.messages",
    method="POST",
    path="/v1/messages",
    suffix="/messages",
    model_in=ModelIn.BODY,
    generating=True,
)

ENDPOINTS = (
    MESSAGES,
    Endpoint(
        name="anthropic.count_tokens",
        method="POST",
        path="/v1/messages/count_tokens",
        suffix="/messages/count_tokens",
        model_in=ModelIn.BODY,
    ),
    Endpoint(
        name="anthropic.models",
        method="GET",
        path="/v1/models",
        suffix="/models",
        model_in=ModelIn.NONE,
        serves=Serves.CATALOG,
    ),
    Endpoint(
        name="anthropic.model",
        method="GET",
        path="/v1/models/{model}",
        suffix="/models/{model}",
        model_in=ModelIn.PATH,
        serves=Serves.CATALOG_ENTRY,
    ),
)

# Errors, as docs.claude.com/en/api/errors lists them.

_ERROR_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    503: "overloaded_error",
    504: "timeout_error",
}


def _write_error(error: BodhiError, request_id: str) -> bytes:
    otherwise = "invalid_request_error" if error.status < 500 else "api_error"
    kind = _ERROR_TYPES.get(error.status, otherwise)
    return write_json(
        {"type": "error", "error": {"type": kind, "message": error.message}, "request_id": request_id},
    )


def _write_break(error: BodhiError, request_id: str, content_type: str) -> bytes:
    """Write the stream's `error` event."""
    if media_type(content_type) != "text/event-stream":
        return b""
    return b"event: error\ndata: " + _write_error(error, request_id) + b"\n\n"


# The models list, as docs.claude.com/en/api/models-list pages it.


def _read_catalog(body: bytes) -> CatalogPage:
    """Read a page; the next one begins after its last id, while there is more."""
    page, entries = read_entries(body)
    ids = read_ids(entries)
    last = page.get("last_id") or (ids[-1] if ids else None)
    if page.get("has_more") is not True or not entries or not isinstance(last, str):
        return CatalogPage(ids)
    return CatalogPage(ids, f"limit={MAX_PAGE}&after_id={quote(last, safe='')}")


def _entry(entry: CatalogEntry) -> JsonObject:
    return {"type": "model", "id": entry.id, "display_name": entry.id, "created_at": iso_time(entry.created_at)}


def _write_catalog(entries: Sequence[CatalogEntry], query: Mapping[str, str]) -> bytes:
    size = page_size(query, "limit", DEFAULT_PAGE, MAX_PAGE)
    before = query.get("before_id")
    page = page_before(entries, before, size) if before else page_after(entries, query.get("after_id") or None, size)
    return write_json(
        {
            "data": [_entry(entry) for entry in page.entries],
            "has_more": page.has_more,
            "first_id": page.entries[0].id if page.entries else None,
            "last_id": page.entries[-1].id if page.entries else None,
        },
    )


def _write_catalog_entry(entry: CatalogEntry) -> bytes:
    return write_json(_entry(entry))


# Usage, as docs.claude.com/en/api/messages and /streaming report it.


class _Answer(msgspec.Struct):
    """A whole message, or the stream events `message_start` (with `message`) and `message_delta` (with `usage`)."""

    usage: Any = None
    message: Any = None
    delta: Any = None
    stop_reason: Any = None


def _read_usage(document: bytes, counts: TokenCounts) -> None:
    """Read usage. `message_delta` repeats only some counts, and those are totals so far, not steps."""
    answer = read_shape(document, _Answer)
    if answer is None:
        return
    counts.finish = word(answer.stop_reason) or word(member(answer.delta, "stop_reason")) or counts.finish
    usage = answer.usage or member(answer.message, "usage")
    fresh = count(usage, "input_tokens")
    read = count(usage, "cache_read_input_tokens")
    written = count(usage, "cache_creation_input_tokens")
    output = count(usage, "output_tokens")
    reasoning = count(usage, "output_tokens_details", "thinking_tokens")
    if fresh is not None:
        # Anthropic counts what came from or went into the cache beside `input_tokens`, not within. Counts never fall
        # within a stream: a smaller one leaves out the cache, or comes from a server that starts with a zero.
        counts.input = max(counts.input or 0, fresh + (read or 0) + (written or 0))
    counts.cached = counts.cached if read is None else read
    counts.cache_written = counts.cache_written if written is None else written
    counts.output = counts.output if output is None else output
    counts.reasoning = counts.reasoning if reasoning is None else reasoning


def _probe(model: str) -> Probe:
    """Ask for one token."""
    messages: Json = [{"role": "user", "content": "Hi"}]
    return Probe(MESSAGES, {"model": model, "max_tokens": 1, "messages": messages})


def _key_headers(key: str) -> Headers:
    return ((b"x-api-key", key.encode()),)


DIALECT = Dialect(
    name="anthropic",
    mount="/anthropic",
    claims=Claims(paths=(r"[A-Z]+ /v1/messages(?:/|$)",), headers=(b"anthropic-version",)),
    endpoints=ENDPOINTS,
    write_error=_write_error,
    error_headers=lambda error, request_id: ((b"request-id", request_id.encode()),),
    write_break=_write_break,
    read_error=read_error_line,
    catalog_query=f"limit={MAX_PAGE}",
    read_catalog=_read_catalog,
    write_catalog=_write_catalog,
    write_catalog_entry=_write_catalog_entry,
    usage_markers=(b'_tokens"',),
    read_usage=_read_usage,
    probe=_probe,
)

FORMAT = Format(
    name="anthropic",
    label="Anthropic",
    dialect=DIALECT,
    base_url=BASE_URL,
    key_headers=_key_headers,
    # The oldest version that is still served, for clients that send none: later versions refuse sampling parameters.
    default_headers=((b"anthropic-version", b"2023-06-01"),),
    client_wins=frozenset({b"anthropic-version"}),
    joined_headers=frozenset({b"anthropic-beta"}),
    providers=(
        ProviderPreset("Anthropic", BASE_URL, key_url="https://console.anthropic.com/settings/keys"),
        ProviderPreset("Custom", ""),
    ),
)
