"""Reads what routing needs out of a request body, and leaves the bytes alone. Changing them is `outbound`'s.

A body that two parsers could read differently (the same key twice, a key spelled with escapes) is refused where the
key decides who is authorised for what: one model must never be authorised and another be sent.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from bodhi.core.errors import InvalidField, InvalidJson, ModelAmbiguous, ModelInvalid
from bodhi.core.json_text import Member, Span, elements, is_object, is_string, members, read_string


class _UsualHead(msgspec.Struct):
    """The fields that routing needs, as nearly every body has them; all else is skipped by the decoder."""

    model: str
    stream: bool = False


class _AnyObject(msgspec.Struct):
    """Nothing of an object: decoding it only proves that it is one."""


_read_usual_head = msgspec.json.Decoder(_UsualHead).decode
_read_any_object = msgspec.json.Decoder(_AnyObject).decode
_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_UNREADABLE = (msgspec.MsgspecError, RecursionError, UnicodeError)
"""What the decoders raise: of a text that is not UTF-8, no error of their own."""
_KEY = b'"model"'
LARGE = 4 * 1024
"""Bytes; from here on a look over the whole body costs more than a step for each member."""
_LONGEST_GAP = 8
"""Blanks around a colon that nobody exceeds; who does takes the longer way."""
_ESCAPED_LETTER = re.compile(rb"\\u00[4567]")
"""A letter or underscore spelled as an escape: only then can a key of ours be spelled otherwise than plainly."""


class Peek(msgspec.Struct, gc=False):
    """What a body says that routing needs. `model_span` is where the model's value stands, quotes included."""

    model: str | None = None
    model_span: Span | None = None
    stream: bool = False
    references: Mapping[str, str] | None = None
    """Ids of earlier objects, by the field that names them; None where there are none."""


def peek(body: bytes, references: Sequence[str] = ()) -> Peek:
    """Read `model`, `stream` and the fields in `references` at the top level of a JSON object.

    Raises:
        InvalidJson: the body is not a JSON object.
        ModelInvalid: `model` is there and is not a non-empty string.
        ModelAmbiguous: `model` occurs twice or is spelled with escapes.
        InvalidField: a reference is ambiguous or malformed.
    """
    if not references:
        seen = _peek_large(body) if len(body) >= LARGE else None
        if seen is None:
            seen = _peek_usual(body)
        if seen is not None:
            return seen
    _check_is_object(body)
    return _peek_exactly(body, references)


def _peek_usual(body: bytes) -> Peek | None:
    """Read a body in which nothing can be taken for anything else; None where a closer look is due."""
    try:
        head = _read_usual_head(body)
    except _UNREADABLE:
        return None
    # CPython looks from the end three times as fast as from the beginning, and these looks go over the whole body.
    key = body.rfind(_KEY)
    if key < 0 or body.find(_KEY) != key or not head.model.strip():
        return None
    # One byte is looked for many at a time.
    if b"\\" in body and body.rfind(b"\\u00") >= 0 and _ESCAPED_LETTER.search(body):
        return None
    value = b'"%b"' % head.model.encode()
    start = body.find(value, key + len(_KEY), key + len(_KEY) + len(value) + _LONGEST_GAP)
    if start < 0 or body[key + len(_KEY) : start].strip() != b":":
        return None
    return Peek(head.model, Span(start, start + len(value)), head.stream)


def _peek_large(body: bytes) -> Peek | None:
    """Read a body whose members take up all of it; None where a closer look is due.

    Of members with the same name, the decoder keeps the last. But no object can be shorter than its members as the
    decoder tells them, with their quotes, colons and commas. One that is exactly as long has no blanks, as SDKs write
    it, and nothing else: each member is there once, its name spelled without escapes, which are all longer.
    """
    try:
        found = _read_members(body)
    except _UNREADABLE:
        return None
    start = 0
    position = len(b"{")
    for name, value in found.items():
        position += len(name.encode()) + len(b'"":')
        if name == "model":
            start = position
        position += memoryview(value).nbytes + len(b",")  # or the closing brace
    if position != len(body) or not start:
        return None
    model = bytes(found["model"])
    stream = "stream" in found and bytes(found["stream"]) == b"true"
    return Peek(_read_model(model), Span(start, start + len(model)), stream)


