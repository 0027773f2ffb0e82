"""Request bodies that a careless gateway would change: strategies that write JSON as text, never through a parser."""

import json

from hypothesis import strategies as st

_BLANKS = st.sampled_from([b"", b"", b"", b" ", b"\n", b"\t", b"\r\n", b"  \n\t "])
_SCALARS = st.one_of(
    st.sampled_from(
        [
            b"9007199254740993", b"-9007199254740993", b"123456789012345678901234567890", b"1.0", b"1.10", b"-0.0",
            b"1E+2", b"1e400", b"0.1000000000000000055511151231257827", b"1e-400", b"NaN", b"Infinity", b"-Infinity",
            b"true", b"false", b"null", b'""', b'"\\ud800"', b'"\\udfff\\ud800"', b'"\\u0041\\/\\u00e9"',
            b'"\\u0000\\u001f"', '"é 日本 \U0001f600"'.encode(), b'"\\"model\\": \\"other\\""', b'"\x7f"',
        ]
    ),
    st.integers().map(lambda number: str(number).encode()),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: repr(number).encode()),
    st.text(st.characters(codec="utf-8"), max_size=12).map(lambda text: json.dumps(text, ensure_ascii=False).encode()),
    st.text(st.characters(), max_size=12).map(lambda text: json.dumps(text).encode()),
)  # fmt: skip
_NAMES = st.one_of(
    st.sampled_from([b'"a"', b'"temperature"', b'"Model"', b'"models"', b'"m\\u006fdels"', b'""', b'"x-model"']),
    st.text(st.characters(codec="utf-8"), max_size=6)
    .filter(lambda name: name not in ("model", "stream", "requests", "previous_response_id", "conversation"))
    .map(lambda name: json.dumps(name).encode()),
)


@st.composite
def _array(draw: st.DrawFn, inner: st.SearchStrategy[bytes]) -> bytes:
    items = [draw(_BLANKS) + item + draw(_BLANKS) for item in draw(st.lists(inner, max_size=4))]
    return b"[" + (b",".join(items) or draw(_BLANKS)) + b"]"


@st.composite
def _member(draw: st.DrawFn, values: st.SearchStrategy[bytes]) -> bytes:
    name, value = draw(_NAMES), draw(values)
    return draw(_BLANKS) + name + draw(_BLANKS) + b":" + draw(_BLANKS) + value + draw(_BLANKS)


@st.composite
def _object(draw: st.DrawFn, inner: st.SearchStrategy[bytes]) -> bytes:
    return b"{" + (b",".join(draw(st.lists(_member(inner), max_size=4))) or draw(_BLANKS)) + b"}"


VALUES = st.recursive(_SCALARS, lambda inner: _array(inner) | _object(inner), max_leaves=8)


@st.composite
def bodies_around(draw: st.DrawFn, first: tuple[bytes, ...] = ()) -> tuple[bytes, bytes]:
    """Draw what stands before and behind the value of `model` in a hostile object; same keys occur more than once."""
    before = [*draw(st.lists(_member(VALUES), max_size=4)), *first]
    behind = draw(st.lists(_member(VALUES), max_size=4))
    again = draw(st.booleans())
    behind += behind[:again]
    opening = draw(_BLANKS) + b"{" + b",".join([*before, draw(_BLANKS) + b'"model"' + draw(_BLANKS) + b":"])
    return opening + draw(_BLANKS), draw(_BLANKS) + b",".join([b"", *behind]) + draw(_BLANKS) + b"}" + draw(_BLANKS)


@st.composite
def hostile_objects(draw: st.DrawFn) -> bytes:
    """Draw an object without a model at its top."""
    return draw(_BLANKS) + draw(_object(VALUES)) + draw(_BLANKS)
