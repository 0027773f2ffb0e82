"""A client that leaves takes its provider call with it, at every stage; a provider that breaks off is never a clean end."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bodhi.core.api_model import Timeouts
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, RawClient, ask, write_request
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually, eventually_in_thread
from tests.fakes.ways import OAUTH, RESPONSES, WAYS, Way, way_id

STAGES = {"before the head": "hang", "before the first token": "hang-at-first", "in the middle": "hang-mid"}
EACH = 14
"""Clients for each stage and format: 3 x 5 x 14 = 210, all at once."""
WITHIN = 1.0
BREAKS = ("dies-after-3", "dies-in-body", "dies-before-head", "bad-chunk", "hang-mid", "resets", "half-close", "hang")
SHORT = Timeouts(connect=1.0, first_byte=0.2, idle=0.2, total=5.0, write_stall=1.0)


@dataclass
class Bench:
    """A gateway and the provider behind it, each in a thread."""

    gateway: Gateway
    provider: UpstreamThread

    def target(self, way: Way, model: str, *, stream: bool = True) -> tuple[str, bytes]:
        named = f"oauth/{model}" if way is OAUTH else model
        return named, way.target(named, stream=stream)

    def ask(self, way: Way, model: str, *, stream: bool) -> RawAnswer:
        named, target = self.target(way, model, stream=stream)
        body = way.body(named, stream=stream)
        return ask(self.gateway.port, b"POST", target, way.headers(self.gateway.token), body)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Bench]:
    with UpstreamThread() as provider, Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        models = ("ok", *STAGES.values())
        for way in WAYS:
            prefix = "oauth/" if way is OAUTH else ""
            gateway.add_api_model(
                way.format, provider.base_url(way.format), key=way.provider_key, models=models, prefix=prefix
            )
        yield Bench(gateway, provider)


@pytest.fixture(scope="module")
def breaking(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Bench]:
    with UpstreamThread() as provider, Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        for way in WAYS:
            gateway.add_api_model(
                way.format,
                provider.base_url(way.format),
                key=way.provider_key,
                prefix="oauth/" if way is OAUTH else "",
                models=(*BREAKS, "ok"),
                timeouts=SHORT,
            )
        yield Bench(gateway, provider)


async def _leave(bench: Bench, way: Way, model: str, arrived: asyncio.Event, go: asyncio.Event) -> float:
    """Call, get as far as the stage, wait for all others, close; return when that was."""
    reader, writer = await asyncio.open_connection("127.0.0.1", bench.gateway.port)
    named, target = bench.target(way, model)
    headers = way.headers(bench.gateway.token)
    writer.write(write_request(bench.gateway.port, b"POST", target, headers, way.body(named, stream=True)))
    if model == "hang-mid":
        await reader.readuntil(b"\r\n\r\n")
        await reader.readuntil(b"\n")
    arrived.set()
    await go.wait()
    left = time.monotonic()
    writer.transport.abort() if way is RESPONSES else writer.close()
    return left


@pytest.mark.parametrize(("stage", "model"), STAGES.items(), ids=STAGES)
async def test_every_client_that_leaves_closes_its_provider_call_within_a_second(
    bench: Bench, stage: str, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = [way for way in WAYS for _ in range(EACH)]
    bench.provider.upstream.forget()
    before = len(await asyncio.to_thread(bench.gateway.records))
    go = asyncio.Event()
    arrived = [asyncio.Event() for _ in calls]
    async with asyncio.TaskGroup() as group:
        leaving = [group.create_task(_leave(bench, way, model, at, go)) for way, at in zip(calls, arrived, strict=True)]
        for at in arrived:
            await at.wait()
        exchanges = bench.provider.upstream.exchanges
        await eventually(lambda: len(exchanges) == len(calls), 20)
        await eventually(lambda: model == "hang" or all(exchange.status for exchange in exchanges))
        assert not any(exchange.closed.is_set() for exchange in exchanges)
        go.set()
    first_left = min(task.result() for task in leaving)
    await eventually(lambda: all(exchange.closed_at for exchange in exchanges), 10)

    took = [(exchange.closed_at or 0.0) - first_left for exchange in exchanges]
    within = sum(seconds < WITHIN for seconds in took)
    with capsys.disabled():
        print(  # noqa: T201 # the figure is what the test is for
            f"\nleft {stage}: {within} of {len(took)} provider calls closed, the slowest {max(took) * 1000:.0f} ms"
        )
    assert within == len(calls)
    assert all(exchange.aborted for exchange in exchanges)
    await eventually(lambda: bench.gateway.server.upstream.in_use == 0)
    records = await asyncio.to_thread(bench.gateway.records)
    assert [record.error for record in records[before:]] == ["client_left"] * len(calls)
    served = await asyncio.to_thread(lambda: [bench.ask(way, "ok", stream=True).complete for way in WAYS * 2])
    assert served == [True] * 10


@pytest.mark.parametrize("way", WAYS, ids=way_id)
def test_a_client_that_leaves_in_the_middle_of_its_own_body_reaches_no_provider(bench: Bench, way: Way) -> None:
    named, target = bench.target(way, "ok")
    before, received = len(bench.gateway.records()), len(bench.provider.received)
    whole = write_request(bench.gateway.port, b"POST", target, way.headers(bench.gateway.token), way.body(named))
    with RawClient(bench.gateway.port) as client:
        client.socket.sendall(whole[:-5])

    eventually_in_thread(lambda: len(bench.gateway.records()) == before + 1)
    record = bench.gateway.records()[-1]
    assert (record.status, record.error) == (499, "client_left")
    assert len(bench.provider.received) == received


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("model", BREAKS)
@pytest.mark.parametrize("way", WAYS, ids=way_id)
def test_a_provider_that_breaks_off_is_never_shown_as_a_clean_end(
    breaking: Bench, way: Way, model: str, stream: bool
) -> None:
    answer = breaking.ask(way, model, stream=stream)

    if answer.status == 200:
        sent = breaking.provider.last_exchange.sent_body
        assert not answer.complete
        assert answer.body.startswith(sent)
        told = answer.body[len(sent) :]
        assert (b"error" in told) is (stream and told != b"")
        if stream and model != "dies-in-body":
            assert b"error" in told
    else:
        assert model in ("dies-before-head", "hang") or not stream
        assert answer.complete
        assert answer.status == (504 if model.startswith("hang") else 502)
        assert answer.header(b"x-bodhi-error") in (b"upstream_timeout", b"upstream_broke_off", b"upstream_malformed")
        assert way.message_of(answer.body)
    eventually_in_thread(lambda: breaking.gateway.server.upstream.in_use == 0)
    assert breaking.gateway.records()[-1].error == (
        "upstream_timeout"
        if model.startswith("hang")
        else "upstream_malformed"
        if model == "bad-chunk"
        else "upstream_broke_off"
    )
    assert breaking.ask(way, "ok", stream=stream).complete
