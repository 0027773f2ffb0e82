"""Callbacks or a task: whichever answers a call, nobody can tell by bytes, status, headers or records."""

import itertools
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from bodhi.core.usage import UsageRecord
from tests.fakes.gateway import Gateway
from tests.fakes.hostile_json import bodies_around
from tests.fakes.puppet import Puppet, RawRequest, Reply, write_reply
from tests.fakes.raw_client import RawAnswer, RawClient, write_request
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import BY_DIALECT, GEMINI, OPENAI, RESPONSES, WAYS, Way

OFTEN = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
OWN = (b"x-bodhi-request-id", b"x-request-id", b"request-id")
"""Headers that tell the call's own id."""
DIFFERS = {"id", "at", "token_id", "user_id", "api_model_id"} | {
    field.name for field in fields(UsageRecord) if field.name.endswith("_us")
}
JSON = (b"content-type", b"application/json")
EVENTS = (b"content-type", b"text/event-stream")


@dataclass
class Side:
    """A gateway, its provider, and one kept connection to it."""

    gateway: Gateway
    puppet: Puppet
    client: RawClient
    last: dict[str, Any] | None = None

    def exchange(self, pieces: list[bytes], reply: Reply) -> dict[str, Any]:
        """Send a request in pieces, and return all that can be seen of what became of it."""
        self.puppet.reply = reply
        before, sent = len(self.gateway.records()), len(self.puppet.requests)
        seen: dict[str, Any] = {}
        try:
            for piece in pieces:
                self.client.socket.sendall(piece)
            answer = self.client.answer()
            seen["reached"] = answer.header(b"x-bodhi-request-id") is not None
            seen["answer"] = shown(answer)
            if b"close" in (seen["answer"]["connection"] or b""):
                self.renew()
        except (ConnectionError, BrokenPipeError) as error:
            seen["ended"] = type(error).__name__
        if not seen.get("answer", {}).get("complete"):
            self.renew()
        eventually_in_thread(lambda: len(self.gateway.records()) > before or not seen.get("reached"))
        seen["records"] = [told(record) for record in self.gateway.records()[before:]]
        seen["sent"] = [
            (each.head.replace(b"%d" % self.puppet.port, b"PORT"), each.body) for each in self.puppet.requests[sent:]
        ]
        return seen

    def renew(self) -> None:
        """Connect anew."""
        self.client.close()
        self.client = RawClient(self.gateway.port)


def shown(answer: RawAnswer) -> dict[str, Any]:
    """What a client sees of an answer, but for the call's id."""
    headers = [(name, value) for name, value in answer.headers if name not in OWN]
    body = re.sub(rb"[0-9a-f]{26}", b"ID", answer.body)
    return {
        "status": answer.status,
        "headers": headers,
        "body": body,
        "complete": answer.complete,
        "connection": answer.header(b"connection"),
    }


def told(record: UsageRecord) -> dict[str, Any]:
    """What a record tells, but for times and ids; which of the times are there counts."""
    values = {field.name: getattr(record, field.name) for field in fields(UsageRecord) if field.name not in DIFFERS}
    return values | {name: getattr(record, name) is None for name in DIFFERS}


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Side, Side]]:
    with ExitStack() as stack:
        made = []
        for has_lane in (True, False):
            puppet = stack.enter_context(Puppet())
            gateway = stack.enter_context(Gateway(tmp_path_factory.mktemp("home"), lane=has_lane))
            for way in BY_DIALECT:
                base = f"{puppet.url}/{way.format}/v1{'beta' if way is GEMINI else ''}"
                gateway.add_api_model(
                    way.format, base, key=way.provider_key, prefix=f"{way.format}/", forward_all=True,
                    extra_headers={"x-team": "docs"},
                )  # fmt: skip
            gateway.add_api_model(
                "openai", f"{puppet.url}/v1", key="k-1", models=("plus",), prefix="more/", extra_body={"top": {"k": 1}}
            )
            side = Side(gateway, puppet, stack.enter_context(RawClient(gateway.port)))
            made.append(side)
        yield made[0], made[1]
        for side in made:
            side.client.close()


def both(sides: tuple[Side, Side], way: Way, target: bytes, body: bytes, reply: Reply, **how: Any) -> dict[str, Any]:
    """Do the same on both sides and hold the two against each other."""
    seen = []
    for side in sides:
        headers = [*way.headers(how.get("token", side.gateway.token)), *how.get("headers", ())]
        whole = write_request(0, b"POST", target, [(b"Host", b"127.0.0.1"), *headers], body)
        at = sorted({0, len(whole), *(place % len(whole) for place in how.get("cuts", ()))})
        pieces = [whole[a:b] for a, b in itertools.pairwise(at)]
        seen.append(side.exchange(pieces, reply))
    assert seen[0] == seen[1]
    return seen[0]


