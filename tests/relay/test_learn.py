import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.formats.openai_responses import DIALECT
from bodhi.relay.learn import MAX_EVENTS, MAX_HELD, ObjectLearner

BODY = b'{"id":"resp_1","object":"response","output":[]}'
STREAM = (
    b'event: response.created\ndata: {"type":"response.created","response":{"id":"resp_1","store":true}}\n\n'
    b'event: response.completed\ndata: {"type":"response.completed","response":{"id":"resp_1"}}\n\n'
)


def learner(content_type: bytes = b"application/json", coding: bytes | None = None) -> ObjectLearner:
    return ObjectLearner(DIALECT, content_type, coding)


@given(at=st.integers(0, len(BODY)))
def test_the_id_of_a_body_is_known_at_its_end_and_every_byte_is_given_back(at: int) -> None:
    half = learner()
    half.hold(BODY[:at])
    half.hold(BODY[at:])
    held_back = not half.settled
    half.end()

    assert held_back
    assert half.settled
    assert half.object_id == "resp_1"
    assert half.release() == BODY
    assert half.release() == b""


@given(at=st.integers(0, len(STREAM)))
def test_the_id_of_a_stream_is_known_after_its_first_event(at: int) -> None:
    half = learner(b"text/event-stream; charset=utf-8")
    half.hold(STREAM[:at])
    if not half.settled:
        half.hold(STREAM[at:])
        assert half.release() == STREAM
    else:
        assert half.release() == STREAM[:at]

    assert half.object_id == "resp_1"


@pytest.mark.parametrize(("content_type", "body"), [(b"application/json", BODY), (b"text/event-stream", STREAM)])
def test_a_compressed_answer_is_read_and_given_back_compressed(content_type: bytes, body: bytes) -> None:
    sent = gzip.compress(body)
    half = learner(content_type, b"gzip")
    half.hold(sent)
    half.end()

    assert half.object_id == "resp_1"
    assert half.release() == sent


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"id":7}', b'{"id":"resp_1","store":false}'])
def test_an_answer_that_keeps_no_object_settles_without_an_id(body: bytes) -> None:
    half = learner()
    half.hold(body)
    half.end()

    assert half.settled
    assert half.object_id is None
    assert half.release() == body


def test_a_stream_that_keeps_no_object_does_not_wait_for_its_end() -> None:
    event = b'data: {"type":"response.created","response":{"id":"resp_1","store":false}}\n\n'
    half = learner(b"text/event-stream")
    held = []
    for _ in range(MAX_EVENTS):
        held.append(half.settled)
        half.hold(event)

    assert not any(held)
    assert half.settled
    assert half.object_id is None
    assert half.release() == event * MAX_EVENTS


def test_an_id_in_a_later_event_of_the_first_few_is_learnt() -> None:
    half = learner(b"text/event-stream")
    half.hold(b'data: {"type":"response.queued"}\n\n' + STREAM)

    assert half.object_id == "resp_1"


@pytest.mark.parametrize("coding", [b"x-unknown", b"gzip, br"])
def test_an_answer_that_cannot_be_read_is_not_held_back(coding: bytes) -> None:
    assert learner(b"text/event-stream", coding).settled
    assert not learner(b"text/event-stream", b"identity").settled


def test_an_answer_that_proves_unreadable_is_not_held_back() -> None:
    half = learner(b"text/event-stream", b"gzip")
    half.hold(b"not gzip at all")

    assert half.settled
    assert half.object_id is None


def test_what_is_held_is_bounded() -> None:
    half = learner(b"text/event-stream")
    half.hold(b": comment\n\n" * 10)
    settled = [half.settled]
    half.hold(b"x" * MAX_HELD)
    settled.append(half.settled)

    assert settled == [False, True]
    assert half.object_id is None
