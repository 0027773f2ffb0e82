"""Repository of chats, without their messages: titles and settings, sealed. Every query names whose they are.

What somebody else has is therefore as unknown as what nobody has. Messages are in `storage.chat_messages`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.credential import Secret
from bodhi.storage.captures import data_key_of
from bodhi.storage.tables import chats, users
from bodhi.storage.text import is_storable
from bodhi.storage.vault import Place, Vault

TITLES_BATCH = 500
"""How many titles a search reads at a time."""


@dataclass(frozen=True, slots=True)
class SealedChat:
    """One row: what is known of a chat without its messages."""

    owner_id: str
    id: str
    data_key_id: str
    sealed_title: str
    sealed_settings: str
    leaf_id: str | None
    created_at: float
    updated_at: float


class SealedTitle(NamedTuple):
    """What a list needs of a chat."""

    owner_id: str
    id: str
    sealed_title: str
    created_at: float
    updated_at: float


class Position(NamedTuple):
    """Where a page of the list begins: behind the chat that this names."""

    updated_at: float
    id: str


def seal_texts(vault: Vault, owner_id: str, chat_id: str, title: str, settings: str) -> tuple[str, str, str]:
    """Seal title and settings, and return the data key's id and both texts.

    One data key seals both, even if another becomes the active one between them: counting by it must find both.
    """
    while True:
        active = vault.active_id
        sealed_title = vault.seal(Secret(title), place(owner_id, chat_id, "title"))
        sealed_settings = vault.seal(Secret(settings), place(owner_id, chat_id, "settings"))
        if data_key_of(sealed_title) == data_key_of(sealed_settings) == active:
            return active, sealed_title, sealed_settings


def open_title(vault: Vault, row: SealedChat | SealedTitle) -> str:
    """Open a title.

    Raises:
        CannotOpen: the row is damaged or its data key is gone.
    """
    return vault.open(row.sealed_title, place(row.owner_id, row.id, "title")).reveal()


def open_settings(vault: Vault, row: SealedChat) -> str:
    """Open the settings, which are JSON.

    Raises:
        CannotOpen: the row is damaged or its data key is gone.
    """
    return vault.open(row.sealed_settings, place(row.owner_id, row.id, "settings")).reveal()


def place(owner_id: str, chat_id: str, column: str) -> Place:
    """Return what a sealed text of a chat is bound to."""
    return Place("chats", column, f"{owner_id}/{chat_id}")


async def count_chats(connection: AsyncConnection, owner_id: str) -> int | None:
    """Count somebody's chats, and keep their number as it is until the transaction ends; None if they are gone.

    Args:
        connection: in a transaction that may write.
        owner_id: whose.
    """
    # Weaker than a full lock, so that sessions and calls that name this person go on meanwhile.
    held = select(users.c.id).where(users.c.id == owner_id).with_for_update(key_share=True)
    if (await connection.execute(held)).scalar_one_or_none() is None:
        return None
    query = select(func.count()).select_from(chats).where(chats.c.owner_id == owner_id)
    return int((await connection.execute(query)).scalar_one())


async def insert_chat(connection: AsyncConnection, row: SealedChat) -> None:
    """Store a new chat. Whether its id is free has been looked at before."""
    await connection.execute(insert(chats).values(asdict(row)))


async def find_chat(
    connection: AsyncConnection, owner_id: str, chat_id: str, *, held: bool = False
) -> SealedChat | None:
    """Return one of somebody's chats; with `held` nobody else changes it until the transaction ends."""
    if not is_storable(chat_id):
        return None
    query = select(chats).where(_one(owner_id, chat_id))
    if held:
        query = query.with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else SealedChat(**row)


async def update_chat(connection: AsyncConnection, row: SealedChat) -> bool:
    """Replace what is stored of a chat, and tell whether it is there."""
    statement = update(chats).where(_one(row.owner_id, row.id)).values(asdict(row))
    return (await connection.execute(statement)).rowcount > 0


async def delete_chat(connection: AsyncConnection, owner_id: str, chat_id: str) -> bool:
    """Remove one of somebody's chats with its messages, and tell whether there was one."""
    if not is_storable(chat_id):
        return False
    return (await connection.execute(delete(chats).where(_one(owner_id, chat_id)))).rowcount > 0


async def delete_chats_of(connection: AsyncConnection, owner_id: str) -> int:
    """Remove all chats of somebody, and return how many there were."""
    return (await connection.execute(delete(chats).where(chats.c.owner_id == owner_id))).rowcount


async def list_titles(
    connection: AsyncConnection, owner_id: str, *, after: Position | None, limit: int
) -> Sequence[SealedTitle]:
    """Return a page of somebody's chats, the one that was written to last first."""
    query = select(*(chats.c[name] for name in SealedTitle._fields)).where(chats.c.owner_id == owner_id)
    if after is not None:
        tied = and_(chats.c.updated_at == after.updated_at, chats.c.id < after.id)
        query = query.where(or_(chats.c.updated_at < after.updated_at, tied))
    query = query.order_by(chats.c.updated_at.desc(), chats.c.id.desc()).limit(limit)
    return [SealedTitle(*row) for row in await connection.execute(query)]


def _one(owner_id: str, chat_id: str) -> ColumnElement[bool]:
    return and_(chats.c.owner_id == owner_id, chats.c.id == chat_id)
