"""Pages: their size is bounded whatever is asked."""

import pytest
from sqlalchemy import select

from bodhi.storage.engine import Store
from bodhi.storage.paging import MAX_PAGE, page
from bodhi.storage.tables import users


@pytest.mark.parametrize(("asked", "given"), [(-5, 1), (0, 1), (7, 7), (10**9, MAX_PAGE)])
def test_a_page_has_at_least_one_and_at_most_a_thousand_rows(asked: int, given: int) -> None:
    query = page(select(users.c.id), users, "created_at", after=None, limit=asked)
    assert query.compile(compile_kwargs={"literal_binds": True}).string.endswith(f"LIMIT {given}")


def test_without_a_limit_everything_is_listed() -> None:
    assert "LIMIT" not in str(page(select(users.c.id), users, "created_at", after=None, limit=None))


async def test_a_cursor_that_no_database_can_hold_yields_an_empty_page(store: Store) -> None:
    query = page(select(users.c.id), users, "created_at", after="\x00", limit=5)
    async with store.read() as connection:
        assert (await connection.execute(query)).all() == []
