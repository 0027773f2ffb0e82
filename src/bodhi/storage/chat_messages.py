"""Repository of the messages of chats, each sealed on its own. What a message says is nobody's business here."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.credential import Secret
from bodhi.storage.captures import data_key_of
from bodhi.storage.tables import chat_messages
from bodhi.storage.vault import Place, Vault

BATCH = 64


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """One row. The columns in the order of the table."""

    owner_id: str
    chat_id: str
    id: str
    parent_id: str | None
    data_key_id: str
    bytes: int
    """Of the message as JSON, before it was sealed."""
    created_at: float
    sealed: str


class Node(NamedTuple):
    """A message's place in its chat, without what it says."""

    parent_id: str | None
    bytes: int
    created_at: float


@dataclass(frozen=True, slots=True)
class Written:
    """A message before it is sealed."""

    id: str
    parent_id: str | None
    created_at: float
    text: str
    """JSON: its role and content."""
    bytes: int


def seal_message(vault: Vault, owner_id: str, chat_id: str, message: Written) -> SealedMessage:
    """Seal a message. Takes its time where it is long: in a thread."""
    sealed = vault.seal(Secret(message.text), place(owner_id, chat_id, message.id))
    return SealedMessage(
        owner_id=owner_id,
        chat_id=chat_id,
        id=message.id,
        parent_id=message.parent_id,
        data_key_id=data_key_of(sealed),
        bytes=message.bytes,
        created_at=message.created_at,
        sealed=sealed,
    )


def open_message(vault: Vault, row: SealedMessage) -> str:
    """Return a message's JSON. Takes its time where it is long: in a thread.

    Raises:
        CannotOpen: the row is damaged or its data key is gone.
    """
    return vault.open(row.sealed, place(row.owner_id, row.chat_id, row.id)).reveal()


def place(owner_id: str, chat_id: str, message_id: str) -> Place:
    """Return what a sealed message is bound to."""
    return Place("chat_messages", "sealed", f"{owner_id}/{chat_id}/{message_id}")


async def list_messages(connection: AsyncConnection, owner_id: str, chat_id: str) -> Sequence[SealedMessage]:
    """Return the messages of a chat, oldest first."""
    query = select(chat_messages).where(_of_chat(owner_id, chat_id))
    query = query.order_by(chat_messages.c.created_at, chat_messages.c.id)
    return [SealedMessage(*row) for row in await connection.execute(query)]


async def nodes_of(connection: AsyncConnection, owner_id: str, chat_id: str) -> dict[str, Node]:
    """Return how the messages of a chat hang together, by their ids."""
    table = chat_messages.c
    query = select(table.id, table.parent_id, table.bytes, table.created_at).where(_of_chat(owner_id, chat_id))
    return {row[0]: Node(*row[1:]) for row in await connection.execute(query)}


async def has_message(connection: AsyncConnection, owner_id: str, chat_id: str, message_id: str) -> bool:
    """Tell whether a chat has a message."""
    query = select(func.count()).select_from(chat_messages)
    query = query.where(_of_chat(owner_id, chat_id), chat_messages.c.id == message_id)
    return bool((await connection.execute(query)).scalar_one())


async def insert_messages(connection: AsyncConnection, rows: Sequence[SealedMessage]) -> None:
    """Store new messages."""
    for start in range(0, len(rows), BATCH):
        await connection.execute(insert(chat_messages), [asdict(row) for row in rows[start : start + BATCH]])


async def replace_message(connection: AsyncConnection, row: SealedMessage) -> None:
    """Store a message in place of the one of the same id, if there is one. The chat is held by the caller."""
    old = and_(_of_chat(row.owner_id, row.chat_id), chat_messages.c.id == row.id)
    await connection.execute(delete(chat_messages).where(old))
    await connection.execute(insert(chat_messages).values(asdict(row)))


def _of_chat(owner_id: str, chat_id: str) -> ColumnElement[bool]:
    return and_(chat_messages.c.owner_id == owner_id, chat_messages.c.chat_id == chat_id)
