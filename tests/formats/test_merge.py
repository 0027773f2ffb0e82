"""Extra Body merges by insertion; a plain deep merge of decoded documents is the oracle."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.json_text import apply
from bodhi.formats.merge import merge_splices

KEYS = st.sampled_from(["a", "b", "c", "é", "max_tokens", 'q"uote', "back\\slash"])
DOCUMENT = st.dictionaries(
    KEYS,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=5,
)
EXTRAS = st.dictionaries(
    KEYS,
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=5,
)


def deep_merge(mine: dict[str, object], defaults: dict[str, object]) -> dict[str, object]:
    merged = dict(mine)
    for key, value in defaults.items():
        if key not in mine:
            merged[key] = value
        elif isinstance(mine[key], dict) and isinstance(value, dict):
            merged[key] = deep_merge(mine[key], value)  # type: ignore[arg-type]  # narrowed by the line above
    return merged


@given(DOCUMENT, EXTRAS, st.sampled_from([None, 2]))
def test_merging_means_what_a_deep_merge_of_defaults_means(
    document: dict[str, object], extras: dict[str, object], indent: int | None
) -> None:
    text = json.dumps(document, indent=indent).encode()

    merged = apply(text, merge_splices(text, extras))  # type: ignore[arg-type]  # JSON by construction

    assert deep_merge(document, extras) == json.loads(merged)


@given(DOCUMENT, EXTRAS)
def test_merging_only_ever_inserts(document: dict[str, object], extras: dict[str, object]) -> None:
    text = json.dumps(document).encode()

    splices = merge_splices(text, extras)  # type: ignore[arg-type]  # JSON by construction

    assert all(splice.start == splice.end for splice in splices)


@given(DOCUMENT, EXTRAS)
def test_merging_twice_changes_nothing_more(document: dict[str, object], extras: dict[str, object]) -> None:
    text = json.dumps(document).encode()
    once = apply(text, merge_splices(text, extras))  # type: ignore[arg-type]  # JSON by construction

    assert merge_splices(once, extras) == []  # type: ignore[arg-type]  # JSON by construction


def test_numbers_and_blanks_of_the_client_keep_their_spelling() -> None:
    text = b'{ "n" : 12345678901234567890123.10, "t":1.0,\n "s":"\\ud800" }'

    merged = apply(text, merge_splices(text, {"max_tokens": 5}))

    assert merged == b'{"max_tokens":5, "n" : 12345678901234567890123.10, "t":1.0,\n "s":"\\ud800" }'


def test_the_clients_scalars_and_arrays_win() -> None:
    text = b'{"max_tokens":1,"stop":["x"],"o":{"a":null}}'

    merged = apply(text, merge_splices(text, {"max_tokens": 9, "stop": [], "o": {"a": 1, "b": 2}}))

    assert merged == b'{"max_tokens":1,"stop":["x"],"o":{"b":2,"a":null}}'


def test_text_that_is_no_object_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        merge_splices(b"[]", {"a": 1})
