"""Inserts rows that are not there yet, many to a statement, alike on both databases. Which rows is the caller's part.

One statement with many rows takes a fifth of the CPU of one statement a row, and gives the GIL away once.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Dialect, Table, bindparam, insert
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_ROWS = 512
"""Both databases take some 32,000 values in a statement."""
MOST_STATEMENTS = 128
"""Kept, each for a number of rows and a choice of columns."""

_NULLS = {None}


def columns_of(rows: Iterable[Sequence[Any]], width: int) -> list[list[Any]]:
    """Turn rows, each of `width` values, into columns. Slicing one list costs half of what `zip` of all rows does."""
    values: list[Any] = []
    for row in rows:
        values += row
    return [values[position::width] for position in range(width)]


async def insert_new(connection: AsyncConnection, table: Table, columns: Sequence[Sequence[Any]]) -> None:
    """Store rows; a row whose key is there stays as it is.

    Args:
        connection: in a writing transaction.
        table: has no default for a column that may be NULL.
        columns: the values of each column of the table, in its order, as from `columns_of`.
    """
    count = len(columns[0])
    if not count:
        return
    # Python's sqlite3 takes long for a NULL: it looks for an adapter, in vain, each time. And most rows have the same.
    present = [position for position, column in enumerate(columns) if column[0] is not None or set(column) != _NULLS]
    every = table.columns.keys()
    names = tuple(every[position] for position in present)
    width = len(present)
    values: list[Any] = [None] * (count * width)
    for offset, position in enumerate(present):
        values[offset::width] = columns[position]
    start = 0
    while start < count:
        # Powers of two: a few statements serve batches of every size, so that each is compiled once.
        size = min(MOST_ROWS, 1 << (count - start).bit_length() - 1)
        batch = tuple(values[start * width : (start + size) * width])
        await connection.exec_driver_sql(_statement(connection.dialect, table, names, size), batch)
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
