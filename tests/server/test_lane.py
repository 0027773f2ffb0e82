"""Heads that were read before: what is compared, and what is left to the parser."""

from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from bodhi.server.lane import MAX_KNOWN_BYTES, Admission, KnownHead, known_head

HEAD = b"POST /v1/x HTTP/1.1\r\nhost: a\r\nContent-Length: 12\r\nx: y\r\n\r\n"
ADMISSION = cast(Admission, object())


def known(head: bytes = HEAD) -> KnownHead:
    found = known_head(head + b"body", {}, ADMISSION)
    assert found is not None
    return found


def with_length(length: bytes) -> bytes:
    return HEAD.replace(b": 12", b": " + length)


@given(body=st.binary(min_size=1, max_size=300))
def test_the_same_head_gives_the_body_of_any_length(body: bytes) -> None:
    assert known().body_of(with_length(b"%d" % len(body)) + body) == body


@given(body=st.binary(min_size=1, max_size=60), extra=st.binary(min_size=1, max_size=9))
def test_more_or_less_than_one_whole_message_is_the_parsers(body: bytes, extra: bytes) -> None:
    head = with_length(b"%d" % len(body))
    assert known().body_of(head + body + extra) is None
    assert known().body_of(head + body[:-1]) is None


@given(place=st.integers(0, len(HEAD) - 1), byte=st.integers(0, 255))
def test_one_other_byte_anywhere_is_the_parsers(place: int, byte: int) -> None:
    changed = bytearray(HEAD)
    changed[place] = byte
    body = b"b" * 12
    digits = HEAD.index(b": 12") + 2
    taken = known().body_of(bytes(changed) + body)
    if bytes(changed) == HEAD:
        assert taken == body
    elif place in (digits, digits + 1):
        assert taken is None or len(taken) == int(changed[digits : digits + 2])
    else:
        assert taken is None


def test_lengths_that_two_parsers_could_read_differently_are_the_parsers() -> None:
    body = b"b" * 12
    for length in (b"012", b"+12", b" 12", b"12 ", b"1_2", b"-12", b"", b"12,12", b"\xd9\xa1", b"0", b"1234567890"):
        assert known().body_of(with_length(length) + body) is None, length


def test_only_heads_that_are_whole_posts_with_one_plain_length_are_kept() -> None:
    scope: dict[str, Any] = {}
    for data in (
        HEAD[:-2],
        HEAD.replace(b"POST", b"PUT"),
        b"\r\n" + HEAD,
        HEAD.replace(b"Content-Length: 12\r\n", b""),
        HEAD.replace(b"12", b"0"),
        HEAD.replace(b"x: y", b"x: " + b"y" * MAX_KNOWN_BYTES),
    ):
        assert known_head(data, scope, ADMISSION) is None, data
