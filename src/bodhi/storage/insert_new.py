"""Inserts rows that are not there yet, many to a statement, alike on both databases. Which rows is the caller's part.

One statement with many rows takes a fifth of the CPU of one statement a row, and gives the GIL away once.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Dialect, Table, bindparam, insert
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_ROWS = 512
"""Both databases take some 32,000 values in a statement."""
MOST_STATEMENTS = 128
"""Kept, each for a number of rows and a choice of columns."""

_NULLS = {None}


async def insert_new(connection: AsyncConnection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Store rows, whose values are in the order of the table's columns; a row whose key is there stays as it is.

    A column that is NULL in every row is left out. The table must have no default for a column that may be NULL.
    """
    # Python's sqlite3 takes long for a NULL: it looks for an adapter, in vain, each time. And most rows have the same.
    columns = list(zip(*rows, strict=True))
    present = [position for position, values in enumerate(columns) if values[0] is not None or set(values) != _NULLS]
    names = tuple(table.columns.keys()[position] for position in present)
    if len(present) < len(table.columns):
        rows = list(zip(*[columns[position] for position in present], strict=True))
    start = 0
    while start < len(rows):
        # Powers of two: a few statements serve batches of every size, so that each is compiled once.
        size = min(MOST_ROWS, 1 << (len(rows) - start).bit_length() - 1)
        values = tuple(chain.from_iterable(rows[start : start + size]))
        await connection.exec_driver_sql(_statement(connection.dialect, table, names, size), values)
        start += size


@lru_cache(maxsize=MOST_STATEMENTS)
def _statement(dialect: Dialect, table: Table, names: tuple[str, ...], size: int) -> str:
    """Write the statement for a number of rows that have these columns."""
    numbered = dialect.paramstyle != "qmark"
    values: list[dict[str, Any]] = [
        {name: bindparam(f"{name}_{row}") for name in names} for row in range(size if numbered else 1)
    ]
    statement = str(insert(table).values(values).compile(dialect=dialect))
    if not numbered:
        # Where parameters have no numbers, every row reads alike: repeating one is quick, compiling them all is not.
        head, row = statement.split(" VALUES ")
        statement = " VALUES ".join((head, ", ".join([row] * size)))
    # Both databases spell this clause alike, and SQLAlchemy has it only in their own modules, of which one is large.
    return f"{statement} ON CONFLICT DO NOTHING"
