"""The Gemini dialect of the fake upstream: generation, counting, embeddings and the paged models list."""

import base64
import re
from collections.abc import Callable
from typing import Any

from tests.fakes.upstream import said
from tests.fakes.upstream.received import Answer, Call, Dialect, compact, pretty

LARGEST_PAGE = 30
# google.rpc.Code names by status, https://ai.google.dev/gemini-api/docs/troubleshooting
ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
ACTION = re.compile(r"/models/(?P<model>.+):(?P<action>[A-Za-z]+)")


def model_in_path(path: str, body: dict[str, Any]) -> str:
    """Return the model of a path, cut at the last colon."""
    found = ACTION.fullmatch(path)
    return found["model"] if found else path.partition("/models/")[2]


def usage(call: Call, output: int) -> dict[str, Any]:
    """Return a usageMetadata object."""
    reasoning = said.REASONING_TOKENS if call.model == "reasoning" else 0
    made = {
        "promptTokenCount": said.INPUT_TOKENS,
        "candidatesTokenCount": output,
        "totalTokenCount": said.INPUT_TOKENS + output + reasoning,
        "cachedContentTokenCount": said.CACHED_TOKENS,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": said.INPUT_TOKENS}],
    }
    return made | ({"thoughtsTokenCount": reasoning} if reasoning else {})


def parts(call: Call) -> list[dict[str, Any]]:
    """Return the parts of an answer, each as one chunk of a stream."""
    made: list[dict[str, Any]] = []
    if call.model == "reasoning":
        made = [{"text": part, "thought": True} for part in said.THOUGHT]
    contents = call.body.get("contents")
    last = contents[-1] if isinstance(contents, list) and contents else {}
    if call.model == "tools" and "functionResponse" not in str(last) and "function_response" not in str(last):
        declared = re.search(r"'name': '([^']+)'", str(call.body.get("tools") or ""))
        name = declared[1] if declared else "get_weather"
        return [*made, {"functionCall": {"name": name, "args": {"city": "Zürich", "unit": "celsius"}}}]
    return [*made, *({"text": piece} for piece in said.pieces_for(call.body))]


def response(call: Call, content: list[dict[str, Any]], output: int, last: bool) -> dict[str, Any]:
    """Return one GenerateContentResponse."""
    candidate: dict[str, Any] = {"content": {"parts": content, "role": "model"}, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    return {
        "candidates": [candidate],
        "usageMetadata": usage(call, output),
        "modelVersion": call.model,
        "responseId": f"gem-{call.number}",
    }


def generate(call: Call) -> Answer:
    """Answer generateContent with one object; neighbouring texts are one part."""
    made: list[dict[str, Any]] = []
    for part in parts(call):
        if made and "text" in part and part.get("thought") == made[-1].get("thought"):
            made[-1] = made[-1] | {"text": made[-1]["text"] + part["text"]}
        else:
            made.append(part)
    return Answer(pretty(response(call, made, said.OUTPUT_TOKENS, last=True)))


def stream(call: Call) -> Answer:
    """Answer streamGenerateContent: events with CRLF and no terminator, or one JSON array."""
    every = parts(call)
    chunks = [
        response(call, [part], said.OUTPUT_TOKENS * (at + 1) // len(every), last=at == len(every) - 1)
        for at, part in enumerate(every)
    ]
    if call.query.get("alt") == "sse":
        return Answer(
            events=[b"data: " + compact(chunk) + b"\r\n\r\n" for chunk in chunks], content_type=b"text/event-stream"
        )
    texts = [pretty(chunk).rstrip() for chunk in chunks]
    return Answer(events=[b"[" + texts[0], *(b"\n,\r\n" + text for text in texts[1:]), b"\n]\n"])


def count_tokens(call: Call) -> Answer:
    """Answer countTokens."""
    detail = [{"modality": "TEXT", "tokenCount": said.INPUT_TOKENS}]
    return Answer(pretty({"totalTokens": said.INPUT_TOKENS, "promptTokensDetails": detail}))


def text_of(content: Any) -> str:
    """Return the text of a content object."""
    listed = content.get("parts") if isinstance(content, dict) else None
    return "".join(str(part.get("text", "")) for part in listed or [])


def embed(call: Call) -> Answer:
    """Answer embedContent."""
    return Answer(pretty({"embedding": {"values": said.vector(text_of(call.body.get("content")))}}))


def batch_embed(call: Call) -> Answer:
    """Answer batchEmbedContents."""
    texts = [text_of(item.get("content")) for item in call.body.get("requests") or []]
    return Answer(pretty({"embeddings": [{"values": said.vector(text)} for text in texts]}))


def predict(call: Call) -> Answer:
    """Answer predict with one image."""
    image = base64.b64encode(said.PNG).decode()
    return Answer(pretty({"predictions": [{"mimeType": "image/png", "bytesBase64Encoded": image}]}))


ACTIONS: dict[str, Callable[[Call], Answer]] = {
    "generateContent": generate,
    "streamGenerateContent": stream,
    "countTokens": count_tokens,
    "embedContent": embed,
    "batchEmbedContents": batch_embed,
    "predict": predict,
}


def model_object(model: str) -> dict[str, Any]:
    """Return one entry of the models list; as the live service, without baseModelId."""
    return {
        "name": f"models/{model}",
        "version": "001",
        "displayName": model.title(),
        "inputTokenLimit": 1048576,
        "outputTokenLimit": 65536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    }


def models(call: Call) -> Answer:
    """Answer one model or one page of the list: `pageSize`, `pageToken`."""
    wanted = call.path.partition("/models/")[2]
    if wanted:
        return Answer(pretty(model_object(wanted))) if wanted in said.CATALOG else error(call, 404)
    start = int(call.query.get("pageToken") or 0)
    end = start + min(int(call.query.get("pageSize") or LARGEST_PAGE), LARGEST_PAGE)
    page: dict[str, Any] = {"models": [model_object(model) for model in said.CATALOG[start:end]]}
    return Answer(pretty(page | ({"nextPageToken": str(end)} if end < len(said.CATALOG) else {})))


def answer(call: Call) -> Answer:
    """Answer any call of this dialect."""
    found = ACTION.fullmatch(call.path)
    if call.method == "GET" and (call.path == "/models" or call.path.startswith("/models/")):
        made = models(call)
    elif found and call.method == "POST" and found["action"] in ACTIONS:
        made = ACTIONS[found["action"]](call)
    else:
        made = error(call, 404)
    made.headers = made.headers or [(b"server-timing", b"gfet4t7; dur=%d" % call.number)]
    return made


def error(call: Call, status: int) -> Answer:
    """Answer with Google's error body; in array streaming it is a one-element array."""
    detail: dict[str, Any] = {
        "code": status,
        "message": f"The fake upstream answers {status}.",
        "status": ERRORS.get(status, "UNKNOWN"),
    }
    if status == 429:
        detail["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}]
    body: Any = {"error": detail}
    if call.path.endswith(":streamGenerateContent") and call.query.get("alt") != "sse":
        body = [body]
    return Answer(pretty(body), status=status, headers=[(b"server-timing", b"gfet4t7; dur=%d" % call.number)])


IN_STREAM = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
DIALECT = Dialect(answer, error, model_in_path, b"data: " + compact(IN_STREAM) + b"\r\n\r\n")
