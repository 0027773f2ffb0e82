"""Ids: their form, their order, and that no two are equal."""

from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.clock import Clock
from bodhi.core.ids import ALPHABET, new_id


def test_an_id_has_26_characters_of_crockfords_alphabet() -> None:
    made = new_id()
    assert len(made) == 26
    assert set(made) <= set(ALPHABET)
    assert made[0] in "01234567"


def test_ten_thousand_ids_of_one_moment_are_all_different() -> None:
    still = Clock(now=lambda: 1_800_000_000.0)
    assert len({new_id(still) for _ in range(10_000)}) == 10_000


def test_the_known_time_of_the_specification_is_written_as_there() -> None:
    assert new_id(Clock(now=lambda: 1469918176.385))[:10] == "01ARYZ6S41"


@given(st.integers(0, 2**48 - 2))
def test_a_later_millisecond_sorts_after_an_earlier_one(milliseconds: int) -> None:
    earlier = Clock(now=lambda: (milliseconds + 0.25) / 1000)
    later = Clock(now=lambda: (milliseconds + 1.75) / 1000)
    assert new_id(earlier)[:10] < new_id(later)[:10]


def test_a_clock_before_1970_still_yields_an_id() -> None:
    assert new_id(Clock(now=lambda: -5.0)).startswith("0000000000")
