"""Recording calls without waiting for the store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import func, select, text

from bodhi.accounting import recorder as module
from bodhi.accounting.recorder import BATCH, FULL, REFUSED, STOPPED, Recorder
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.errors import StoreUnavailable
from bodhi.core.ids import new_id
from bodhi.core.usage import UsageRecord
from bodhi.storage.engine import Store
from bodhi.storage.tables import usage_records
from bodhi.storage.usage import MAX_TEXT
from tests.fakes.stores import fresh_store
from tests.fakes.waiting import eventually


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


def a_record(**changes: object) -> UsageRecord:
    record = UsageRecord(
        id=new_id(), at=100.0, user_id="u1", token_id="t1", api_model_id="m1", model_asked="gpt", model_sent="gpt",
        endpoint="chat", status=200, error=None, stream=False, first_byte_us=1, total_us=2, bytes_in=3, bytes_out=4,
        input_tokens=5, output_tokens=6, cached_tokens=None, reasoning_tokens=None,
    )  # fmt: skip
    return replace(record, **changes)


async def rows(store: Store) -> int:
    async with store.usage_read() as connection:
        return int((await connection.execute(select(func.count()).select_from(usage_records))).scalar_one())


async def break_usage(store: Store) -> None:
    async with store.usage_write() as connection:
        await connection.execute(text("ALTER TABLE usage_records RENAME TO elsewhere"))


async def mend_usage(store: Store) -> None:
    async with store.usage_write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO usage_records"))


async def test_records_are_written_by_the_running_recorder(store: Store) -> None:
    recorder = Recorder(store, SYSTEM_CLOCK)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        for _ in range(1_200):
            recorder.record(a_record())
        await eventually(lambda: recorder.written == 1_200)
        running.cancel()
    assert await rows(store) == 1_200
    assert recorder.queued == 0


async def test_a_whole_batch_is_written_before_the_clock_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FLUSH_SECONDS", 3_600.0)
    recorder = Recorder(store, SYSTEM_CLOCK)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(recorder.run())
        for _ in range(2):
            for _ in range(BATCH):
                recorder.record(a_record())
            await eventually(lambda: recorder.queued == 0)
        running.cancel()
    assert recorder.written == await rows(store) == 2 * BATCH


async def test_a_flush_writes_what_is_queued_by_then_and_leaves_what_comes_meanwhile(store: Store) -> None:
    async def price(batch: Sequence[UsageRecord]) -> None:
        assert len(batch) == 3
        recorder.record(a_record())

    recorder = Recorder(store, SYSTEM_CLOCK, price=price)
    for _ in range(3):
        recorder.record(a_record())
    await recorder.flush()
    assert (recorder.written, recorder.queued) == (3, 1)


async def test_the_queue_is_bounded_and_counts_what_it_drops(store: Store) -> None:
    recorder = Recorder(store, SYSTEM_CLOCK, max_queued=10)
    for _ in range(15):
        recorder.record(a_record())
    assert (recorder.queued, recorder.dropped[FULL]) == (10, 5)
    await recorder.flush()
    assert await rows(store) == 10


async def test_a_waiting_record_holds_no_more_of_a_model_than_is_stored(store: Store) -> None:
    recorder = Recorder(store, SYSTEM_CLOCK)
    record = a_record(model_asked="a" * 100_000, model_sent="s" * 100_000)
    recorder.record(record)
    assert (record.model_asked, record.model_sent) == ("a" * MAX_TEXT, "s" * MAX_TEXT)


async def test_uses_of_more_tokens_than_are_noted_are_counted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_LAST_USED", 2)
    recorder = Recorder(store, SYSTEM_CLOCK)
    for token in ("t1", "t2", "t3", "t1", "t3"):
        recorder.record(a_record(token_id=token))
    await recorder.flush()
    assert (sorted(recorder.last_used), recorder.uses_not_noted) == (["t1", "t2"], 2)


async def test_an_outage_keeps_the_records_until_the_store_is_back(store: Store) -> None:
    recorder = Recorder(store, SYSTEM_CLOCK)
    recorder.record(a_record())
    await break_usage(store)
    with pytest.raises(StoreUnavailable):
        await recorder.flush()
    assert (recorder.queued, recorder.failures) == (1, 1)
    await mend_usage(store)
    await recorder.flush()
    assert (recorder.queued, await rows(store)) == (0, 1)


async def test_a_record_that_the_store_refuses_takes_no_other_with_it(store: Store) -> None:
    recorder = Recorder(store, SYSTEM_CLOCK)
    for record in [a_record(), a_record(endpoint=None), a_record(user_id=object()), a_record(), a_record()]:
        recorder.record(record)
    await recorder.flush()
    assert recorder.queued == 0
    assert (await rows(store), recorder.dropped[REFUSED]) == (3, 2)


async def test_drain_writes_what_is_left(store: Store) -> None:
    recorder = Recorder(store, SYSTEM_CLOCK)
    recorder.record(a_record())
    await recorder.drain(5.0)
    assert await rows(store) == 1
    assert recorder.dropped.total() == 0


async def test_drain_ends_at_its_deadline_and_counts_the_rest(store: Store) -> None:
    recorder = Recorder(store, SYSTEM_CLOCK)
    recorder.record(a_record())
    await break_usage(store)
    await recorder.drain(0.05)
    assert (recorder.queued, recorder.dropped[STOPPED]) == (0, 1)


async def test_the_last_use_of_each_token_is_noted(store: Store) -> None:
    recorder = Recorder(store, SYSTEM_CLOCK)
    for record in [a_record(at=1.0), a_record(at=2.0), a_record(token_id=None), a_record(token_id="t2", at=3.0)]:
        recorder.record(record)
    await recorder.flush()
    assert recorder.last_used == {"t1": 2.0, "t2": 3.0}
