"""Costs as people read them."""

from bodhi.core.usage import cost_usd


def test_a_cost_is_written_exactly_and_unknown_is_not_zero() -> None:
    assert [cost_usd(n) for n in (0, 1, 1_500_000_000, 2**63)] == [
        "0.000000000", "0.000000001", "1.500000000", "9223372036.854775808",
    ]  # fmt: skip
    assert cost_usd(None) is None
