"""Writing chats: how messages hang together, and how much is kept. Over HTTP they are tried in test_chats.py."""

import pytest

from bodhi.control import chat_changes
from bodhi.control.chat_changes import check_tree, store_chat, store_message
from bodhi.core.errors import InvalidField, SessionEnded, StoreUnavailable
from bodhi.core.principal import Role
from bodhi.storage.chat_messages import Written, seal_message
from bodhi.storage.chats import SealedChat, seal_texts
from bodhi.storage.tables import data_keys
from bodhi.storage.vault import Vault
from tests.fakes.control import Control


def a_message(message_id: str, parent_id: str | None = None, size: int = 1) -> Written:
    return Written(message_id, parent_id, 1.0, "{}", size)


def a_chat(vault: Vault, owner_id: str, chat_id: str) -> SealedChat:
    return SealedChat(owner_id, chat_id, *seal_texts(vault, owner_id, chat_id, "t", "{}"), None, 1.0, 1.0)


def test_a_tree_in_any_order_is_taken() -> None:
    check_tree([a_message("c", "b"), a_message("b", "a"), a_message("a"), a_message("d", "a"), a_message("e")], "d")
    check_tree([], None)
    # As long a branch as there may be.
    check_tree([a_message(str(number), str(number - 1) if number else None) for number in range(4_000)], None)


@pytest.mark.parametrize(
    ("messages", "leaf_id", "param"),
    [
        ([a_message("a"), a_message("a")], None, "messages"),
        ([a_message("a"), a_message("b", "z")], None, "messages.1.parent_id"),
        ([a_message("a", "a")], None, "messages.0.parent_id"),
        ([a_message("r"), a_message("a", "b"), a_message("b", "c"), a_message("c", "a")], None, "messages.1.parent_id"),
        ([a_message("a")], "b", "leaf_id"),
        ([a_message(str(number)) for number in range(4_001)], None, "messages"),
        ([a_message(str(number), None, 12 * 1024 * 1024) for number in range(6)], None, "messages"),
    ],
)
def test_what_does_not_hang_together_or_is_too_much_is_refused(
    messages: list[Written], leaf_id: str | None, param: str
) -> None:
    with pytest.raises(InvalidField) as raised:
        check_tree(messages, leaf_id)
    assert raised.value.param == param


async def test_a_chat_keeps_so_much_and_no_more(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    await control.store_keys()
    owner, vault, store = await control.add_user("ada", Role.USER), control.services.vault, control.store
    chat = a_chat(vault, owner.id, "c1")
    await store_chat(store, chat, [])
    monkeypatch.setattr(chat_changes, "MAX_CHAT", 10)
    monkeypatch.setattr(chat_changes, "MAX_MESSAGES", 2)

    async def put(message_id: str, size: int) -> None:
        message = seal_message(vault, owner.id, "c1", a_message(message_id, None, size))
        await store_message(store, message, 2.0, is_leaf=True)

    await put("m1", 10)
    for message_id, size in (("m2", 1), ("m1", 11)):
        with pytest.raises(InvalidField):
            await put(message_id, size)
    await put("m1", 8)
    await put("m2", 1)
    with pytest.raises(InvalidField):
        await put("m3", 1)


async def test_a_person_keeps_so_many_chats_and_no_more(control: Control, monkeypatch: pytest.MonkeyPatch) -> None:
    await control.store_keys()
    owner, vault = await control.add_user("ada", Role.USER), control.services.vault
    monkeypatch.setattr(chat_changes, "MAX_CHATS", 1)
    await store_chat(control.store, a_chat(vault, owner.id, "c1"), [])
    with pytest.raises(InvalidField):
        await store_chat(control.store, a_chat(vault, owner.id, "c2"), [])
    with pytest.raises(SessionEnded):
        await store_chat(control.store, a_chat(vault, "gone", "c2"), [])


async def test_nothing_is_stored_under_a_key_that_is_gone(control: Control) -> None:
    await control.store_keys()
    owner = await control.add_user("ada", Role.USER)
    async with control.store.write() as connection:
        await connection.execute(data_keys.update().values(state="destroyed"))
    with pytest.raises(StoreUnavailable):
        await store_chat(control.store, a_chat(control.services.vault, owner.id, "c1"), [])
