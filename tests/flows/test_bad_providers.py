"""Providers that are not there, not themselves, or not ours to reach: each call ends in time, in the caller's dialect."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from bodhi.core.api_model import Timeouts
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import BY_DIALECT, Way, way_id

SHORT = Timeouts(connect=0.5, first_byte=0.3, idle=0.3, total=3.0, write_stall=1.0)
BROKEN = {
    "hang": (504, "upstream_timeout"),
    "redirect": (502, "upstream_redirect"),
    "dies-before-head": (502, "upstream_broke_off"),
    "resets-before-head": (502, "upstream_broke_off"),
    "garbage": (502, "upstream_malformed"),
    "bad-length": (502, "upstream_malformed"),
    "two-lengths": (502, "upstream_malformed"),
    "header-bomb": (502, "upstream_malformed"),
    "1xx-storm": (502, "upstream_malformed"),
}


@dataclass
class Bench:
    """A gateway whose providers are all bad."""

    gateway: Gateway
    provider: UpstreamThread

    def call(self, way: Way, model: str) -> RawAnswer:
        headers = way.headers(self.gateway.token)
        return ask(self.gateway.port, b"POST", way.target(model), headers, way.body(model))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Bench]:
    with UpstreamThread() as provider, Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            closed = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        for way in BY_DIALECT:
            base, key = provider.base_url(way.format), way.provider_key
            models = (*BROKEN, "html-error", "html-ok", "empty", "bad-json", "401", "429", "ok")
            gateway.add_api_model(way.format, base, key=key, models=models, timeouts=SHORT)
            gateway.add_api_model(way.format, closed, key=key, models=("refuses",), timeouts=SHORT)
            gateway.add_api_model(way.format, "http://provider.invalid/v1", models=("nowhere",), timeouts=SHORT)
            gateway.add_api_model(way.format, base, models=("private",), allow_private_network=False)
            gateway.add_api_model(way.format, "http://169.254.169.254/v1", models=("metadata",))
        yield Bench(gateway, provider)


@pytest.fixture(params=BY_DIALECT, ids=way_id)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


def told(bench: Bench, way: Way, answer: RawAnswer, status: int, code: str) -> str:
    """Check an error of the gateway's own and return its message."""
    assert (answer.status, answer.header(b"x-bodhi-error")) == (status, code.encode()), answer.body
    assert answer.complete
    assert bench.gateway.records()[-1].error == code
    return way.message_of(answer.body)


@pytest.mark.parametrize("script", BROKEN)
def test_a_provider_that_does_not_speak_http_rightly_is_told_in_the_callers_dialect(
    bench: Bench, way: Way, script: str
) -> None:
    status, code = BROKEN[script]

    answer = bench.call(way, script)

    assert "provider" in told(bench, way, answer, status, code)
    assert answer.header(b"location") is None
    assert bench.call(way, "ok").status == 200


def test_a_provider_that_refuses_or_does_not_exist_is_a_network_error(bench: Bench, way: Way) -> None:
    refusing = bench.call(way, "refuses")
    assert "connection refused by 127.0.0.1:" in told(bench, way, refusing, 502, "upstream_unreachable")

    unresolved = bench.call(way, "nowhere")
    assert "could not resolve the host provider.invalid" in told(bench, way, unresolved, 502, "upstream_unreachable")


def test_an_address_that_is_not_allowed_is_the_configurations_fault(bench: Bench, way: Way) -> None:
    private = told(bench, way, bench.call(way, "private"), 400, "api_model_unusable")
    metadata = told(bench, way, bench.call(way, "metadata"), 400, "api_model_unusable")

    assert "Allow private networks" in private
    assert "does not connect to 169.254.169.254" in metadata


@pytest.mark.parametrize("script", ["html-error", "html-ok", "empty", "bad-json", "401", "429"])
def test_what_a_provider_answers_however_odd_passes_as_it_is(bench: Bench, way: Way, script: str) -> None:
    answer = bench.call(way, script)

    exchange = bench.provider.last_exchange
    assert answer.status == exchange.status
    assert answer.body == exchange.sent_body
    assert answer.header(b"x-bodhi-error") is None
    assert answer.header(b"x-content-type-options") == b"nosniff"
    assert bench.gateway.records()[-1].error == (f"upstream_{exchange.status}" if exchange.status >= 400 else None)
