"""Prefixes are literal text."""

from hypothesis import given
from hypothesis import strategies as st

from bodhi.routing.prefix import matches, strip

PREFIXES = st.text("abcAZ09-_./:@", max_size=32)


@given(PREFIXES, st.text(min_size=1, max_size=20))
def test_what_was_prefixed_matches_and_comes_back(prefix: str, model: str) -> None:
    assert matches(prefix, prefix + model)
    assert model == strip(prefix, prefix + model)


@given(PREFIXES)
def test_a_prefix_alone_does_not_match(prefix: str) -> None:
    assert not matches(prefix, prefix)


def test_case_and_separator_count() -> None:
    assert not matches("oai/", "OAI/x")
    assert not matches("oai/", "oai-x")
