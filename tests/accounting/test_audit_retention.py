"""Retention of the audit trail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.accounting.audit_retention import DAY, audit_chore, remove_expired_audit
from bodhi.core.audit import GATEWAY, Act
from bodhi.storage.audit import AuditLog, list_audit, read_change
from bodhi.storage.audit_chain import verify_chain
from bodhi.storage.engine import Store
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

DAYS = 30


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


@pytest.fixture
def time() -> StillClock:
    return StillClock()


@pytest.fixture
def audit(time: StillClock) -> AuditLog:
    return AuditLog(b"a" * 32, time.clock)


async def acts(store: Store, audit: AuditLog, count: int) -> None:
    async with store.write() as connection:
        for _ in range(count):
            await audit.append(connection, GATEWAY, Act(action="user.change"))


async def test_nothing_is_removed_unless_asked_for(store: Store, audit: AuditLog, time: StillClock) -> None:
    await acts(store, audit, 3)
    time.time += 10_000 * DAY
    assert await remove_expired_audit(store, audit, time.clock, 0) == 0
    await audit_chore(store, audit, time.clock, 0).do()
    assert (await verify_chain(store.read, audit.keys)).rows == 3


async def test_old_rows_go_in_batches_and_the_rest_still_verifies(
    store: Store, audit: AuditLog, time: StillClock
) -> None:
    await acts(store, audit, 2_100)
    time.time += DAYS * DAY + 1
    await acts(store, audit, 5)
    assert await remove_expired_audit(store, audit, time.clock, DAYS) == 2_100
    verdict = await verify_chain(store.read, audit.keys)
    assert (verdict.problem, verdict.first, verdict.last, verdict.rows) == (None, 2_101, 2_108, 8)
    async with store.read() as connection:
        rows = await list_audit(connection, limit=3)
    assert [read_change(row.after)["through"] for row in rows] == [2_100, 2_000, 1_000]
    assert {(row.action, row.via) for row in rows} == {("audit.purge", "gateway")}
    assert await remove_expired_audit(store, audit, time.clock, DAYS) == 0


async def test_old_purges_alone_are_left_for_the_next_removal(store: Store, audit: AuditLog, time: StillClock) -> None:
    await acts(store, audit, 2)
    time.time += DAYS * DAY + 1
    assert await remove_expired_audit(store, audit, time.clock, DAYS) == 2
    time.time += DAYS * DAY + 1
    assert await remove_expired_audit(store, audit, time.clock, DAYS) == 0
    await acts(store, audit, 1)
    time.time += DAYS * DAY + 1
    assert await remove_expired_audit(store, audit, time.clock, DAYS) == 2
    assert (await verify_chain(store.read, audit.keys)).ok


@pytest.mark.parametrize(
    "tamper", ["UPDATE audit_log SET count = 2 WHERE seq = 2", "DELETE FROM audit_log WHERE seq = 1"]
)
async def test_evidence_of_tampering_is_never_removed(
    store: Store, audit: AuditLog, time: StillClock, tamper: str, caplog: pytest.LogCaptureFixture
) -> None:
    await acts(store, audit, 3)
    async with store.write() as connection:
        await connection.execute(text(tamper))
    time.time += DAYS * DAY + 1
    assert await remove_expired_audit(store, audit, time.clock, DAYS) == 0
    assert "audit" in caplog.text
    assert not (await verify_chain(store.read, audit.keys)).ok
