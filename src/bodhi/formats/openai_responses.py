"""The OpenAI Responses format: create, and every call about a stored response. Errors and models are `openai`'s.

Shapes: platform.openai.com/docs/api-reference/responses and /responses-streaming.
"""

import re
from dataclasses import replace
from typing import Any

import msgspec

from bodhi.core.errors import BodhiError
from bodhi.core.usage import TokenCounts
from bodhi.formats import openai
from bodhi.formats.contract import Endpoint, Format, ModelIn, Probe, ProviderPreset
from bodhi.formats.documents import media_type, member, read_shape, word, write_json

OBJECT_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")

PROBE_TOKENS = 16
"""The least that OpenAI accepts as `max_output_tokens`: it answers 1 with "integer below minimum value. Expected a
value >= 16" (quoted in github.com/earendil-works/pi/issues/6265)."""

_GOES_ON = ("queued", "in_progress")
"""What the status of a response is before it has ended."""

_REFERENCES = ("previous_response_id", "conversation")


def _object_call(name: str, method: str, below: str = "", *, deletes_object: bool = False) -> Endpoint:
    """Describe a call about one stored response."""
    return Endpoint(
        name=f"responses.{name}",
        method=method,
        path=f"/v1/responses/{{id}}{below}",
        suffix=f"/responses/{{id}}{below}",
        model_in=ModelIn.OBJECT,
        deletes_object=deletes_object,
    )


CREATE = Endpoint(
    name="responses.create",
    method="POST",
    path="/v1/responses",
    suffix="/responses",
    model_in=ModelIn.BODY,
    generating=True,
    model_optional=True,  # A stored prompt (`prompt.id`) may name the model instead.
    creates_object=True,
    references=_REFERENCES,
)

ENDPOINTS = (
    CREATE,
    Endpoint(
        name="responses.input_tokens",
        method="POST",
        path="/v1/responses/input_tokens",
        suffix="/responses/input_tokens",
        model_in=ModelIn.BODY,
        model_optional=True,
        references=_REFERENCES,
    ),
    Endpoint(
        name="responses.compact",
        method="POST",
        path="/v1/responses/compact",
        suffix="/responses/compact",
        model_in=ModelIn.BODY,
        references=_REFERENCES,
    ),
    _object_call("read", "GET"),
    _object_call("delete", "DELETE", deletes_object=True),
    _object_call("cancel", "POST", "/cancel"),
    _object_call("input_items", "GET", "/input_items"),
)


def _write_break(error: BodhiError, content_type: str) -> bytes:
    """Write the stream's `error` event.

    Its documented members are flat. The nested `error` is what makes the Python SDK raise (`openai/_streaming.py`).
    The number of the last event is unknown here, and typed clients require one.
    """
    if media_type(content_type) != "text/event-stream":
        return b""
    fields = openai.error_object(error)
    event = {**fields, "type": "error", "sequence_number": 0, "error": fields}
    return b"event: error\ndata: " + write_json(event) + b"\n\n"


class _Answer(msgspec.Struct):
    """A whole response, or a stream event around one."""

    id: Any = None
    usage: Any = None
    store: Any = None
    response: Any = None
    status: Any = None
    incomplete_details: Any = None


def _read_usage(document: bytes, counts: TokenCounts) -> None:
    """Read the usage of a body, or of a terminal event: completed, incomplete or failed."""
    answer = read_shape(document, _Answer)
    if answer is None:
        return
    openai.count_usage(member(answer.response, "usage") or answer.usage, counts)
    status, details = answer.status, answer.incomplete_details
    if answer.response is not None:
        status, details = member(answer.response, "status"), member(answer.response, "incomplete_details")
    if status not in _GOES_ON:
        counts.finish = word(member(details, "reason")) or word(status) or counts.finish


def _read_object_id(document: bytes) -> str | None:
    """Read the id of a response that the upstream keeps; None where it says that it does not (`store: false`)."""
    answer = read_shape(document, _Answer)
    if answer is None:
        return None
    inner = answer.response
    found, store = (member(inner, "id"), member(inner, "store")) if inner else (answer.id, answer.store)
    if store is False or not isinstance(found, str) or not OBJECT_ID.fullmatch(found):
        return None
    return found


def _probe(model: str) -> Probe:
    """Ask for as few tokens as the provider allows, and for nothing to be kept."""
    return Probe(CREATE, {"model": model, "input": "Hi", "max_output_tokens": PROBE_TOKENS, "store": False})


DIALECT = replace(
    openai.DIALECT,
    name="openai_responses",
    endpoints=ENDPOINTS,
    write_break=lambda error, request_id, content_type: _write_break(error, content_type),
    read_usage=_read_usage,
    read_object_id=_read_object_id,
    probe=_probe,
)

FORMAT = Format(
    name="openai_responses",
    label="OpenAI Responses",
    dialect=DIALECT,
    base_url=openai.BASE_URL,
    key_headers=openai.bearer_headers,
    providers=(
        ProviderPreset("OpenAI Responses", openai.BASE_URL, key_url="https://platform.openai.com/api-keys"),
        ProviderPreset("Custom", ""),
    ),
)
