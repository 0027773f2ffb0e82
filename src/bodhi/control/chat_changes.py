"""Writing chats in one transaction each: whose they are, how messages hang together, how much is kept.

Sealing has been done before, in a thread; what comes in and goes out as JSON is the endpoints' part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.control.chat_bodies import MAX_CHAT, MAX_MESSAGES
from bodhi.core.errors import Conflict, InvalidField, SessionEnded, StoreUnavailable, UnknownObject
from bodhi.storage.captures import hold_data_key
from bodhi.storage.chat_messages import (
    Node,
    SealedMessage,
    Written,
    insert_messages,
    nodes_of,
    replace_message,
)
from bodhi.storage.chats import SealedChat, count_chats, find_chat, insert_chat, update_chat
from bodhi.storage.engine import Store

MAX_CHATS = 5_000
UNKNOWN = "There is no such chat."


def check_tree(messages: Sequence[Written], leaf_id: str | None) -> None:
    """Refuse messages of a new chat that do not hang together.

    Raises:
        InvalidField: an id twice, a parent that is not there, a circle, more than is kept, or an unknown leaf.
    """
    nodes = {each.id: Node(each.parent_id, each.bytes, each.created_at) for each in messages}
    if len(nodes) < len(messages):
        raise InvalidField("Two messages have the same id.", param="messages")
    rooted: set[str] = set()
    for number, message in enumerate(messages):
        if message.parent_id is not None and message.parent_id not in nodes:
            raise InvalidField("No message of this chat has this id.", param=f"messages.{number}.parent_id")
        _check_no_circle(nodes, message.id, rooted, f"messages.{number}.parent_id")
    if leaf_id is not None and leaf_id not in nodes:
        raise InvalidField("No message of this chat has this id.", param="leaf_id")
    _check_size(nodes, "messages")


async def store_chat(store: Store, row: SealedChat, messages: Sequence[SealedMessage]) -> None:
    """Store a new chat with its messages.

    Raises:
        SessionEnded: its owner is gone.
        InvalidField: they have as many chats as they may.
        Conflict: they have one of this id.
    """
    async with store.write() as connection:
        count = await count_chats(connection, row.owner_id)
        if count is None:
            raise SessionEnded
        if count >= MAX_CHATS:
            raise InvalidField(f"You have {MAX_CHATS:,} chats, and more are not kept. Delete some first.", param="id")
        if await find_chat(connection, row.owner_id, row.id) is not None:
            raise Conflict("You have a chat of this id already.", param="id")
        await _hold(connection, {row.data_key_id, *(each.data_key_id for each in messages)})
        await insert_chat(connection, row)
        await insert_messages(connection, messages)


async def store_message(store: Store, message: SealedMessage, now: float, *, is_leaf: bool) -> float:
    """Store a message of a chat, a new one or in place of the one of its id, and return when it was made.

    Raises:
        UnknownObject: there is no such chat of theirs.
        InvalidField: its parent is not there or follows it, or the chat would be larger than is kept.
    """
    async with store.write() as connection:
        chat = await held_chat(connection, message.owner_id, message.chat_id)
        nodes = await nodes_of(connection, message.owner_id, message.chat_id)
        before = nodes.get(message.id)
        created_at = message.created_at if before is None else before.created_at
        if message.parent_id is not None and message.parent_id not in nodes:
            raise InvalidField("No message of this chat has this id.", param="parent_id")
        nodes[message.id] = Node(message.parent_id, message.bytes, created_at)
        _check_no_circle(nodes, message.id, set(), "parent_id")
        _check_size(nodes, "content")
        await _hold(connection, {message.data_key_id})
        await replace_message(connection, replace(message, created_at=created_at))
        leaf_id = message.id if is_leaf else chat.leaf_id
        await update_chat(connection, replace(chat, leaf_id=leaf_id, updated_at=now))
    return created_at


async def held_chat(connection: AsyncConnection, owner_id: str, chat_id: str) -> SealedChat:
    """Return somebody's chat, as it stays until the transaction ends.

    Raises:
        UnknownObject: they have none of this id.
    """
    chat = await find_chat(connection, owner_id, chat_id, held=True)
    if chat is None:
        raise UnknownObject(UNKNOWN)
    return chat


async def store_change(connection: AsyncConnection, row: SealedChat) -> None:
    """Store what was changed of a chat that is held."""
    await _hold(connection, {row.data_key_id})
    await update_chat(connection, row)


def _check_no_circle(nodes: Mapping[str, Node], start: str, rooted: set[str], param: str) -> None:
    """Follow a message's parents to the first message. Those that are known to lead there end the way."""
    way: list[str] = []
    seen: set[str] = set()
    at: str | None = start
    while at is not None and at not in rooted:
        if at in seen:
            raise InvalidField("A message cannot follow itself.", param=param)
        seen.add(at)
        way.append(at)
        at = nodes[at].parent_id if at in nodes else None
    rooted.update(way)


def _check_size(nodes: Mapping[str, Node], param: str) -> None:
    if len(nodes) > MAX_MESSAGES:
        raise InvalidField(f"A chat keeps at most {MAX_MESSAGES:,} messages. Begin a new one.", param=param)
    if sum(node.bytes for node in nodes.values()) > MAX_CHAT:
        raise InvalidField(f"A chat keeps at most {MAX_CHAT:,} bytes. Begin a new one.", param=param)


async def _hold(connection: AsyncConnection, data_key_ids: set[str]) -> None:
    """Keep the data keys from being destroyed before what they seal is stored.

    Raises:
        StoreUnavailable: one is gone; this process will have noticed the newer one by the next try.
    """
    for data_key_id in sorted(data_key_ids):
        if not await hold_data_key(connection, data_key_id):
            raise StoreUnavailable
