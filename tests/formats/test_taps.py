from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bodhi.core.usage import TokenCounts
from bodhi.formats.registry import DIALECTS, format_named
from bodhi.formats.sse import MAX_EVENT_BYTES
from bodhi.formats.taps import MAX_BODY_BYTES, TAIL_BYTES, BodyTap, EventTap, UsageTap, new_tap
from tests.formats.recorded import recording

OPENAI = format_named("openai").dialect
GEMINI = format_named("gemini").dialect
STREAM = b"text/event-stream; charset=utf-8"
JSON = b"application/json"

STREAMS = {
    "openai/chat_stream.sse": TokenCounts(1213, 87, 1024, 64),
    "openai/chat_stream_without_usage.sse": TokenCounts(),
    "openai_responses/create_stream.sse": TokenCounts(328, 52, 256, 32),
    "openai_responses/incomplete_stream.sse": TokenCounts(328, 52, 256, 32),
    "anthropic/messages_stream.sse": TokenCounts(2360, 41, 2048, None, 300),
    "gemini/stream.sse": TokenCounts(9, 58, 4, 51),
}
BODIES = {
    "openai/chat.json": TokenCounts(1213, 87, 1024, 64),
    "openai/embeddings.json": TokenCounts(8, None, None, None),
    "openai_responses/create.json": TokenCounts(328, 52, 256, 32),
    "anthropic/messages.json": TokenCounts(2360, 41, 2048, None, 300),
    "gemini/generate_content.json": TokenCounts(9, 58, 4, 51),
    "gemini/stream_array.json": TokenCounts(9, 58, 4, 51),
    "gemini/embed_content.json": TokenCounts(),
}

FINISHES = {
    "openai/chat_stream.sse": "stop",
    "openai/chat_stream_without_usage.sse": "stop",
    "openai/chat.json": "stop",
    "openai/embeddings.json": None,
    "openai_responses/create_stream.sse": "completed",
    "openai_responses/incomplete_stream.sse": "max_output_tokens",
    "openai_responses/create.json": "completed",
    "anthropic/messages_stream.sse": "end_turn",
    "anthropic/messages.json": "end_turn",
    "gemini/stream.sse": "STOP",
    "gemini/generate_content.json": "STOP",
    "gemini/stream_array.json": "STOP",
    "gemini/embed_content.json": None,
}


def tap_for(name: str, content_type: bytes) -> UsageTap:
    return new_tap(format_named(name.partition("/")[0]).dialect, content_type)


def counts_of(tap: UsageTap, chunks: list[bytes]) -> TokenCounts:
    for chunk in chunks:
        tap.feed(chunk)
    tap.finish()
    return tap.counts


