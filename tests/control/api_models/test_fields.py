"""Fields of an api model, without HTTP."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bodhi.control.api_models.fields import READERS
from bodhi.core.errors import InvalidField

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def fault_of(field: str, value: Any) -> str | None:
    """Return the field that a refusal names, or None if the value is read."""
    try:
        READERS[field](value)
    except InvalidField as error:
        return error.param
    return None


@given(st.sampled_from(["name", "base_url", "prefix"]), st.text())
def test_any_text_is_read_or_refused_naming_its_field(field: str, text: str) -> None:
    assert fault_of(field, text) in (None, field)


@given(st.sampled_from(["name", "base_url", "prefix"]), st.text())
def test_what_was_read_can_be_stored_and_read_again(field: str, text: str) -> None:
    if fault_of(field, text) is None:
        read = READERS[field](text)
        read.encode()
        assert READERS[field](read) == read


@given(st.sampled_from(["extra_headers", "extra_body"]), st.dictionaries(st.text(), JSON))
def test_any_extras_are_read_or_refused_naming_their_field(field: str, extras: dict[str, object]) -> None:
    assert fault_of(field, extras) in (None, field)
