"""SQLite files: their settings, their mode, and the journal that an old library must not use."""

import os
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.core.errors import StartupError, StoreUnavailable
from bodhi.storage.engine import Store
from bodhi.storage.sqlite import SAFE_WAL_VERSION, create_private_file, journal_mode, open_writer
from bodhi.storage.store_urls import StoreUrls

SETTINGS = (
    "foreign_keys",
    "trusted_schema",
    "cell_size_check",
    "mmap_size",
    "busy_timeout",
    "synchronous",
    "journal_mode",
    "query_only",
)


@pytest.mark.parametrize(
    ("version", "mode"),
    [((3, 40, 1), "TRUNCATE"), ((3, 51, 2), "TRUNCATE"), ((3, 51, 3), "WAL"), ((3, 54, 1), "WAL"), ((4, 0, 0), "WAL")],
)
def test_a_library_with_the_wal_reset_race_gets_a_rollback_journal(version: tuple[int, ...], mode: str) -> None:
    assert journal_mode(one_writer=False, version=version) == mode
    assert journal_mode(one_writer=True, version=version) == "WAL"


async def test_connections_have_the_settings_that_keep_what_is_written(sqlite_urls: StoreUrls) -> None:
    store = await Store.open(sqlite_urls, busy_timeout=1.5)

    async def settings(write: bool, usage: bool) -> dict[str, object]:
        transaction = {
            (True, True): store.usage_write,
            (True, False): store.write,
            (False, True): store.usage_read,
            (False, False): store.read,
        }[write, usage]
        async with transaction() as connection:
            return {name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one_or_none() for name in SETTINGS}

    everywhere = {"foreign_keys": 1, "trusted_schema": 0, "cell_size_check": 1, "busy_timeout": 1500}
    main_journal = "wal" if sqlite3.sqlite_version_info >= SAFE_WAL_VERSION else "truncate"
    writer, usage_writer = await settings(True, False), await settings(True, True)
    for found in (writer, usage_writer, await settings(False, False), await settings(False, True)):
        assert everywhere.items() <= found.items()
        assert not found["mmap_size"]
    assert (writer["synchronous"], writer["journal_mode"]) == (2, main_journal)
    assert (usage_writer["synchronous"], usage_writer["journal_mode"]) == (1, "wal")
    assert (await settings(False, False))["query_only"] == 1
    await store.close()


async def test_a_file_left_in_wal_mode_goes_back_to_a_rollback_journal(tmp_path: Path) -> None:
    urls = StoreUrls.in_home(tmp_path)
    for journal in ("WAL", "TRUNCATE"):
        writer = open_writer(urls.main, 1.0, journal=journal)
        async with writer.connect() as connection:
            assert (await connection.execute(text("PRAGMA journal_mode"))).scalar_one() == journal.lower()
        await writer.dispose()


async def test_a_reader_cannot_write(sqlite_urls: StoreUrls) -> None:
    store = await Store.open(sqlite_urls)
    with pytest.raises(StoreUnavailable):
        async with store.read() as connection:
            await connection.execute(text("DELETE FROM users"))
    await store.close()


def test_a_new_file_is_private_and_an_old_one_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "bodhi.db"
    before = os.umask(0)
    try:
        create_private_file(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(b"kept")
    create_private_file(path)
    assert path.read_bytes() == b"kept"


async def test_journals_are_as_private_as_the_database(sqlite_urls: StoreUrls, home: Path) -> None:
    before = os.umask(0)
    store = await Store.open(sqlite_urls)
    try:
        async with store.write() as connection, store.usage_write() as usage:
            await connection.execute(text("UPDATE config_version SET version = 2"))
            await usage.execute(text("DELETE FROM usage_records"))
            modes = {path.name: path.stat().st_mode & 0o077 for path in home.iterdir()}
    finally:
        os.umask(before)
        await store.close()
    assert len(modes) > 2
    assert set(modes.values()) == {0}


def test_a_folder_that_is_missing_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="cannot be created"):
        create_private_file(tmp_path / "missing" / "bodhi.db")
