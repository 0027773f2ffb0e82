import asyncio

import pytest

from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.errors import Overloaded
from bodhi.relay import pool as pool_module
from bodhi.relay.pool import MAX_WAITING, Pool


def new_pool(limit: int) -> Pool:
    return Pool(limit, SYSTEM_CLOCK.monotonic)


async def waiting(pool: Pool, count: int) -> list[asyncio.Task[object]]:
    tasks: list[asyncio.Task[object]] = [asyncio.ensure_future(pool.lease()) for _ in range(count)]
    await asyncio.sleep(0)
    return tasks


async def test_slots_are_handed_over_in_order() -> None:
    pool = new_pool(1)
    await pool.lease()
    first, second = await waiting(pool, 2)
    pool.drop(None)
    await asyncio.wait([first])
    assert (first.done(), second.done(), pool.in_use) == (True, False, 1)
    pool.drop(None)
    await second
    pool.drop(None)
    assert (pool.in_use, pool.is_empty) == (0, True)


async def test_slot_handed_to_a_cancelled_call_goes_on_to_the_next() -> None:
    pool = new_pool(1)
    await pool.lease()
    first, second = await waiting(pool, 2)
    pool.drop(None)
    first.cancel()  # The slot was already given to it, but it has not run since.
    await asyncio.wait([first, second])
    assert (first.cancelled(), second.cancelled(), pool.in_use) == (True, False, 1)
    pool.drop(None)
    assert pool.is_empty


async def test_cancelled_waiter_is_forgotten() -> None:
    pool = new_pool(1)
    await pool.lease()
    for task in await waiting(pool, 50):
        task.cancel()
        await asyncio.wait([task])
    pool.drop(None)
    assert pool.is_empty


async def test_waiting_has_a_limit_in_number_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "WAIT_SECONDS", 0.05)
    pool = new_pool(1)
    await pool.lease()
    tasks = await waiting(pool, MAX_WAITING)
    with pytest.raises(Overloaded):
        await pool.lease()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [getattr(result, "retry_after", None) for result in results] == [1] * MAX_WAITING
    pool.drop(None)
    assert pool.is_empty


async def test_closing_refuses_who_waits() -> None:
    pool = new_pool(1)
    await pool.lease()
    (task,) = await waiting(pool, 1)
    pool.close()
    with pytest.raises(Overloaded, match="shutting down"):
        await task
    pool.drop(None)
    assert pool.in_use == 0


async def test_slot_given_back_twice_is_noticed() -> None:
    with pytest.raises(AssertionError):
        new_pool(1).drop(None)
