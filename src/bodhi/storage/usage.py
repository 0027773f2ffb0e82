"""Repository of usage records. Batches go in as one statement; queues and drop counts are accounting's."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import JSON, bindparam, cast, delete, func, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import Insert

from bodhi.core.usage import UsageRecord
from bodhi.storage.paging import page
from bodhi.storage.tables import usage_records
from bodhi.storage.text import storable

MAX_BATCH = 500
MAX_TEXT = 512
LARGEST = 2**63 - 1

COLUMNS = tuple(column.name for column in usage_records.columns)
FILTERS = frozenset({"user_id", "token_id", "api_model_id", "model_asked", "endpoint", "status", "error", "stream"})


def _sqlite_insert() -> Insert:
    """Build the statement that takes a batch as one JSON text: the driver's thread needs the GIL once, not per row."""
    rows = func.json_each(bindparam("records")).table_valued("value")
    values = [func.json_extract(rows.c.value, f"$[{position}]") for position in range(len(COLUMNS))]
    # `WHERE true` keeps ON CONFLICT from being read as a join's (sqlite.org/lang_upsert.html, section 2.2).
    query = select(*values).where(true())
    return sqlite.insert(usage_records).from_select(COLUMNS, query).on_conflict_do_nothing()


def _postgresql_insert() -> Insert:
    """Build the same for PostgreSQL: one message, whatever the batch's size."""
    rows = func.json_array_elements(cast(bindparam("records"), JSON)).table_valued("value")
    texts = [rows.c.value.op("->>")(position) for position in range(len(COLUMNS))]
    values = [cast(value, column.type) for value, column in zip(texts, usage_records.columns, strict=True)]
    return postgresql.insert(usage_records).from_select(COLUMNS, select(*values)).on_conflict_do_nothing()


_INSERTS = {"sqlite": _sqlite_insert(), "postgresql": _postgresql_insert()}


async def insert_usage(connection: AsyncConnection, records: Sequence[UsageRecord]) -> None:
    """Store records, 500 per statement. A record that is there already stays as it is, so a batch can be retried."""
    statement = _INSERTS[connection.dialect.name]
    for start in range(0, len(records), MAX_BATCH):
        batch = json.dumps([_row(record) for record in records[start : start + MAX_BATCH]])
        await connection.execute(statement, {"records": batch})


async def list_usage(
    connection: AsyncConnection,
    *,
    limit: int,
    before: str | None = None,
    since: float | None = None,
    until: float | None = None,
    **filters: str | int | bool,
) -> list[UsageRecord]:
    """Return a page of records, newest first.

    Args:
        connection: to the usage database.
        limit: at most this many.
        before: the id of the last record of the page before this one.
        since: Unix time of the oldest record wanted, itself included.
        until: Unix time that every record wanted is older than.
        filters: values that columns must have: `user_id`, `token_id`, `api_model_id`, `model_asked`, `endpoint`,
            `status`, `error` or `stream`.

    Raises:
        ValueError: a filter names another column.
    """
    if unknown := filters.keys() - FILTERS:
        raise ValueError(f"usage records cannot be filtered by {', '.join(sorted(unknown))}")
    query = page(select(usage_records), usage_records, "at", after=before, limit=limit, newest_first=True)
    for name, value in filters.items():
        query = query.where(usage_records.c[name] == value)
    if since is not None:
        query = query.where(usage_records.c.at >= since)
    if until is not None:
        query = query.where(usage_records.c.at < until)
    return [_record(row) for row in (await connection.execute(query)).mappings()]


async def purge_usage(connection: AsyncConnection, before: float) -> int:
    """Remove the records older than a time and return how many there were."""
    return (await connection.execute(delete(usage_records).where(usage_records.c.at < before))).rowcount


def _row(record: UsageRecord) -> list[Any]:
    return [_storable(getattr(record, name)) for name in COLUMNS]


def _storable(value: Any) -> Any:
    """Keep one odd value, such as a count beyond 64 bits, from costing the whole batch."""
    if isinstance(value, str):
        return value if value.isalnum() and len(value) <= MAX_TEXT and value.isascii() else storable(value, MAX_TEXT)
    if type(value) is int and not 0 <= value <= LARGEST:
        return min(max(value, 0), LARGEST)
    return value


def _record(row: Mapping[Any, Any]) -> UsageRecord:
    return UsageRecord(**{**row, "stream": bool(row["stream"])})
