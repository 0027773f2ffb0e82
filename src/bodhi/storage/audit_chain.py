"""Verifying the audit trail: row by row in batches, against its head, its purges, and heads that were kept elsewhere.

Nothing here trusts what the database says, only MACs that the key makes. Writing the trail is `audit`'s.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.audit import ChainKeys, read_change
from bodhi.storage.audit_head import Head, audit_deployment
from bodhi.storage.tables import audit_head, audit_log

BATCH = 1_000
RESTARTS = 3
PURGE = "audit.purge"
_BEYOND = 2**63 - 1
"""Stands for a last number that is none: reading goes on until the row that has it."""

Reading = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What verifying came to."""

    rows: int = 0
    """How many were found to be as they were written."""
    first: int = 0
    """The number of the oldest row; 0 where there is none."""
    last: int = 0
    """The number of the last row that is as it was written."""
    heads: int = 0
    """How many heads agree with the chain."""
    heads_before: int = 0
    """How many heads are older than the oldest row, so that they say nothing any more."""
    broken_at: int | None = None
    """The first row that is not as it was written, or is not there."""
    problem: str | None = None
    """What is wrong, or None."""

    @property
    def ok(self) -> bool:
        """Tell whether the trail is as it was written."""
        return self.problem is None


@dataclass(slots=True)
class Checker:
    """Follows one chain, row by row.

    Args:
        keys: of the chain.
        previous: the MAC of the row before the first.
        expected: the number of the first row.
        heads: MACs in hexadecimal by the row's number, as they were at some time.
    """

    keys: ChainKeys
    previous: bytes
    expected: int
    heads: Mapping[int, str] = field(default_factory=dict)
    rows: int = 0
    agreeing: int = 0
    purged: int = 0
    """Up to which number the rows say that rows were removed."""

    def fault(self, row: Mapping[str, Any]) -> str | None:
        """Say what is wrong with the next row, or take it and say nothing."""
        if row["seq"] != self.expected:
            return f"the row is missing: the next one is {row['seq']}"
        if not self._is_written(row):
            return "the row is not as it was written, or does not belong here"
        noted = self.heads.get(self.expected)
        if noted is not None and noted != row["mac"].hex():
            return "the row is another one than a head kept elsewhere names: the trail was rolled back, then continued"
        self.previous = row["mac"]
        self.agreeing += noted is not None
        if row["action"] == PURGE:
            self.purged = max(self.purged, _through(row))
        self.rows += 1
        self.expected += 1
        return None

    def _is_written(self, row: Mapping[str, Any]) -> bool:
        try:
            return hmac.compare_digest(row["mac"], self.keys.row_mac(self.previous, row))
        except (TypeError, ValueError):
            # SQLite keeps values of any kind in any column; no row is written with such.
            return False


@dataclass(frozen=True, slots=True)
class _Ends:
    """The oldest and the newest row, and what the trail's own head says, all of one moment."""

    oldest: int | None
    newest: int | None
    seq: int | None
    mac: bytes | None


async def verify_chain(reading: Reading, keys: ChainKeys, heads: Iterable[Head] = ()) -> Verdict:
    """Verify the whole trail in short transactions, so that nobody who writes has to wait.

    Args:
        reading: lends a connection for each of them, such as `Store.read`.
        keys: of the chain.
        heads: kept elsewhere, in any order; all must be of before the call.

    Raises:
        StoreUnavailable: the store does not answer.
    """
    async with reading() as connection:
        deployed = await audit_deployment(connection)
    noted, false_head = _trusted(keys, deployed, heads)
    for _ in range(RESTARTS):
        async with reading() as connection:
            ends = await _ends(connection)
            start = await chain_start(connection)
        verdict = await _verify(reading, Checker(keys, start[1], start[0], noted) if start else None, ends)
        if verdict.ok:
            break
        async with reading() as connection:
            # Rows past their retention may have been removed meanwhile, before they were looked at.
            if (await _ends(connection)).oldest == ends.oldest:
                break
    if verdict.ok and false_head is not None:
        return replace(verdict, problem=false_head)
    return verdict


async def chain_start(connection: AsyncConnection) -> tuple[int, bytes] | None:
    """Return the number of the oldest row and the MAC of the one before, for which the last purge has to vouch.

    None where rows are missing and no purge accounts for them.
    """
    first = (await connection.execute(select(func.min(audit_log.c.seq)))).scalar()
    if type(first) is not int or first <= 1:
        return first if type(first) is int else 1, b""
    purges = select(audit_log).where(audit_log.c.action == PURGE).order_by(audit_log.c.seq.desc()).limit(1)
    row = (await connection.execute(purges)).one_or_none()
    if row is None or first != _through(row._asdict()) + 1:
        return None
    # Not to be believed yet, but the first row verifies with the right MAC only, and the purge as part of the chain.
    return first, _mac_through(row._asdict())


