"""A small audit trail for tests, and the keys that verify it."""

from collections.abc import Iterable
from contextlib import nullcontext

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.storage.audit import AuditLog
from bodhi.storage.audit_chain import Verdict, verify_chain
from bodhi.storage.audit_head import Head
from bodhi.storage.engine import Store
from tests.fakes.clocks import StillClock

ADA = Actor(user_id="u1", user_name="ada", session_id="s1", address="192.0.2.7")


def new_audit(time: StillClock, key: bytes = b"a" * 32) -> AuditLog:
    """Return a trail with a key of its own."""
    return AuditLog(key, time.clock)


async def write_acts(store: Store, audit: AuditLog, count: int, *, each_own: bool = False) -> None:
    """Append acts of several kinds, in one transaction or in one each."""
    if each_own:
        for number in range(count):
            async with store.write() as connection:
                await audit.append(connection, ADA, _act(number))
        return
    async with store.write() as connection:
        for number in range(count):
            await audit.append(connection, ADA, _act(number))


async def verify_in(connection: AsyncConnection, audit: AuditLog, heads: Iterable[Head] = ()) -> Verdict:
    """Verify what a transaction sees, before it is rolled back."""
    return await verify_chain(lambda: nullcontext(connection), audit.keys, heads)


def _act(number: int) -> Act:
    return Act(
        action=("user.change", "token.create", "api_model.change")[number % 3],
        subject_id=f"subject-{number}",
        subject_name=f"Nummer {number} é",
        before={"role": "user", "number": number},
        after={"role": "admin", "models": ["a", "b"]},
    )
