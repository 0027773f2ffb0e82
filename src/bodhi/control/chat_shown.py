"""What is answered of chats: shapes, the cursor of their list, and JSON put together from what was sealed as JSON.

Messages reach megabytes, so that what a page wrote is passed on as text, never taken apart.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from bodhi.control.schemas import Time
from bodhi.core.clock import iso_time
from bodhi.core.errors import Conflict, InvalidField
from bodhi.storage.chat_messages import SealedMessage, Written, open_message
from bodhi.storage.chats import Position, SealedChat, SealedTitle, open_settings, open_title
from bodhi.storage.vault import CannotOpen, Vault

NO_TITLE = "(this title cannot be opened)"
NO_MESSAGE = '{"role":"assistant","content":{"text":"","error":"This message cannot be opened."}}'
"""What stands for a message that is damaged, so that the rest of the chat stays readable."""


class ChatRow(BaseModel):
    """A chat in the list."""

    id: str
    title: str
    created_at: Time
    updated_at: Time
    """When a message was last written, which the list is ordered by."""


class ChatMessage(BaseModel):
    """A message of a chat."""

    id: str
    parent_id: str | None
    """The message that it follows; messages with the same one are branches."""
    role: Literal["user", "assistant"]
    content: dict[str, Any]
    """The page's own, as it was stored."""
    created_at: Time


class Chat(ChatRow):
    """A chat with its messages."""

    settings: dict[str, Any]
    leaf_id: str | None
    """The message at the end of the branch that is shown."""
    messages: list[ChatMessage]
    """Oldest first."""


def write_cursor(row: SealedTitle) -> str:
    """Write where the next page begins. A chat that goes, or moves up, between two pages takes nothing with it."""
    return f"{row.updated_at!r}_{row.id}"


def read_cursor(cursor: str | None) -> Position | None:
    """Read where a page begins.

    Raises:
        InvalidField: this is no cursor.
    """
    if cursor is None:
        return None
    at, _, chat_id = cursor.partition("_")
    try:
        moment = float(at)
    except ValueError:
        moment = math.nan
    if not math.isfinite(moment) or not (chat_id.isascii() and chat_id.isalnum()):
        raise InvalidField("Use the `next_cursor` of the page before.", param="cursor")
    return Position(moment, chat_id)


def matching(vault: Vault, rows: Iterable[SealedTitle], search: str) -> list[tuple[SealedTitle, str]]:
    """Open titles, and return the rows whose title holds a text, however it is capitalized."""
    wanted, found = search.casefold(), []
    for row in rows:
        try:
            title = open_title(vault, row)
        except CannotOpen:
            title = NO_TITLE
        if wanted in title.casefold():
            found.append((row, title))
    return found


def shown_row(row: SealedChat | SealedTitle, title: str) -> ChatRow:
    """Return a chat as the list shows it."""
    return ChatRow(id=row.id, title=title, created_at=row.created_at, updated_at=row.updated_at)


def shown_chat(vault: Vault, row: SealedChat, messages: Sequence[SealedMessage]) -> bytes:
    """Write a chat as JSON, as `Chat` describes it. Takes its time: in a thread.

    Raises:
        Conflict: title or settings do not open.
    """
    try:
        title, settings = open_title(vault, row), open_settings(vault, row)
    except CannotOpen:
        raise cannot_open() from None
    fields = {
        "id": row.id,
        "title": title,
        "leaf_id": row.leaf_id,
        "created_at": iso_time(row.created_at),
        "updated_at": iso_time(row.updated_at),
    }
    head = json.dumps(fields)[:-1]
    parts = [_message(each, _opened(vault, each)) for each in messages]
    return f'{head},"settings":{settings},"messages":[{",".join(parts)}]}}'.encode()


def shown_message(message: Written) -> bytes:
    """Write a message as JSON, as `ChatMessage` describes it."""
    return _message(message, message.text).encode()


def cannot_open() -> Conflict:
    """Return the error of a chat that is damaged, or whose data key is gone."""
    return Conflict("This chat cannot be opened: it is damaged, or the key that it was sealed with is gone.")


def _opened(vault: Vault, row: SealedMessage) -> str:
    try:
        return open_message(vault, row)
    except CannotOpen:
        return NO_MESSAGE


def _message(message: SealedMessage | Written, text: str) -> str:
    fields = {"id": message.id, "parent_id": message.parent_id, "created_at": iso_time(message.created_at)}
    return f"{json.dumps(fields)[:-1]},{text[1:]}"
