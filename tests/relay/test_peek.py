"""What routing reads from a body, and the ambiguities that it refuses."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bodhi.core.errors import BadRequest, InvalidField, InvalidJson, ModelAmbiguous, ModelInvalid
from bodhi.relay.peek import LARGE, peek, repeated_models
from tests.fakes.hostile_json import bodies_around

REFERENCES = ("previous_response_id", "conversation")
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=10)
FIELDS = st.dictionaries(
    st.sampled_from(["messages", "tools", "input", "metadata", "x", "modèle"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["model", "stream", "a"]), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)  # fmt: skip


@given(FIELDS, TEXT.filter(str.strip), st.booleans(), st.sampled_from([None, 1]), st.booleans(), st.integers(0, 4))
def test_the_top_level_model_is_found_wherever_it_stands(
    fields: dict[str, object], model: str, stream: bool, indent: int | None, ascii_only: bool, place: int
) -> None:
    items = list(fields.items())
    items.insert(place, ("model", model))
    body = json.dumps({**dict(items), "stream": stream}, indent=indent, ensure_ascii=ascii_only).encode()

    seen = peek(body)

    assert (model, stream) == (seen.model, seen.stream)
    assert seen.model_span is not None
    assert model == json.loads(body[seen.model_span.start : seen.model_span.end])


PADDING = ("x", "y" * LARGE)
"""With it a body is looked at in the way of large ones."""


@given(FIELDS, TEXT.filter(str.strip), st.booleans(), st.booleans(), st.integers(0, 4))
def test_in_a_large_body_the_top_level_model_is_found_wherever_it_stands(
    fields: dict[str, object], model: str, stream: bool, ascii_only: bool, place: int
) -> None:
    items = [*fields.items(), PADDING]
    items.insert(place, ("model", model))
    body = json.dumps({**dict(items), "stream": stream}, separators=(",", ":"), ensure_ascii=ascii_only).encode()

    seen = peek(body)

    assert (model, stream) == (seen.model, seen.stream)
    assert seen.model_span is not None
    assert model == json.loads(body[seen.model_span.start : seen.model_span.end])


@given(bodies_around(), st.booleans())
def test_a_large_body_is_read_as_the_careful_look_reads_it(around: tuple[bytes, bytes], is_compact: bool) -> None:
    before, behind = around
    body = before + b'"a"' + behind.rstrip()[:-1] + b',"x":"%b"}' % (b"y" * LARGE)
    if is_compact:
        body = json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")

    # Where references are looked for, the members are walked one by one.
    assert outcome(body) == outcome(body, REFERENCES)


def outcome(body: bytes, references: tuple[str, ...] = ()) -> object:
    """Return what is read of a body, or why it is refused."""
    try:
        return peek(body, references)
    except BadRequest as error:
        return type(error)


@given(FIELDS)
def test_a_model_further_down_is_not_the_calls_model(fields: dict[str, object]) -> None:
    assert peek(json.dumps(fields).encode()).model is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","model":"b"}',
        b'{"model":"a","x":{},"model":"a"}',
        b'{"mod\\u0065l":"a"}',
        b'{"model":"a","mod\\u0065l":"b"}',
        b'{"\\u006dodel":"b","model":"a"}',
        b'{"model":"a","x":"\\ud800","model":"b"}',
    ],
)
def test_a_model_that_two_parsers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(ModelAmbiguous):
        peek(body)
    with pytest.raises(ModelAmbiguous):
        peek(body[:-1] + b',"x":"%b"}' % (b"y" * LARGE))


NO_NAMES = [b"null", b"1", b"true", b"{}", b'["a"]', b'""', b'"  "', b'"\\ud800"', b'"\x84"', b'"gpt-\xff"']


@pytest.mark.parametrize("value", NO_NAMES)
@pytest.mark.parametrize("more", [b"", b',"x":"%b"' % (b"y" * LARGE)], ids=["small", "large"])
def test_a_model_that_is_no_name_is_refused(value: bytes, more: bytes) -> None:
    with pytest.raises(ModelInvalid):
        peek(b'{"model":' + value + more + b"}")


@pytest.mark.parametrize("more", [b"", b',"x":"%b"' % (b"y" * LARGE)], ids=["small", "large"])
def test_a_name_that_is_not_utf_8_beside_the_model_is_the_providers_to_judge(more: bytes) -> None:
    assert peek(b'{"\x84":1,"model":"a"' + more + b"}").model == "a"


@pytest.mark.parametrize(
    "body",
    [b"", b" ", b"nope", b"[]", b'"model"', b"12", b"{", b'{"model":"a"', b'{"model":"a"} {}', b"{'model':'a'}", b'{"model":"a",}',
     b'\xef\xbb\xbf{"model":"a"}', '{"model":"a"}'.encode("utf-16"), b'{"model":"a","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"],
)  # fmt: skip
def test_what_is_not_a_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        peek(body)


def test_the_message_says_where_the_json_breaks() -> None:
    with pytest.raises(InvalidJson, match="line 2, column 1"):
        peek(b'{"model":"a",\n}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","x":"\\ud800"}',
        b'{"model":"a","x":NaN}',
        b'{"model":"a","x":"tab\there"}',
        b'{"model":"a","n":123456789012345678901234567890,"f":1e999}',
        b'{"model":"a","x":1,"x":2}',
        b'\n\t {"model"\r\n:\t"a"}  \n',
    ],
)
def test_what_providers_parsers_take_is_taken(body: bytes) -> None:
    assert peek(body).model == "a"


def test_a_model_spelled_with_escapes_in_its_value_is_decoded() -> None:
    assert peek(b'{"model":"a\\u002fb"}').model == "a/b"


def test_references_to_earlier_objects_are_read() -> None:
    body = b'{"model":"a","previous_response_id":"resp_1","conversation":{"id":"conv_2"}}'

    assert peek(body, REFERENCES).references == {"previous_response_id": "resp_1", "conversation": "conv_2"}


def test_a_null_reference_is_none() -> None:
    assert peek(b'{"model":"a","previous_response_id":null}', REFERENCES).references is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"a","previous_response_id":"r1","previous_response_id":"r2"}',
        b'{"model":"a","previous_respons\\u0065_id":"r1"}',
        b'{"model":"a","previous_response_id":1}',
        b'{"model":"a","conversation":{"id":"c1","id":"c2"}}',
        b'{"model":"a","conversation":{}}',
    ],
)
def test_a_reference_that_two_parsers_could_read_differently_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidField):
        peek(body, REFERENCES)


REPEATED = ("model", "requests[].model", "g.model")
WHOLE = (
    b'{"model":"models/a","requests":[{"model":"b"},{"x":1}],"g":{"model":"d","e":"\\u00e4"},'
    b'"conversation":{"id":"c1"},"previous_response_id":"r1","stream":true}'
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """Draw a body into which bytes came that belong nowhere, or that lost some."""
    start = draw(st.integers(0, len(WHOLE)))
    return WHOLE[:start] + draw(st.binary(max_size=3)) + WHOLE[start + draw(st.integers(0, 3)) :]


@given(
    st.binary(max_size=60)
    | st.text(max_size=40).map(lambda t: ('{"model":' + t + "}").encode("utf-8", "surrogatepass"))
    | spoiled()
)
@example(b'{"model\xff":"a","model":"b"}')
@example(b'{"model":"a","conversation":{"i\xffd":"c1"}}')
@example(b'{"model":"a","conversation":"c\xff"}')
def test_rubbish_is_read_or_refused_and_nothing_else(body: bytes) -> None:
    for text in (body, body.rstrip()[:-1] + b',"x":"%b"}' % (b"y" * LARGE)):
        for references in ((), REFERENCES):
            with suppress(BadRequest):
                peek(text, references)
        with suppress(BadRequest):
            list(repeated_models(text, REPEATED))


def test_repeated_models_are_found_in_objects_and_arrays() -> None:
    body = b'{"model":"models/a","requests":[{"model":"b"},{"x":1},{"model":"c"}],"g":{"model":"d"}}'

    found = [model for model, _ in repeated_models(body, ("model", "requests[].model", "g.model"))]

    assert found == ["models/a", "b", "c", "d"]


@pytest.mark.parametrize("body", [b"", b"  ", b"{}", b'{"requests":{}}', b'{"requests":[]}', b'{"g":1}'])
def test_a_body_that_repeats_no_model_yields_none(body: bytes) -> None:
    assert list(repeated_models(body, ("model", "requests[].model", "g.model"))) == []


@pytest.mark.parametrize("body", [b"nope", b"[]", b'{"requests":['])
def test_repeated_models_need_a_json_object(body: bytes) -> None:
    with pytest.raises(InvalidJson):
        list(repeated_models(body, ("model",)))
