"""Calls told of as they are recorded: none twice, none missed for being written late, and never more than fits."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from bodhi.accounting.tail import (
    MOST_AT_ONCE,
    MOST_LISTENERS,
    MOST_WAITING,
    OVERLAP_SECONDS,
    Listener,
    Tail,
)
from bodhi.core.errors import Overloaded, StoreUnavailable
from bodhi.core.usage import UsageRecord
from bodhi.storage.engine import Store
from bodhi.storage.usage import insert_usage
from bodhi.storage.usage_filter import EVERYTHING, UsageFilter
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store
from tests.fakes.waiting import eventually

CALL = UsageRecord(
    "00", 0.0, "ada", "t1", "m1", "o/gpt", "gpt", "openai.chat_completions", 200, None, True, 1, 20, 3, 4, 5, 6, 7, 0
)


@dataclass
class Watched:
    """A tail, and the store that it watches."""

    store: Store
    tail: Tail
    time: StillClock
    stopping: bool = False

    async def write(self, *ids: str, at: float = 0.0, **changes: object) -> None:
        """Record calls that ended so many seconds from now."""
        calls = [replace(CALL, id=call_id, at=self.time.time + at, **changes) for call_id in ids]
        async with self.store.usage_write() as connection:
            await insert_usage(connection, calls)

    async def told(self, listener: Listener) -> list[str]:
        """Poll, and return the ids that a listener is told of."""
        await self.tail.poll()
        return [record.id for record, _ in listener.take()[0]]


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    async with fresh_store(tmp_path) as store:
        time = StillClock()
        made = Watched(store, Tail(store, time.clock), time)
        made.tail = Tail(store, time.clock, lambda: made.stopping)
        yield made


async def test_only_what_is_written_from_now_on_is_told_and_once(watched: Watched) -> None:
    await watched.write("old", at=-60)
    await watched.write("before")
    listener = await watched.tail.listen(EVERYTHING)
    assert await watched.told(listener) == []
    await watched.write("b", "a")
    assert await watched.told(listener) == ["a", "b"]
    assert await watched.told(listener) == []


async def test_a_record_that_is_written_late_is_not_missed(watched: Watched) -> None:
    listener = await watched.tail.listen(EVERYTHING)
    await watched.write("newest", at=1)
    assert await watched.told(listener) == ["newest"]
    await watched.write("late", at=1 - OVERLAP_SECONDS + 0.1)
    assert await watched.told(listener) == ["late"]


async def test_a_record_from_a_clock_ahead_hides_nothing(watched: Watched) -> None:
    listener = await watched.tail.listen(EVERYTHING)
    await watched.write("tomorrow", at=86_400)
    assert await watched.told(listener) == ["tomorrow"]
    await watched.write("now")
    assert await watched.told(listener) == ["now"]


async def test_each_listener_is_told_what_it_asked_for(watched: Watched) -> None:
    of_ada = await watched.tail.listen(UsageFilter(owner_id="ada"))
    of_all = await watched.tail.listen(EVERYTHING)
    await watched.write("hers")
    await watched.write("his", user_id="bob")
    assert await watched.told(of_all) == ["hers", "his"]
    assert [record.id for record, _ in of_ada.take()[0]] == ["hers"]


async def test_what_does_not_fit_is_counted_and_the_newest_is_kept(watched: Watched) -> None:
    listener = await watched.tail.listen(EVERYTHING)
    for start in range(0, 700, 350):
        await watched.write(*(f"{n:04}" for n in range(start, start + 350)))
        await watched.tail.poll()
    told, dropped = listener.take()
    assert (len(told), dropped, told[-1][0].id) == (MOST_WAITING, 700 - MOST_WAITING, "0699")
    await watched.write(*(f"x{n:04}" for n in range(MOST_AT_ONCE + 10)))
    await watched.tail.poll()
    told, dropped = listener.take()
    assert (len(told), dropped, watched.tail.dropped, told[-1][0].id) == (MOST_AT_ONCE, 10, 10, "x0509")


async def test_only_so_many_may_listen(watched: Watched) -> None:
    listeners = [await watched.tail.listen(EVERYTHING) for _ in range(MOST_LISTENERS)]
    with pytest.raises(Overloaded):
        await watched.tail.listen(EVERYTHING)
    watched.tail.leave(listeners[0])
    await watched.tail.listen(EVERYTHING)
    assert watched.tail.listeners == MOST_LISTENERS


async def test_an_outage_costs_nothing_that_is_written_afterwards(watched: Watched) -> None:
    listener = await watched.tail.listen(EVERYTHING)
    await watched.write("first")
    async with watched.store.write() as connection:
        await connection.execute(text("ALTER TABLE users RENAME TO away"))
    with pytest.raises(StoreUnavailable):
        await watched.tail.poll()
    async with watched.store.write() as connection:
        await connection.execute(text("ALTER TABLE away RENAME TO users"))
    await watched.write("second", at=OVERLAP_SECONDS * 3)
    watched.time.advance(OVERLAP_SECONDS * 3)
    assert await watched.told(listener) == ["first", "second"]


async def test_it_polls_while_somebody_listens_and_ends_when_the_server_stops(watched: Watched) -> None:
    running = asyncio.ensure_future(watched.tail.run())
    listener = await watched.tail.listen(EVERYTHING)
    await watched.write("a")
    await asyncio.wait_for(listener.wait(30), 30)
    assert [record.id for record, _ in listener.take()[0]] == ["a"]
    watched.stopping = True
    await eventually(lambda: listener.ended)
    assert watched.tail.listeners == 0
    assert (await watched.tail.listen(EVERYTHING)).ended
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_who_waits_is_not_kept_beyond_their_time(watched: Watched) -> None:
    listener = await watched.tail.listen(EVERYTHING)
    await listener.wait(0)
    assert listener.take() == ([], 0)
    listener.end()
    await listener.wait(30)
    assert listener.take() == ([], 0)
    await listener.wait(30)
