"""The search for leaks: its arithmetic and its verdict. Nothing runs here."""

from collections import Counter
from random import Random

import pytest

from bench.calls import Address
from bench.leak import FILLING, LIMIT, MB, OUTAGES, ROUNDS, WARM_UP, Found, Sample, _fields, _pattern, show, slope
from bench.leak_calls import KINDS, NEW_MODEL, NEW_PATH, PIPELINED, Crew
from bench.leak_upstream import BEHAVIOURS


def sample(requests: int, rss: float, queued: int = 0) -> Sample:
    return Sample(requests, int(rss * MB), 0, descriptors=10, threads=3, queued=queued)


def rising(megabytes: float) -> list[Sample]:
    """Return the samples of a whole run whose memory grows so much with 100,000 requests."""
    return [sample(number * 10_000, 100 + megabytes * number / 10) for number in range(1, ROUNDS + 1)]


def found(megabytes: float = 0.0, **more: object) -> Found:
    values: dict[str, object] = {"samples": rising(megabytes), "records": 100, "written": 100, "seconds": 1.0, **more}
    return Found(**values)  # type: ignore[arg-type] # of the few fields that each test names


def crew(unexpected: Counter[str] | None = None) -> Crew:
    return Crew(
        Address("bodhi", 1, token="token"),
        ["token"],
        1_000,
        Counter({"JSON, 1 KB": 300_000}),
        unexpected=unexpected or Counter(),
    )


@pytest.mark.parametrize("megabytes", [-1.0, 0.0, 0.25, 12.0])
def test_the_slope_is_what_memory_grows_by_with_100_000_requests(megabytes: float) -> None:
    assert slope(rising(megabytes)) == pytest.approx(megabytes, abs=1e-4)


def test_noise_around_a_level_is_no_slope() -> None:
    noisy = [sample(number * 10_000, 100 + (0.5 if number % 2 else -0.5)) for number in range(1, 22)]

    assert abs(slope(noisy)) < LIMIT


@pytest.mark.parametrize(
    "samples", [[], [sample(1, 1)], [sample(5, 1), sample(5, 2)]], ids=["none", "one", "no spread"]
)
def test_without_a_spread_there_is_no_slope(samples: list[Sample]) -> None:
    assert slope(samples) == 0


def test_what_memory_did_in_the_warm_up_does_not_count() -> None:
    warm_up = [sample(number * 10_000, 10 * number) for number in range(1, WARM_UP)]
    run = Found(samples=[*warm_up, *rising(0.0)[WARM_UP - 1 :]])

    assert len(run.measured) == ROUNDS - WARM_UP + 1
    assert slope(run.measured) == 0


def test_there_are_three_outages_and_one_of_them_is_warm_up() -> None:
    assert len(OUTAGES) == 3
    assert [number < WARM_UP for number in OUTAGES] == [True, False, False]
    assert min(OUTAGES) > FILLING


@pytest.mark.parametrize(
    ("run", "kept"),
    [
        (found(LIMIT - 0.01), True),
        (found(LIMIT + 0.01), False),
        (found(written=90, dropped={"queue_full": 10}), True),
        (found(written=99), False),
        (found(written=101), False),
    ],
    ids=["just below", "just above", "dropped and told", "lost", "one too many"],
)
def test_memory_stays_and_every_record_is_accounted_for(
    run: Found, kept: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(run, crew(), LIMIT) is kept
    assert "unaccounted for" in capsys.readouterr().out


def test_an_unexpected_answer_fails_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert not show(found(), crew(Counter({"JSON, 1 KB: 500": 2})), LIMIT)
    assert "2  unexpectedly JSON, 1 KB: 500" in capsys.readouterr().out


@pytest.mark.parametrize("filling", [False, True])
def test_a_round_asks_as_much_as_it_should_and_the_same_in_every_run(filling: bool) -> None:
    pattern = _pattern(Random(1), 10_000, filling=filling)

    assert 10_000 <= sum(kind.requests for kind in pattern) < 10_000 + PIPELINED
    assert pattern == _pattern(Random(1), 10_000, filling=filling)


def test_a_filling_round_brings_mostly_new_names() -> None:
    pattern = _pattern(Random(1), 10_000, filling=True)

    assert sum(kind in (NEW_MODEL, NEW_PATH) for kind in pattern) > len(pattern) / 2


def test_the_shares_make_up_a_thousand_turns_and_names_come_once() -> None:
    assert len({kind.name for kind in KINDS}) == len(KINDS)
    assert all(kind.share > 0 for kind in KINDS)
    assert sum(kind.share for kind in KINDS) == 1_000


def test_every_kind_that_pipelines_leaves_a_record_for_each_request() -> None:
    assert [kind.records for kind in KINDS if kind.requests > 1] == [PIPELINED]


def test_all_that_a_bad_provider_does_is_asked_for() -> None:
    provoked = sum(kind.name.startswith("provider ") for kind in KINDS)

    assert provoked == len(BEHAVIOURS) + 1, "one more for the provider that is not there"


def test_numbers_are_read_from_lines_with_and_without_a_unit(tmp_path_factory: pytest.TempPathFactory) -> None:
    file = tmp_path_factory.mktemp("proc") / "status"
    file.write_text("Name:\tbodhi\nRss:    1234 kB\nThreads:\t7\nEmpty:\n")

    assert _fields(file) == {"Rss": 1234, "Threads": 7}
