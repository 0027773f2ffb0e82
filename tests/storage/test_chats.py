"""Chats in the store, without their messages."""

from dataclasses import replace
from typing import Any

import pytest

from bodhi.core.credential import Secret
from bodhi.core.ids import new_id
from bodhi.storage import chats
from bodhi.storage.captures import data_key_of
from bodhi.storage.chats import Position, SealedChat
from bodhi.storage.engine import Store
from bodhi.storage.users import User, delete_user, insert_user
from bodhi.storage.vault import CannotOpen, DataKey, Vault
from tests.fakes.stores import new_vault
from tests.storage.conftest import user


def chat(vault: Vault, owner_id: str, title: str = "title", **changes: Any) -> SealedChat:
    chat_id = changes.pop("id", new_id())
    sealed = chats.seal_texts(vault, owner_id, chat_id, title, '{"a":1}')
    return replace(SealedChat(owner_id, chat_id, *sealed, None, 1.0, 1.0), **changes)


async def add_owner(store: Store) -> User:
    owner = user()
    async with store.write() as connection:
        await insert_user(connection, owner)
    return owner


async def add_chats(store: Store, *rows: SealedChat) -> None:
    async with store.write() as connection:
        for row in rows:
            await chats.insert_chat(connection, row)


async def find(store: Store, owner_id: str, chat_id: str) -> SealedChat | None:
    async with store.read() as connection:
        return await chats.find_chat(connection, owner_id, chat_id)


async def test_a_chat_reads_back_opens_and_changes(store: Store) -> None:
    vault, owner = new_vault(), await add_owner(store)
    row = chat(vault, owner.id, "Grüße 😀\x00")
    await add_chats(store, row)

    assert await find(store, owner.id, row.id) == row
    assert (chats.open_title(vault, row), chats.open_settings(vault, row)) == ("Grüße 😀\x00", '{"a":1}')
    changed = replace(row, leaf_id="m1", updated_at=2.0)
    async with store.write() as connection:
        assert await chats.update_chat(connection, changed)
        assert not await chats.update_chat(connection, replace(changed, id="other"))
        assert await chats.find_chat(connection, owner.id, row.id, held=True) == changed


async def test_a_sealed_text_opens_for_its_owner_row_and_column_only() -> None:
    vault = new_vault()
    row = chat(vault, "u1", id="c1")
    for other in (
        replace(row, owner_id="u2"),
        replace(row, id="c2"),
        replace(row, sealed_title=row.sealed_settings),
        replace(row, sealed_title="v1.k1."),
    ):
        with pytest.raises(CannotOpen):
            chats.open_title(vault, other)


async def test_two_people_may_have_chats_of_one_id_and_neither_learns_of_it(store: Store) -> None:
    vault, ada, bob = new_vault(), await add_owner(store), await add_owner(store)
    await add_chats(
        store, chat(vault, ada.id, id="same"), chat(vault, bob.id, id="same"), chat(vault, ada.id, id="hers")
    )

    async with store.write() as connection:
        assert await chats.find_chat(connection, bob.id, "hers") is None
        assert not await chats.delete_chat(connection, bob.id, "hers")
        assert not await chats.delete_chat(connection, bob.id, "nul\x00")
        assert await chats.find_chat(connection, bob.id, "nul\x00") is None
        assert await chats.delete_chat(connection, bob.id, "same")
        assert await chats.count_chats(connection, ada.id) == 2
        assert await chats.count_chats(connection, bob.id) == 0
        assert await chats.count_chats(connection, "nobody") is None
        assert await chats.delete_chats_of(connection, ada.id) == 2


async def test_the_list_is_newest_first_and_goes_on_where_it_was(store: Store) -> None:
    vault, owner = new_vault(), await add_owner(store)
    rows = [chat(vault, owner.id, id=f"c{number}", updated_at=float(number // 2)) for number in range(6)]
    await add_chats(store, *rows, chat(vault, (await add_owner(store)).id))

    found: list[str] = []
    after = None
    while True:
        async with store.read() as connection:
            page = await chats.list_titles(connection, owner.id, after=after, limit=2)
        if not page:
            break
        found += [row.id for row in page]
        after = Position(page[-1].updated_at, page[-1].id)
    assert found == ["c5", "c4", "c3", "c2", "c1", "c0"]


async def test_the_chats_of_a_person_go_with_the_person(store: Store) -> None:
    owner = await add_owner(store)
    row = chat(new_vault(), owner.id)
    await add_chats(store, row)
    async with store.write() as connection:
        assert await delete_user(connection, owner.id)
    assert await find(store, owner.id, row.id) is None


def test_both_texts_are_sealed_by_one_data_key_though_it_changes_between_them() -> None:
    vault = new_vault()
    turns = iter(["k1", "k2"])

    class Turning(Vault):
        """Gets a new data key after the first text."""

        def seal(self, plaintext: Secret, place: object) -> str:
            sealed = vault.seal(plaintext, place)  # type: ignore[arg-type] # passed on as it came
            if next(turns, None) == "k1":
                vault.replace_data_keys(DataKey("k2", b"2" * 32), [DataKey("k1", b"k" * 32)])
            return sealed

        @property
        def active_id(self) -> str:
            return vault.active_id

    key, title, settings = chats.seal_texts(Turning.__new__(Turning), "u1", "c1", "a", "b")
    assert key == "k2"
    assert {data_key_of(title), data_key_of(settings)} == {"k2"}
