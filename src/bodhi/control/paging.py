"""Lists by cursor: what every list endpoint takes and answers. The order of the rows is the repositories'."""

from collections.abc import Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Row = TypeVar("Row")
Shown = TypeVar("Shown")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most this many entries.")]
Cursor = Annotated[str | None, Query(max_length=64, description="`next_cursor` of the page before this one.")]


class Page(BaseModel, Generic[Shown]):
    """A page of a list."""

    data: list[Shown]
    next_cursor: str | None
    """Pass it as `cursor` for the next page; null on the last one."""


def cut(rows: Sequence[Row], limit: int) -> tuple[Sequence[Row], bool]:
    """Cut a page out of rows of which one too many was asked for, and tell whether there are more."""
    return rows[:limit], len(rows) > limit
