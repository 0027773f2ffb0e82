"""Repository of throttled attempts: one moment for each hashed subject. How many are too many is identity's to say."""

from collections.abc import Iterable, Mapping

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.insert_new import insert_new
from bodhi.storage.tables import attempts


async def read_arrivals(connection: AsyncConnection, subjects: Iterable[bytes]) -> dict[bytes, float]:
    """Return the theoretical arrival times of those subjects that have one, without waiting for anybody."""
    query = select(attempts.c.subject, attempts.c.arrival).where(attempts.c.subject.in_(sorted(subjects)))
    return {bytes(row.subject): row.arrival for row in await connection.execute(query)}


async def lock_arrivals(connection: AsyncConnection, subjects: Iterable[bytes], now: float) -> dict[bytes, float]:
    """Return the arrival time of each subject, and keep others from changing it until the transaction ends.

    A subject without one gets `now`, which is the same as none. Rows are made and locked one by one in the same order
    everywhere, so that two attempts cannot wait for each other.
    """
    return {subject: await _lock_arrival(connection, subject, now) for subject in sorted(subjects)}


async def write_arrivals(connection: AsyncConnection, arrivals: Mapping[bytes, float]) -> None:
    """Replace the arrival times of subjects that are locked."""
    statement = update(attempts).where(attempts.c.subject == bindparam("of")).values(arrival=bindparam("at"))
    await connection.execute(statement, [{"of": subject, "at": at} for subject, at in sorted(arrivals.items())])


async def forget_attempts(connection: AsyncConnection, subject: bytes) -> None:
    """Begin to count a subject anew."""
    await connection.execute(delete(attempts).where(attempts.c.subject == subject))


async def purge_attempts(connection: AsyncConnection, now: float) -> int:
    """Remove the subjects whose attempts no longer count for anything, and return how many there were."""
    # What somebody has locked is left for the next time: waiting for two of them could be for each other.
    old = select(attempts.c.subject).where(attempts.c.arrival <= now).with_for_update(skip_locked=True)
    return (await connection.execute(delete(attempts).where(attempts.c.subject.in_(old)))).rowcount


async def _lock_arrival(connection: AsyncConnection, subject: bytes, now: float) -> float:
    query = select(attempts.c.arrival).where(attempts.c.subject == subject).with_for_update()
    while True:
        await insert_new(connection, attempts, [[subject], [now]])
        arrival: float | None = (await connection.execute(query)).scalar_one_or_none()
        if arrival is not None:
            return arrival
        # The row that was there has been forgotten or purged since; the next turn makes it anew.
