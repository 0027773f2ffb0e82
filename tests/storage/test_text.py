"""Texts that databases can hold."""

from hypothesis import given
from hypothesis import strategies as st

from bodhi.storage.text import is_storable, storable


@given(st.text(st.characters(codec=None)), st.integers(0, 50))
def test_what_comes_out_can_be_stored(text: str, longest: int) -> None:
    made = storable(text, longest)
    assert is_storable(made)
    assert len(made) <= longest


@given(st.text().filter(lambda text: "\x00" not in text))
def test_what_can_be_stored_stays_as_it_is(text: str) -> None:
    assert is_storable(text)
    assert storable(text, 10_000) == text
