from pathlib import Path

import msgspec

from bench.behaviour import Cancellation, SlowReaders
from bench.results import Results, load_results
from tests.bench.made_up import results, window


def test_failed_calls_are_a_fault() -> None:
    assert results(window("json-1k", "bodhi", errors=3)).faults() == [
        "bodhi failed 3 calls of json-1k and left 0 unasked."
    ]


def test_peer_that_fails_is_no_fault_of_the_run() -> None:
    assert results(window("json-1k", "litellm", errors=3, answers=0), peers=("litellm",)).faults() == []


def test_stream_without_an_end_answers_by_its_events() -> None:
    assert results(window("sse-5ms-x50", "bodhi", answers=0, events=9)).faults() == []
    assert len(results(window("sse-5ms-x50", "bodhi", answers=0)).faults()) == 1


def test_broken_promises_are_faults() -> None:
    found = results()
    found.cancellations = [Cancellation("bodhi", clients=20, aborted=19, seconds=1.0)]
    found.slow_readers = [SlowReaders("bodhi", clients=4, growth_bytes=90_000_000, sent_bytes=0)]

    assert found.faults() == [
        "bodhi aborted 19 of 20 upstream calls whose client left.",
        "bodhi grew by 90 MB for 4 clients that do not read.",
    ]


def test_limit_and_gateway_come_before_the_peers() -> None:
    assert results(peers=("portkey", "litellm")).proxies == ["nginx", "bodhi", "litellm", "portkey"]


def test_results_survive_being_written_and_read(tmp_path: Path) -> None:
    found = results(window("json-1k", "bodhi", cpu=0.05), peers=("portkey",))

    assert load_results(found.save(tmp_path / "results.json")) == found


def test_results_of_an_earlier_bench_can_still_be_read() -> None:
    written = msgspec.json.decode(msgspec.json.encode(results()))
    for name in ("peers", "failures", "left_out"):
        del written[name]

    assert msgspec.convert(written, Results) == results()
