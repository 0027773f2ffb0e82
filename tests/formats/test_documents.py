from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.formats.documents import (
    MAX_ERROR_LINE,
    count,
    first_count,
    media_type,
    member,
    read_error_line,
    read_json,
    read_shape,
    write_json,
)


class Shape(msgspec.Struct):
    usage: Any = None


@pytest.mark.parametrize("document", [b"", b"{", b"[]", b"\xff", b'{"usage":"\xff"}', b'{"a":' * 5000])
def test_what_does_not_fit_a_shape_is_none(document: bytes) -> None:
    assert read_shape(document, Shape) is None


def test_a_shape_skips_what_it_does_not_name() -> None:
    answer = read_shape(b'{"other": [1, {"usage": 2}], "usage": 3}', Shape)

    assert answer is not None
    assert answer.usage == 3


@pytest.mark.parametrize("document", [b"", b"nope", b"\xff\xfe", b"[" * 100_000])
def test_reading_what_is_not_json_is_a_value_error(document: bytes) -> None:
    with pytest.raises(ValueError, match="not a JSON document"):
        read_json(document)


def test_documents_are_written_without_blanks() -> None:
    assert write_json({"a": [1, "ü"]}) == '{"a":[1,"ü"]}'.encode()


def test_members_are_followed_until_the_way_ends() -> None:
    assert member({"a": {"b": 1}}, "a", "b") == 1
    assert member({"a": 1}, "a", "b") is None
    assert member(None, "a") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (7, 7),
        (7.0, 7),
        (7.5, None),
        (-1, None),
        (True, None),
        ("7", None),
        (None, None),
        (2**53, None),
        ([], None),
    ],
)
def test_only_sensible_counts_count(value: object, expected: int | None) -> None:
    assert count({"n": value}, "n") == expected


def test_the_first_count_among_names_is_taken() -> None:
    assert first_count({"b": 2, "c": 3}, ("a",), ("b",), ("c",)) == 2
    assert first_count({}, ("a",)) is None


def test_a_media_type_is_read_without_parameters() -> None:
    assert media_type(" Text/Event-Stream ; charset=utf-8") == "text/event-stream"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error":{"message":"No.","type":"x"}}', "No."),
        (b'{"type":"error","error":{"type":"x","message":"Overloaded"}}', "Overloaded"),
        (b'[{"error":{"code":503,"message":"Busy"}}]', "Busy"),
        (b'{"error":"model not found"}', "model not found"),
        (b'{"message":"no"}', "no"),
        (b'{"detail":"Not Found"}', "Not Found"),
        (b'{"detail":{"message":"deep"}}', "deep"),
        (b'{"error":{"code":"rate_limited","message":""}}', "rate_limited"),
        (b'"just text"', "just text"),
        (b"upstream connect error\r\nretry", "upstream connect error retry"),
        (b'{"error":{"message":"a\\n  b\\u0007c"}}', "a bc"),
        (b"", None),
        (b"   ", None),
        (b"{}", None),
        (b"[]", None),
        (b"7", None),
        (b'{"error":{"message":7}}', None),
        (b"<html>502</html>", None),
        (b'{"error": ', None),
        (b"x" * 301, None),
    ],
)
def test_the_sentence_of_an_error_is_found(body: bytes, expected: str | None) -> None:
    assert read_error_line(body) == expected


def test_a_long_sentence_is_cut() -> None:
    line = read_error_line(write_json({"error": {"message": "x" * 5000}}))

    assert line is not None
    assert len(line) == MAX_ERROR_LINE
    assert line.endswith("…")


@given(st.binary(max_size=400))
def test_reading_an_error_never_raises_and_yields_one_line(body: bytes) -> None:
    line = read_error_line(body)

    assert line is None or (line.isprintable() and "\n" not in line)
