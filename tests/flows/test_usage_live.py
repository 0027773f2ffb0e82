"""Where the time of real calls went, why their answers ended, and how they are told while they happen."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from bodhi.core.usage import UsageRecord
from bodhi.identity.sign_in import BEARER
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, RawClient, ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import OAUTH, OPENAI, WAYS, Way, way_id

MODELS = ("ok", "429", "dies-before-head", "dies-after-3", "hang", "redirect")
PHASES = ("checked_us", "read_us", "chosen_us", "connected_us", "first_byte_us")
FINISH = {
    "openai": "stop", "openai_responses": "completed", "anthropic": "end_turn", "anthropic_oauth": "end_turn",
    "gemini": "STOP",
}  # fmt: skip


@dataclass
class Live:
    """A gateway and the provider behind it."""

    gateway: Gateway

    def ask(self, way: Way, model: str, *, stream: bool = False) -> RawAnswer:
        named = f"oauth/{model}" if way is OAUTH else model
        target, body = way.target(named, stream=stream), way.body(named, stream=stream)
        return ask(self.gateway.port, b"POST", target, way.headers(self.gateway.token), body)

    def last(self) -> UsageRecord:
        return self.gateway.records()[-1]


@pytest.fixture(scope="module")
def live(provider: UpstreamThread, tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Live]:
    with Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        for way in WAYS:
            prefix = "oauth/" if way is OAUTH else ""
            gateway.add_api_model(
                way.format, provider.base_url(way.format), key=way.provider_key, models=MODELS, prefix=prefix
            )
        gateway.add_api_model("openai", "http://127.0.0.1:9/v1", models=("nowhere",))
        yield Live(gateway)


def reached(record: UsageRecord) -> list[str]:
    """Return the phases that a call came to, which must be in order and within the whole."""
    times = [(name, getattr(record, name)) for name in PHASES]
    there = [time for _, time in times if time is not None]
    assert [0, *there, record.total_us] == sorted([0, *there, record.total_us]), times
    names = [name for name, time in times if time is not None]
    assert names == list(PHASES[: len(names)]), times
    return names


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("way", WAYS, ids=way_id)
def test_the_phases_of_a_call_are_in_order_and_within_its_time(live: Live, way: Way, stream: bool) -> None:
    for _ in range(2):
        assert live.ask(way, "ok", stream=stream).complete
        assert reached(live.last()) == list(PHASES)
        assert live.last().finish == FINISH[way.format]


@pytest.mark.parametrize(
    ("model", "phases"), [("429", 5), ("dies-before-head", 4), ("dies-after-3", 5), ("redirect", 4), ("nowhere", 3)]
)
def test_the_phases_of_a_call_that_fails_end_where_it_failed(live: Live, model: str, phases: int) -> None:
    live.ask(OPENAI, model, stream=True)
    record = live.last()
    assert (record.error is not None, record.finish) == (True, None)
    assert reached(record) == list(PHASES[:phases])


def test_the_phases_of_a_refused_call_end_where_it_was_refused(live: Live) -> None:
    live.ask(OPENAI, "unknown-model")
    assert reached(live.last()) == list(PHASES[:2])
    ask(live.gateway.port, b"POST", OPENAI.target("ok"), [(b"authorization", b"Bearer sk-x")], OPENAI.body("ok"))
    assert reached(live.last()) == []
    ask(live.gateway.port, b"GET", b"/v1/models", OPENAI.headers(live.gateway.token))
    assert reached(live.last()) == ["checked_us"]


def test_a_client_that_leaves_takes_nothing_from_the_phases_so_far(live: Live, provider: UpstreamThread) -> None:
    # By the last one and not by their number: the provider keeps no more than its last calls.
    before, asked = len(live.gateway.records()), provider.received[-1:]
    with RawClient(live.gateway.port) as client:
        client.send(b"POST", OPENAI.target("hang"), OPENAI.headers(live.gateway.token), OPENAI.body("hang"))
        eventually_in_thread(lambda: [id(each) for each in provider.received[-1:]] != [id(each) for each in asked])
    eventually_in_thread(lambda: len(live.gateway.records()) > before)
    assert live.last().error == "client_left"
    assert reached(live.last()) == list(PHASES[:4])


def test_calls_are_told_live_and_the_stream_ends_with_the_server(
    provider: UpstreamThread, tmp_path_factory: pytest.TempPathFactory, has_lane: bool
) -> None:
    with Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        gateway.add_api_model("openai", provider.base_url("openai"), models=("ok",))
        session = gateway.open_session(carried_by=BEARER)
        with RawClient(gateway.port) as client:
            client.send(b"GET", b"/bodhi/v1/usage/tail", [(b"authorization", f"Bearer {session}".encode())])
            assert client.head().status == 200
            client.read_until(b": still here\n\n")
            ask(gateway.port, b"POST", OPENAI.target("ok"), OPENAI.headers(gateway.token), OPENAI.body("ok"))
            told = told_in(client.read_until(b"}\n\n"))
            shown = ("id", "user_name", "token_name", "api_model_name", "format", "finish", "status")
            (record,) = gateway.records()
            assert [told[name] for name in shown] == [record.id, "admin", "test", "openai", "openai", "stop", 200]
            gateway.server.stop()
            client.read_until(b"event: end\ndata: {}\n\n")
            client.read_until(b"0\r\n\r\n")


def told_in(stream: bytes) -> dict[str, Any]:
    """Return what the last `call` event of a stream holds."""
    found: dict[str, Any] = json.loads(stream.rpartition(b"event: call\ndata: ")[2].partition(b"\n\n")[0])
    return found
