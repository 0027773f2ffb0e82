"""Repository of usage records. Batches go in many rows to a statement; queues and drop counts are accounting's."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import astuple
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.usage import UsageRecord
from bodhi.storage.insert_new import columns_of, insert_new
from bodhi.storage.paging import page
from bodhi.storage.tables import usage_records
from bodhi.storage.text import is_storable, storable
from bodhi.storage.usage_filter import EVERYTHING, UsageFilter

MAX_TEXT = 512
LARGEST = 2**63 - 1
MOST_SINCE = 20_000
"""Records; as many as a process can make in some ten seconds."""

COLUMNS = tuple(column.name for column in usage_records.columns)

_TEXTS = tuple(COLUMNS.index(name) for name in ("model_asked", "model_sent", "finish"))
"""What clients and providers write, and so may be odd; every other text is ours."""
_COUNTS = tuple(position for position, name in enumerate(COLUMNS) if name.endswith("_tokens"))
"""What providers count, and so may be odd."""


async def insert_usage(connection: AsyncConnection, records: Sequence[UsageRecord]) -> None:
    """Store records. A record that is there already stays as it is, so a batch can be retried."""
    columns = columns_of(map(astuple, records), len(COLUMNS))
    if not _is_ordinary(columns):
        _make_storable(columns)
    await insert_new(connection, usage_records, columns)


async def list_usage(
    connection: AsyncConnection, wanted: UsageFilter = EVERYTHING, *, limit: int, before: str | None = None
) -> list[UsageRecord]:
    """Return a page of records, newest first.

    Args:
        connection: to the usage database.
        wanted: which records.
        limit: at most this many.
        before: the id of the last record of the page before this one.
    """
    if not wanted.can_match or (before is not None and not is_storable(before)):
        return []
    query = select(usage_records).where(*wanted.conditions())
    query = page(query, usage_records, "at", after=before, limit=limit, newest_first=True)
    return [_record(row) for row in (await connection.execute(query)).mappings()]


async def find_usage(connection: AsyncConnection, call_id: str, owner_id: str | None = None) -> UsageRecord | None:
    """Return the record of a call, if there is one and, where an owner is given, it is theirs."""
    if not is_storable(call_id):
        return None
    query = select(usage_records).where(usage_records.c.id == call_id, *UsageFilter(owner_id=owner_id).conditions())
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else _record(row)


async def find_beside(
    connection: AsyncConnection, record: UsageRecord, owner_id: str | None = None
) -> tuple[str | None, str | None]:
    """Return the ids of the next older and the next newer record, where an owner is given of theirs alone."""
    found: list[str | None] = []
    for newest_first in (True, False):
        query = select(usage_records.c.id).where(*UsageFilter(owner_id=owner_id).conditions())
        query = page(query, usage_records, "at", after=record.id, limit=1, newest_first=newest_first)
        found.append((await connection.execute(query)).scalar_one_or_none())
    return found[0], found[1]


async def list_since(connection: AsyncConnection, at: float) -> list[tuple[str, float]]:
    """Return id and time of the records since a time, oldest first; of very many only the newest."""
    query = select(usage_records.c.id, usage_records.c.at).where(usage_records.c.at >= at)
    query = query.order_by(usage_records.c.at.desc(), usage_records.c.id.desc()).limit(MOST_SINCE)
    return [(row.id, row.at) for row in await connection.execute(query)][::-1]


async def list_with_ids(connection: AsyncConnection, ids: Sequence[str]) -> list[UsageRecord]:
    """Return the records with some ids, oldest first."""
    query = select(usage_records).where(usage_records.c.id.in_(ids))
    query = query.order_by(usage_records.c.at, usage_records.c.id)
    return [_record(row) for row in (await connection.execute(query)).mappings()]


async def purge_usage(connection: AsyncConnection, before: float, limit: int) -> int:
    """Remove the oldest records that are older than a time, at most so many, and return how many there were."""
    oldest = select(usage_records.c.id).where(usage_records.c.at < before).order_by(usage_records.c.at).limit(limit)
    return (await connection.execute(delete(usage_records).where(usage_records.c.id.in_(oldest)))).rowcount


def _is_ordinary(columns: Sequence[Sequence[Any]]) -> bool:
    """Tell whether nothing in a batch could trouble a database: looked at by the column, which costs little."""
    for position in _TEXTS:
        texts = set(columns[position])  # Of a batch, most are the same.
        texts.discard(None)
        together = "".join(texts)
        if not together.isascii() or not together.isprintable() or max(map(len, texts), default=0) > MAX_TEXT:
            return False
    for position in _COUNTS:
        counts = set(columns[position])
        counts.discard(None)
        if counts and (min(counts) < 0 or max(counts) > LARGEST):
            return False
    return True


def _make_storable(columns: list[list[Any]]) -> None:
    """Change values that a database refuses; one odd value, such as a count beyond 64 bits, must not cost a batch."""
    for position in _TEXTS:
        columns[position] = [None if text is None else storable(text, MAX_TEXT) for text in columns[position]]
    for position in _COUNTS:
        columns[position] = [None if count is None else min(max(count, 0), LARGEST) for count in columns[position]]


def _record(row: Mapping[Any, Any]) -> UsageRecord:
    return UsageRecord(**{**row, "stream": bool(row["stream"])})