def wait_for_record(side: Side, before: int) -> None:
    eventually_in_thread(lambda: len(side.gateway.records()) > before)
    eventually_in_thread(lambda: side.gateway.server.upstream.in_use == 0)


def said(way: Way, model: str) -> tuple[bytes, bytes]:
    return way.target(model), way.body(model)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Draw what a provider may do, right or wrong."""
    status = draw(st.sampled_from([200, 200, 200, 201, 204, 302, 304, 400, 401, 429, 500, 529]))
    pieces = draw(st.lists(st.binary(max_size=40) | st.just(b'data: {"usage":{"prompt_tokens":3}}\n\n'), max_size=4))
    headers = [draw(st.sampled_from([JSON, EVENTS, (b"content-type", b"audio/mpeg")]))]
    headers += draw(st.lists(st.sampled_from([(b"X-Request-Id", b"r1"), (b"set-cookie", b"a=b"), (b"x-odd", b"\xe9")])))
    framing = draw(st.sampled_from(["length", "chunked", "close"]))
    if status in (204, 304):
        pieces = []
    reply = write_reply(status, headers, pieces, framing)
    writes = list(reply.writes)
    if draw(st.booleans()):
        writes = [b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n", *writes]
    fault = draw(st.sampled_from(["", "", "", "cut", "garbage", "shut"]))
    whole = b"".join(writes)
    if fault == "cut":
        return Reply((whole[: draw(st.integers(0, len(whole)))],), close=True)
    if fault == "garbage":
        return Reply((b"SSH-2.0-nothing\r\n\r\n",), close=True)
    if fault == "shut":
        return Reply((), close=True)
    if draw(st.booleans()):
        writes = [whole]
    return Reply(tuple(writes), reply.close)


@OFTEN
@given(
    reply=replies(),
    again=st.integers(1, 2),
    way=st.sampled_from(BY_DIALECT),
    cuts=st.lists(st.integers(0, 5000), max_size=3),
)
def test_a_provider_is_passed_on_alike(
    sides: tuple[Side, Side], reply: Reply, again: int, way: Way, cuts: list[int]
) -> None:
    target, body = said(way, f"{way.format}/mini")
    for _ in range(again):
        both(sides, way, target, body, reply, cuts=cuts)
        both(sides, way, target, body, write_reply(200, [JSON], [b"{}"]))


@OFTEN
@given(around=bodies_around(), model=st.sampled_from(["openai/mini", "more/plus", "nobody/has", "", "openai/é"]))
def test_a_hostile_body_is_sent_on_alike(sides: tuple[Side, Side], around: tuple[bytes, bytes], model: str) -> None:
    body = (b'"%s"' % model.encode()).join(around)
    both(sides, OPENAI, b"/v1/chat/completions", body, write_reply(200, [JSON], [b"{}"]))


@OFTEN
@given(
    headers=st.lists(
        st.sampled_from(
            [
                (b"x-one", b"1"), (b"x-one", b"2"), (b"Connection", b"x-one"), (b"Connection", b"close"), (b"TE", b"trailers"),
                (b"Expect", b"100-continue"), (b"Upgrade", b"h2c"), (b"Content-Encoding", b"identity"),
                (b"Content-Encoding", b"gzip"), (b"x-api-key", b"other"), (b"Cookie", b"a=b"), (b"X-Team", b"mine"),
                (b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked"), (b"Bad Name", b"x"), (b"Forwarded", b"for=a"),
            ]
        ),
        max_size=3,
    ),
    target=st.sampled_from([b"/v1/chat/completions", b"/v1/embeddings?a=1", b"/v1/nothing", b"/v1/../x", b"/v1/chat/completions?key=k"]),
)  # fmt: skip
def test_headers_and_targets_are_taken_or_refused_alike(
    sides: tuple[Side, Side], headers: list[tuple[bytes, bytes]], target: bytes
) -> None:
    body = OPENAI.body("openai/mini")
    for _ in range(2):
        both(sides, OPENAI, target, body, write_reply(200, [JSON], [b"{}"]), headers=headers)


def test_unknown_tokens_are_refused_alike_on_a_connection_that_was_served(sides: tuple[Side, Side]) -> None:
    target, body = said(OPENAI, "openai/mini")
    for token in (sides[0].gateway.token + "x", "sk-no", ""):
        both(sides, OPENAI, target, body, write_reply(200, [JSON], [b"{}"]))
        assert (
            both(sides, OPENAI, target, body, write_reply(200, [JSON], [b"{}"]), token=token)["answer"]["status"] == 401
        )


def test_the_common_call_is_answered_by_callbacks(sides: tuple[Side, Side]) -> None:
    lane = sides[0].gateway.server.lane
    assert lane is not None
    assert sides[1].gateway.server.lane is None
    for way in [way for way in WAYS if way in BY_DIALECT and way is not RESPONSES]:
        target, body = said(way, f"{way.format}/mini")
        both(sides, way, target, body, write_reply(200, [JSON], [b"{}"]))
        before = lane.answered
        for _ in range(3):
            both(sides, way, target, body, write_reply(200, [EVENTS], [b"data: a\n\n", b"data: b\n\n"], "chunked"))
        assert lane.answered == before + 3


@pytest.mark.parametrize("size", [0, 1, 70_000, 300_000])
def test_bodies_of_any_size_in_any_pieces_are_sent_alike(sides: tuple[Side, Side], size: int) -> None:
    body = OPENAI.body("openai/mini", padding="x" * size)
    for cuts in ([], [10], [600], [size // 2 + 700]):
        both(sides, OPENAI, b"/v1/chat/completions", body, write_reply(200, [JSON], [b"{}"]), cuts=cuts)


def test_a_remembered_head_is_good_for_every_length_and_for_no_other_byte(sides: tuple[Side, Side]) -> None:
    reply = write_reply(200, [JSON], [b"{}"])
    for size in (0, 7, 80, 800, 8_000):
        both(sides, OPENAI, b"/v1/chat/completions", OPENAI.body("openai/mini", padding="x" * size), reply)
    side = sides[0]
    head = write_request(
        0, b"POST", b"/v1/chat/completions", [(b"Host", b"127.0.0.1"), *OPENAI.headers(side.gateway.token)], None
    )
    body = OPENAI.body("openai/mini")
    for length in (b"+%d", b"0%d", b"%d ,1", b" %d", b"%dx", b"-%d"):
        for each in sides:
            each.renew()
        for each in sides:
            own = head.replace(side.gateway.token.encode(), each.gateway.token.encode())[:-2]
            good = own + b"Content-Length: %d\r\n\r\n" % len(body) + body
            odd = own + b"Content-Length: " + length % len(body) + b"\r\n\r\n" + body
            assert each.exchange([good], reply)["answer"]["status"] == 200
            each.last = each.exchange([odd], reply)
        assert sides[0].last == sides[1].last


def test_requests_that_come_in_one_piece_are_answered_in_their_order(sides: tuple[Side, Side]) -> None:
    def echo(request: RawRequest) -> Reply:
        return write_reply(200, [JSON], [request.body])

    for side in sides:
        side.puppet.replier = echo
        bodies = [OPENAI.body("openai/mini", padding=str(number)) for number in range(6)]
        headers = [(b"Host", b"127.0.0.1"), *OPENAI.headers(side.gateway.token)]
        asked = [write_request(0, b"POST", b"/v1/chat/completions", headers, body) for body in bodies]
        for together in (asked[:1], asked[1:4], asked[4:]):
            side.client.socket.sendall(b"".join(together))
            for one in together:
                got = side.client.answer()
                assert (got.status, got.body) == (200, one.partition(b"\r\n\r\n")[2].replace(b"openai/mini", b"mini"))
        side.puppet.replier = None


def test_a_pooled_connection_that_had_ended_costs_one_more_try_and_not_two(sides: tuple[Side, Side]) -> None:
    target, body = said(OPENAI, "openai/mini")
    for side in sides:
        side.renew()
    both(sides, OPENAI, target, body, write_reply(200, [JSON], [b"{}"]))
    seen = both(sides, OPENAI, target, body, Reply((), close=True))
    assert (seen["answer"]["status"], len(seen["sent"])) == (502, 2)


def test_a_client_that_leaves_ends_the_call_at_the_provider_and_leaves_a_record(sides: tuple[Side, Side]) -> None:
    target, body = said(OPENAI, "openai/mini")
    kept = []
    for side in sides:
        both(sides, OPENAI, target, body, write_reply(200, [JSON], [b"{}"]))
        before = len(side.gateway.records())
        side.puppet.reply = Reply(
            (
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n",
            )
        )
        side.client.send(b"POST", target, OPENAI.headers(side.gateway.token), body)
        side.client.read_until(b"data: a")
        side.renew()
        wait_for_record(side, before)
        kept.append(told(side.gateway.records()[-1]))
    assert kept[0] == kept[1]
    assert kept[0]["error"] == "client_left"
