"""A store with the current schema in a folder of the test's own, for tests of what lies above storage."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import insert

from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.storage import tables
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.vault import DataKey, RootKey, Vault

AUDIT = AuditLog(b"a" * 32, SYSTEM_CLOCK)
"""A trail for tests that look at other things."""


def new_vault() -> Vault:
    """Return a vault with keys of its own."""
    return Vault("test-deployment", RootKey.generate(), derivation=b"d" * 32, active=DataKey("k1", b"k" * 32))


@asynccontextmanager
async def fresh_store(folder: Path) -> AsyncIterator[Store]:
    """Open a store whose tables exist and are empty."""
    urls = StoreUrls(f"sqlite+aiosqlite:///{folder / 'bodhi.db'}", f"sqlite+aiosqlite:///{folder / 'usage.db'}")
    store = await Store.open(urls)
    try:
        async with store.write() as connection:
            await connection.run_sync(tables.main.create_all)
            await connection.execute(insert(tables.config_version).values(id=1, version=1))
            await connection.execute(insert(tables.audit_head).values(id=1, seq=0, mac=b""))
        async with store.usage_write() as connection:
            await connection.run_sync(tables.usage.create_all)
        yield store
    finally:
        await store.close()
