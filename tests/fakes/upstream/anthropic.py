"""The Anthropic dialect of the fake upstream: messages, counting and the paged models list; with OAuth or without."""

from dataclasses import replace
from typing import Any

from tests.fakes.upstream import said
from tests.fakes.upstream.received import Answer, Call, Dialect, compact, model_in_body

LARGEST_PAGE = 25
OAUTH_BETA = "oauth-2025-04-20"
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def request_headers(call: Call) -> list[tuple[bytes, bytes]]:
    """Return what Anthropic adds to each answer."""
    return [
        (b"request-id", b"req_anthropic_%d" % call.number),
        (b"anthropic-organization-id", b"7f3c1a52-0000-4000-8000-000000000000"),
        (b"anthropic-ratelimit-requests-remaining", b"99"),
    ]


def usage(call: Call, output: int) -> dict[str, Any]:
    """Return a usage object of Messages."""
    return {
        "input_tokens": said.INPUT_TOKENS,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": said.CACHED_TOKENS,
        "output_tokens": output,
        "service_tier": "standard",
    }


def output_tokens(call: Call) -> int:
    """Return the output tokens of an answer, thinking included as Anthropic counts."""
    return said.OUTPUT_TOKENS + (said.REASONING_TOKENS if call.model == "reasoning" else 0)


def blocks(call: Call) -> list[dict[str, Any]]:
    """Return the content blocks of an answer."""
    made: list[dict[str, Any]] = []
    if call.model == "reasoning":
        made.append({"type": "thinking", "thinking": "".join(said.THOUGHT), "signature": "c2lnbmVk"})
    messages = call.body.get("messages") or [{}]
    if call.model == "tools" and "tool_result" not in str(messages[-1]):
        name = (call.body.get("tools") or [{}])[0].get("name", "get_weather")
        arguments = {"city": "Zürich", "unit": "celsius"}
        return [*made, {"type": "tool_use", "id": "toolu_1", "name": name, "input": arguments}]
    return [*made, {"type": "text", "text": "".join(said.pieces_for(call.body))}]


def message(call: Call) -> dict[str, Any]:
    """Return a whole message."""
    content = blocks(call)
    return {
        "id": f"msg_{call.number}",
        "type": "message",
        "role": "assistant",
        "model": call.model,
        "content": content,
        "stop_reason": "tool_use" if content[-1]["type"] == "tool_use" else "end_turn",
        "stop_sequence": None,
        "usage": usage(call, output_tokens(call)),
    }


def messages(call: Call) -> Answer:
    """Answer a message, whole or as a stream of named events."""
    if not isinstance(call.body.get("messages"), list) or not isinstance(call.body.get("max_tokens"), int):
        return error(call, 400)
    if not call.streams:
        return Answer(compact(message(call)))
    return Answer(events=[named(event) for event in events(call)], content_type=b"text/event-stream; charset=utf-8")


def named(event: dict[str, Any]) -> bytes:
    """Write one named event."""
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + compact(event) + b"\n\n"


def events(call: Call) -> list[dict[str, Any]]:
    """Return the events of a streamed message in the vendor's order, a ping among them."""
    whole = message(call)
    begun = whole | {"content": [], "stop_reason": None, "usage": usage(call, 1)}
    made: list[dict[str, Any]] = [{"type": "message_start", "message": begun}]
    for index, block in enumerate(whole["content"]):
        start, deltas = block_deltas(call, block)
        made.append({"type": "content_block_start", "index": index, "content_block": start})
        if index == 0:
            made.append({"type": "ping"})
        made += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        made.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    made.append({"type": "message_delta", "delta": delta, "usage": {"output_tokens": output_tokens(call)}})
    return [*made, {"type": "message_stop"}]


def block_deltas(call: Call, block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a block as it starts and the deltas that complete it."""
    if block["type"] == "thinking":
        deltas = [{"type": "thinking_delta", "thinking": part} for part in said.THOUGHT]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
        return block | {"thinking": "", "signature": ""}, deltas
    if block["type"] == "tool_use":
        return block | {"input": {}}, [{"type": "input_json_delta", "partial_json": part} for part in said.ARGUMENTS]
    parts = said.pieces_for(call.body)
    return block | {"text": ""}, [{"type": "text_delta", "text": part} for part in parts]


def model_object(model: str) -> dict[str, Any]:
    """Return one entry of the models list."""
    return {"type": "model", "id": model, "display_name": model.title(), "created_at": "2026-02-04T00:00:00Z"}


def models(call: Call) -> Answer:
    """Answer one model or one page of the list: `limit`, `after_id`, `before_id`."""
    wanted = call.path.partition("/models/")[2]
    if wanted:
        return Answer(compact(model_object(wanted))) if wanted in said.CATALOG else error(call, 404)
    size = min(int(call.query.get("limit", 20)), LARGEST_PAGE)
    if before := call.query.get("before_id"):
        end = said.CATALOG.index(before)
        page, more = said.CATALOG[max(0, end - size) : end], end > size
    else:
        after = call.query.get("after_id")
        start = said.CATALOG.index(after) + 1 if after else 0
        page, more = said.CATALOG[start : start + size], start + size < len(said.CATALOG)
    ends = {"first_id": page[0] if page else None, "last_id": page[-1] if page else None, "has_more": more}
    return Answer(compact({"data": [model_object(model) for model in page]} | ends))


def answer(call: Call) -> Answer:
    """Answer any call of this dialect."""
    if call.path == "/models" or call.path.startswith("/models/"):
        made = models(call)
    elif call.path == "/messages/count_tokens" and call.method == "POST":
        made = Answer(compact({"input_tokens": said.INPUT_TOKENS}))
    elif call.path == "/messages" and call.method == "POST":
        made = messages(call)
    else:
        made = error(call, 404)
    if call.received.header("anthropic-version") is None:
        made = error(call, 400, "anthropic-version: header is required")
    made.headers = made.headers or request_headers(call)
    return made


def answer_oauth(call: Call) -> Answer:
    """Answer as `answer` does, but only to a subscription token with its beta header."""
    token = call.received.header("authorization") or ""
    if not token.startswith("Bearer sk-ant-oat01-"):
        return error(call, 401, "invalid x-api-key")
    betas = [beta.strip() for line in call.received.all("anthropic-beta") for beta in line.split(",")]
    if OAUTH_BETA not in betas:
        return error(call, 401, "OAuth authentication is currently not supported.")
    return answer(call)


def error(call: Call, status: int, text: str = "") -> Answer:
    """Answer with Anthropic's error body for a status."""
    kind = ERRORS.get(status, "api_error")
    detail = {"type": kind, "message": text or f"The fake upstream answers {status}."}
    body = {"type": "error", "error": detail, "request_id": f"req_anthropic_{call.number}"}
    return Answer(compact(body), status=status, headers=request_headers(call))


IN_STREAM = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
DIALECT = Dialect(answer, error, model_in_body, named(IN_STREAM))
OAUTH_DIALECT = replace(DIALECT, answer=answer_oauth)
