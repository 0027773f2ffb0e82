"""Sealed prompts and completions in the store."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bodhi.core.audit import GATEWAY
from bodhi.core.credential import Secret
from bodhi.storage import captures
from bodhi.storage.captures import SealedCapture
from bodhi.storage.data_keys import list_data_keys, open_vault
from bodhi.storage.engine import Store
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.rotation import destroy_retired, rotate_data
from bodhi.storage.vault import CannotOpen, DataKey, Vault
from tests.fakes.clocks import StillClock
from tests.fakes.stores import AUDIT, new_vault


def capture(
    vault: Vault, call_id: str, at: float = 1.0, *, said: str = "prompt", answered: str = "answer"
) -> SealedCapture:
    key, request, response = captures.seal_texts(vault, call_id, said, answered)
    return SealedCapture(call_id, at, "u1", key, len(said), len(answered), False, request, response)


async def store_all(store: Store, *rows: SealedCapture) -> None:
    async with store.usage_write() as connection:
        await captures.insert_captures(connection, rows)


async def find(store: Store, call_id: str) -> SealedCapture | None:
    async with store.usage_read() as connection:
        return await captures.find_capture(connection, call_id)


async def test_a_capture_reads_back_and_opens(store: Store) -> None:
    vault = new_vault()
    row = capture(
        vault, "call-1", said="Grüße", answered="\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")
    )
    await store_all(store, row, row)
    found = await find(store, "call-1")
    assert found == row
    assert captures.open_texts(vault, row) == ("Grüße", "😀")
    assert await find(store, "call-2") is None
    assert await find(store, "call\x00") is None


def test_a_sealed_text_opens_for_its_own_call_and_direction_only() -> None:
    vault = new_vault()
    row = capture(vault, "call-1")
    for other in (
        replace(row, call_id="call-2"),
        replace(row, sealed_request=row.sealed_response),
        replace(row, sealed_response="v1.k1."),
    ):
        with pytest.raises(CannotOpen):
            captures.open_texts(vault, other)


async def test_what_was_sent_upstream_is_sealed_for_its_own_place(store: Store) -> None:
    vault = new_vault()
    key, request, response, sent = captures.seal_texts(vault, "call-1", "prompt", "answer", "sent")
    row = SealedCapture("call-1", 1.0, "u1", key, 6, 6, False, request, response, sent)
    await store_all(store, row)
    assert await find(store, "call-1") == row
    assert captures.open_texts(vault, row) == ("prompt", "answer", "sent")
    for other in (replace(row, sealed_sent=response), replace(row, sealed_response=sent), replace(row, sealed_sent="")):
        with pytest.raises(CannotOpen):
            captures.open_texts(vault, other)


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

    key, request, response = captures.seal_texts(Turning.__new__(Turning), "call-1", "a", "b")
    assert key == "k2"
    assert {captures.data_key_of(request), captures.data_key_of(response)} == {"k2"}


@pytest.mark.parametrize("sealed", ["", "v1", "v1.", "garbage"])
def test_a_text_that_nothing_sealed_names_no_data_key(sealed: str) -> None:
    assert captures.data_key_of(sealed) == ""


async def test_captures_are_removed_oldest_first_a_batch_at_a_time(store: Store) -> None:
    vault = new_vault()
    await store_all(store, *(capture(vault, f"call-{age}", at=float(age)) for age in range(6)))
    async with store.usage_write() as connection:
        assert await captures.count_captures(connection) == 6
        assert await captures.count_captures(connection, before=4.0) == 4
        assert await captures.purge_captures(connection, before=4.0, limit=3) == 3
        assert await captures.purge_captures(connection, before=4.0, limit=3) == 1
        assert await captures.purge_captures(connection, before=4.0, limit=3) == 0
    assert await find(store, "call-4") is not None
    async with store.usage_write() as connection:
        assert await captures.purge_captures(connection, before=None, limit=100) == 2


async def test_a_data_key_that_is_held_is_not_destroyed_under_the_hands(store: Store, home: Path) -> None:
    clock = StillClock()
    vault = await open_vault(store, RootKeySources(home_file=home / "root.key"), clock.clock)
    elsewhere = await open_vault(store, RootKeySources(home_file=home / "root.key"), clock.clock)
    old = vault.active_id
    await rotate_data(store, vault, AUDIT, GATEWAY, clock.clock)
    # Another process has not noticed the rotation, and stores a capture while the old key is about to go.
    async with asyncio.TaskGroup() as group:
        async with store.write() as connection:
            assert await captures.hold_data_key(connection, old)
            destroying = group.create_task(destroy_retired(store, AUDIT, GATEWAY, clock.time + 1))
            await asyncio.sleep(0.05)
            await store_all(store, capture(elsewhere, "call-1"))
        assert await destroying == []
    await rotate_data(store, vault, AUDIT, GATEWAY, clock.clock, resume=True)
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == [old]
    async with store.write() as connection:
        assert not await captures.hold_data_key(connection, old)
        assert not await captures.hold_data_key(connection, "nobody's")
        assert await captures.hold_data_key(connection, vault.active_id)
        assert old in {key.id for key in await list_data_keys(connection)}
    found = await find(store, "call-1")
    assert found is not None
    assert captures.open_texts(vault, found) == ("prompt", "answer")
