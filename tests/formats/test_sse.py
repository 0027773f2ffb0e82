import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bodhi.formats.sse import BYTE_ORDER_MARK, Event, EventCutter, EventParser

LINES = st.sampled_from(
    [b"", b"", b"data: {}", b"data:x", b"data", b"data:  two", b"event: ping", b"event:", b": note", b"id: 7",
     b"retry: 1", b"nonsense", "data: Grüße 🙂".encode()]
)  # fmt: skip
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n"])
STREAMS = st.lists(st.tuples(LINES, ENDS), max_size=30).map(lambda lines: b"".join(line + end for line, end in lines))


def read_plainly(stream: bytes) -> list[Event]:
    """The standard's algorithm, on the whole stream: split lines, and act at each blank one."""
    events: list[Event] = []
    name, data = b"", None
    for line in re.split(rb"\r\n|\n|\r", stream)[:-1]:
        if line == b"":
            if data is not None:
                events.append(Event(name, data))
            name, data = b"", None
            continue
        field, _, value = line.partition(b":")
        value = value[1:] if value[:1] == b" " else value
        if field == b"event":
            name = value
        if field == b"data":
            data = value if data is None else data + b"\n" + value
    return events


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(stream) + 1) for cut in cuts} | {0, len(stream)})
    return [stream[a:b] for a, b in pairwise(places)]


def parse(parser: EventParser, chunks: list[bytes]) -> list[Event]:
    return [event for chunk in chunks for event in parser.feed(chunk)]


@given(STREAMS, st.lists(st.integers(0, 5000), max_size=12))
def test_any_split_gives_the_events_of_the_whole_stream(stream: bytes, cuts: list[int]) -> None:
    assert parse(EventParser(), pieces(stream, cuts)) == read_plainly(stream)


@given(STREAMS)
def test_single_bytes_give_the_events_of_the_whole_stream(stream: bytes) -> None:
    assert parse(EventParser(), [stream[i : i + 1] for i in range(len(stream))]) == read_plainly(stream)


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_rubbish_raises_nothing(chunks: list[bytes]) -> None:
    parse(EventParser(limit=16), chunks)


@given(
    st.lists(
        st.sampled_from([b"data: a", b"data: " + b"b" * 60, b"\n", b"\n\n", b"\r\n", b"\r", b"", b"x"]), max_size=30
    )
)
def test_with_a_limit_every_event_found_is_an_event_of_the_stream(chunks: list[bytes]) -> None:
    whole = read_plainly(b"".join(chunks))
    found = parse(EventParser(limit=32), chunks)

    remaining = iter(whole)
    assert all(event in remaining for event in found)


def test_a_run_of_whole_events_is_passed_on_without_a_copy() -> None:
    run = b"data: 1\n\ndata: 2\r\n\r\n"

    assert EventCutter().feed(run) is run


def test_a_byte_order_mark_at_the_start_is_skipped() -> None:
    parser = EventParser()

    assert parser.feed(BYTE_ORDER_MARK + b"data: 1\n\n") == [Event(b"", b"1")]
    assert parser.feed(BYTE_ORDER_MARK + b"data: 1\n\n") == []


def test_an_event_beyond_the_limit_is_dropped_and_counted_and_the_next_one_read() -> None:
    parser = EventParser(limit=32)
    chunks = [b"data: 1\n\ndata: ", b"x" * 40, b"y", b"", b"y\n", b"\ndata: 2\n\n", b"data: 3\n\n"]

    assert parse(parser, chunks) == [Event(b"", b"1"), Event(b"", b"2"), Event(b"", b"3")]
    assert parser.dropped == 1


def test_a_dropped_event_may_end_within_a_piece() -> None:
    parser = EventParser(limit=8)

    assert parse(parser, [b"data: " + b"x" * 40, b"y\n\ndata: 2\n\n"]) == [Event(b"", b"2")]


def test_what_is_left_at_the_end_is_returned_once() -> None:
    cutter = EventCutter()
    cutter.feed(b"data: 1\n\ndata: ")
    cutter.feed(b"2\n")

    assert cutter.pending
    assert cutter.rest() == b"data: 2\n"
    assert cutter.rest() == b""
    assert not cutter.pending


def test_the_rest_of_a_dropped_event_is_nothing() -> None:
    cutter = EventCutter(limit=4)
    cutter.feed(b"data: too long")

    assert cutter.rest() == b""
