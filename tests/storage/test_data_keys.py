"""Opening the vault: the first start, and that a wrong or missing root key changes nothing."""

import asyncio
import base64
import sys
from pathlib import Path

import pytest
from sqlalchemy import text, update

from bodhi.core.audit import GATEWAY
from bodhi.core.credential import Secret
from bodhi.core.errors import StartupError
from bodhi.storage.data_keys import check_root_key, list_data_keys, open_vault, refresh_vault
from bodhi.storage.engine import Store
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.rotation import rotate_data
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.tables import data_keys
from bodhi.storage.vault import CannotOpen, Place, RootKey, Vault
from tests.fakes.stores import AUDIT

PLACE = Place("api_models", "sealed_key", "1", "https://api.example.com:443")


@pytest.fixture
def sources(home: Path) -> RootKeySources:
    return RootKeySources(home_file=home / "root.key")


def value(root: RootKey) -> RootKeySources:
    return RootKeySources(value=Secret(base64.b64encode(root.reveal()).decode()))


def files_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


async def test_the_first_start_makes_a_private_root_key_and_later_starts_use_it(
    store: Store, urls: StoreUrls, sources: RootKeySources
) -> None:
    first = await open_vault(store, sources)
    assert sources.home_file is not None
    assert sources.home_file.stat().st_mode & 0o777 == 0o600
    sealed = first.seal(Secret("sk-1"), PLACE)
    await check_root_key(urls, sources)
    second = await open_vault(store, sources)
    assert second.open(sealed, PLACE).reveal() == "sk-1"
    assert second.derive("token-mac/v1") == first.derive("token-mac/v1")
    assert second.active_id == first.active_id


async def test_a_root_key_that_is_given_makes_no_file(store: Store, home: Path) -> None:
    vault = await open_vault(store, value(RootKey(b"v" * 32)))
    assert vault.root.key_id == RootKey(b"v" * 32).key_id
    assert not (home / "root.key").exists()


async def test_parallel_first_starts_agree(store: Store, urls: StoreUrls, sources: RootKeySources) -> None:
    second = await Store.open(urls)
    vaults = await asyncio.gather(*(open_vault(each, sources) for each in (store, second) * 5))
    await second.close()
    assert len({vault.active_id for vault in vaults}) == 1
    async with store.read() as connection:
        assert len(await list_data_keys(connection)) == 2


async def test_without_any_source_the_first_start_is_refused(store: Store) -> None:
    with pytest.raises(StartupError, match="no root key") as caught:
        await open_vault(store, RootKeySources())
    assert caught.value.exit_status == 3


async def test_an_empty_or_missing_database_needs_no_key(empty_urls: StoreUrls, sources: RootKeySources) -> None:
    await check_root_key(empty_urls, sources)
    assert sources.home_file is not None
    assert list(sources.home_file.parent.iterdir()) == []


@pytest.mark.parametrize("case", ["missing", "wrong", "truncated", "empty", "readable", "other deployment"])
async def test_an_unfit_root_key_writes_nothing_and_says_what_is_needed(
    store: Store, urls: StoreUrls, sources: RootKeySources, case: str
) -> None:
    vault = await open_vault(store, sources)
    await store.close()
    file = sources.home_file
    assert file is not None
    match case:
        case "missing":
            file.unlink()
        case "wrong" | "other deployment":
            file.write_text(base64.b64encode(RootKey.generate().reveal()).decode())
        case "truncated":
            file.write_bytes(file.read_bytes()[:20])
        case "empty":
            file.write_bytes(b"")
        case "readable":
            file.chmod(0o644)
    before = files_of(file.parent)
    again = await Store.open(urls)
    for attempt in (check_root_key(urls, sources), open_vault(again, sources)):
        with pytest.raises(StartupError) as caught:
            await attempt
        assert caught.value.exit_status == 3
        if case in ("missing", "wrong", "other deployment"):
            assert vault.root.key_id in caught.value.message
            assert str(file) in caught.value.message
            assert "BODHI_ENCRYPTION_KEY" in caught.value.message
            assert "install -m 600" in caught.value.message
    await again.close()
    assert files_of(file.parent) == before


async def test_a_stolen_row_of_another_deployment_does_not_unlock(store: Store, sources: RootKeySources) -> None:
    await open_vault(store, sources)
    async with store.write() as connection:
        await connection.execute(text("UPDATE deployment SET id = 'another'"))
    with pytest.raises(StartupError, match="damaged") as caught:
        await open_vault(store, sources)
    assert caught.value.exit_status == 3


@pytest.mark.parametrize("column", ["wrapped", "check_value"])
async def test_a_damaged_active_key_is_told_from_a_wrong_root_key(
    store: Store, sources: RootKeySources, column: str
) -> None:
    await open_vault(store, sources)
    async with store.write() as connection:
        await connection.execute(update(data_keys).where(data_keys.c.purpose == "seal").values({column: "AAAA"}))
    with pytest.raises(StartupError, match="root key is right, but"):
        await open_vault(store, sources)


async def test_a_damaged_older_key_costs_only_what_it_sealed(store: Store, sources: RootKeySources) -> None:
    vault = await open_vault(store, sources)
    old = vault.seal(Secret("old"), PLACE)
    await rotate_data(store, vault, AUDIT, GATEWAY)
    new = vault.seal(Secret("new"), PLACE)
    async with store.write() as connection:
        await connection.execute(update(data_keys).where(data_keys.c.state == "decrypt_only").values(wrapped="AAAA"))
    again = await open_vault(store, sources)
    assert again.open(new, PLACE).reveal() == "new"
    with pytest.raises(CannotOpen):
        again.open(old, PLACE)


async def test_a_running_vault_learns_of_a_rotation_elsewhere(
    store: Store, urls: StoreUrls, sources: RootKeySources
) -> None:
    running = await open_vault(store, sources)
    old = running.seal(Secret("old"), PLACE)
    elsewhere: Vault = await open_vault(store, sources)
    await rotate_data(store, elsewhere, AUDIT, GATEWAY)
    fresh = elsewhere.seal(Secret("fresh"), PLACE)
    with pytest.raises(CannotOpen):
        running.open(fresh, PLACE)
    async with store.read() as connection:
        await refresh_vault(connection, running)
    assert running.open(fresh, PLACE).reveal() == "fresh"
    assert running.open(old, PLACE).reveal() == "old"
    assert running.active_id == elsewhere.active_id


CRASH = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = TRUNCATE")
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("DELETE FROM data_keys")
connection.executemany("INSERT INTO objects VALUES (?, 'm', 'o', 1.0)", [(str(n) * 50,) for n in range(2000)])
os._exit(1)
"""


async def test_the_check_sees_through_a_transaction_that_a_crash_left(
    sqlite_urls: StoreUrls, home: Path, sources: RootKeySources
) -> None:
    store = await Store.open(sqlite_urls)
    vault = await open_vault(store, sources)
    await store.close()
    crashing = await asyncio.create_subprocess_exec(sys.executable, "-c", CRASH, home / "bodhi.db")
    await crashing.wait()
    assert (home / "bodhi.db-journal").stat().st_size > 0
    wrong = value(RootKey.generate())
    with pytest.raises(StartupError, match=vault.root.key_id):
        await check_root_key(sqlite_urls, wrong)
    await check_root_key(sqlite_urls, sources)


async def test_a_file_that_is_no_database_is_said_plainly(home: Path, sources: RootKeySources) -> None:
    (home / "bodhi.db").write_bytes(b"not a database, and long enough to be looked at" * 30)
    with pytest.raises(StartupError, match="cannot be read"):
        await check_root_key(StoreUrls.in_home(home), sources)
