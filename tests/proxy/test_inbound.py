from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.api_model import Origin, Timeouts
from bodhi.core.call import OutboundRequest
from bodhi.core.errors import BodyTooLarge, UnsupportedEncoding
from bodhi.core.types import Header
from bodhi.core.usage import TokenCounts, UsageRecord
from bodhi.proxy.inbound import STATUS_CLIENT_LEFT, Call, ClientLeft, Receive, read_body


def call(headers: Sequence[Header] = ()) -> Call:
    scope = {"method": "POST", "raw_path": b"/v1/x", "query_string": b"", "headers": list(headers)}
    return Call("c1", scope, lambda: 10.0)


def receiving(*messages: dict[str, Any]) -> Receive:
    waiting = iter(messages)

    async def receive() -> Any:
        return next(waiting)

    return receive


def pieces(*bodies: bytes) -> Receive:
    last = len(bodies) - 1
    return receiving(
        *({"type": "http.request", "body": body, "more_body": at < last} for at, body in enumerate(bodies))
    )


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6))
async def test_a_body_is_read_whole_in_any_split(bodies: list[bytes]) -> None:
    made = call()

    assert await read_body(made, pieces(*bodies), 1000) == b"".join(bodies)
    assert made.bytes_in == len(b"".join(bodies))


async def test_an_announced_body_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(call([(b"content-length", b"11")]), receiving(), 10)


async def test_a_body_that_grows_over_the_limit_is_refused() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(call(), pieces(b"x" * 6, b"x" * 6, b""), 10)


@pytest.mark.parametrize("coding", [b"gzip", b"br", b"zstd", b"identity, gzip"])
async def test_a_compressed_body_is_refused(coding: bytes) -> None:
    with pytest.raises(UnsupportedEncoding):
        await read_body(call([(b"content-encoding", coding)]), receiving(), 10)


async def test_identity_is_no_compression() -> None:
    assert await read_body(call([(b"content-encoding", b" Identity ")]), pieces(b"{}"), 10) == b"{}"


async def test_a_client_that_leaves_amid_its_body_is_noticed() -> None:
    gone = receiving({"type": "http.request", "body": b"x", "more_body": True}, {"type": "http.disconnect"})

    with pytest.raises(ClientLeft):
        await read_body(call(), gone, 10)


def test_the_record_of_a_call_without_an_answer_says_that_the_client_left() -> None:
    record = call().record(at=99.0, ended_at=10.5)

    assert (record.status, record.total_us, record.first_byte_us) == (STATUS_CLIENT_LEFT, 500_000, None)
    assert (record.user_id, record.input_tokens) == (None, None)


def test_the_record_of_a_call_has_its_times_and_counts() -> None:
    made = call()
    made.status, made.first_byte_at = 200, 10.25
    made.counts = TokenCounts(input=1, output=2, cached=0, reasoning=None)
    record = made.record(at=99.0, ended_at=11.0)

    assert (record.at, record.status, record.first_byte_us, record.total_us) == (99.0, 200, 250_000, 1_000_000)
    assert (record.input_tokens, record.output_tokens) == (1, 2)
    assert (record.cached_tokens, record.reasoning_tokens) == (0, None)


def test_the_record_of_a_call_has_the_phases_that_it_came_to() -> None:
    made = call()
    started = made.started_at
    made.checked_at, made.read_at = started + 0.001, started + 0.002
    assert phases(made.record(at=99.0, ended_at=11.0)) == (1_000, 2_000, None, None)

    made.outbound = OutboundRequest(
        origin=Origin("http", "a", 80), allow_private_network=False, method=b"POST", target=b"/", headers=[], body=b"",
        timeouts=Timeouts(),
    )  # fmt: skip
    assert phases(made.record(at=99.0, ended_at=11.0)) == (1_000, 2_000, None, None)

    made.outbound.opened_at, made.outbound.connected_at = started + 0.003, started + 0.004
    assert phases(made.record(at=99.0, ended_at=11.0)) == (1_000, 2_000, 3_000, 4_000)


def phases(record: UsageRecord) -> tuple[int | None, ...]:
    def rounded(value: int | None) -> int | None:
        return None if value is None else round(value, -1)

    return tuple(map(rounded, (record.checked_us, record.read_us, record.chosen_us, record.connected_us)))
