"""Bodies of chats: their shapes and bounds, read only once it is known who sends them. No endpoint lives here.

The framework reads a body before it asks who is there, which suits small ones only; these reach megabytes.
"""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from bodhi.control.schemas import Body
from bodhi.core.errors import InvalidField, InvalidJson
from bodhi.storage.chat_messages import Written

KIB, MIB = 1024, 1024 * 1024
MAX_TITLE = 200
MAX_SETTINGS = 64 * KIB
MAX_MESSAGE = 12 * MIB
MAX_CHAT = 64 * MIB
MAX_MESSAGES = 4_000

ULID = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
"""How ids are spelled that pages make (github.com/ulid/spec)."""

JsonObject = dict[str, Any]
Given = TypeVar("Given", bound=Body)


def _whole_characters(value: object) -> object:
    """Replace half of a surrogate pair, which is left where a page cuts a title in the middle of a character."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


Id = Annotated[str, Field(pattern=ULID)]
Title = Annotated[str, Field(max_length=MAX_TITLE), BeforeValidator(_whole_characters)]


def _check_time(text: str) -> str:
    """Accept a moment by RFC 3339 that can be shown again.

    Raises:
        ValueError: it is none.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone, such as Z")
    try:
        moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("this time is out of range") from None
    return text


class NewMessage(Body):
    """A message to store."""

    parent_id: Id | None
    """The message that it follows; null for a first one."""
    role: Literal["user", "assistant"]
    content: JsonObject
    """The page's own; at most 12 MiB as JSON."""
    leaf: bool = True
    """Whether the branch that is shown ends with it from now on."""


class ImportedMessage(Body):
    """A message of a chat that is stored whole."""

    id: Id
    parent_id: Id | None
    role: Literal["user", "assistant"]
    content: JsonObject
    created_at: Annotated[str, Field(max_length=40), AfterValidator(_check_time)] | None = None
    """By RFC 3339; now, if it is left out."""


class NewChat(Body):
    """The chat to make."""

    id: Id | None = None
    """A ULID; made here if it is left out."""
    title: Title
    settings: JsonObject = Field(default_factory=dict)
    """The page's own; at most 64 KiB as JSON."""
    leaf_id: Id | None = None
    messages: list[ImportedMessage] = Field(default_factory=list, max_length=MAX_MESSAGES)
    """In any order, each with its parent among them; at most 64 MiB together."""


class ChatPatch(Body):
    """The fields to change. One that is left out stays as it is."""

    title: Title = Field(default_factory=str)
    settings: JsonObject = Field(default_factory=dict)
    leaf_id: Id | None = None


async def read_given(request: Request, kind: type[Given]) -> Given:
    """Read a request's body as what it must be.

    Raises:
        InvalidJson: it is no JSON.
        RequestValidationError: a field is missing, unknown or of another type.
    """
    raw = await request.body()
    # In a thread: other calls go on between the pieces of the work.
    return await asyncio.to_thread(_parsed, raw, kind)


def described(kind: type[Body]) -> dict[str, Any]:
    """Describe a body that the framework does not read, for OpenAPI."""
    schema = kind.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(part: Any) -> Any:
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/")[2]
            return inlined(definitions[name]) if name else {key: inlined(value) for key, value in part.items()}
        return [inlined(each) for each in part] if isinstance(part, list) else part

    content = {"application/json": {"schema": inlined(schema)}}
    return {"requestBody": {"required": True, "content": content}}


def bounded_json(value: JsonObject, *, param: str, most: int = MAX_SETTINGS) -> tuple[str, int]:
    """Write an object as JSON, and return it with its length in bytes.

    Raises:
        InvalidField: it is longer than allowed, nested too deeply, or holds what JSON has no word for.
    """
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        try:
            size = len(text.encode())
        except UnicodeEncodeError:
            # Half of a surrogate pair, which pages can send: kept as they wrote it, by its escape.
            text = json.dumps(value, allow_nan=False, separators=(",", ":"))
            size = len(text)
    except (ValueError, RecursionError):
        raise InvalidField("This holds a number or a nesting that cannot be stored.", param=param) from None
    if size > most:
        raise InvalidField(f"This is {size:,} bytes as JSON; at most {most:,} are kept.", param=param)
    return text, size


def written(message_id: str, message: NewMessage | ImportedMessage, now: float, param: str) -> Written:
    """Return a message as it will be sealed.

    Raises:
        InvalidField: its content cannot be kept.
    """
    content, size = bounded_json(message.content, param=param, most=MAX_MESSAGE)
    text = f'{{"role":"{message.role}","content":{content}}}'
    at = message.created_at if isinstance(message, ImportedMessage) else None
    created_at = now if at is None else datetime.fromisoformat(at).timestamp()
    return Written(message_id, message.parent_id, created_at, text, size)


def _parsed(raw: bytes, kind: type[Given]) -> Given:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidJson("The request body must be a JSON object, sent as application/json.")
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found]) from None
