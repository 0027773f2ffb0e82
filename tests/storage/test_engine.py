"""The store: whole transactions, one writer at a time, and every fault of a database as one error within a deadline."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.core.errors import Conflict, StartupError, StoreUnavailable
from bodhi.storage.engine import Store
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.users import get_user, insert_user, list_users
from bodhi.storage.version import bump_config_version, config_version
from tests.fakes.postgres import Postgres
from tests.storage.conftest import user


async def test_what_a_read_writes_is_discarded(urls: StoreUrls) -> None:
    store = await Store.open(urls)
    async with store.read() as connection:
        before = await config_version(connection)
    if not urls.is_sqlite:
        async with store.read() as connection:
            await bump_config_version(connection)
    async with store.read() as connection:
        assert await config_version(connection) == before
    await store.close()


async def test_an_error_in_the_block_undoes_it_and_passes_unchanged(store: Store) -> None:
    ada = user()
    with pytest.raises(Conflict, match="mine"):
        async with store.write() as connection:
            await insert_user(connection, ada)
            raise Conflict("mine")
    async with store.read() as connection:
        assert await get_user(connection, ada.id) is None


async def test_a_cancelled_write_is_undone_and_the_store_stays_usable(store: Store) -> None:
    entered = asyncio.Event()

    async def write() -> None:
        async with store.write() as connection:
            await insert_user(connection, user())
            entered.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            entered.clear()
            task = group.create_task(write())
            await entered.wait()
            task.cancel()
    async with store.write() as connection:
        await insert_user(connection, user(name="last"))
        assert [found.name for found in await list_users(connection)] == ["last"]


async def test_a_read_does_not_wait_for_an_open_write(store: Store) -> None:
    async with store.write() as writing:
        await insert_user(writing, user())
        async with store.read() as reading:
            assert await list_users(reading) == []


async def test_a_missing_table_is_an_unavailable_store_with_its_cause(empty_urls: StoreUrls) -> None:
    store = await Store.open(empty_urls)
    with pytest.raises(StoreUnavailable) as caught:
        async with store.read() as connection:
            await config_version(connection)
    assert caught.value.__cause__ is not None
    await store.close()


async def test_a_transaction_over_its_deadline_is_an_unavailable_store(urls: StoreUrls) -> None:
    store = await Store.open(urls, deadline=0.2)
    with pytest.raises(StoreUnavailable):
        async with store.write():
            await asyncio.Event().wait()
    async with store.write() as connection:
        await bump_config_version(connection)
    await store.close()


async def test_a_database_locked_by_another_process_is_unavailable_and_recovers(
    sqlite_urls: StoreUrls, home: Path
) -> None:
    store = await Store.open(sqlite_urls, busy_timeout=0.1)
    other = sqlite3.connect(home / "bodhi.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnavailable):
        async with store.write() as connection:
            await bump_config_version(connection)
    with pytest.raises(StoreUnavailable):
        async with store.read() as connection:
            await config_version(connection)
    other.execute("ROLLBACK")
    other.close()
    async with store.write() as connection:
        await bump_config_version(connection)
    await store.close()


async def test_a_row_locked_by_another_client_is_unavailable_within_the_deadline(
    postgres: Postgres, migrated_database: str
) -> None:
    urls = StoreUrls.from_database_url(postgres.url(await postgres.new_database(migrated_database)))
    first, second = await Store.open(urls), await Store.open(urls, deadline=0.3)
    async with first.write() as holding:
        await bump_config_version(holding)
        with pytest.raises(StoreUnavailable):
            async with second.write() as connection:
                await bump_config_version(connection)
    async with second.write() as connection:
        await bump_config_version(connection)
    await first.close()
    await second.close()


async def test_lost_connections_are_replaced(postgres: Postgres, migrated_database: str) -> None:
    name = await postgres.new_database(migrated_database)
    store = await Store.open(StoreUrls.from_database_url(postgres.url(name)))
    with pytest.raises(StoreUnavailable):
        async with store.write() as connection:
            await bump_config_version(connection)
            await postgres.execute(
                "postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
            )
            await bump_config_version(connection)
    async with store.read() as connection:
        assert await config_version(connection) == 1
    await store.close()


async def test_a_server_that_is_not_there_is_an_unavailable_store(tmp_path: Path) -> None:
    store = await Store.open(StoreUrls.from_database_url(f"postgresql://me@/bodhi?host={tmp_path}"))
    with pytest.raises(StoreUnavailable):
        async with store.read() as connection:
            await config_version(connection)
    await store.close()


async def test_a_full_disk_is_an_unavailable_store_and_loses_nothing(sqlite_urls: StoreUrls) -> None:
    store = await Store.open(sqlite_urls)
    ada = user()
    async with store.write() as connection:
        await insert_user(connection, ada)
        # SQLite answers as on a full disk when a database may not grow (sqlite.org/pragma.html#pragma_max_page_count).
        await connection.execute(text("PRAGMA max_page_count = 1"))
    with pytest.raises(StoreUnavailable):
        async with store.write() as connection:
            for _ in range(2000):
                await insert_user(connection, user(password_hash="x" * 4000))
    async with store.read() as connection:
        assert await list_users(connection) == [ada]
    await store.close()


async def test_a_damaged_file_is_an_unavailable_store(sqlite_urls: StoreUrls, home: Path) -> None:
    (home / "bodhi.db").write_bytes(b"damage" * 4096)
    store = await Store.open(sqlite_urls)
    for transaction in (store.read, store.write):
        with pytest.raises(StoreUnavailable):
            async with transaction() as connection:
                await config_version(connection)
    async with store.usage_read() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM usage_records"))).scalar_one() == 0
    await store.close()


async def test_opening_makes_private_files_and_refuses_a_missing_folder(home: Path) -> None:
    store = await Store.open(StoreUrls.in_home(home))
    await store.close()
    assert {path.stat().st_mode & 0o777 for path in home.iterdir()} == {0o600}
    with pytest.raises(StartupError):
        await Store.open(StoreUrls.in_home(home / "missing"))


async def test_two_stores_on_the_same_files_write_in_turn(sqlite_urls: StoreUrls) -> None:
    stores = [await Store.open(sqlite_urls) for _ in range(3)]

    async def bump(store: Store) -> None:
        async with store.write() as connection:
            await bump_config_version(connection)

    await asyncio.gather(*(bump(store) for store in stores for _ in range(20)))
    async with stores[0].read() as connection:
        assert await config_version(connection) == 61
    for store in stores:
        await store.close()
