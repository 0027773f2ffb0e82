"""Chats when the data key changes."""

from dataclasses import replace
from pathlib import Path

import pytest

from bodhi.core.audit import GATEWAY
from bodhi.storage import chat_rotation, rotation
from bodhi.storage.chat_messages import open_message, replace_message
from bodhi.storage.chats import find_chat, open_settings, open_title, seal_texts, update_chat
from bodhi.storage.data_keys import open_vault
from bodhi.storage.engine import Store
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.rotation import destroy_retired, rotate_data, status
from bodhi.storage.vault import Vault
from tests.fakes.clocks import StillClock
from tests.fakes.stores import AUDIT
from tests.storage.test_chat_messages import add_messages, list_all, message, new_chat
from tests.storage.test_chats import add_chats, chat


@pytest.fixture
async def vault(store: Store, home: Path) -> Vault:
    return await open_vault(store, RootKeySources(home_file=home / "root.key"))


async def test_chats_and_messages_open_under_the_new_key_and_free_the_old_one(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_rotation, "CHATS_BATCH", 2)
    monkeypatch.setattr(chat_rotation, "BATCH_BYTES", 20)
    of, clock, old = await new_chat(store, vault), StillClock(), vault.active_id
    await add_chats(store, *(chat(vault, of.owner_id, f"title {number}") for number in range(4)))
    texts = ['{"a":1}', '{"long":"' + "x" * 50 + '"}', *(f"[{number}]" for number in range(5))]
    await add_messages(store, *(message(vault, of, f"m{at}", at, text=text) for at, text in enumerate(texts)))
    assert {key.id: key.rows for key in await status(store)}[old] == 5 + len(texts)

    moved = await rotate_data(store, vault, AUDIT, GATEWAY, clock.clock)

    assert moved == rotation.Resealed(moved=0, failed=0, captures=0, chats=5 + len(texts))
    assert {key.id: key.rows for key in await status(store)}[old] == 0
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == [old]
    async with store.read() as connection:
        row = await find_chat(connection, of.owner_id, of.id)
    assert row is not None
    assert (row.data_key_id, open_title(vault, row), open_settings(vault, row)) == (vault.active_id, "title", '{"a":1}')
    assert [open_message(vault, each) for each in await list_all(store, of)] == texts
    assert (await rotate_data(store, vault, AUDIT, GATEWAY, resume=True)).chats == 0


async def test_what_does_not_open_is_counted_and_left_and_keeps_its_key(store: Store, vault: Vault) -> None:
    of, clock = await new_chat(store, vault), StillClock()
    damaged = replace(chat(vault, of.owner_id), sealed_title=f"v1.{vault.active_id}.AAAA")
    astray = replace(message(vault, of, "m1"), id="m2")
    await add_chats(store, damaged)
    await add_messages(store, message(vault, of, "m1"), astray)

    resealed = await rotate_data(store, vault, AUDIT, GATEWAY, clock.clock)

    assert (resealed.chats, resealed.failed) == (2, 2)
    assert astray in await list_all(store, of)
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == []


async def test_what_was_written_meanwhile_is_not_overwritten(
    store: Store, vault: Vault, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another process has not noticed the new key, and writes with the old one between reading and replacing.
    elsewhere = await open_vault(store, RootKeySources(home_file=home / "root.key"))
    of = await new_chat(store, vault)
    await add_messages(store, message(vault, of, "m1"))
    newer = message(elsewhere, of, "m1", text='{"newer":1}')
    key, title, settings = seal_texts(elsewhere, of.owner_id, of.id, "newer", "{}")
    renamed = replace(of, data_key_id=key, sealed_title=title, sealed_settings=settings)
    replace_old, replace_old_row = chat_rotation._replace_message, chat_rotation._replace_row

    async def late(connection: object, old: object, new: object) -> bool:
        await replace_message(connection, newer)  # type: ignore[arg-type] # passed on as it came
        return await replace_old(connection, old, new)  # type: ignore[arg-type] # as above

    async def late_row(connection: object, old: object, new: object) -> bool:
        await update_chat(connection, renamed)  # type: ignore[arg-type] # as above
        return await replace_old_row(connection, old, new)  # type: ignore[arg-type] # as above

    monkeypatch.setattr(chat_rotation, "_replace_message", late)
    monkeypatch.setattr(chat_rotation, "_replace_row", late_row)
    assert (await rotate_data(store, vault, AUDIT, GATEWAY)).chats == 0
    assert await list_all(store, of) == [newer]
    monkeypatch.undo()
    assert (await rotate_data(store, vault, AUDIT, GATEWAY, resume=True)).chats == 2
    async with store.read() as connection:
        row = await find_chat(connection, of.owner_id, of.id)
    assert row is not None
    assert open_title(vault, row) == "newer"
