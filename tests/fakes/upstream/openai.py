"""The OpenAI dialect of the fake upstream: chat, completions, embeddings, media and the models list."""

import base64
from collections.abc import Callable
from typing import Any

from tests.fakes.upstream import said
from tests.fakes.upstream.received import Answer, Call, Dialect, compact, model_in_body, pretty

# Type and code by status, as https://platform.openai.com/docs/guides/error-codes lists them.
ERRORS = {
    400: ("invalid_request_error", "invalid_value"),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    409: ("invalid_request_error", "conflict"),
    422: ("invalid_request_error", "unprocessable_entity"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}


def request_headers(call: Call) -> list[tuple[bytes, bytes]]:
    """Return what OpenAI adds to each answer."""
    return [
        (b"x-request-id", b"req_openai_%d" % call.number),
        (b"openai-version", b"2020-10-01"),
        (b"openai-processing-ms", b"12"),
        (b"x-ratelimit-remaining-requests", b"99"),
    ]


def usage(call: Call) -> dict[str, Any]:
    """Return a usage object of Chat Completions."""
    reasoning = said.REASONING_TOKENS if call.model == "reasoning" else 0
    return {
        "prompt_tokens": said.INPUT_TOKENS,
        "completion_tokens": said.OUTPUT_TOKENS + reasoning,
        "total_tokens": said.INPUT_TOKENS + said.OUTPUT_TOKENS + reasoning,
        "prompt_tokens_details": {"cached_tokens": said.CACHED_TOKENS, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
    }


def calls_tool(call: Call) -> bool:
    """Return whether this turn answers with a tool call: the last message is not a tool's result."""
    messages = call.body.get("messages") or [{}]
    return call.model == "tools" and messages[-1].get("role") != "tool"


def tool_name(call: Call) -> str:
    """Return the name of the first tool offered."""
    tools = call.body.get("tools") or [{}]
    return str(tools[0].get("function", {}).get("name", "get_weather"))


def chat(call: Call) -> Answer:
    """Answer a chat completion, whole or as a stream."""
    if not isinstance(call.body.get("messages"), list):
        return error(call, 400)
    if call.streams:
        return Answer(events=chat_events(call), content_type=b"text/event-stream; charset=utf-8")
    message: dict[str, Any] = {"role": "assistant", "content": "".join(said.pieces_for(call.body)), "refusal": None}
    if call.model == "reasoning":
        message["reasoning_content"] = "".join(said.THOUGHT)
    if calls_tool(call):
        function = {"name": tool_name(call), "arguments": "".join(said.ARGUMENTS)}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": "tool_calls" if calls_tool(call) else "stop",
    }
    return Answer(pretty(chat_object(call, "chat.completion") | {"choices": [choice], "usage": usage(call)}))


def chat_object(call: Call, kind: str) -> dict[str, Any]:
    """Return what every chat object begins with."""
    return {
        "id": f"chatcmpl-{call.number}",
        "object": kind,
        "created": said.CREATED,
        "model": call.model,
        "system_fingerprint": "fp_fake",
    }


def chat_events(call: Call) -> list[bytes]:
    """Return the events of a streamed chat completion."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    if call.model == "reasoning":
        deltas += [{"reasoning_content": thought} for thought in said.THOUGHT]
    if calls_tool(call):
        first = {"index": 0, "id": "call_1", "type": "function"}
        deltas += [{"tool_calls": [first | {"function": {"name": tool_name(call), "arguments": ""}}]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in said.ARGUMENTS]
    else:
        deltas += [{"content": piece} for piece in said.pieces_for(call.body)]
    with_usage = bool((call.body.get("stream_options") or {}).get("include_usage"))
    start = chat_object(call, "chat.completion.chunk")
    tail: dict[str, Any] = {"usage": None} if with_usage else {}
    blank: dict[str, Any] = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": None}
    choices = [blank | {"delta": delta} for delta in deltas]
    finish = "tool_calls" if calls_tool(call) else "stop"
    choices.append(blank | {"finish_reason": finish})
    chunks = [start | {"choices": [choice]} | tail for choice in choices]
    if with_usage:
        chunks.append(start | {"choices": [], "usage": usage(call)})
    return [*(b"data: " + compact(chunk) + b"\n\n" for chunk in chunks), b"data: [DONE]\n\n"]


def completions(call: Call) -> Answer:
    """Answer the older completions endpoint."""
    start: dict[str, Any] = {
        "id": f"cmpl-{call.number}",
        "object": "text_completion",
        "created": said.CREATED,
        "model": call.model,
    }
    rest: dict[str, Any] = {"index": 0, "logprobs": None}
    if not call.streams:
        choice = rest | {"text": said.TEXT, "finish_reason": "stop"}
        return Answer(pretty(start | {"choices": [choice], "usage": usage(call)}))
    last = len(said.PIECES) - 1
    chunks = [
        start | {"choices": [rest | {"text": text, "finish_reason": "stop" if at == last else None}]}
        for at, text in enumerate(said.PIECES)
    ]
    events = [*(b"data: " + compact(chunk) + b"\n\n" for chunk in chunks), b"data: [DONE]\n\n"]
    return Answer(events=events, content_type=b"text/event-stream; charset=utf-8")


def embeddings(call: Call) -> Answer:
    """Answer embeddings as floats or as base64 of float32."""
    given = call.body.get("input", "")
    texts = given if isinstance(given, list) and given and isinstance(given[0], str | list) else [given]
    as_base64 = call.body.get("encoding_format") == "base64"
    vectors = [said.vector(text) for text in texts]
    rows = [
        {"object": "embedding", "index": at, "embedding": said.packed(row) if as_base64 else row}
        for at, row in enumerate(vectors)
    ]
    tokens = {"prompt_tokens": said.INPUT_TOKENS, "total_tokens": said.INPUT_TOKENS}
    return Answer(pretty({"object": "list", "data": rows, "model": call.model, "usage": tokens}))


def moderations(call: Call) -> Answer:
    """Answer a moderation that flags nothing."""
    result = {"flagged": False, "categories": {"violence": False}, "category_scores": {"violence": 0.001}}
    return Answer(pretty({"id": f"modr-{call.number}", "model": call.model, "results": [result]}))


def images(call: Call) -> Answer:
    """Answer an image generation with one pixel."""
    tokens = {"input_tokens": 5, "output_tokens": 9, "total_tokens": 14, "input_tokens_details": {"text_tokens": 5}}
    rows = [{"b64_json": base64.b64encode(said.PNG).decode()}]
    return Answer(pretty({"created": said.CREATED, "data": rows, "usage": tokens}))


def speech(call: Call) -> Answer:
    """Answer speech with binary."""
    return Answer(events=[said.SPEECH[:1000], said.SPEECH[1000:]], content_type=b"audio/mpeg")


def rerank(call: Call) -> Answer:
    """Answer a rerank in the shape that Jina, Cohere and vLLM share."""
    count = len(call.body.get("documents") or [])
    results = [{"index": at, "relevance_score": 1 / (1 + at)} for at in reversed(range(count))]
    return Answer(pretty({"id": f"rr-{call.number}", "model": call.model, "results": results}))


def model_object(model: str) -> dict[str, Any]:
    """Return one entry of the models list."""
    return {"id": model, "object": "model", "created": said.CREATED, "owned_by": "fake"}


def models(call: Call) -> Answer:
    """Answer the models list (never paged), one model, or the deletion of one."""
    wanted = call.path.partition("/models/")[2]
    if not wanted:
        return Answer(pretty({"object": "list", "data": [model_object(model) for model in said.CATALOG]}))
    if wanted not in said.CATALOG:
        return error(call, 404)
    if call.method == "DELETE":
        return Answer(pretty({"id": wanted, "object": "model", "deleted": True}))
    return Answer(pretty(model_object(wanted)))


ENDPOINTS: dict[str, Callable[[Call], Answer]] = {
    "/chat/completions": chat,
    "/completions": completions,
    "/embeddings": embeddings,
    "/moderations": moderations,
    "/images/generations": images,
    "/audio/speech": speech,
    "/rerank": rerank,
}


def answer(call: Call) -> Answer:
    """Answer any call of this dialect."""
    if call.path == "/models" or call.path.startswith("/models/"):
        made = models(call)
    elif call.method == "POST" and call.path in ENDPOINTS:
        made = ENDPOINTS[call.path](call)
    else:
        made = error(call, 404)
    made.headers = made.headers or request_headers(call)
    return made


def error(call: Call, status: int) -> Answer:
    """Answer with OpenAI's error body for a status."""
    kind, code = ERRORS.get(status, ("server_error", "server_error"))
    message = f"The fake upstream answers {status}. (request ID req_openai_{call.number})"
    body = {"error": {"message": message, "type": kind, "param": None, "code": code}}
    return Answer(pretty(body), status=status, headers=request_headers(call))


IN_STREAM = {"error": {"message": "The server had an error", "type": "server_error", "param": None, "code": None}}
DIALECT = Dialect(answer, error, model_in_body, b"data: " + compact(IN_STREAM) + b"\n\n")
