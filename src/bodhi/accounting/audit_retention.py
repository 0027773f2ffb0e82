"""Removes rows of the audit trail past their retention, in batches, each with a row that vouches for the rest.

What does not verify is never removed: it is evidence.
"""

import logging

from bodhi.accounting.upkeep import HOURLY, Chore
from bodhi.core.audit import GATEWAY, Act
from bodhi.core.clock import Clock
from bodhi.storage.audit import AuditLog, purge_rows
from bodhi.storage.audit_chain import PURGE, Checker, chain_rows, chain_start
from bodhi.storage.engine import Store

DAY = 86_400.0

log = logging.getLogger(__name__)


def audit_chore(store: Store, audit: AuditLog, clock: Clock, days: int) -> Chore:
    """Return the chore that removes the rows past their retention."""

    async def remove() -> None:
        await remove_expired_audit(store, audit, clock, days)

    return Chore("removing old rows of the audit trail", HOURLY, remove)


async def remove_expired_audit(store: Store, audit: AuditLog, clock: Clock, days: int) -> int:
    """Remove the rows that are older than so many days, and return how many there were; 0 days keep them for ever.

    Raises:
        StoreUnavailable: the store does not answer; what is left is removed the next time.
    """
    removed = 0
    while days:
        batch = await _remove_batch(store, audit, clock.now() - days * DAY)
        if not batch:
            break
        removed += batch
    return removed


async def _remove_batch(store: Store, audit: AuditLog, before: float) -> int:
    async with store.write() as connection:
        start = await chain_start(connection)
        if start is None:
            log.error("the audit trail lacks rows, so none are removed: see `bodhi audit verify`")
            return 0
        checker, worth_it = Checker(audit.keys, start[1], start[0]), False
        for row in await chain_rows(connection, start[0] - 1):
            if checker.fault(row) is not None:
                log.error("row %s of the audit trail is not as it was written: nothing is removed", row["seq"])
                return 0
            if row["at"] >= before:
                checker.expected -= 1
                checker.rows -= 1
                break
            through, mac = row["seq"], row["mac"]
            # A purge that only removed an older purge would leave one behind each time, for ever.
            worth_it = worth_it or row["action"] != PURGE
        if not worth_it:
            return 0
        await purge_rows(connection, through)
        await audit.append(connection, GATEWAY, Act(action=PURGE, after={"through": through, "mac": mac.hex()}))
        return checker.rows
