"""The bench of usage: what it expects comes from what its clients did."""

from collections import Counter

import pytest

from bench.usage import COST_NANO, INPUT, KINDS, OUTPUT, Made, differences, show

TOTAL = {"count": 0, "input_tokens": 0, "output_tokens": 0, "cost_nano": None, "unpriced": 0}


def made() -> Made:
    return Made(kinds=Counter(dict(KINDS)))


def test_the_shares_make_up_a_hundred_and_the_expected_sums_follow_from_them() -> None:
    assert made().expected() == {
        "count": 100,
        "input_tokens": 70 * INPUT,
        "output_tokens": 70 * OUTPUT,
        "cost_nano": 50 * COST_NANO,
        "unpriced": 50,
    }


def test_only_equal_sums_without_losses_are_well(capsys: pytest.CaptureFixture[str]) -> None:
    right = {**made().expected(), "dropped": {}}
    assert show(made(), {"total": TOTAL}, {"total": right, "dropped": {}})
    assert not show(made(), {"total": TOTAL}, {"total": right, "dropped": {"queue_full": 1}})
    assert not show(made(), {"total": TOTAL}, {"total": {**right, "count": 99}, "dropped": {}})
    assert "NOT EQUAL" in capsys.readouterr().out
    assert differences(made(), TOTAL, right)[0] == ("count", 100, 100)
