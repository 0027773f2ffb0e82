"""Refused attempts on their way to the trail."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.accounting.refusals import MAX_KINDS, MAX_KINDS_OF_ADDRESS, Refusals
from bodhi.core.audit import Actor
from bodhi.core.errors import StoreUnavailable
from bodhi.storage.audit import AuditLog, AuditRow, list_audit
from bodhi.storage.engine import Store
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

EVE = Actor(address="192.0.2.66")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


@pytest.fixture
def refusals(store: Store) -> Refusals:
    return Refusals(store, AuditLog(b"a" * 32, StillClock().clock))


async def rows_of(store: Store) -> list[AuditRow]:
    async with store.read() as connection:
        return await list_audit(connection, limit=2_000)


async def test_attempts_of_one_kind_from_one_address_are_one_row(store: Store, refusals: Refusals) -> None:
    for _ in range(500):
        refusals.note(EVE, "session.open", "sign_in_failed", "ada")
    refusals.note(Actor(address="192.0.2.1"), "session.open", "sign_in_failed", "ada")
    await refusals.flush()
    assert [(row.address, row.count, row.outcome, row.reason) for row in await rows_of(store)] == [
        ("192.0.2.1", 1, "refused", "sign_in_failed"),
        ("192.0.2.66", 500, "refused", "sign_in_failed"),
    ]
    await refusals.flush()
    assert len(await rows_of(store)) == 2


async def test_made_up_names_do_not_make_rows(store: Store, refusals: Refusals) -> None:
    for number in range(10_000):
        refusals.note(EVE, "session.open", "sign_in_failed", f"name-{number}")
    refusals.note(EVE, "session.open", "sign_in_failed", "x" * 100_000)
    assert refusals.waiting == 10_001
    await refusals.flush()
    rows = await rows_of(store)
    assert len(rows) == MAX_KINDS_OF_ADDRESS + 1
    assert sum(row.count for row in rows) == 10_001
    assert rows[0].subject_name is None
    refusals.note(EVE, "session.open", "sign_in_failed", "afterwards")
    await refusals.flush()
    assert (await rows_of(store))[0].subject_name == "afterwards"


async def test_more_kinds_than_the_bound_are_dropped_counted_and_told(
    refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(MAX_KINDS + 7):
        refusals.note(Actor(address=f"192.0.2.{number}"), "session.open", "sign_in_failed")
    assert (refusals.waiting, refusals.dropped) == (MAX_KINDS, 7)
    await refusals.drain(30.0)
    assert refusals.waiting == 0
    assert "7 refused attempts are not in the audit trail" in caplog.text


async def test_attempts_outlive_an_outage(store: Store, refusals: Refusals) -> None:
    refusals.note(EVE, "session.open", "sign_in_failed", "ada")
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE audit_log RENAME TO elsewhere"))
    with pytest.raises(StoreUnavailable):
        await refusals.flush()
    refusals.note(EVE, "session.open", "sign_in_failed", "ada")
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO audit_log"))
    await refusals.drain(5.0)
    assert [row.count for row in await rows_of(store)] == [2]


async def test_what_the_store_does_not_take_before_the_stop_is_dropped_and_counted(
    store: Store, refusals: Refusals, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        refusals.note(EVE, "session.open", "sign_in_failed", "ada")
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE audit_log RENAME TO elsewhere"))
    await refusals.drain(0.05)
    assert (refusals.waiting, refusals.dropped) == (0, 3)
    assert "3 refused attempts" in caplog.text
