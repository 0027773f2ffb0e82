"""Conversations of the chat page: listed, stored, changed, removed. They belong to one person, whatever others may do.

What a message says is the page's own matter. A person's chats leave no acts in the audit trail.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from bodhi.control.chat_bodies import (
    ULID,
    ChatPatch,
    NewChat,
    NewMessage,
    bounded_json,
    described,
    read_given,
    written,
)
from bodhi.control.chat_changes import UNKNOWN, check_tree, held_chat, store_change, store_chat, store_message
from bodhi.control.chat_shown import (
    Chat,
    ChatMessage,
    ChatRow,
    cannot_open,
    matching,
    read_cursor,
    shown_chat,
    shown_message,
    shown_row,
    write_cursor,
)
from bodhi.control.given import Given
from bodhi.control.guards import Allowed
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.services import Services
from bodhi.core.errors import InvalidField, UnknownObject
from bodhi.core.ids import new_id
from bodhi.storage.chat_messages import SealedMessage, Written, has_message, list_messages, seal_message
from bodhi.storage.chats import (
    TITLES_BATCH,
    Position,
    SealedChat,
    SealedTitle,
    delete_chat,
    delete_chats_of,
    find_chat,
    list_titles,
    open_settings,
    open_title,
    seal_texts,
)
from bodhi.storage.vault import CannotOpen, Vault

JSON = "application/json"

router = APIRouter(tags=["chats"])


@router.get("/chats")
async def list_all(
    principal: Allowed,
    services: Given,
    *,
    search: Annotated[str | None, Query(max_length=255, description="A part of the title.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[ChatRow]:
    """List one's own chats, the one that was written to last first."""
    found = await _found(services, principal.user_id, search or "", read_cursor(cursor), limit + 1)
    rows, more = cut(found, limit)
    data = [shown_row(row, title) for row, title in rows]
    return Page(data=data, next_cursor=write_cursor(rows[-1][0]) if more else None)


@router.post("/chats", status_code=201, response_model=Chat, openapi_extra=described(NewChat))
async def create(principal: Allowed, services: Given, request: Request) -> Response:
    """Make a chat, empty or with all of its messages, as an export has them."""
    given, now = await read_given(request, NewChat), services.clock.now()
    chat_id = given.id or new_id(services.clock)
    row, messages, shown = await asyncio.to_thread(
        _sealed_whole, services.vault, given, (principal.user_id, chat_id), now
    )
    await store_chat(services.store, row, messages)
    return Response(shown, 201, media_type=JSON)


@router.get("/chats/{chat_id}", response_model=Chat)
async def show(principal: Allowed, services: Given, chat_id: str) -> Response:
    """Return one of one's own chats with its messages, oldest first."""
    async with services.store.read() as connection:
        row = await find_chat(connection, principal.user_id, chat_id)
        if row is None:
            raise UnknownObject(UNKNOWN)
        messages = await list_messages(connection, principal.user_id, chat_id)
    return Response(await asyncio.to_thread(shown_chat, services.vault, row, messages), media_type=JSON)


@router.patch("/chats/{chat_id}")
async def change(principal: Allowed, services: Given, chat_id: str, body: ChatPatch) -> ChatRow:
    """Change title, settings or the branch that is shown. The chat keeps its place in the list."""
    given = body.model_fields_set
    wanted_settings = bounded_json(body.settings, param="settings")[0]
    async with services.store.write() as connection:
        row = await held_chat(connection, principal.user_id, chat_id)
        try:
            title = body.title if "title" in given else open_title(services.vault, row)
            settings = wanted_settings if "settings" in given else open_settings(services.vault, row)
        except CannotOpen:
            raise cannot_open() from None
        if "leaf_id" in given:
            leaf_id = body.leaf_id
            if leaf_id is not None and not await has_message(connection, principal.user_id, chat_id, leaf_id):
                raise InvalidField("No message of this chat has this id.", param="leaf_id")
            row = replace(row, leaf_id=leaf_id)
        if given & {"title", "settings"}:
            row = _sealed_row(services.vault, row, title, settings)
        await store_change(connection, row)
    return shown_row(row, title)


@router.delete("/chats/{chat_id}", status_code=204)
async def remove(principal: Allowed, services: Given, chat_id: str) -> None:
    """Delete one of one's own chats with its messages."""
    async with services.store.write() as connection:
        if not await delete_chat(connection, principal.user_id, chat_id):
            raise UnknownObject(UNKNOWN)


@router.delete("/chats", status_code=204)
async def remove_all(principal: Allowed, services: Given) -> None:
    """Delete all of one's own chats."""
    async with services.store.write() as connection:
        await delete_chats_of(connection, principal.user_id)


@router.put("/chats/{chat_id}/messages/{message_id}", response_model=ChatMessage, openapi_extra=described(NewMessage))
async def put_message(principal: Allowed, services: Given, chat_id: str, message_id: str, request: Request) -> Response:
    """Store a message under the id that its page made: a new one, or in place of what it was. Repeating it is safe."""
    given, now = await read_given(request, NewMessage), services.clock.now()
    if not re.fullmatch(ULID, message_id):
        raise InvalidField("The id of a message must be a ULID.", param="message_id")
    message, sealed = await asyncio.to_thread(
        _sealed_one, services.vault, (principal.user_id, chat_id), message_id, given, now
    )
    created_at = await store_message(services.store, sealed, now, is_leaf=given.leaf)
    return Response(shown_message(replace(message, created_at=created_at)), media_type=JSON)


async def _found(
    services: Services, owner_id: str, search: str, after: Position | None, wanted: int
) -> Sequence[tuple[SealedTitle, str]]:
    """Return the first chats behind a position whose title holds a text."""
    found: list[tuple[SealedTitle, str]] = []
    batch = TITLES_BATCH if search else wanted
    while len(found) < wanted:
        async with services.store.read() as connection:
            rows = await list_titles(connection, owner_id, after=after, limit=batch)
        found += await asyncio.to_thread(matching, services.vault, rows, search)
        if len(rows) < batch:
            break
        after = Position(rows[-1].updated_at, rows[-1].id)
    return found[:wanted]


def _sealed_whole(
    vault: Vault, given: NewChat, key: tuple[str, str], now: float
) -> tuple[SealedChat, list[SealedMessage], bytes]:
    """Seal a new chat, and write it as it will be shown. Takes its time: in a thread."""
    settings, _ = bounded_json(given.settings, param="settings")
    messages = [written(each.id, each, now, f"messages.{number}.content") for number, each in enumerate(given.messages)]
    check_tree(messages, given.leaf_id)
    row = SealedChat(*key, "", "", "", given.leaf_id, now, now)
    row = _sealed_row(vault, row, given.title, settings)
    sealed = sorted((seal_message(vault, *key, each) for each in messages), key=lambda each: (each.created_at, each.id))
    return row, sealed, shown_chat(vault, row, sealed)


def _sealed_one(
    vault: Vault, key: tuple[str, str], message_id: str, given: NewMessage, now: float
) -> tuple[Written, SealedMessage]:
    message = written(message_id, given, now, "content")
    return message, seal_message(vault, *key, message)


def _sealed_row(vault: Vault, row: SealedChat, title: str, settings: str) -> SealedChat:
    data_key_id, sealed_title, sealed_settings = seal_texts(vault, row.owner_id, row.id, title, settings)
    return replace(row, data_key_id=data_key_id, sealed_title=sealed_title, sealed_settings=sealed_settings)
