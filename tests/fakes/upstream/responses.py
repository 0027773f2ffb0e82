"""The stateful OpenAI Responses dialect of the fake upstream: create, read, resume, cancel, delete, items, compact."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.upstream import openai, said
from tests.fakes.upstream.received import Answer, Call, Dialect, compact, model_in_body, pretty

MOST_KEPT = 5000
EVENT_STREAM = b"text/event-stream; charset=utf-8"
BY_ID = re.compile(r"/responses/(?P<id>[^/]+)(?P<rest>/cancel|/input_items)?")


@dataclass
class Stored:
    """One response that the upstream remembers."""

    response: dict[str, Any]
    items: list[dict[str, Any]]
    events: list[dict[str, Any]] = field(default_factory=list)


def usage(call: Call) -> dict[str, Any]:
    """Return a usage object of Responses."""
    reasoning = said.REASONING_TOKENS if call.model == "reasoning" else 0
    return {
        "input_tokens": said.INPUT_TOKENS,
        "input_tokens_details": {"cached_tokens": said.CACHED_TOKENS},
        "output_tokens": said.OUTPUT_TOKENS + reasoning,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": said.INPUT_TOKENS + said.OUTPUT_TOKENS + reasoning,
    }


def output(call: Call) -> list[dict[str, Any]]:
    """Return the output items of a finished response."""
    number = call.number
    made: list[dict[str, Any]] = []
    if call.model == "reasoning":
        summary = [{"type": "summary_text", "text": "".join(said.THOUGHT)}]
        made.append({"id": f"rs_{number}", "type": "reasoning", "summary": summary})
    if call.model == "tools" and "function_call_output" not in str(call.body.get("input")):
        name = (call.body.get("tools") or [{}])[0].get("name", "get_weather")
        item = {"id": f"fc_{number}", "type": "function_call", "status": "completed", "call_id": f"call_{number}"}
        return [*made, item | {"name": name, "arguments": "".join(said.ARGUMENTS)}]
    text = {"type": "output_text", "text": "".join(said.pieces_for(call.body)), "annotations": [], "logprobs": []}
    item = {"id": f"msg_{number}", "type": "message", "status": "completed", "role": "assistant"}
    return [*made, item | {"content": [text]}]


def new_response(call: Call) -> dict[str, Any]:
    """Return a response object as it is when it starts."""
    body = call.body
    return {
        "id": f"resp_{call.number:06d}abcdef",
        "object": "response",
        "created_at": said.CREATED,
        "status": "queued" if body.get("background") else "in_progress",
        "background": body.get("background", False),
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "model": call.model,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "store": body.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": body.get("tools", []),
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "metadata": body.get("metadata", {}),
    }


def finished(call: Call, response: dict[str, Any]) -> dict[str, Any]:
    """Return the response as it is when complete."""
    return response | {"status": "completed", "output": output(call), "usage": usage(call)}


def events(call: Call, begun: dict[str, Any], done: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events of a stream, numbered."""
    made: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun | {"status": "in_progress"}},
    ]
    for index, item in enumerate(done["output"]):
        place = {"output_index": index}
        started = item | {key: [] for key in ("content", "summary") if key in item}
        if item["type"] == "function_call":
            started["arguments"] = ""
        made.append({"type": "response.output_item.added", **place, "item": started})
        made += item_events(call, item, {"item_id": item["id"], **place})
        made.append({"type": "response.output_item.done", **place, "item": item})
    made.append({"type": "response.completed", "response": done})
    return [event | {"sequence_number": at} for at, event in enumerate(made)]


