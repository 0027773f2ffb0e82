"""What is made of a provider's answer, or of none: by what happened, over real sockets where a socket is needed."""

import json
import socket
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bodhi.control.api_models.probe import Outcome, Prober
from bodhi.control.api_models.verdict import (
    FAILED,
    INVALID_KEY,
    MAX_DETAIL,
    MAX_WAIT,
    NETWORK,
    RATE_LIMIT,
    Answer,
    Kind,
    is_success,
    judge,
    seconds_to_wait,
    word,
)
from bodhi.core.api_model import ApiModel, Timeouts
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.errors import (
    ApiModelUnusable,
    InvalidJson,
    Overloaded,
    UpstreamBroke,
    UpstreamMalformed,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from bodhi.formats import openai
from bodhi.formats.registry import FORMATS
from bodhi.relay.egress import Egress, EgressPolicy, Resolver
from bodhi.relay.upstream import UpstreamClient
from tests.relay.raw_server import Peer, serving

NOW = 1_800_000_000.0


def resolving(answer: Callable[[], Sequence[str]]) -> Resolver:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return answer()

    return resolve


async def outcome_of(base_url: str, resolver: Resolver, *, allowed: bool = True) -> Outcome:
    """Test a connection with a resolver of the test's own."""
    api_model = ApiModel(
        id="m", name="m", format="openai", base_url=base_url, prefix="", forward_all=False, models=("m",),
        extra_headers={}, extra_body={}, allow_private_network=allowed, has_key=False, owner_id=None, created_at=NOW,
        updated_at=NOW, timeouts=Timeouts(first_byte=0.2),
    )  # fmt: skip
    upstream = UpstreamClient(Egress(EgressPolicy(private_networks=True), resolver=resolver))
    try:
        return await Prober(upstream, SYSTEM_CLOCK, api_model, openai.FORMAT, None).test("m")
    finally:
        await upstream.close()


def fails(error: Exception) -> Callable[[], Sequence[str]]:
    def fail() -> Sequence[str]:
        raise error

    return fail


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (fails(socket.gaierror(-2, "Name or service not known")), Kind.DNS),
        (fails(UnicodeError("label too long")), Kind.DNS),
        (list, Kind.DNS),
        (fails(TimeoutError()), Kind.TIMEOUT),
        (lambda: ["169.254.169.254"], Kind.PRIVATE_NETWORK),
    ],
    ids=["unknown", "impossible", "empty", "late", "forbidden"],
)
async def test_a_name_that_leads_nowhere_is_told_from_an_address_that_is_not_allowed(
    answer: Callable[[], Sequence[str]], kind: Kind
) -> None:
    outcome = await outcome_of("http://provider.test/v1", resolving(answer))
    assert (outcome.ok, outcome.kind, outcome.status) == (False, kind, None)
    assert outcome.url == "http://provider.test/v1/chat/completions"
    assert outcome.message == (FAILED if kind is Kind.PRIVATE_NETWORK else NETWORK)


async def test_what_stops_a_connection_is_told_apart() -> None:
    async def silent(peer: Peer) -> None:
        await peer.gone()

    async def plain(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    here = resolving(lambda: ["127.0.0.1"])
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = await outcome_of(f"http://provider.test:{unused.getsockname()[1]}", here)
    async with serving(silent) as origin:
        late = await outcome_of(f"http://provider.test:{origin.port}", here)
        private = await outcome_of(f"http://provider.test:{origin.port}", here, allowed=False)
    async with serving(plain) as origin:
        tls = await outcome_of(f"https://provider.test:{origin.port}", here)
    assert [each.kind for each in (refused, late, private, tls)] == [
        Kind.REFUSED_CONNECTION, Kind.TIMEOUT, Kind.PRIVATE_NETWORK, Kind.TLS,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (TimeoutError(), Kind.TIMEOUT),
        (UpstreamTimeout(), Kind.TIMEOUT),
        (UpstreamBroke(), Kind.PROVIDER_FAILED),
        (UpstreamMalformed(), Kind.PROVIDER_FAILED),
        (ApiModelUnusable(), Kind.PRIVATE_NETWORK),
        (InvalidJson(), Kind.OTHER),
        (Overloaded(), Kind.OTHER),
    ],
)
def test_an_answer_that_did_not_come_has_its_kind(error: Any, kind: Kind) -> None:
    assert word(error).kind is kind
    assert word(error).detail


def test_an_unknown_failure_of_the_system_is_unreachable() -> None:
    error = UpstreamUnreachable("Network error: no route to host.")
    error.__cause__ = OSError(113, "No route to host")
    assert word(error) == (NETWORK, "No route to host.", Kind.UNREACHABLE)


@pytest.mark.parametrize("each", FORMATS)
@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (200, FAILED, Kind.NOT_JSON), (307, FAILED, Kind.OTHER), (400, FAILED, Kind.OTHER),
        (401, INVALID_KEY, Kind.REFUSED_KEY), (403, INVALID_KEY, Kind.REFUSED_KEY), (404, FAILED, Kind.NOT_FOUND),
        (405, FAILED, Kind.OTHER), (429, RATE_LIMIT, Kind.RATE_LIMITED), (500, FAILED, Kind.PROVIDER_FAILED),
        (529, FAILED, Kind.PROVIDER_FAILED),
    ],
)  # fmt: skip
def test_a_status_has_its_kind_whatever_the_body(each: Any, status: int, message: str, kind: Kind) -> None:
    for body in (b"", b"<html>", b"\xff", b"[" * 5_000):
        verdict = judge(each.dialect, Answer(status, "text/html", body))
        assert (verdict.message, verdict.kind) == (message, kind)
        assert 0 < len(verdict.detail) <= MAX_DETAIL


def test_a_wrong_key_that_only_the_text_tells_is_one() -> None:
    body = json.dumps({"error": {"message": "API key not valid.\n\u202e Pass one."}}).encode()
    assert judge(openai.DIALECT, Answer(400, "", body)) == (
        INVALID_KEY, "API key not valid. Pass one.", Kind.REFUSED_KEY,
    )  # fmt: skip


def test_only_json_is_a_success() -> None:
    assert is_success(Answer(200, "", b"{}"))
    assert not is_success(Answer(200, "", b"<html>"))
    assert not is_success(Answer(200, "", b"[" * 100_000))
    assert not is_success(Answer(400, "", b"{}"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30),
        (" 0 ", 0),
        ("999999999", MAX_WAIT),
        ("1.5", None),
        ("-1", None),
        ("", None),
        ("Fri, 15 Jan 2027 08:00:10 GMT", 10),
        ("Fri, 15 Jan 2020 08:00:10 GMT", 0),
    ],
)
def test_the_time_to_wait_is_read_as_seconds_or_as_a_date(text: str, seconds: int | None) -> None:
    assert seconds_to_wait(text, NOW) == seconds


@given(st.text())
@example("Mon, 01 Jan 0001 00:00:00 GMT")
@example("Fri, 31 Dec 9999 23:59:59 -2359")
@example("Fri, 15 Jan 2027 08:00:10 +99999999")
def test_no_time_to_wait_breaks_the_reading(text: str) -> None:
    seconds = seconds_to_wait(text, NOW)
    assert seconds is None or 0 <= seconds <= MAX_WAIT
