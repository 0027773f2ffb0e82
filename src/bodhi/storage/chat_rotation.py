"""Chats and their messages when the data key changes: which it seals, and sealing them anew. The change is others'."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, Table, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.chat_messages import SealedMessage, Written, open_message, seal_message
from bodhi.storage.chats import SealedChat, open_settings, open_title, seal_texts
from bodhi.storage.engine import Store
from bodhi.storage.tables import chat_messages, chats
from bodhi.storage.vault import CannotOpen, Vault

CHATS_BATCH = 100
MESSAGES_BATCH = 100
BATCH_BYTES = 8 * 1024 * 1024
"""Messages can be large, and whoever serves meanwhile needs the memory. A single one may be larger than that."""

SALTED = 128
"""How many characters of a sealed text tell it from every other: version, data key, and the salt in base64."""


async def chats_by_data_key(connection: AsyncConnection) -> Counter[str]:
    """Count the chats and messages that each data key seals."""
    counts: Counter[str] = Counter()
    for table in (chats, chat_messages):
        query = select(table.c.data_key_id, func.count()).group_by(table.c.data_key_id)
        counts.update({row[0]: int(row[1]) for row in await connection.execute(query)})
    return counts


async def reseal_chats(store: Store, vault: Vault) -> tuple[int, int]:
    """Seal chats and messages anew under the active data key, and return how many moved and how many do not open.

    Raises:
        StoreUnavailable: the database does not answer; what was done stays done.
    """
    moved, failed = await _reseal_rows(store, vault)
    moved_messages, failed_messages = await _reseal_messages(store, vault)
    return moved + moved_messages, failed + failed_messages


async def _reseal_rows(store: Store, vault: Vault) -> tuple[int, int]:
    moved = failed = 0
    after = ("", "")
    while True:
        key = tuple_(chats.c.owner_id, chats.c.id)
        query = select(chats).where(chats.c.data_key_id != vault.active_id, key > tuple_(*after))
        async with store.read() as connection:
            found = await connection.execute(query.order_by(chats.c.owner_id, chats.c.id).limit(CHATS_BATCH))
            rows = [SealedChat(**row) for row in found.mappings()]
        if not rows:
            return moved, failed
        fresh = await asyncio.to_thread(_rows_anew, vault, rows)
        async with store.write() as connection:
            for old, new in fresh:
                moved += await _replace_row(connection, old, new)
        failed += len(rows) - len(fresh)
        after = (rows[-1].owner_id, rows[-1].id)


async def _reseal_messages(store: Store, vault: Vault) -> tuple[int, int]:
    moved = failed = 0
    after = ("", "", "")
    while True:
        async with store.read() as connection:
            rows = await _stale_messages(connection, vault.active_id, after)
        if not rows:
            return moved, failed
        # In a thread: a batch of long texts takes longer than a call may wait.
        fresh = await asyncio.to_thread(_messages_anew, vault, rows)
        async with store.write() as connection:
            for old, new in fresh:
                moved += await _replace_message(connection, old, new)
        failed += len(rows) - len(fresh)
        after = (rows[-1].owner_id, rows[-1].chat_id, rows[-1].id)


async def _stale_messages(
    connection: AsyncConnection, active_id: str, after: tuple[str, str, str]
) -> Sequence[SealedMessage]:
    """Return the next messages that another data key than the active one seals, as many as fit into a batch."""
    key = (chat_messages.c.owner_id, chat_messages.c.chat_id, chat_messages.c.id)
    stale = (chat_messages.c.data_key_id != active_id) & (tuple_(*key) > tuple_(*after))
    sizes = select(chat_messages.c.bytes).where(stale).order_by(*key).limit(MESSAGES_BATCH)
    count = total = 0
    for size in (await connection.execute(sizes)).scalars():
        total += int(size)
        if count and total > BATCH_BYTES:
            break
        count += 1
    found = await connection.execute(select(chat_messages).where(stale).order_by(*key).limit(count))
    return [SealedMessage(*row) for row in found]


def _rows_anew(vault: Vault, rows: Sequence[SealedChat]) -> list[tuple[SealedChat, SealedChat]]:
    fresh = []
    for row in rows:
        try:
            title, settings = open_title(vault, row), open_settings(vault, row)
        except CannotOpen:
            continue
        data_key_id, sealed_title, sealed_settings = seal_texts(vault, row.owner_id, row.id, title, settings)
        new = replace(row, data_key_id=data_key_id, sealed_title=sealed_title, sealed_settings=sealed_settings)
        fresh.append((row, new))
    return fresh


def _messages_anew(vault: Vault, rows: Sequence[SealedMessage]) -> list[tuple[SealedMessage, SealedMessage]]:
    fresh = []
    for row in rows:
        try:
            text = open_message(vault, row)
        except CannotOpen:
            continue
        message = Written(row.id, row.parent_id, row.created_at, text, row.bytes)
        fresh.append((row, seal_message(vault, row.owner_id, row.chat_id, message)))
    return fresh


async def _replace_row(connection: AsyncConnection, old: SealedChat, new: SealedChat) -> bool:
    """Put texts sealed anew in place of the old, unless somebody changed them meanwhile; the rest of the row stays."""
    is_it = (chats.c.owner_id == old.owner_id) & (chats.c.id == old.id)
    unchanged = (
        is_it & _is(chats, "sealed_title", old.sealed_title) & _is(chats, "sealed_settings", old.sealed_settings)
    )
    values = {name: getattr(new, name) for name in ("data_key_id", "sealed_title", "sealed_settings")}
    return (await connection.execute(update(chats).where(unchanged).values(values))).rowcount > 0


async def _replace_message(connection: AsyncConnection, old: SealedMessage, new: SealedMessage) -> bool:
    table = chat_messages.c
    is_it = (table.owner_id == old.owner_id) & (table.chat_id == old.chat_id) & (table.id == old.id)
    unchanged = is_it & _is(chat_messages, "sealed", old.sealed)
    values = {"data_key_id": new.data_key_id, "sealed": new.sealed}
    return (await connection.execute(update(chat_messages).where(unchanged).values(values))).rowcount > 0


def _is(table: Table, column: str, sealed: str) -> ColumnElement[bool]:
    return func.substr(table.c[column], 1, SALTED) == sealed[:SALTED]
