"""Captures go when their days are over, and leave a row in the audit trail."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bodhi.accounting import capture_retention
from bodhi.accounting.capture_retention import DAY, capture_chore, remove_captures, remove_expired_captures
from bodhi.core.audit import Actor
from bodhi.core.errors import StoreUnavailable
from bodhi.storage import tables
from bodhi.storage.audit import AuditLog
from bodhi.storage.captures import SealedCapture, insert_captures
from bodhi.storage.engine import Store
from bodhi.storage.policies import CapturePolicy, write_capture_policy
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


async def add(store: Store, *ages: float, now: float) -> None:
    rows = [SealedCapture(f"c{age}", now - age * DAY, None, "k", 1, 1, False, "r", "a") for age in ages]
    async with store.usage_write() as connection:
        await insert_captures(connection, rows)


async def left(store: Store) -> int:
    async with store.usage_read() as connection:
        return int((await connection.execute(select(func.count()).select_from(tables.captures))).scalar_one())


async def acts(store: Store) -> list[tuple[str, str, object]]:
    async with store.read() as connection:
        rows = await connection.execute(select(tables.audit_log).order_by(tables.audit_log.c.seq))
        return [(row.action, row.via, json.loads(row.before)["captures"]) for row in rows]


async def test_captures_older_than_the_policys_days_go_even_when_capture_is_off(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_retention, "BATCH", 2)
    time = StillClock()
    audit = AuditLog(b"a" * 32, time.clock)
    async with store.write() as connection:
        await write_capture_policy(connection, CapturePolicy(enabled=False, days=3))
    await add(store, 0.5, 2.9, 3.1, 4, 5, 6, 300, now=time.time)
    await capture_chore(store, audit, time.clock).do()
    assert await left(store) == 2
    assert await remove_expired_captures(store, audit, time.clock) == 0
    assert await acts(store) == [("capture.purge", "gateway", 5)]


async def test_all_can_go_at_once(store: Store) -> None:
    time = StillClock()
    await add(store, 1, 2, 3, now=time.time)
    assert await remove_captures(store, AuditLog(b"a" * 32, time.clock), Actor(user_id="u1")) == 3
    assert await left(store) == 0
    assert await acts(store) == [("capture.purge", "api", 3)]


async def test_nothing_goes_without_its_row_in_the_audit_trail(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    time = StillClock()
    audit = AuditLog(b"a" * 32, time.clock)
    await add(store, 1, now=time.time)

    async def fails(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(audit, "append", fails)
    with pytest.raises(StoreUnavailable):
        await remove_captures(store, audit, Actor(user_id="u1"))
    assert await left(store) == 1
