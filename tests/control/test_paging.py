"""Cutting pages."""

from hypothesis import given
from hypothesis import strategies as st

from bodhi.control.paging import MAX_LIMIT, cut


@given(st.integers(0, 500), st.integers(1, MAX_LIMIT))
def test_a_page_is_never_longer_than_its_limit_and_knows_of_more(count: int, limit: int) -> None:
    rows, more = cut(range(count)[: limit + 1], limit)
    assert len(rows) == min(count, limit)
    assert more == (count > limit)
