import pytest

from bench.sign_ins import Round, keeps_promise, p99_ratio, sign_in_table
from bench.windows import Latency


def latency(p99: int) -> Latency:
    return Latency(count=100, p50=p99 // 2, p90=p99, p99=p99, max=p99)


def round_of(alone: int, beside: int) -> Round:
    return Round((latency(alone), latency(40)), (latency(beside), latency(60)), 50, {503: 7}, 50)


def test_the_ratio_is_the_median_of_the_rounds() -> None:
    measured = [round_of(100, 110), round_of(100, 900), round_of(100, 120)]
    assert p99_ratio(measured, 0) == pytest.approx(1.2)
    assert p99_ratio(measured, 1) == pytest.approx(1.5)


@pytest.mark.parametrize(("beside", "kept"), [(199, True), (200, False)])
def test_the_promise_is_less_than_twice_the_p99_alone(beside: int, kept: bool) -> None:
    assert keeps_promise([round_of(100, beside)]) is kept


def test_the_table_says_how_long_streams_and_events_took_and_how_many_got_in() -> None:
    table = sign_in_table([round_of(100_000, 150_000)])
    assert "| whole stream, 100 events | 50.00 ms | 100.00 ms | 75.00 ms | 150.00 ms | 1.50 |" in table
    assert "| delay of an event | 0.02 ms | 0.04 ms | 0.03 ms | 0.06 ms | 1.50 |" in table
    assert "50; refused for now: {503: 7}" in table
