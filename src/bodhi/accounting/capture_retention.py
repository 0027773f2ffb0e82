"""Removes captures: those past their days, or all at once. How long they are kept is the policy's, which Admins set."""

import asyncio

from bodhi.accounting.upkeep import HOURLY, Chore
from bodhi.core.audit import GATEWAY, Act, Actor
from bodhi.core.clock import Clock, iso_time
from bodhi.storage.audit import AuditLog
from bodhi.storage.captures import count_captures, purge_captures
from bodhi.storage.engine import Store
from bodhi.storage.policies import read_capture_policy

BATCH = 50
"""Captures are large: more at once would keep others from the database for too long."""
PAUSE = 0.02
"""Seconds between two batches, in which others get at it."""
DAY = 86_400.0


def capture_chore(store: Store, audit: AuditLog, clock: Clock) -> Chore:
    """Return the chore that removes captures whose days are over."""

    async def remove() -> None:
        await remove_expired_captures(store, audit, clock)

    return Chore("removing old captures", HOURLY, remove)


async def remove_expired_captures(store: Store, audit: AuditLog, clock: Clock) -> int:
    """Remove the captures that are older than the policy says, even where none are made any more; return how many.

    Raises:
        StoreUnavailable: the store does not answer; what is left is removed the next time.
    """
    async with store.read() as connection:
        policy = await read_capture_policy(connection)
    return await remove_captures(store, audit, GATEWAY, before=clock.now() - policy.days * DAY)


async def remove_captures(store: Store, audit: AuditLog, actor: Actor, *, before: float | None = None) -> int:
    """Remove captures, those older than a time or all of them, and return how many there were.

    The audit trail is told first: the two databases share no transaction, and nothing may go without a trace.

    Raises:
        StoreUnavailable: the store does not answer; a part may be left.
    """
    async with store.usage_read() as connection:
        count = await count_captures(connection, before=before)
    if not count:
        return 0
    async with store.write() as connection:
        what = {"captures": count} if before is None else {"captures": count, "older_than": iso_time(before)}
        await audit.append(connection, actor, Act(action="capture.purge", before=what))
    removed, batch = 0, BATCH
    while batch == BATCH:
        async with store.usage_write() as connection:
            batch = await purge_captures(connection, before=before, limit=BATCH)
        removed += batch
        await asyncio.sleep(PAUSE)
    return removed