def repeated_models(body: bytes, paths: Sequence[str]) -> Iterator[tuple[str, Span]]:
    """Yield the value and place of every model that the body names at one of `paths` (`model`, `a.model`, `a[].model`).

    Raises:
        InvalidJson: the body is not a JSON object.
        ModelInvalid: one of them is not a non-empty string.
    """
    if not body.strip():
        return
    _check_is_object(body)
    for path in paths:
        try:
            spans = _spans_at(body, [Span(0, len(body))], path)
        except ValueError as error:  # the name of a member is not UTF-8
            raise InvalidJson from error
        for span in spans:
            yield _read_model(body[span.start : span.end]), span


def _spans_at(body: bytes, roots: list[Span], path: str) -> list[Span]:
    """Walk a path of member names through objects; `[]` behind a name steps into each element of an array.

    Raises:
        ValueError: one of the objects cannot be read.
    """
    for step in path.split("."):
        name, each = step.removesuffix("[]"), step.endswith("[]")
        found = [
            member.value
            for root in roots
            if is_object(body, root.start) or root.start == 0
            for member in members(body, root.start)
            if member.name == name
        ]
        if each:
            found = [
                element for span in found if body[span.start] == ord("[") for element in elements(body, span.start)
            ]
        roots = found
    return roots


def _peek_exactly(body: bytes, references: Sequence[str]) -> Peek:
    """Read the same by walking the top level member by member, so that duplicates and escapes show."""
    try:
        present = members(body)
    except ValueError as error:
        raise InvalidJson from error
    seen: dict[str, Member] = {}
    for member in present:
        if member.name == "model" and (member.name in seen or not member.plain):
            raise ModelAmbiguous
        if member.name in references and (member.name in seen or not member.plain):
            raise InvalidField(f"`{member.name}` must occur once, spelled plainly.", param=member.name)
        seen[member.name] = member
    result = Peek(references=_read_references(body, seen, references) or None)
    if stream := seen.get("stream"):
        result.stream = body[stream.value.start : stream.value.end] == b"true"
    if model := seen.get("model"):
        result.model, result.model_span = _read_model(body[model.value.start : model.value.end]), model.value
    return result


def _read_references(body: bytes, present: dict[str, Member], names: Sequence[str]) -> dict[str, str]:
    """Read the ids of earlier objects.

    Raises:
        InvalidField: one is neither a string nor null.
    """
    found: dict[str, str] = {}
    for name in names:
        if name not in present:
            continue
        try:
            reference = _read_reference(body, present[name].value)
        except ValueError as error:
            raise InvalidField(f"`{name}` must be an id.", param=name) from error
        if reference is not None:
            found[name] = reference
    return found


def _read_reference(body: bytes, span: Span) -> str | None:
    """Read an id: a string, or an object whose `id` is one (OpenAI's `conversation`); None for null.

    Raises:
        ValueError: it is something else.
    """
    if is_object(body, span.start):
        ids = [member.value for member in members(body, span.start) if member.name == "id"]
        if len(ids) != 1:
            raise ValueError("not one id")
        span = ids[0]
    if is_string(body, span.start):
        return read_string(body[span.start : span.end])
    if body[span.start : span.end] != b"null":
        raise ValueError("not an id")
    return None


def _read_model(raw: bytes) -> str:
    if not raw.startswith(b'"'):
        raise ModelInvalid(param="model")
    try:
        model = read_string(raw)
        model.encode()
    except ValueError as error:
        raise ModelInvalid(param="model") from error
    if not model.strip():
        raise ModelInvalid(param="model")
    return model


def _check_is_object(body: bytes) -> None:
    """Refuse what is not a JSON object.

    Raises:
        InvalidJson: with the reason and the place.
    """
    try:
        _read_any_object(body)
    except _UNREADABLE as error:
        _judge(body, error)


def _judge(body: bytes, error: Exception) -> None:
    """Refuse what the standard library's decoder refuses too, which takes lone surrogates, NaN and control characters.

    Providers' own parsers take those, and nothing that the upstream would accept is refused here.

    Raises:
        InvalidJson: with the reason and the place.
    """
    try:
        document = json.loads(body, strict=False)
    except json.JSONDecodeError as reason:
        message = f"The request body is not JSON: {reason.msg} at line {reason.lineno}, column {reason.colno}."
        raise InvalidJson(message) from error
    except (ValueError, RecursionError) as reason:
        raise InvalidJson("The request body is not JSON, not UTF-8, or nests too deeply.") from reason
    if not isinstance(document, dict):
        raise InvalidJson("The request body must be a JSON object.") from error
