"""Sums over usage records, by groups, exact on both databases. Which records, and who may see them, is the caller's."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, Label, Text, case, cast, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import usage_records
from bodhi.storage.usage_filter import UsageFilter

MOST_GROUPS = 200
DAY = 86_400
HALF = 32
"""Bits. SQLite fails where a sum of whole numbers leaves 64 bits, so that the halves of numbers are summed apart."""

SUMMED = ("input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens", "cache_write_tokens", "cost_nano")


class GroupBy(StrEnum):
    """By what calls are put together."""

    MODEL = "model"
    """The model sent, or asked for where none was sent."""
    API_MODEL = "api_model"
    TOKEN = "token"  # noqa: S105 # the name of a column
    USER = "user"
    DAY = "day"
    """In UTC."""
    ENDPOINT = "endpoint"
    STATUS = "status"
    ERROR = "error"
    """A code of `core.errors` or `upstream_<status>`; None for calls without one."""


@dataclass(slots=True)
class UsageSums:
    """The sums of some calls."""

    count: int = 0
    errors: int = 0
    priced: int = 0
    """Of how many the cost is known."""
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cache_write_tokens: int = 0
    cost_nano: int = 0
    total_us: int = 0
    longest_us: int = 0
    first: float | None = None
    last: float | None = None

    def add(self, other: "UsageSums") -> None:
        """Add the sums of other calls."""
        first, last = self.first, self.last
        for field in fields(self):
            if field.name not in ("first", "last", "longest_us"):
                setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        self.longest_us = max(self.longest_us, other.longest_us)
        self.first = other.first if first is None else first if other.first is None else min(first, other.first)
        self.last = other.last if last is None else last if other.last is None else max(last, other.last)


@dataclass(frozen=True, slots=True)
class Summary:
    """Groups by the number of calls, those beyond the bound in one, and all together."""

    groups: list[tuple[str | None, UsageSums]]
    """What the calls of a group share; None for those that have nothing there."""
    rest: UsageSums | None
    total: UsageSums


async def sum_usage(connection: AsyncConnection, wanted: UsageFilter, group_by: GroupBy) -> Summary:
    """Sum the records that are wanted, in one statement, so that the groups and the total are of the same moment."""
    summary = Summary([], None, UsageSums())
    if not wanted.can_match:
        return summary
    key = key_of(connection.dialect.name, group_by)
    grouped = select(key.label("key"), *aggregates()).where(*wanted.conditions()).group_by(key).cte("grouped")
    order = (grouped.c.count.desc(), grouped.c.key)
    ranked = select(grouped, func.row_number().over(order_by=order).label("place")).cte("ranked")
    slot = case((ranked.c.place <= MOST_GROUPS, ranked.c.place), else_=MOST_GROUPS + 1).label("slot")
    name = case((ranked.c.place <= MOST_GROUPS, ranked.c.key)).label("key")
    query = select(slot, name, *_again(ranked)).group_by(slot, name).order_by(slot)
    rest: UsageSums | None = None
    for row in (await connection.execute(query)).mappings():
        sums = read_sums(row)
        summary.total.add(sums)
        if row["slot"] > MOST_GROUPS:
            rest = sums
        else:
            summary.groups.append((name_of(row["key"], group_by), sums))
    return Summary(summary.groups, rest, summary.total)


def key_of(dialect: str, group_by: GroupBy) -> ColumnElement[Any]:
    """Return what the calls of a group share, as the database has it."""
    table = usage_records.c
    match group_by:
        case GroupBy.MODEL:
            return func.coalesce(table.model_sent, table.model_asked)
        case GroupBy.DAY:
            # PostgreSQL rounds where SQLite, which may lack floor(), cuts off.
            days = table.at / DAY
            return cast(cast(days if dialect == "sqlite" else func.floor(days), Integer), Text)
        case GroupBy.STATUS:
            return cast(table.status, Text)
        case GroupBy.ENDPOINT:
            return table.endpoint
        case GroupBy.ERROR:
            return table.error
        case _:
            return table[f"{group_by.value}_id"]


def name_of(key: str | None, group_by: GroupBy) -> str | None:
    """Return what the calls of a group share, as it is shown."""
    if group_by is not GroupBy.DAY or key is None:
        return key
    return (date(1970, 1, 1) + timedelta(days=int(key))).isoformat()


def aggregates() -> list[Label[Any]]:
    """Return what `read_sums` reads, for a query over records."""
    table = usage_records.c
    found: list[Label[Any]] = [
        func.count().label("count"),
        func.count(table.error).label("errors"),
        func.count(table.cost_nano).label("priced"),
        func.max(table.total_us).label("longest_us"),
        func.min(table.at).label("first"),
        func.max(table.at).label("last"),
    ]
    for name in (*SUMMED, "total_us"):
        column = table[name]
        found.append(func.coalesce(func.sum(column.bitwise_rshift(literal(HALF, Integer))), 0).label(f"{name}_high"))
        found.append(func.coalesce(func.sum(column.bitwise_and(2**HALF - 1)), 0).label(f"{name}_low"))
    return found


def _again(ranked: Any) -> list[Label[Any]]:
    """Return the same sums over groups."""
    over: dict[str, Any] = {"longest_us": func.max, "first": func.min, "last": func.max}
    names = [column.name for column in ranked.c if column.name not in ("key", "place")]
    return [over.get(name, func.sum)(ranked.c[name]).label(name) for name in names]


def read_sums(row: Mapping[Any, Any]) -> UsageSums:
    """Read the sums of a row that `aggregates` made."""
    whole = {name: (int(row[f"{name}_high"]) << HALF) + int(row[f"{name}_low"]) for name in (*SUMMED, "total_us")}
    return UsageSums(
        count=int(row["count"]),
        errors=int(row["errors"]),
        priced=int(row["priced"]),
        longest_us=int(row["longest_us"] or 0),
        first=row["first"],
        last=row["last"],
        **whole,
    )
