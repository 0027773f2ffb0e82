"""Messages of chats in the store."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from bodhi.storage import chat_messages
from bodhi.storage.chat_messages import Node, SealedMessage, Written
from bodhi.storage.chats import SealedChat, delete_chat
from bodhi.storage.engine import Store
from bodhi.storage.tables import chat_messages as table
from bodhi.storage.users import delete_user
from bodhi.storage.vault import CannotOpen, Vault
from tests.fakes.stores import new_vault
from tests.storage.test_chats import add_chats, add_owner, chat


def message(vault: Vault, of: SealedChat, message_id: str, at: float = 1.0, *, text: str = "{}") -> SealedMessage:
    return chat_messages.seal_message(vault, of.owner_id, of.id, Written(message_id, None, at, text, len(text)))


async def add_messages(store: Store, *rows: SealedMessage) -> None:
    async with store.write() as connection:
        await chat_messages.insert_messages(connection, rows)


async def list_all(store: Store, of: SealedChat) -> list[SealedMessage]:
    async with store.read() as connection:
        return list(await chat_messages.list_messages(connection, of.owner_id, of.id))


async def new_chat(store: Store, vault: Vault) -> SealedChat:
    row = chat(vault, (await add_owner(store)).id)
    await add_chats(store, row)
    return row


async def test_messages_read_back_oldest_first_and_open(store: Store) -> None:
    vault = new_vault()
    of, other = await new_chat(store, vault), await new_chat(store, vault)
    rows = [message(vault, of, f"m{number:03}", 100.0 - number // 2) for number in range(chat_messages.BATCH + 6)]
    await add_messages(store, *rows, message(vault, other, "m000", text='{"text":"Grüße\\u0000"}'))

    assert await list_all(store, of) == sorted(rows, key=lambda row: (row.created_at, row.id))
    (found,) = await list_all(store, other)
    assert chat_messages.open_message(vault, found) == '{"text":"Grüße\\u0000"}'
    async with store.read() as connection:
        assert await chat_messages.nodes_of(connection, other.owner_id, other.id) == {"m000": Node(None, 22, 1.0)}
        assert await chat_messages.has_message(connection, of.owner_id, of.id, "m001")
        assert not await chat_messages.has_message(connection, other.owner_id, other.id, "m001")
        assert not await chat_messages.has_message(connection, other.owner_id, of.id, "m001")


async def test_a_message_is_replaced_or_added(store: Store) -> None:
    vault = new_vault()
    of = await new_chat(store, vault)
    await add_messages(store, message(vault, of, "m1"))
    after, another = message(vault, of, "m1", text='{"b":2}'), message(vault, of, "m2", 2.0)
    async with store.write() as connection:
        await chat_messages.replace_message(connection, after)
        await chat_messages.replace_message(connection, another)
    assert await list_all(store, of) == [after, another]


def test_a_message_opens_in_its_own_place_only() -> None:
    vault = new_vault()
    row = message(vault, chat(vault, "u1", id="c1"), "m1")
    for other in (replace(row, owner_id="u2"), replace(row, chat_id="c2"), replace(row, id="m2")):
        with pytest.raises(CannotOpen):
            chat_messages.open_message(vault, other)


@pytest.mark.parametrize("with_owner", [False, True])
async def test_messages_go_with_their_chat_and_with_its_owner(store: Store, with_owner: bool) -> None:
    vault = new_vault()
    of = await new_chat(store, vault)
    await add_messages(store, message(vault, of, "m1"))
    async with store.write() as connection:
        if with_owner:
            assert await delete_user(connection, of.owner_id)
        else:
            assert await delete_chat(connection, of.owner_id, of.id)
        assert (await connection.execute(select(func.count()).select_from(table))).scalar_one() == 0
