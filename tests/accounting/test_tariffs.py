"""What one model charges: held against the calculation of the package that the prices come from."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from genai_prices import Usage
from genai_prices.data import providers
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    StartDateConstraint,
    Tier,
    TieredPrices,
)
from msgspec.structs import replace

from bodhi.accounting.tariffs import LARGEST, read_tariff
from bodhi.core.usage import UsageRecord

MODELS = [(provider, model) for provider in providers for model in provider.models]
CALL = UsageRecord(
    "c", 1_790_000_000.0, "u", "t", "a", "m", "m", "openai.chat_completions", 200, None, False, 1, 2, 3, 4,
    input_tokens=0, output_tokens=0, cached_tokens=None, reasoning_tokens=None,
)  # fmt: skip
COUNTS = [
    {"input_tokens": 1, "output_tokens": 1},
    {"input_tokens": 1213, "output_tokens": 87, "cached_tokens": 1024, "reasoning_tokens": 64},
    {"input_tokens": 200_000, "output_tokens": 7},
    {"input_tokens": 200_001, "output_tokens": 7, "cached_tokens": 150_001, "cache_write_tokens": 40_001},
    {"input_tokens": 999_999, "output_tokens": 123_457, "cached_tokens": 0, "reasoning_tokens": 123_457},
]


def expected(provider: Provider, model: ModelInfo, record: UsageRecord) -> int:
    usage = Usage(
        input_tokens=record.input_tokens,
        output_tokens=record.output_tokens,
        cache_read_tokens=record.cached_tokens,
        cache_write_tokens=record.cache_write_tokens,
        output_reasoning_tokens=record.reasoning_tokens,
    )
    at = datetime.fromtimestamp(record.at, UTC)
    total = model.calc_price(usage, provider, genai_request_timestamp=at).total_price
    return int((total * 10**9).quantize(Decimal(1), ROUND_HALF_EVEN))


def rates(**prices: Any) -> ModelPrice:
    return ModelPrice(**{name: Decimal(value) if isinstance(value, str) else value for name, value in prices.items()})


def cost(prices: Any, **counts: Any) -> int | None:
    tariff = read_tariff(prices)
    assert tariff is not None
    return tariff.cost_nano(replace(CALL, **counts))


def test_every_price_of_the_table_is_read_exactly() -> None:
    assert len(MODELS) > 1_000
    assert [model.id for _, model in MODELS if model.prices and read_tariff(model.prices) is None] == []


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("at", [1_600_000_000.0, 1_790_000_000.0, 1_790_040_000.5])
def test_every_known_model_costs_what_its_table_says(counts: dict[str, Any], at: float) -> None:
    compared = 0
    for provider, model in MODELS:
        record = replace(CALL, at=at, **counts)
        tariff = read_tariff(model.prices)
        cost = None if tariff is None else tariff.cost_nano(record)
        if cost is not None:
            assert cost == expected(provider, model, record), model.id
            compared += 1
    assert compared > 0.8 * len(MODELS)


def test_what_has_no_price_of_its_own_is_charged_like_the_rest() -> None:
    plain = rates(input_mtok="2", output_mtok="8")
    assert cost(plain, input_tokens=10, output_tokens=5, cached_tokens=9, reasoning_tokens=4) == 10 * 2_000 + 5 * 8_000


def test_cached_written_and_reasoning_tokens_are_parts_of_the_whole() -> None:
    priced = rates(
        input_mtok="3", output_mtok="15", cache_read_mtok="0.3", cache_write_mtok="3.75", output_reasoning_mtok="20"
    )
    counts = {"input_tokens": 100, "cached_tokens": 50, "cache_write_tokens": 30}
    given = 20 * 3_000 + 50 * 300 + 30 * 3_750
    assert cost(priced, **counts, output_tokens=9, reasoning_tokens=4) == given + 5 * 15_000 + 4 * 20_000


def test_a_step_holds_for_all_tokens_of_a_call_beyond_it() -> None:
    stepped = TieredPrices(Decimal(1), [Tier(200, Decimal(2)), Tier(400, Decimal(4))])
    prices = rates(input_mtok=stepped, output_mtok="0")
    assert [cost(prices, input_tokens=n) for n in (200, 201, 401)] == [200_000, 402_000, 1_604_000]


def test_halves_are_rounded_to_the_even_neighbour() -> None:
    prices = rates(input_mtok="0.0005", output_mtok="0")
    assert [cost(prices, input_tokens=n) for n in (1, 2, 3, 5)] == [0, 1, 2, 2]


def test_a_free_model_costs_nothing_and_that_is_known() -> None:
    assert cost(rates(input_mtok="0", output_mtok="0"), input_tokens=10, output_tokens=10) == 0


def test_a_model_without_a_price_for_output_charges_input_alone() -> None:
    embedding = rates(input_mtok="0.02")
    assert cost(embedding, input_tokens=1_000, output_tokens=None) == 20_000
    assert cost(embedding, input_tokens=1_000, output_tokens=1) is None


@pytest.mark.parametrize(
    "counts",
    [
        {"input_tokens": None, "output_tokens": 5},
        {"input_tokens": 5, "output_tokens": None},
        {"input_tokens": 5, "cached_tokens": 6},
        {"output_tokens": 5, "reasoning_tokens": 6},
        {"input_tokens": LARGEST},
    ],
)
def test_missing_and_impossible_counts_leave_the_cost_unknown(counts: dict[str, int | None]) -> None:
    prices = rates(input_mtok="1", output_mtok="1", cache_read_mtok="0.1", output_reasoning_mtok="1")
    assert cost(prices, **counts) is None


def test_the_price_is_that_of_the_call_s_time() -> None:
    prices = [
        ConditionalPrice(prices=rates(input_mtok="10", output_mtok="10")),
        ConditionalPrice(StartDateConstraint(date(2026, 1, 1)), prices=rates(input_mtok="1", output_mtok="1")),
    ]
    before, after = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    assert [cost(prices, at=at.timestamp(), input_tokens=1) for at in (before, after)] == [10_000, 1_000]


def test_a_price_too_fine_to_be_counted_is_not_known() -> None:
    assert read_tariff(rates(input_mtok="0.000000000000000000001")) is None
    assert read_tariff([]) is None
