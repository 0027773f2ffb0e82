"""Pages of a list by cursor: everything after the row with a given id. The cursor is that id, nothing else."""

from typing import Any

from sqlalchemy import Select, Table, and_, false, or_, select

from bodhi.storage.text import is_storable

MAX_PAGE = 1_000


def page(
    query: Select[Any], table: Table, time: str, *, after: str | None, limit: int | None, newest_first: bool = False
) -> Select[Any]:
    """Order a query by time and id, and cut one page out of it. A cursor whose row is gone yields an empty page."""
    at, row_id = table.c[time], table.c.id
    if after is not None and not is_storable(after):
        query = query.where(false())
    elif after is not None:
        start = select(at).where(row_id == after).scalar_subquery()
        beyond = at < start if newest_first else at > start
        tied = row_id < after if newest_first else row_id > after
        query = query.where(or_(beyond, and_(at == start, tied)))
    order = (at.desc(), row_id.desc()) if newest_first else (at, row_id)
    query = query.order_by(*order)
    return query if limit is None else query.limit(max(1, min(limit, MAX_PAGE)))
