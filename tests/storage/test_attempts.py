"""Counts of attempts: one moment for each subject, on both databases, also when many try at once."""

import asyncio

from bodhi.storage.attempts import forget_attempts, lock_arrivals, purge_attempts, read_arrivals, write_arrivals
from bodhi.storage.engine import Store

A, B, C = (bytes([number]) * 32 for number in range(3))


async def test_a_subject_that_never_tried_begins_now(store: Store) -> None:
    async with store.write() as connection:
        assert await read_arrivals(connection, [A]) == {}
        assert await lock_arrivals(connection, [B, A], 100.0) == {A: 100.0, B: 100.0}


async def test_what_is_written_is_read_and_what_is_forgotten_is_not(store: Store) -> None:
    async with store.write() as connection:
        await lock_arrivals(connection, [A, B], 100.0)
        await write_arrivals(connection, {A: 130.0, B: 160.5})
    async with store.write() as connection:
        assert await lock_arrivals(connection, [A, B, C], 110.0) == {A: 130.0, B: 160.5, C: 110.0}
        await forget_attempts(connection, A)
        assert await read_arrivals(connection, [A, B]) == {B: 160.5}


async def test_of_many_at_once_each_sees_what_the_one_before_wrote(store: Store) -> None:
    async def count() -> None:
        async with store.write() as connection:
            arrivals = await lock_arrivals(connection, [B, A, C], 0.0)
            await write_arrivals(connection, {subject: at + 1 for subject, at in arrivals.items()})

    await asyncio.gather(*(count() for _ in range(40)))
    async with store.read() as connection:
        assert await read_arrivals(connection, [A, B, C]) == {A: 40.0, B: 40.0, C: 40.0}


async def test_subjects_that_are_forgotten_meanwhile_are_counted_all_the_same(store: Store) -> None:
    async def count() -> None:
        async with store.write() as connection:
            arrivals = await lock_arrivals(connection, [A, B], 0.0)
            await write_arrivals(connection, {subject: at + 1 for subject, at in arrivals.items()})
            assert set(arrivals) == {A, B}

    async def forget() -> None:
        async with store.write() as connection:
            await forget_attempts(connection, A)

    async def purge() -> None:
        async with store.write() as connection:
            await purge_attempts(connection, 0.0)

    works = (count, forget, count, purge)
    await asyncio.gather(*(works[number % 4]() for number in range(80)))
    async with store.read() as connection:
        assert (await read_arrivals(connection, [B]))[B] == 40.0


async def test_what_no_longer_counts_is_purged(store: Store) -> None:
    async with store.write() as connection:
        await lock_arrivals(connection, [A, B], 100.0)
        await write_arrivals(connection, {A: 130.0})
        assert await purge_attempts(connection, 120.0) == 1
        assert await read_arrivals(connection, [A, B]) == {A: 130.0}