def item_events(call: Call, item: dict[str, Any], place: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events between an item's beginning and its end."""
    if item["type"] == "function_call":
        kind = "response.function_call_arguments"
        deltas = [{"type": f"{kind}.delta", **place, "delta": part} for part in said.ARGUMENTS]
        return [*deltas, {"type": f"{kind}.done", **place, "arguments": item["arguments"], "name": item["name"]}]
    parts: tuple[str, ...] = said.THOUGHT
    if item["type"] == "reasoning":
        kind, part, at = "reasoning_summary", item["summary"][0], {"summary_index": 0}
        empty, extra = {"type": "summary_text", "text": ""}, dict[str, Any]()
    else:
        kind, part, at = "content", item["content"][0], {"content_index": 0}
        parts = said.pieces_for(call.body)
        empty, extra = part | {"text": ""}, {"logprobs": []}
    place = place | at
    text_kind = "output_text" if kind == "content" else f"{kind}_text"
    return [
        {"type": f"response.{kind}_part.added", **place, "part": empty},
        *({"type": f"response.{text_kind}.delta", **place, "delta": piece, **extra} for piece in parts),
        {"type": f"response.{text_kind}.done", **place, "text": part["text"], **extra},
        {"type": f"response.{kind}_part.done", **place, "part": part},
    ]


def named(event: dict[str, Any]) -> bytes:
    """Write one named event."""
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + compact(event) + b"\n\n"


def input_items(call: Call) -> list[dict[str, Any]]:
    """Return the input of a create call as listed items, oldest first."""
    given = call.body.get("input", [])
    rows = [{"role": "user", "content": given}] if isinstance(given, str) else list(given)
    made = []
    for at, row in enumerate(rows):
        content = row.get("content")
        shaped = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
        made.append({"type": "message", **row, "id": f"msg_in_{call.number}_{at}", "content": shaped})
    return made


class Store:
    """The responses that one fake upstream remembers."""

    def __init__(self) -> None:
        self.kept: dict[str, Stored] = {}

    def answer(self, call: Call) -> Answer:
        """Answer any call of this dialect."""
        found = BY_ID.fullmatch(call.path)
        if call.method == "POST" and call.path in ("/responses", "/responses/input_tokens", "/responses/compact"):
            posts: dict[str, Callable[[Call], Answer]] = {"": self.create, "input_tokens": count, "compact": compacted}
            made = posts[call.path.partition("/responses")[2].strip("/")](call)
        elif found:
            made = self.by_id(call, found["id"], found["rest"] or "")
        else:
            made = openai.answer(call)
        made.headers = made.headers or openai.request_headers(call)
        return made

    def create(self, call: Call) -> Answer:
        """Answer a create call and remember it unless told not to."""
        if "input" not in call.body and "prompt" not in call.body:
            return openai.error(call, 400)
        previous = call.body.get("previous_response_id")
        if previous is not None and previous not in self.kept:
            return not_found(call, previous, status=400, code="previous_response_not_found")
        begun = new_response(call)
        done = finished(call, begun)
        stored = Stored(begun if call.body.get("background") else done, input_items(call), events(call, begun, done))
        if call.body.get("store") is not False:
            self.kept[begun["id"]] = stored
            while len(self.kept) > MOST_KEPT:
                del self.kept[next(iter(self.kept))]
        if call.streams:
            stored.response = done
            return Answer(events=[named(event) for event in stored.events], content_type=EVENT_STREAM)
        return Answer(pretty(stored.response))

    def by_id(self, call: Call, wanted: str, rest: str) -> Answer:
        """Answer a call that names a response by its id alone."""
        stored = self.kept.get(wanted)
        if stored is None:
            return not_found(call, wanted)
        if call.method == "POST" and rest == "/cancel":
            if not stored.response["background"]:
                return openai.error(call, 400)
            stored.response = stored.response | {"status": "cancelled"}
        elif call.method == "DELETE" and not rest:
            del self.kept[wanted]
            return Answer(pretty({"id": wanted, "object": "response", "deleted": True}))
        elif call.method == "GET":
            return page(call, stored.items) if rest == "/input_items" else self.read(call, stored)
        else:
            return openai.error(call, 404)
        return Answer(pretty(stored.response))

    def read(self, call: Call, stored: Stored) -> Answer:
        """Answer the reading of a response, or its stream again from a number on."""
        if call.query.get("stream") == "true":
            after = int(call.query.get("starting_after", -1))
            return Answer(events=[named(event) for event in stored.events[after + 1 :]], content_type=EVENT_STREAM)
        if stored.response["status"] == "queued":
            stored.response = stored.events[-1]["response"]
        return Answer(pretty(stored.response))


def page(call: Call, items: list[dict[str, Any]]) -> Answer:
    """Answer one page of input items: `limit`, `order`, `after`."""
    rows = items if call.query.get("order") == "asc" else items[::-1]
    after = call.query.get("after")
    start = next((at + 1 for at, row in enumerate(rows) if row["id"] == after), 0)
    size = int(call.query.get("limit", 20))
    part = rows[start : start + size]
    ends = {"first_id": part[0]["id"] if part else None, "last_id": part[-1]["id"] if part else None}
    return Answer(pretty({"object": "list", "data": part, **ends, "has_more": start + size < len(rows)}))


def count(call: Call) -> Answer:
    """Answer the counting of input tokens."""
    return Answer(pretty({"object": "response.input_tokens", "input_tokens": said.INPUT_TOKENS}))


def compacted(call: Call) -> Answer:
    """Answer a compaction with its opaque item."""
    item = {"id": f"cmp_{call.number}", "type": "compaction", "encrypted_content": "Z0FBQUFB"}
    made = {"id": f"resp_{call.number:06d}compact", "object": "response.compaction", "created_at": said.CREATED}
    return Answer(pretty(made | {"output": [*input_items(call), item], "usage": usage(call)}))


def not_found(call: Call, wanted: str, status: int = 404, code: str | None = None) -> Answer:
    """Answer as OpenAI does for an id it does not know."""
    param = "previous_response_id" if code else None
    message = f"Response with id '{wanted}' not found."
    body = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}
    return Answer(pretty(body), status=status, headers=openai.request_headers(call))


IN_STREAM = {"type": "error", "code": "server_error", "message": "The server had an error", "param": None}


def new_dialect() -> Dialect:
    """Return the dialect with a memory of its own."""
    return Dialect(Store().answer, openai.error, model_in_body, named(IN_STREAM | {"sequence_number": 3}))