async def chain_rows(connection: AsyncConnection, after: int, limit: int = BATCH) -> list[dict[str, Any]]:
    """Return the rows that follow a number, in their order, as the database gives them."""
    query = select(audit_log).where(audit_log.c.seq > after).order_by(audit_log.c.seq).limit(limit)
    return [row._asdict() for row in await connection.execute(query)]


async def _verify(reading: Reading, checker: Checker | None, ends: _Ends) -> Verdict:
    if checker is None:
        return Verdict(
            broken_at=1, problem=f"the rows before {ends.oldest} are missing, and no purge accounts for them"
        )
    first = checker.expected
    before = checker.heads.get(first - 1)
    if before is not None and before != checker.previous.hex():
        found = "the last row that was purged is another one than a head kept elsewhere names"
        return _verdict(checker, first, found, first - 1)
    checker.agreeing += before is not None
    # What is written from here on is left for the next time.
    newest = ends.newest or 0
    while checker.expected <= newest:
        async with reading() as connection:
            rows = await chain_rows(connection, checker.expected - 1, min(BATCH, newest + 1 - checker.expected))
        if not rows:
            return _verdict(checker, first, "the row is missing, and so are all that follow")
        for row in rows:
            if (fault := checker.fault(row)) is not None:
                return _verdict(checker, first, fault)
    problem, broken_at = next(_end(checker, first, ends), (None, None))
    return _verdict(checker, first, problem, broken_at)


def _end(checker: Checker, first: int, ends: _Ends) -> Iterator[tuple[str, int]]:
    """Hold the chain, whose rows agree with one another, against what says how long it must be."""
    last = checker.expected - 1
    if ends.seq is None or ends.mac is None:
        yield "the head of the trail is missing, so that nothing says where it ends", last + 1
        return
    if checker.purged >= first:
        yield f"a purge says that the rows up to {checker.purged} were removed, and the row is there", first
    lost = max(checker.heads, default=0)
    if lost > last:
        yield f"the row is missing: a head kept elsewhere shows that the trail had gone on to row {lost}", last + 1
    if ends.seq > last:
        yield f"the row is missing: the trail's head says that it goes on to row {ends.seq}", last + 1
    if ends.seq < last:
        yield f"the trail's head says that it ends at row {ends.seq}, and it goes on to row {last}", ends.seq + 1
    if ends.mac != checker.previous:
        yield "the trail's head names another row", last


def _verdict(checker: Checker, first: int, problem: str | None = None, broken_at: int | None = None) -> Verdict:
    return Verdict(
        rows=checker.rows,
        first=first if checker.rows else 0,
        last=checker.expected - 1 if checker.rows else 0,
        heads=checker.agreeing,
        heads_before=sum(seq < first - 1 for seq in checker.heads),
        broken_at=broken_at if broken_at is not None or problem is None else checker.expected,
        problem=problem,
    )


async def _ends(connection: AsyncConnection) -> _Ends:
    # One statement, so that nothing is written between looking at the one and at the other.
    query = select(
        select(func.min(audit_log.c.seq)).scalar_subquery().label("oldest"),
        select(func.max(audit_log.c.seq)).scalar_subquery().label("newest"),
        select(audit_head.c.seq).scalar_subquery().label("seq"),
        select(audit_head.c.mac).scalar_subquery().label("mac"),
    )
    row = (await connection.execute(query)).one()
    newest = row.newest if row.newest is None or type(row.newest) is int else _BEYOND
    return _Ends(
        oldest=row.oldest if type(row.oldest) is int else None,
        newest=newest,
        seq=row.seq if type(row.seq) is int else None,
        mac=row.mac if type(row.mac) is bytes else None,
    )


def _trusted(keys: ChainKeys, deployed: str, heads: Iterable[Head]) -> tuple[dict[int, str], str | None]:
    """Return MACs by row of the heads that this deployment signed, and what is wrong with the first other one."""
    noted: dict[int, str] = {}
    problem = None
    for head in heads:
        if head.deployment != deployed:
            problem = problem or f"the head of row {head.seq} is of another deployment, {head.deployment}"
        elif not head.is_signed(keys):
            problem = problem or f"the head of row {head.seq} was changed, or not signed by this deployment"
        elif noted.setdefault(head.seq, head.mac) != head.mac:
            problem = problem or f"two heads name different rows {head.seq}: the trail was rolled back, then continued"
    noted.pop(0, None)
    return noted, problem


def _through(purge: Mapping[str, Any]) -> int:
    """Return up to which row a purge says that it removed rows."""
    through = read_change(purge["after"]).get("through")
    return through if type(through) is int else 0


def _mac_through(purge: Mapping[str, Any]) -> bytes:
    try:
        return bytes.fromhex(str(read_change(purge["after"]).get("mac")))
    except ValueError:
        return b""
