"""Prices: which calls have one, without a network, without a call that waits."""

import subprocess
import sys

import pytest
from msgspec.structs import replace

from bodhi.accounting.prices import MAX_TARIFFS, Prices
from bodhi.core.usage import UsageRecord

CALL = UsageRecord(
    "c", 1_790_000_000.0, "u", "t", "api-model", "o/gpt-4o", "gpt-4o", "openai.chat_completions", 200, None, False, 1,
    2, 3, 4, input_tokens=1_000, output_tokens=100, cached_tokens=None, reasoning_tokens=None,
)  # fmt: skip
GPT_4O = 1_000 * 2_500 + 100 * 10_000


async def cost_at(base_url: str | None, record: UsageRecord) -> int | None:
    await Prices(lambda _: base_url).price([record])
    return record.cost_nano


@pytest.mark.parametrize(
    ("base_url", "model", "expected"),
    [
        ("https://api.openai.com/v1", "gpt-4o", GPT_4O),
        ("https://api.openai.com", "GPT-4o-2024-08-06", GPT_4O),
        ("https://api.anthropic.com", "claude-sonnet-4-5", 1_000 * 3_000 + 100 * 15_000),
        ("https://generativelanguage.googleapis.com/v1beta", "gemini-2.5-flash", 1_000 * 300 + 100 * 2_500),
        ("https://generativelanguage.googleapis.com/v1beta", "models/gemini-2.5-flash", 1_000 * 300 + 100 * 2_500),
    ],
)
async def test_a_call_is_priced_by_the_provider_s_address_and_the_model_sent(
    base_url: str, model: str, expected: int
) -> None:
    assert await cost_at(base_url, replace(CALL, model_sent=model)) == expected


@pytest.mark.parametrize(
    "base_url",
    [
        "http://127.0.0.1:1234/v1",
        "http://10.0.0.7/v1",
        "http://localhost/v1",
        "http://api.openai.com/v1",
        "https://llm.example.org/v1",
        None,
    ],
)
async def test_a_model_elsewhere_has_no_known_price(base_url: str | None) -> None:
    assert await cost_at(base_url, replace(CALL)) is None


@pytest.mark.parametrize(
    "changes",
    [{"model_sent": "no-such-model"}, {"model_sent": None}, {"api_model_id": None}, {"input_tokens": None}],
)
async def test_what_is_not_known_is_not_zero(changes: dict[str, str | int | None]) -> None:
    assert await cost_at("https://api.openai.com/v1", replace(CALL, **changes)) is None


async def test_no_more_models_are_remembered_than_the_bound_and_the_batch_is_priced_all_the_same() -> None:
    prices = Prices(lambda _: "https://api.openai.com/v1")
    for start in range(0, MAX_TARIFFS + 600, 400):
        batch = [replace(CALL, model_sent=f"odd-{start + n}") for n in range(400)]
        await prices.price([*batch, known := replace(CALL)])
        assert known.cost_nano == GPT_4O
    assert prices.remembered == MAX_TARIFFS


async def test_a_fault_in_pricing_is_logged_and_leaves_the_cost_unknown(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: str) -> str:
        raise ValueError("broken")

    await Prices(broken).price([record := replace(CALL)])
    assert record.cost_nano is None
    assert "could not be priced" in caplog.text


def test_loading_the_table_opens_no_socket_and_starts_no_thread() -> None:
    program = (
        "import sys, threading\n"
        "def look(event, args):\n"
        "    if event.startswith('socket.'): raise SystemExit(event)\n"
        "sys.addaudithook(look)\n"
        "import genai_prices.data\n"
        "assert threading.active_count() == 1\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")


def test_neither_the_start_nor_a_model_of_one_s_own_loads_the_table() -> None:
    program = (
        "import asyncio, sys, bodhi.cli.main\n"
        "from tests.accounting.test_prices import CALL, Prices\n"
        "asyncio.run(Prices(lambda _: 'http://10.0.0.7/v1').price([CALL]))\n"
        "raise SystemExit('genai_prices' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, timeout=50).returncode == 0
