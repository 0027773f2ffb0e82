import time

import pytest

from bodhi.core.clock import SYSTEM_CLOCK, Clock, iso_time


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.1239, "2023-11-14T22:13:20.123Z"),
        (4_102_444_800, "2100-01-01T00:00:00.000Z"),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds(seconds: float, text: str) -> None:
    assert iso_time(seconds) == text


def test_the_system_clock_reads_both_times_of_the_system() -> None:
    assert (SYSTEM_CLOCK.now, SYSTEM_CLOCK.monotonic) == (time.time, time.monotonic)


def test_a_clock_can_be_held_still() -> None:
    clock = Clock(now=lambda: 5.0, monotonic=lambda: 7.0)

    assert (clock.now(), clock.monotonic()) == (5.0, 7.0)