def split(body: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(body) + 1) for cut in cuts} | {0, len(body)})
    return [body[a:b] for a, b in pairwise(places)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_is_counted_whatever_its_line_ends_and_pieces(name: str, end: bytes) -> None:
    stream = end.join(recording(name).splitlines()) + end + end

    for size in (1, 7, 64, len(stream)):
        chunks = [stream[i : i + size] for i in range(0, len(stream), size)]
        assert counts_of(tap_for(name, STREAM), chunks) == STREAMS[name]


@given(name=st.sampled_from(sorted(STREAMS)), cuts=st.lists(st.integers(0, 10**5), max_size=15))
def test_any_split_of_a_stream_gives_the_same_counts(name: str, cuts: list[int]) -> None:
    assert counts_of(tap_for(name, STREAM), split(recording(name), cuts)) == STREAMS[name]


@given(name=st.sampled_from(sorted(BODIES)), cuts=st.lists(st.integers(0, 10**5), max_size=15))
def test_any_split_of_a_body_gives_the_same_counts(name: str, cuts: list[int]) -> None:
    assert counts_of(tap_for(name, JSON), split(recording(name), cuts)) == BODIES[name]


@given(name=st.sampled_from(sorted(FINISHES)), cuts=st.lists(st.integers(0, 10**5), max_size=15))
def test_why_an_answer_ended_is_told_whatever_its_pieces(name: str, cuts: list[int]) -> None:
    tap = tap_for(name, STREAM if name.endswith(".sse") else JSON)

    assert counts_of(tap, split(recording(name), cuts)).finish == FINISHES[name]


@pytest.mark.parametrize(
    "last",
    [
        b'data: {"choices": [{"delta": {}, "finish_reason": "length"}]}',
        b'data:{"choices":[{"delta":{},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n',
        b'data: {"choices":[{"finish_reason":"length"}]}\n\n' + b'data: {"choices":[],"usage":{"prompt_tokens":3}}\n\n',
        b'data: {"choices":[{"finish_reason":"length"}],"usage":{"prompt_tokens":3}}\n\n',
        b"data: " + b"x" * 5_000 + b'\n\ndata: {"choices":[{"finish_reason":"length"}]}\n\n',
    ],
)
def test_why_a_stream_ended_is_found_in_its_last_events(last: bytes) -> None:
    going = b'data: {"choices":[{"delta":{"content":"a"},"finish_reason":null}],"usage":null}\n\n'

    assert counts_of(new_tap(OPENAI, STREAM), [*[going] * 20, last]).finish == "length"


def test_a_stream_that_broke_off_has_not_told_why_it_ended() -> None:
    going = b'data: {"choices":[{"delta":{"content":"\\"finish_reason\\":\\"stop\\""},"finish_reason":null}]}\n\n'

    assert counts_of(new_tap(OPENAI, STREAM), [going] * 3).finish is None


@given(
    dialect=st.sampled_from(DIALECTS),
    content_type=st.sampled_from([STREAM, JSON, b"", b"\xff"]),
    chunks=st.lists(
        st.one_of(
            st.binary(max_size=50),
            st.sampled_from(
                [b"data: ", b"\n\n", b'{"usage":', b'"_tokens"', b'{"usageMetadata":[{"promptTokenCount":', b"[", b"}"]
            ),
        ),
        max_size=15,
    ),
)
@example(DIALECTS[0], STREAM, [b'data: {"a_tokens":' + b"[" * 9000 + b"\n\n"])
def test_rubbish_raises_nothing(dialect: object, content_type: bytes, chunks: list[bytes]) -> None:
    counts_of(new_tap(dialect, content_type), chunks)  # type: ignore[arg-type]  # Hypothesis draws plain objects.


def test_data_over_several_lines_is_one_document() -> None:
    stream = b'data: {"usage":\ndata: {"prompt_tokens": 3,\n: note\ndata: "completion_tokens": 4}}\n\n'

    assert counts_of(new_tap(OPENAI, STREAM), [stream]) == TokenCounts(3, 4)


def test_a_last_event_without_its_blank_line_counts() -> None:
    assert counts_of(new_tap(OPENAI, STREAM), [b'data: {"usage":{"prompt_tokens":3}}']) == TokenCounts(3)


def test_an_event_too_large_to_keep_is_dropped_and_the_next_one_counts() -> None:
    tap = EventTap(OPENAI)
    chunks = [b"data: ", *[b"x" * 1024 * 1024] * 9, b"\n\n", b'data: {"usage":{"prompt_tokens":3}}\n\n']

    assert counts_of(tap, chunks) == TokenCounts(3)
    assert tap.dropped == 1
    assert sum(map(len, chunks)) > MAX_EVENT_BYTES


def test_everything_but_an_event_stream_is_read_as_a_body() -> None:
    assert isinstance(new_tap(OPENAI, b"TEXT/Event-Stream;x"), EventTap)
    assert isinstance(new_tap(OPENAI, b""), BodyTap)


@pytest.mark.parametrize("size", [1000, 65_536, 3 * 1024 * 1024])
def test_a_body_too_large_to_keep_is_counted_from_its_tail(size: int) -> None:
    body = b'{"data":["' + b"QUFB" * (MAX_BODY_BYTES // 3) + b'"],"usage" : {"prompt_tokens":9,"total_tokens":9},"x":1}'
    tap = BodyTap(OPENAI)
    most_kept = 0
    for at in range(0, len(body), size):
        tap.feed(body[at : at + size])
        most_kept = max(most_kept, sum(map(len, tap._pieces)) + len(tap._tail))
    tap.finish()

    assert tap.counts == TokenCounts(9)
    assert most_kept <= MAX_BODY_BYTES + 2 * TAIL_BYTES


def test_a_large_streamed_array_is_counted_from_its_tail() -> None:
    body = (
        b"["
        + b" " * MAX_BODY_BYTES
        + b'{"usageMetadata":{"promptTokenCount":1}},{"usageMetadata":{"promptTokenCount":2}}]'
    )

    assert counts_of(new_tap(GEMINI, JSON), [body]) == TokenCounts(2)


@pytest.mark.parametrize("tail", [b"", b'"usage"', b'"usage": {"prompt_tokens":', b'"usage":' + b"[" * 60_000])
def test_a_tail_without_a_whole_usage_object_counts_nothing(tail: bytes) -> None:
    assert counts_of(new_tap(OPENAI, JSON), [b"{" + b" " * MAX_BODY_BYTES, tail]) == TokenCounts()


def test_blank_keep_alives_before_a_body_are_skipped() -> None:
    assert counts_of(new_tap(OPENAI, JSON), [b"\n", b"", b"  \n", b' {"usage":{"prompt_tokens":3}}']) == TokenCounts(3)


def test_what_cannot_be_json_is_not_kept() -> None:
    tap = BodyTap(OPENAI)
    tap.feed(b"RIFF....")
    tap.feed(b'{"usage":{"prompt_tokens":3}}')

    assert tap._pieces == []
    tap.finish()
    assert tap.counts == TokenCounts()


def test_finishing_twice_and_feeding_afterwards_changes_nothing() -> None:
    tap = new_tap(OPENAI, JSON)

    assert counts_of(tap, [b'{"usage":{"prompt_tokens":3}}']) == TokenCounts(3)
    assert counts_of(tap, [b'{"usage":{"prompt_tokens":5}}']) == TokenCounts(3)
