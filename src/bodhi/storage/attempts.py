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

    A subject without one gets `now`, which is the same as none. Rows are locked in one order everywhere, so that two
    attempts cannot wait for each other.
    """
    wanted = sorted(subjects)
    await insert_new(connection, attempts, [(subject, now) for subject in wanted])
    query = (
        select(attempts.c.subject, attempts.c.arrival)
        .where(attempts.c.subject.in_(wanted))
        .order_by(attempts.c.subject)
        .with_for_update()
    )
    return {bytes(row.subject): row.arrival for row in await connection.execute(query)}


async def write_arrivals(connection: AsyncConnection, arrivals: Mapping[bytes, float]) -> None:
    """Replace the arrival times of subjects that are locked."""
    statement = update(attempts).where(attempts.c.subject == bindparam("of")).values(arrival=bindparam("at"))
    await connection.execute(statement, [{"of": subject, "at": at} for subject, at in sorted(arrivals.items())])


async def forget_attempts(connection: AsyncConnection, subject: bytes) -> None:
    """Begin to count a subject anew."""
    await connection.execute(delete(attempts).where(attempts.c.subject == subject))


async def purge_attempts(connection: AsyncConnection, now: float) -> int:
    """Remove the subjects whose attempts no longer count for anything, and return how many there were."""
    return (await connection.execute(delete(attempts).where(attempts.c.arrival <= now))).rowcount
