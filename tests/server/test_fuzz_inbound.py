"""The inbound side under drawn talks: repeated, bent, cut and pipelined heads, with and without the lane."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fuzz import inbound, seeds
from fuzz.rules import Broken
from fuzz.script import bent, longer, read_talks, write_pieces

SEEDS = seeds.inbound()
LINES = st.lists(
    st.sampled_from(
        [b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Expect: 100-continue\r\n", b"X: y\r\n",
         b"Upgrade: h2c\r\n", b"Connection: upgrade\r\n", b"content-length: 3\r\n", b"Transfer-Encoding: chunked\r\n",
         b"X: content-length: 5\r\n", b"Host: localhost\r\n", b" folded\r\n", b"x_api_key: a\r\n"]
    ), max_size=2,
)  # fmt: skip
MESSAGES = st.one_of(
    st.builds(
        lambda path, body, lines: seeds.whole(path, body, *lines),
        st.sampled_from(seeds.LANES), st.binary(max_size=40).map(lambda raw: bytes(byte % 0xF0 for byte in raw)), LINES,
    ),
    st.sampled_from([seeds.GET, seeds.PIECES, b"\r\n", b"junk"]),
)  # fmt: skip


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@st.composite
def talks(draw: st.DrawFn) -> bytes:
    """Draw a few messages, said again and again on some connections, with faults and cuts."""
    messages = draw(st.lists(MESSAGES, min_size=1, max_size=3))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        said = draw(st.lists(st.sampled_from(messages), min_size=1, max_size=5))
        if draw(st.booleans()):
            at = draw(st.integers(0, len(said) - 1))
            said[at] = draw(
                st.sampled_from(
                    [longer(said[at]), bent(said[at], draw(st.integers(0, 200)), draw(st.integers(0, 0xF0)))]
                )
            )
        stream = b"".join(said)
        cuts = sorted(draw(st.sets(st.integers(1, max(1, len(stream) - 1)), max_size=3)))
        pieces = (
            said
            if draw(st.booleans())
            else [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
        )
        parts.append(
            draw(st.sampled_from([b"", b"", b"", b"\xf9"]))
            + write_pieces(*pieces)
            + draw(st.sampled_from([b"", b"", b"\xfa", b"\xfd\xfb"]))
        )
    return b"\xff".join(parts)


@pytest.mark.parametrize("number", range(len(SEEDS)))
def test_every_seed_of_the_fuzzer_keeps_the_rules(loop: asyncio.AbstractEventLoop, number: int) -> None:
    inbound.check(loop, SEEDS[number])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=talks())
def test_whatever_clients_say_is_read_as_others_read_it_however_it_is_cut(
    loop: asyncio.AbstractEventLoop, raw: bytes
) -> None:
    inbound.check(loop, raw)


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=300))
@example(b"")
def test_no_bytes_break_a_connection(loop: asyncio.AbstractEventLoop, raw: bytes) -> None:
    inbound.check(loop, raw)


@pytest.mark.parametrize("path", [b"/v1/x", b"/later", b"/over", b"/unsure"])
def test_a_repeated_head_means_the_same_wherever_it_is_cut(loop: asyncio.AbstractEventLoop, path: bytes) -> None:
    message = seeds.whole(path)
    for at in range(1, len(message)):
        inbound.check(loop, write_pieces(message, message[:at], message[at:], longer(message)))


@pytest.mark.parametrize("byte", [0x00, 0x0A, 0x0D, 0x20, 0x30, 0x34, 0x3A, 0x41, 0x7F, 0x80])
def test_a_repeated_head_with_one_other_byte_is_read_anew(loop: asyncio.AbstractEventLoop, byte: int) -> None:
    message = seeds.whole(b"/v1/x")
    for at in range(len(message)):
        inbound.check(loop, write_pieces(message, bent(message, at, byte), message))


def test_heads_that_were_read_before_are_taken_without_the_parser(loop: asyncio.AbstractEventLoop) -> None:
    message = seeds.whole(b"/v1/x")
    [outcome] = inbound.run(loop, read_talks(message + b"\xfd\xfb\xfd"), lane=True)
    assert [request.body for request in outcome.requests] == [b"abc", b"abc", b"abcz", b"abcz"]


def test_the_rules_notice_a_head_whose_length_is_not_looked_at(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(self: object, data: bytes) -> bytes:
        return data.partition(b"\r\n\r\n")[2]

    monkeypatch.setattr("bodhi.server.lane.KnownHead.body_of", careless)
    with pytest.raises(Broken):
        inbound.check(loop, write_pieces(seeds.whole(b"/v1/x"), seeds.whole(b"/v1/x") + seeds.GET))
