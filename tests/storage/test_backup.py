"""Backups: whole, private, verified, and never half of one. Restoring one is tests/flows/test_restore_drill.py's."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.core.audit import GATEWAY, Act
from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidField, StartupError
from bodhi.storage import backup
from bodhi.storage.api_models import insert_api_model, provider_key_place
from bodhi.storage.backup import Backup, back_up
from bodhi.storage.captures import SealedCapture, insert_captures, seal_texts
from bodhi.storage.data_keys import open_vault
from bodhi.storage.engine import Store
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.vault import Vault
from tests.fakes.clocks import StillClock
from tests.fakes.stores import AUDIT
from tests.storage.conftest import api_model

OTHER_KEY = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
BASE_URL = "https://api.example.com/v1"


@pytest.fixture
def urls(sqlite_urls: StoreUrls) -> StoreUrls:
    """Give SQLite files only: PostgreSQL has its own tools."""
    return sqlite_urls


@pytest.fixture
def sources(home: Path) -> RootKeySources:
    return RootKeySources(home_file=home / "root.key")


@pytest.fixture
async def vault(store: Store, sources: RootKeySources) -> Vault:
    return await open_vault(store, sources)


async def make(urls: StoreUrls, sources: RootKeySources, folder: Path) -> Backup:
    return await back_up(urls, sources, folder, StillClock().clock)


async def add_sealed(store: Store, vault: Vault) -> str:
    """Store a provider's key, a capture and a row of the trail; return the api model's id."""
    record = api_model(base_url=BASE_URL)
    async with store.write() as connection:
        sealed = vault.seal(Secret("sk-1"), provider_key_place(record.id, BASE_URL))
        await insert_api_model(connection, record, sealed)
        await AUDIT.append(connection, GATEWAY, Act(action="api_model.create", subject_id=record.id))
    key, *texts = seal_texts(vault, "call-1", "prompt", "answer")
    async with store.usage_write() as connection:
        await insert_captures(connection, [SealedCapture("call-1", 1.0, None, key, 6, 6, False, texts[0], texts[1])])
    return record.id


def rows(file: Path, table: str) -> int:
    connection = sqlite3.connect(file)
    count = int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # a test's own name
    connection.close()
    return count


async def test_a_backup_holds_both_databases_and_tells_which_root_key_opens_it(
    store: Store, urls: StoreUrls, sources: RootKeySources, vault: Vault, tmp_path: Path
) -> None:
    await add_sealed(store, vault)
    folder = tmp_path / "deep" / "backup"
    made = await make(urls, sources, folder)
    assert (made.root_key_id, made.opened, made.unopened, made.audit_seq) == (vault.root.key_id, 2, 0, 1)
    assert json.loads((folder / "backup.json").read_text())["root_key_id"] == vault.root.key_id
    assert (rows(folder / "bodhi.db", "api_models"), rows(folder / "usage.db", "captures")) == (1, 1)
    assert {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} == {
        "bodhi.db": 0o600,
        "usage.db": 0o600,
        "backup.json": 0o600,
    }
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in folder.parent.iterdir()] == ["backup"]
    key = sources.home_file.read_bytes().strip() if sources.home_file else b""
    assert [path for path in folder.iterdir() if key in path.read_bytes()] == []


async def test_copies_made_while_others_write_are_never_torn(
    store: Store, urls: StoreUrls, sources: RootKeySources, vault: Vault, tmp_path: Path
) -> None:
    await add_sealed(store, vault)
    stop = asyncio.Event()

    async def change() -> int:
        changes = 0
        while not stop.is_set() or changes < 20:
            async with store.write() as connection:
                # Two rows that always change together: a torn copy would show them apart.
                await connection.execute(text("UPDATE config_version SET version = version + 1"))
                await AUDIT.append(connection, GATEWAY, Act(action="host.refused", after={"pad": "x" * 3000}))
            changes += 1
        return changes

    async with asyncio.TaskGroup() as group:
        changing = group.create_task(change())
        made = [await make(urls, sources, tmp_path / f"b{number}") for number in range(5)]
        stop.set()
    assert changing.result() >= 20
    apart: set[int] = set()
    for number, each in enumerate(made):
        file = tmp_path / f"b{number}" / "bodhi.db"
        connection = sqlite3.connect(file)
        version = connection.execute("SELECT version FROM config_version").fetchone()[0]
        seq = connection.execute("SELECT seq FROM audit_head").fetchone()[0]
        connection.close()
        assert rows(file, "audit_log") == seq == each.audit_seq
        apart.add(version - seq)
    assert len(apart) == 1


async def test_what_was_deleted_does_not_come_along(
    store: Store, urls: StoreUrls, sources: RootKeySources, vault: Vault, tmp_path: Path
) -> None:
    async with store.write() as connection:
        await AUDIT.append(connection, GATEWAY, Act(action="host.refused", subject_name="canary-" + "z" * 40))
        await connection.execute(text("DELETE FROM audit_log"))
    await make(urls, sources, tmp_path / "backup")
    assert b"canary-zzz" not in (tmp_path / "backup" / "bodhi.db").read_bytes()


async def test_a_folder_with_something_in_it_is_left_alone(
    urls: StoreUrls, sources: RootKeySources, vault: Vault, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    folder.mkdir()
    await make(urls, sources, folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(InvalidField, match="is there already"):
        await make(urls, sources, folder)
    with pytest.raises(InvalidField, match="is there already"):
        await make(urls, sources, folder / "backup.json")
    with pytest.raises(StartupError, match="cannot be made"):
        await make(urls, sources, folder / "backup.json" / "inside")
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


async def test_without_databases_or_the_right_root_key_nothing_is_made(
    urls: StoreUrls, sources: RootKeySources, vault: Vault, tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    with pytest.raises(StartupError, match="nothing to back up"):
        await make(StoreUrls.in_home(tmp_path / "nowhere"), sources, folder)
    for stranger in (RootKeySources(home_file=tmp_path / "missing"), RootKeySources(value=Secret(OTHER_KEY))):
        with pytest.raises(StartupError, match=vault.root.key_id) as caught:
            await make(urls, stranger, folder)
        assert caught.value.exit_status == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


async def test_a_key_that_opens_nowhere_is_counted_and_a_backup_where_none_opens_is_not_kept(
    store: Store, urls: StoreUrls, sources: RootKeySources, vault: Vault, tmp_path: Path
) -> None:
    await add_sealed(store, vault)
    async with store.write() as connection:
        await connection.execute(text("UPDATE api_models SET base_url = 'https://evil.example/v1'"))
    made = await make(urls, sources, tmp_path / "one")
    assert (made.opened, made.unopened) == (1, 1)
    async with store.usage_write() as connection:
        await connection.execute(text("DELETE FROM captures"))
    with pytest.raises(StartupError, match="None of the sealed texts"):
        await make(urls, sources, tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "one"]


@pytest.mark.parametrize("damage", ["orphan", "page"])
async def test_a_damaged_database_makes_no_backup(
    store: Store, urls: StoreUrls, sources: RootKeySources, vault: Vault, home: Path, tmp_path: Path, damage: str
) -> None:
    await add_sealed(store, vault)
    await store.close()
    connection = sqlite3.connect(home / "bodhi.db", isolation_level=None)
    if damage == "orphan":
        connection.execute("UPDATE api_models SET owner_id = 'nobody'")
    connection.close()
    if damage == "page":
        whole = bytearray((home / "bodhi.db").read_bytes())
        whole[8192 : len(whole)] = b"\xff" * (len(whole) - 8192)
        (home / "bodhi.db").write_bytes(whole)
    with pytest.raises(StartupError):
        await make(urls, sources, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


async def test_a_full_disk_leaves_nothing(
    urls: StoreUrls, sources: RootKeySources, vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "_settle", full)
    with pytest.raises(StartupError, match="No space left on device"):
        await make(urls, sources, tmp_path / "backup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home"]


async def test_a_database_of_an_older_version_is_copied_as_it_is(
    store: Store, urls: StoreUrls, sources: RootKeySources, vault: Vault, tmp_path: Path
) -> None:
    async with store.write() as connection:
        await connection.execute(text("DROP TABLE audit_head"))
    async with store.usage_write() as connection:
        await connection.execute(text("DROP TABLE captures"))
    made = await make(urls, sources, tmp_path / "backup")
    assert (made.audit_seq, made.audit_mac, made.opened) == (None, None, 0)
