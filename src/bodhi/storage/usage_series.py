"""Usage through time: sums and percentiles of a window cut into equal parts, beside those of the window before."""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Double, Integer, and_, case, cast, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import usage_records
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_percentiles import Durations, durations_by
from bodhi.storage.usage_sums import UsageSums, aggregates, read_sums

BEFORE = -1


@dataclass(slots=True)
class Part:
    """The calls of some stretch of time."""

    sums: UsageSums = field(default_factory=UsageSums)
    client_errors: int = 0
    """Calls that went wrong by what the client sent, or because it left; all other errors are the server's."""
    durations: Durations = field(default_factory=Durations)

    def add(self, other: "Part") -> None:
        """Add other calls."""
        self.sums.add(other.sums)
        self.client_errors += other.client_errors
        self.durations.add(other.durations)


@dataclass(frozen=True, slots=True)
class Series:
    """A window in equal parts, oldest first; all of it; and the window of the same length just before it."""

    parts: list[Part]
    total: Part
    before: Part


async def read_series(connection: AsyncConnection, wanted: UsageFilter, *, points: int) -> Series:
    """Read a series over the window from `wanted.since` to `wanted.until`, of which both must be there."""
    series = Series([Part() for _ in range(points)], Part(), Part())
    since, until = wanted.since, wanted.until
    if since is None or until is None or since >= until:
        raise ValueError("a series needs a window")
    if not wanted.can_match:
        return series
    conditions = replace(wanted, since=since - (until - since)).conditions()
    slot = _slot(connection.dialect.name, since, until, points)
    failed_by_client = and_(
        usage_records.c.error.is_not(None),
        or_(usage_records.c.status.between(400, 499), usage_records.c.error == "client_left"),
    )
    sums = select(
        slot.label("slot"), func.sum(case((failed_by_client, 1), else_=0)).label("client_errors"), *aggregates()
    )
    parts: dict[int, Part] = {}
    for row in (await connection.execute(sums.where(*conditions).group_by(text("slot")))).mappings():
        parts[int(row["slot"])] = Part(read_sums(row), int(row["client_errors"]))
    for place, durations in (await durations_by(connection, slot, conditions)).items():
        parts.setdefault(int(place), Part()).durations = durations
    for place, part in parts.items():
        if place == BEFORE:
            series.before.add(part)
        else:
            series.parts[place].add(part)
            series.total.add(part)
    return series


def _slot(dialect: str, since: float, until: float, points: int) -> ColumnElement[Any]:
    """Return which part of the window a record is in, or BEFORE. The quotient's rounding must not leave the window."""
    at = usage_records.c.at
    place = (at - literal(since, Double)) / literal((until - since) / points, Double)
    # SQLite, which may lack floor(), cuts off where PostgreSQL rounds.
    whole = cast(place if dialect == "sqlite" else func.floor(place), Integer)
    return case((at < literal(since, Double), BEFORE), (whole >= points, points - 1), else_=whole)
