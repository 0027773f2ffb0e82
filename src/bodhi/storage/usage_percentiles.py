"""Percentiles of durations, right to two significant digits, the same on both databases. Which calls: the caller's.

Durations are rounded to two significant digits and counted by the database: ninety counts a decade, whatever the number
of calls. Rounding keeps order, so that a percentile of rounded durations is the exact percentile, rounded.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, func, literal_column, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import usage_records
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_sums import GroupBy, key_of, name_of

DECADES = 12
LONGEST = 10 ** (DECADES + 1)
"""In microseconds, some 115 days; what is longer counts as this."""


@dataclass(slots=True)
class Durations:
    """How often each duration occurs, in microseconds rounded to two significant digits."""

    first: Counter[int] = field(default_factory=Counter)
    """Until the first byte; of the calls that had one."""
    total: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Durations") -> None:
        """Add the durations of other calls."""
        self.first.update(other.first)
        self.total.update(other.total)


def percentiles(counts: Mapping[int, int], wanted: Sequence[int]) -> list[int | None]:
    """Return, for each percentage in ascending order, the least duration that so many of the calls do not exceed."""
    number = sum(counts.values())
    if not number:
        return [None] * len(wanted)
    found: list[int | None] = []
    steps = iter(sorted(counts.items()))
    value = passed = 0
    for each in wanted:
        while passed < -(-number * each // 100):
            value, count = next(steps)
            passed += count
        found.append(value)
    return found


async def durations_by(
    connection: AsyncConnection, key: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
) -> dict[Any, Durations]:
    """Count the durations of the records that meet conditions, apart for each value of a key."""
    found: defaultdict[Any, Durations] = defaultdict(Durations)
    table = usage_records.c
    for name, column in (("first", table.first_byte_us), ("total", table.total_us)):
        rounded = two_digits(column)
        # By their labels: the parameters of a key are others each time that it is written down.
        query = select(key.label("place"), rounded.label("rounded"), func.count())
        query = query.where(*conditions, column.is_not(None)).group_by(text("place"), text("rounded"))
        for value, duration, count in await connection.execute(query):
            getattr(found[value], name)[int(duration)] = int(count)
    return dict(found)


async def durations_of_groups(
    connection: AsyncConnection, wanted: UsageFilter, group_by: GroupBy, names: Sequence[str | None]
) -> dict[str | None, Durations]:
    """Count the durations of groups that `sum_usage` found, by the names that it gave them."""
    if not names:
        return {}
    key = key_of(connection.dialect.name, group_by)
    conditions = wanted.conditions()
    if group_by is not GroupBy.DAY:
        one_of = key.in_([name for name in names if name is not None])
        conditions.append(or_(one_of, key.is_(None)) if None in names else one_of)
    found = await durations_by(connection, key, conditions)
    return {name_of(value, group_by): durations for value, durations in found.items()}


def two_digits(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Round whole numbers to two significant digits, a half up, by nothing but whole numbers."""
    steps: list[tuple[ColumnElement[bool], Any]] = [(column < _whole(100), column)]
    for exponent in range(1, DECADES):
        unit = 10**exponent
        steps.append((column < _whole(100 * unit), (column + _whole(unit // 2)) // _whole(unit) * _whole(unit)))
    return case(*steps, else_=_whole(LONGEST))


def _whole(number: int) -> ColumnElement[int]:
    """Write a number into the statement itself, which has too many for parameters."""
    return literal_column(str(number), BigInteger)
