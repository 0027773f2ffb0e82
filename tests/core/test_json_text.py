"""The scanner of `core.json_text` against the standard library as oracle."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.json_text import Splice, apply, elements, is_object, is_string, members, read_string, skip_value

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)
INDENTS = st.sampled_from([None, 0, 3])


def spell(document: object, indent: int | None, ascii_only: bool) -> bytes:
    return json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=6), INDENTS, st.booleans())
def test_members_are_where_the_scanner_says(document: dict[str, object], indent: int | None, ascii_only: bool) -> None:
    text = b"  " + spell(document, indent, ascii_only)

    found = {m.name: json.loads(text[m.value.start : m.value.end]) for m in members(text)}

    assert document == found


@given(st.lists(JSON, max_size=6), INDENTS)
def test_elements_are_where_the_scanner_says(document: list[object], indent: int | None) -> None:
    text = spell(document, indent, ascii_only=True)

    assert document == [json.loads(text[span.start : span.end]) for span in elements(text, 0)]


@given(JSON, INDENTS)
def test_a_value_ends_where_the_next_thing_begins(document: object, indent: int | None) -> None:
    text = spell(document, indent, ascii_only=True)

    assert len(text) == skip_value(text + b",rest", 0)


def test_duplicate_members_are_all_listed_in_order() -> None:
    found = members(b'{"a":1, "b":2,"a":3}')

    assert [m.name for m in found] == ["a", "b", "a"]


def test_a_name_spelled_with_escapes_is_decoded_and_marked() -> None:
    (member,) = members(b'{"mod\\u0065l": "x"}')

    assert (member.name, member.plain) == ("model", False)


def test_brackets_and_quotes_inside_strings_do_not_count() -> None:
    text = b'{"a": {"b": "}]\\"{[", "c": ["]"]}, "d": 1}'

    assert [m.name for m in members(text)] == ["a", "d"]


@pytest.mark.parametrize(
    "text",
    [b"", b"   ", b"[]", b"{", b'{"a"', b'{"a":', b'{"a":1', b'{"a":1,', b'{"a":1 "b":2}', b'{a:1}', b'{"a":{"b":1}', b'{"a":"x}', b'{"a":["x]}'],
)  # fmt: skip
def test_text_that_holds_no_whole_object_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        members(text)


@pytest.mark.parametrize("text", [b"", b"{}", b"[", b"[1", b"[1,", b"[1 2]"])
def test_text_that_holds_no_whole_array_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        elements(text, 0)


def test_depth_costs_no_recursion() -> None:
    text = b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"

    assert len(text) - 1 == members(text)[0].value.end


def test_kinds_of_values_are_told_apart() -> None:
    assert is_object(b"{}", 0)
    assert is_string(b'"x"', 0)
    assert not is_object(b"", 0)
    assert not is_string(b"1", 0)


@given(st.text(max_size=20))
def test_a_string_is_read_as_the_standard_library_reads_it(text: str) -> None:
    assert text == read_string(json.dumps(text).encode())


def test_a_string_with_a_broken_escape_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_string(b'"\\q"')


def test_what_is_not_a_string_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_string(b"\\")


def test_splices_replace_and_insert_in_any_order() -> None:
    assert apply(b"abcdef", [Splice(6, 6, b"!"), Splice(2, 4, b"XY"), Splice(0, 0, b"[")]) == b"[abXYef!"


def test_no_splice_changes_nothing() -> None:
    assert apply(b"abc", []) == b"abc"
