"""What reads bodies: where the model stands in a request, how it is spliced, and the taps that count an answer's tokens.

The HTTP that carries them is in `inbound` and `upstream`.
"""

import asyncio
import json
from typing import Any

from bodhi.core.errors import BadRequest
from bodhi.core.json_text import Splice, apply
from bodhi.core.usage import TokenCounts
from bodhi.formats.contract import Dialect
from bodhi.formats.registry import DIALECTS
from bodhi.relay.peek import LARGE, Peek, peek, repeated_models
from bodhi.relay.tap import tap_for
from fuzz.rules import hold, no_errors_logged
from fuzz.script import MAX_STREAM

REFERENCES = ("previous_response_id", "conversation")
REPEATED = ("model", "requests[].model", "generateContentRequest.model")
NEW_MODEL = "another/model"
PADDING = b',"x":"%b"}' % (b"y" * LARGE)
"""Large bodies are read in another way."""
CONTENT_TYPES = (b"text/event-stream", b"application/json")


def check(_loop: asyncio.AbstractEventLoop, raw: bytes) -> None:
    """Check all that must hold for one input, as a request body and as an answer's.

    Raises:
        Broken: something does not.
    """
    body = raw[:MAX_STREAM]
    _check_peek(body)
    _check_peek(body[:-1] + PADDING)
    with no_errors_logged("bodhi"):
        for dialect in DIALECTS:
            for content_type in CONTENT_TYPES:
                _check_tap(body, dialect, content_type)


def _peek(body: bytes, references: tuple[str, ...] = ()) -> Peek | None:
    try:
        return peek(body, references)
    except BadRequest:
        return None


def _check_peek(body: bytes) -> None:
    usual, exact = _peek(body), _peek(body, REFERENCES)
    try:
        repeated = list(repeated_models(body, REPEATED))
    except BadRequest:
        repeated = []
    for model, span in repeated:
        hold(
            json.loads(body[span.start : span.end].decode(), strict=False) == model,
            "a repeated model is not where it is said",
        )
    if usual is None or usual.model is None or usual.model_span is None:
        hold(exact is None or exact.model is None, "the exact way finds a model that the quick way does not")
        return
    if exact is not None:
        same = (usual.model, usual.model_span, usual.stream) == (exact.model, exact.model_span, exact.stream)
        hold(same, f"the quick way reads {usual}, the exact way {exact}")
    start, end = usual.model_span.start, usual.model_span.end
    hold(json.loads(body[start:end].decode(), strict=False) == usual.model, "the model is not where it is said")
    before = _members(body)
    hold([name for name, _ in before].count("model") == 1, "one of several models is chosen")
    expected = [(name, NEW_MODEL if name == "model" else value) for name, value in before]
    spliced = apply(body, [Splice(start, end, json.dumps(NEW_MODEL).encode())])
    hold(repr(_members(spliced)) == repr(expected), "the splice changes something else")


def _members(body: bytes) -> list[tuple[str, Any]]:
    """Read an object as everybody else does, but for the order and number of its members; bytes that are no UTF-8 too."""
    found: Any = json.loads(body.decode(errors="surrogateescape"), strict=False, object_pairs_hook=lambda pairs: pairs)
    return list(found)


def _check_tap(body: bytes, dialect: Dialect, content_type: bytes) -> None:
    one = _count([body], dialect, content_type)
    other = _count([body[at : at + 1] for at in range(len(body))], dialect, content_type)
    hold(one == other, f"split in another way, {one} becomes {other}")


def _count(pieces: list[bytes], dialect: Dialect, content_type: bytes) -> TokenCounts:
    tap = tap_for(dialect, content_type, None)
    for piece in pieces:
        if piece:
            tap.feed(piece)
    return tap.finish()
