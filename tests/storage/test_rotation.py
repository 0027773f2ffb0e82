"""Rotation: of the root key and of data keys, cut short at any moment, beside other writers."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from bodhi.core.audit import GATEWAY
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, StartupError, StoreUnavailable
from bodhi.storage import rotation
from bodhi.storage.api_models import insert_api_model, provider_key_place, sealed_keys, update_api_model
from bodhi.storage.audit import AuditLog
from bodhi.storage.captures import (
    SealedCapture,
    find_capture,
    insert_captures,
    open_texts,
    replace_capture,
    seal_texts,
)
from bodhi.storage.data_keys import list_data_keys, open_vault, refresh_vault
from bodhi.storage.engine import Store
from bodhi.storage.root_key import RootKeySources, read_home_file, stage_root_key
from bodhi.storage.rotation import destroy_retired, rotate_data, rotate_root, rotate_root_file, status
from bodhi.storage.tables import audit_log, captures
from bodhi.storage.vault import RootKey, Vault
from bodhi.storage.version import config_version
from tests.fakes.clocks import StillClock
from tests.fakes.stores import AUDIT
from tests.storage.conftest import api_model

BASE_URL = "https://api.example.com/v1"


@pytest.fixture
def sources(home: Path) -> RootKeySources:
    return RootKeySources(home_file=home / "root.key")


@pytest.fixture
async def vault(store: Store, sources: RootKeySources) -> Vault:
    return await open_vault(store, sources)


async def add_keys(store: Store, vault: Vault, count: int) -> dict[str, str]:
    """Store api models with keys, and return the keys by id."""
    secrets: dict[str, str] = {}
    async with store.write() as connection:
        for number in range(count):
            record = api_model(base_url=BASE_URL)
            secrets[record.id] = f"sk-{number}"
            sealed = vault.seal(Secret(secrets[record.id]), provider_key_place(record.id, BASE_URL))
            await insert_api_model(connection, record, sealed)
    return secrets


async def opened(store: Store, vault: Vault) -> dict[str, str]:
    async with store.read() as connection:
        sealed = await sealed_keys(connection)
    return {key: vault.open(text, provider_key_place(key, BASE_URL)).reveal() for key, text in sealed.items()}


async def test_after_a_data_rotation_every_key_opens_under_the_new_one(
    store: Store, vault: Vault, sources: RootKeySources
) -> None:
    secrets = await add_keys(store, vault, rotation.BATCH * 2 + 5)
    old = vault.active_id
    async with store.read() as connection:
        before = await config_version(connection)
    assert await rotate_data(store, vault, AUDIT, GATEWAY) == rotation.Resealed(moved=len(secrets), failed=0)
    assert vault.active_id != old
    assert await opened(store, vault) == secrets
    assert await opened(store, await open_vault(store, sources)) == secrets
    async with store.read() as connection:
        assert await config_version(connection) > before
    rows = {key.id: key.rows for key in await status(store)}
    assert (rows[old], rows[vault.active_id]) == (0, len(secrets))


async def test_a_rotation_cut_short_is_resumed_without_another_key(
    store: Store, vault: Vault, sources: RootKeySources
) -> None:
    secrets = await add_keys(store, vault, 3)
    await rotation._start(store, vault, AUDIT, GATEWAY, StillClock().clock)
    assert await opened(store, await open_vault(store, sources)) == secrets
    assert await rotate_data(store, vault, AUDIT, GATEWAY, resume=True) == rotation.Resealed(moved=3, failed=0)
    assert await rotate_data(store, vault, AUDIT, GATEWAY, resume=True) == rotation.Resealed(moved=0, failed=0)
    assert await opened(store, vault) == secrets
    async with store.read() as connection:
        assert len(await list_data_keys(connection)) == 3


async def test_rows_that_do_not_open_are_counted_and_left(store: Store, vault: Vault) -> None:
    secrets = await add_keys(store, vault, 2)
    moved_away = api_model(base_url="https://evil.example/v1")
    sealed = vault.seal(Secret("sk"), provider_key_place(moved_away.id, BASE_URL))
    async with store.write() as connection:
        await insert_api_model(connection, moved_away, sealed)
    assert await rotate_data(store, vault, AUDIT, GATEWAY) == rotation.Resealed(moved=2, failed=1)
    async with store.read() as connection:
        assert (await sealed_keys(connection))[moved_away.id] == sealed
    assert len(secrets) == 2


async def test_a_key_that_is_no_longer_needed_is_destroyed_after_its_grace(
    store: Store, vault: Vault, sources: RootKeySources
) -> None:
    clock = StillClock()
    secrets = await add_keys(store, vault, 2)
    old = vault.active_id
    await rotation._start(store, vault, AUDIT, GATEWAY, clock.clock)
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == []
    await rotate_data(store, vault, AUDIT, GATEWAY, clock.clock, resume=True)
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time) == []
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == [old]
    async with store.read() as connection:
        (gone,) = [key for key in await list_data_keys(connection) if key.id == old]
    assert (gone.state, gone.wrapped) == ("destroyed", None)
    assert await opened(store, await open_vault(store, sources)) == secrets
    await rotate_root_file(store, vault, sources.home_file or Path(), AUDIT, GATEWAY)
    assert await opened(store, await open_vault(store, sources)) == secrets


async def test_a_root_rotation_keeps_sealed_texts_and_derived_keys(
    store: Store, vault: Vault, sources: RootKeySources
) -> None:
    assert sources.home_file is not None
    secrets = await add_keys(store, vault, 2)
    await rotate_data(store, vault, AUDIT, GATEWAY)
    old_file, derived = sources.home_file.read_bytes(), vault.derive("token-mac/v1")
    new = await rotate_root_file(store, vault, sources.home_file, AUDIT, GATEWAY)
    again = await open_vault(store, sources)
    assert again.root.key_id == new.key_id
    assert again.derive("token-mac/v1") == derived
    assert await opened(store, again) == secrets
    sources.home_file.write_bytes(old_file)
    with pytest.raises(StartupError, match=new.key_id):
        await open_vault(store, sources)


@pytest.mark.parametrize("database_took_it", [True, False])
async def test_a_root_rotation_cut_short_is_finished_or_undone_by_the_next_start(
    store: Store, vault: Vault, sources: RootKeySources, database_took_it: bool
) -> None:
    assert sources.home_file is not None
    secrets = await add_keys(store, vault, 2)
    old = vault.root.key_id
    new = stage_root_key(sources.home_file)
    if database_took_it:
        await rotate_root(store, vault, new, AUDIT, GATEWAY)
    again = await open_vault(store, sources)
    assert again.root.key_id == (new.key_id if database_took_it else old)
    assert await opened(store, again) == secrets
    current = read_home_file(sources.home_file)
    assert current is not None
    assert current.key_id == again.root.key_id


async def test_a_running_process_follows_a_root_rotation_with_a_data_rotation_after_it(
    store: Store, vault: Vault, sources: RootKeySources, home: Path
) -> None:
    secrets = await add_keys(store, vault, 2)
    elsewhere = await open_vault(store, sources)
    new = await rotate_root_file(store, elsewhere, home / "root.key", AUDIT, GATEWAY)
    await rotate_data(store, elsewhere, AUDIT, GATEWAY)

    async with store.read() as connection:
        await refresh_vault(connection, vault)

    assert vault.root.key_id == new.key_id
    assert await opened(store, vault) == secrets


async def test_a_process_with_the_former_root_key_cannot_rotate(store: Store, vault: Vault) -> None:
    active = vault.data_key(vault.active_id)
    assert active is not None
    stale = Vault(vault.deployment_id, vault.root, derivation=b"d" * 32, active=active)
    await rotate_root(store, vault, RootKey.generate(), AUDIT, GATEWAY)
    with pytest.raises(Conflict, match="another process"):
        await rotate_root(store, stale, RootKey.generate(), AUDIT, GATEWAY)
    with pytest.raises(Conflict, match="another process"):
        await rotate_data(store, stale, AUDIT, GATEWAY)


async def test_a_key_entered_during_the_rotation_wins(store: Store, vault: Vault, sources: RootKeySources) -> None:
    record = api_model(base_url=BASE_URL)
    place = provider_key_place(record.id, BASE_URL)
    async with store.write() as connection:
        await insert_api_model(connection, record, vault.seal(Secret("old"), place))
    elsewhere = await open_vault(store, sources)
    await rotation._start(store, vault, AUDIT, GATEWAY, StillClock().clock)
    # The other process has not noticed the rotation, and seals with the retired key.
    async with store.write() as connection:
        await update_api_model(connection, replace(record, name="new"), elsewhere.seal(Secret("new"), place))
    await rotate_data(store, vault, AUDIT, GATEWAY, resume=True)
    assert await opened(store, vault) == {record.id: "new"}


async def test_the_status_holds_no_key_material(store: Store, vault: Vault) -> None:
    await rotate_data(store, vault, AUDIT, GATEWAY)
    shown = repr(await status(store))
    async with store.read() as connection:
        wrapped = [key.wrapped for key in await list_data_keys(connection)]
    assert [key for key in wrapped if key and key in shown] == []
    assert shown.count("active") == 2
    assert shown.count("decrypt_only") == 1


async def add_captures(store: Store, vault: Vault, count: int) -> None:
    rows = []
    for number in range(count):
        call_id = f"call-{number:03}"
        # Every third call was refused before anything was sent.
        texts = [f"prompt {number}", f"answer {number}", f"sent {number}"][: 3 if number % 3 else 2]
        key, *sealed = seal_texts(vault, call_id, *texts)
        rows.append(SealedCapture(call_id, 1.0, None, key, 8, 8, False, *sealed))
    async with store.usage_write() as connection:
        await insert_captures(connection, rows)


async def opened_captures(store: Store, vault: Vault, count: int) -> list[tuple[str, ...]]:
    found = []
    async with store.usage_read() as connection:
        for number in range(count):
            row = await find_capture(connection, f"call-{number:03}")
            assert row is not None
            found.append(open_texts(vault, row))
    return found


async def test_captures_are_sealed_anew_with_everything_else(
    store: Store, vault: Vault, sources: RootKeySources
) -> None:
    count = rotation.CAPTURES_BATCH * 2 + 3
    said = [
        (f"prompt {number}", f"answer {number}") + ((f"sent {number}",) if number % 3 else ())
        for number in range(count)
    ]
    secrets, old = await add_keys(store, vault, 2), vault.active_id
    await add_captures(store, vault, count)
    assert {key.id: key.rows for key in await status(store)}[old] == count + 2
    assert await rotate_data(store, vault, AUDIT, GATEWAY) == rotation.Resealed(moved=2, failed=0, captures=count)
    rows = {key.id: key.rows for key in await status(store)}
    assert (rows[old], rows[vault.active_id]) == (0, count + 2)
    again = await open_vault(store, sources)
    assert await opened_captures(store, again, count) == said
    assert await opened(store, again) == secrets


async def test_a_data_key_that_a_capture_needs_is_not_destroyed(store: Store, vault: Vault) -> None:
    clock, old = StillClock(), vault.active_id
    await add_captures(store, vault, 3)
    # Cut short after the new key, before a row was moved.
    await rotation._start(store, vault, AUDIT, GATEWAY, clock.clock)
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == []
    assert await opened_captures(store, vault, 1) == [("prompt 0", "answer 0")]
    assert await rotate_data(store, vault, AUDIT, GATEWAY, resume=True) == rotation.Resealed(
        moved=0, failed=0, captures=3
    )
    assert await rotate_data(store, vault, AUDIT, GATEWAY, resume=True) == rotation.Resealed(moved=0, failed=0)
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == [old]
    assert len(await opened_captures(store, vault, 3)) == 3


async def test_a_damaged_capture_is_counted_left_and_keeps_its_key(store: Store, vault: Vault) -> None:
    clock = StillClock()
    await add_captures(store, vault, 2)
    async with store.usage_write() as connection:
        damaged = captures.update().where(captures.c.call_id == "call-000").values(sealed_response="v1.x.y")
        await connection.execute(damaged)
    assert await rotate_data(store, vault, AUDIT, GATEWAY, clock.clock) == rotation.Resealed(
        moved=0, failed=1, captures=1
    )
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == []


async def test_a_capture_that_was_replaced_meanwhile_is_not_overwritten(store: Store, vault: Vault) -> None:
    await add_captures(store, vault, 1)
    async with store.usage_read() as connection:
        seen = await find_capture(connection, "call-000")
    assert seen is not None
    await rotate_data(store, vault, AUDIT, GATEWAY)
    async with store.usage_write() as connection:
        assert not await replace_capture(connection, seen, "k0", "v1.k0.old", "v1.k0.old")
    assert await opened_captures(store, vault, 1) == [("prompt 0", "answer 0")]


async def trail(store: Store) -> list[tuple[str, str | None, dict[str, object], dict[str, object]]]:
    async with store.read() as connection:
        log = audit_log.c
        rows = await connection.execute(select(log.action, log.subject_id, log.before, log.after).order_by(log.seq))
        return [(row.action, row.subject_id, json.loads(row.before), json.loads(row.after)) for row in rows]


async def test_every_change_of_a_key_is_in_the_trail_by_its_id(
    store: Store, vault: Vault, sources: RootKeySources
) -> None:
    clock, root, first = StillClock(), vault.root.key_id, vault.active_id
    await rotate_data(store, vault, AUDIT, GATEWAY, clock.clock)
    second = vault.active_id
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time) == []
    assert await destroy_retired(store, AUDIT, GATEWAY, clock.time + 1) == [first]
    new = await rotate_root_file(store, vault, sources.home_file or Path(), AUDIT, GATEWAY)
    assert await trail(store) == [
        ("keys.rotate_data", second, {"active": first}, {"active": second}),
        ("keys.rotate_data", None, {}, {"destroyed": [first]}),
        ("keys.rotate_root", new.key_id, {"root_key": root}, {"root_key": new.key_id}),
    ]


async def test_what_the_trail_cannot_be_told_of_does_not_happen(
    store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    active, root = vault.active_id, vault.root.key_id

    async def refuse(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(AuditLog, "append", refuse)
    with pytest.raises(StoreUnavailable):
        await rotate_data(store, vault, AUDIT, GATEWAY)
    with pytest.raises(StoreUnavailable):
        await rotate_root(store, vault, RootKey.generate(), AUDIT, GATEWAY)
    assert (vault.active_id, vault.root.key_id) == (active, root)
    async with store.read() as connection:
        keys = await list_data_keys(connection)
    assert {(key.state, key.root_key_id) for key in keys} == {("active", root)}
