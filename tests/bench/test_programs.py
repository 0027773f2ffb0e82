"""The bench's C programs compile without a warning and understand each other; counts alone, for time says nothing here."""

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.behaviour import BEGIN_SECONDS
from bench.calls import Address, begun_streams, call
from bench.programs import Programs, build_programs
from bench.scenarios import Scenario
from bench.topology import Cores
from bench.upstream import Upstream, running_upstream
from bench.windows import Gauge, Window


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    return build_programs(tmp_path_factory.mktemp("build"))


@pytest.fixture
def mock(programs: Programs) -> Iterator[Upstream]:
    with running_upstream(programs.mock, Cores.available().others) as upstream:
        yield upstream


def direct(mock: Upstream) -> Address:
    return Address("direct", mock.port, token="not-checked")


def measured(programs: Programs, mock: Upstream, folder: Path, scenario: Scenario) -> Window:
    gauge = Gauge(programs.load, Cores.available(), folder, seconds=0.3, warmup=0.05)
    return gauge.measure(scenario, direct(mock), None)


def test_programs_are_compiled_again_only_when_a_source_is_newer(tmp_path: Path) -> None:
    first = build_programs(tmp_path)
    compiled_at = first.mock.stat().st_mtime_ns

    assert build_programs(tmp_path).mock.stat().st_mtime_ns == compiled_at


@pytest.mark.parametrize(("model", "size"), [("json-1k", 1024), ("json-10k", 10240)])
def test_mock_answers_with_the_size_that_the_model_names(mock: Upstream, model: str, size: int) -> None:
    status, body = call(direct(mock), model)

    assert (status, len(body)) == (200, size)
    assert b'"usage"' in body


def test_mock_answers_an_unknown_model_with_404(mock: Upstream) -> None:
    assert call(direct(mock), "nobody")[0] == 404


def test_path_tells_the_answer_where_the_model_comes_last(mock: Upstream) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", mock.port, timeout=10)
    connection.request("POST", "/json-10k/v1/chat/completions", b'{"messages":[],"model' + b" " * 300 + b'":"x"}')
    answer = connection.getresponse()

    assert (answer.status, len(answer.read())) == (200, 10240)
    connection.close()


def test_closed_loop_counts_every_answer(programs: Programs, mock: Upstream, tmp_path: Path) -> None:
    load = measured(programs, mock, tmp_path, Scenario("json-1k", "json-1k", connections=4)).load

    assert load.answers > 0
    assert load.errors == load.reconnects == 0
    assert mock.counters().requests >= load.answers
    assert load.latency.p50 <= load.latency.p99 <= load.latency.max


def test_open_loop_asks_as_often_as_the_rate_says(programs: Programs, mock: Upstream, tmp_path: Path) -> None:
    load = measured(programs, mock, tmp_path, Scenario("rate", "json-1k", connections=4, rate=100)).load

    assert load.errors == load.unasked == 0
    assert mock.counters().requests in range(25, 37)


def test_large_bodies_arrive_whole(programs: Programs, mock: Upstream, tmp_path: Path) -> None:
    scenario = Scenario("body-200k", "json-1k", body_bytes=200 * 1024, connections=2)
    window = measured(programs, mock, tmp_path, scenario)
    counters = mock.counters()

    assert window.load.answers > 0
    assert counters.body_bytes >= counters.requests * 190 * 1024


def test_events_of_streams_are_counted_by_their_time_stamps(programs: Programs, mock: Upstream, tmp_path: Path) -> None:
    load = measured(programs, mock, tmp_path, Scenario("sse-0ms", "sse-0ms", connections=2, streams=True)).load

    assert load.events > 0
    assert load.errors == 0
    assert load.event_delay.count == load.events


def test_streams_of_clients_that_leave_count_as_aborted(mock: Upstream) -> None:
    with begun_streams(direct(mock), "sse-endless", 3):
        assert mock.wait_for(lambda now: now.streams_open == 3, BEGIN_SECONDS) is not None

    assert mock.wait_for(lambda now: now.streams_aborted == 3, BEGIN_SECONDS) is not None


def test_prefixed_models_are_counted(mock: Upstream) -> None:
    call(direct(mock), "json-1k")

    assert mock.counters().prefixed == 1
