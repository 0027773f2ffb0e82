"""Usage adds up: every call leaves one record, and counts, tokens and costs are exact, whatever became of the calls."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest
from msgspec.structs import replace
from sqlalchemy import text

from bodhi.accounting.prices import Prices
from bodhi.accounting.recorder import FULL, MAX_QUEUED, REFUSED, STOPPED, Recorder
from bodhi.core.api_model import ApiModel
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.errors import StoreUnavailable
from bodhi.core.ids import new_id
from bodhi.core.usage import UsageRecord
from bodhi.identity.sign_in import BEARER
from bodhi.storage.engine import Store
from bodhi.storage.usage_filter import EVERYTHING
from bodhi.storage.usage_sums import GroupBy, sum_usage
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawClient
from tests.fakes.stores import fresh_store
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import ANTHROPIC, OPENAI, Way

ROUNDS = 115
PRICED_AT = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
OPENAI_TOKENS, CLAUDE_TOKENS = (11, 13, 4), (15, 13, 4)
GPT_4O = 7 * 2_500 + 4 * 1_250 + 13 * 10_000
CLAUDE = 11 * 3_000 + 4 * 300 + 13 * 15_000
NOTHING = (0, 0, 0)


@dataclass(frozen=True)
class Kind:
    """A kind of call, and what is known of each without looking at any record."""

    way: Way
    model: str
    status: int
    tokens: tuple[int, int, int] = NOTHING
    """Input, output and, of the input, cached."""
    cost: int | None = None
    failed: bool = False
    stream: bool = False
    counted: bool = False
    """Whether a stream is asked for its usage."""
    known: bool = True
    """Whether the token shown is one."""
    leaves: bool = False


KINDS = (
    Kind(OPENAI, "gpt-4o", 200, OPENAI_TOKENS, GPT_4O),
    Kind(OPENAI, "gpt-4o", 200, OPENAI_TOKENS, GPT_4O, stream=True, counted=True),
    Kind(OPENAI, "gpt-4o", 200, stream=True),
    Kind(OPENAI, "ok", 200, OPENAI_TOKENS),
    Kind(OPENAI, "local/gpt-4o", 200, OPENAI_TOKENS),
    Kind(ANTHROPIC, "claude-sonnet-4-5", 200, CLAUDE_TOKENS, CLAUDE),
    Kind(ANTHROPIC, "claude-sonnet-4-5", 200, CLAUDE_TOKENS, CLAUDE, stream=True),
    Kind(OPENAI, "429", 429, failed=True),
    Kind(OPENAI, "500", 500, failed=True),
    Kind(OPENAI, "dies-after-3", 200, failed=True, stream=True),
    Kind(OPENAI, "dies-before-head", 502, failed=True),
    Kind(OPENAI, "nobody-has-this", 404, failed=True),
    Kind(OPENAI, "gpt-4o", 401, failed=True, known=False),
)
LEAVES = Kind(OPENAI, "hang-mid", 200, failed=True, stream=True, leaves=True)


@pytest.fixture
def gateway(provider: UpstreamThread, tmp_path: Path, has_lane: bool) -> Iterator[Gateway]:
    def priced_at(api_model: ApiModel) -> str:
        return api_model.base_url if api_model.prefix == "local/" else PRICED_AT[api_model.format]

    with Gateway(tmp_path, priced_at=priced_at, lane=has_lane) as gateway:
        models = tuple({kind.model for kind in (*KINDS, LEAVES)} - {"nobody-has-this", "local/gpt-4o"})
        for name in PRICED_AT:
            gateway.add_api_model(name, provider.base_url(name), key="k", models=models)
        gateway.add_api_model("openai", provider.base_url("openai"), key="k", models=("gpt-4o",), prefix="local/")
        yield gateway


def make(gateway: Gateway, kind: Kind) -> None:
    """Make one call of a kind, and see that the client gets what the kind says."""
    way, more = kind.way, {"stream_options": {"include_usage": True}} if kind.counted else {}
    token = gateway.token if kind.known else "bodhi_t_unknown"
    with RawClient(gateway.port) as client:
        body = way.body(kind.model, stream=kind.stream, **more)
        client.send(b"POST", way.target(kind.model, stream=kind.stream), way.headers(token), body)
        answer = client.head() if kind.leaves else client.answer()
    assert answer.status == kind.status, kind


def summary(gateway: Gateway, group_by: str = "model") -> Any:
    session = gateway.open_session(carried_by=BEARER)
    answer = httpx2.get(
        f"{gateway.url}/bodhi/v1/usage/summary?group_by={group_by}", headers={"authorization": f"Bearer {session}"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_every_call_through_the_gateway_is_recorded_once_and_sums_are_exact(gateway: Gateway) -> None:
    made = [kind for _ in range(ROUNDS) for kind in KINDS] + [LEAVES] * 30
    Random(3).shuffle(made)
    for kind in made:
        make(gateway, kind)
    eventually_in_thread(lambda: len(gateway.records()) >= len(made))

    found = summary(gateway, "status")
    total = found["total"]
    assert (total["count"], found["dropped"], found["queued"]) == (len(made), {}, 0)
    assert total["errors"] == sum(kind.failed for kind in made)
    assert total["unpriced"] == sum(kind.cost is None for kind in made)
    tokens = [sum(kind.tokens[part] for kind in made) for part in range(3)]
    assert [total["input_tokens"], total["output_tokens"], total["cached_tokens"]] == tokens
    assert total["cost_nano"] == sum(kind.cost or 0 for kind in made)
    statuses = Counter(str(kind.status) for kind in made)
    assert {group["key"]: group["count"] for group in found["data"]} == statuses
    by_day = summary(gateway, "day")
    assert sum(group["cost_nano"] or 0 for group in by_day["data"]) == total["cost_nano"]


def a_record(random: Random) -> UsageRecord:
    status = random.choice([200, 200, 200, 401, 429, 499, 502])
    counted = status == 200 and random.random() < 0.9
    return UsageRecord(
        new_id(), SYSTEM_CLOCK.now(), "u", None, "m", "gpt-4o", random.choice(["gpt-4o", "odd"]),
        "openai.chat_completions", status, None if status == 200 else "failed", random.random() < 0.5, 1, 2, 3, 4,
        (input_tokens := random.randrange(1_000_000)) if counted else None,
        random.randrange(10_000) if counted else None,
        random.randrange(input_tokens + 1) if counted else None,
        None,
    )  # fmt: skip


def cost_of(record: UsageRecord) -> int | None:
    if record.input_tokens is None or record.output_tokens is None or record.model_sent != "gpt-4o":
        return None
    cached = record.cached_tokens or 0
    return (record.input_tokens - cached) * 2_500 + cached * 1_250 + record.output_tokens * 10_000


async def test_a_hundred_thousand_records_of_every_kind_add_up(tmp_path: Path) -> None:
    random = Random(11)
    made = [a_record(random) for _ in range(100_000)]
    expected = [cost_of(record) for record in made]
    async with fresh_store(tmp_path) as store:
        recorder = Recorder(store, SYSTEM_CLOCK, price=Prices(lambda _: PRICED_AT["openai"]).price)
        for start in range(0, len(made), MAX_QUEUED):
            for record in made[start : start + MAX_QUEUED]:
                recorder.record(record)
            await recorder.flush()
        async with store.usage_read() as connection:
            total = (await sum_usage(connection, EVERYTHING, GroupBy.STATUS)).total
    assert (recorder.written, +recorder.dropped) == (len(made), Counter())
    assert (total.count, total.errors) == (len(made), sum(record.error is not None for record in made))
    assert total.input_tokens == sum(record.input_tokens or 0 for record in made)
    assert total.output_tokens == sum(record.output_tokens or 0 for record in made)
    assert total.cached_tokens == sum(record.cached_tokens or 0 for record in made)
    assert total.cost_nano == sum(cost or 0 for cost in expected)
    assert total.priced == sum(cost is not None for cost in expected)


async def rename(store: Store, before: str, after: str) -> None:
    async with store.usage_write() as connection:
        await connection.execute(text(f"ALTER TABLE {before} RENAME TO {after}"))


async def test_what_is_written_and_what_is_dropped_make_up_what_was_made(tmp_path: Path) -> None:
    random = Random(5)
    async with fresh_store(tmp_path) as store:
        recorder = Recorder(store, SYSTEM_CLOCK)
        await rename(store, "usage_records", "away")
        for _ in range(MAX_QUEUED + 1_234):
            recorder.record(a_record(random))
        with pytest.raises(StoreUnavailable):
            await recorder.flush()
        assert (recorder.queued, recorder.written, +recorder.dropped) == (MAX_QUEUED, 0, {FULL: 1_234})

        await rename(store, "away", "usage_records")
        broken: Any = None
        await recorder.flush()
        for record in [a_record(random) for _ in range(700)]:
            recorder.record(record)
        recorder.record(replace(a_record(random), endpoint=broken))
        await recorder.flush()
        assert (recorder.queued, recorder.written) == (0, MAX_QUEUED + 700)

        await rename(store, "usage_records", "away")
        for _ in range(50):
            recorder.record(a_record(random))
        await recorder.drain(0.1)
        await rename(store, "away", "usage_records")
        async with store.usage_read() as connection:
            stored = (await sum_usage(connection, EVERYTHING, GroupBy.STATUS)).total.count
    assert +recorder.dropped == {FULL: 1_234, REFUSED: 1, STOPPED: 50}
    assert stored == recorder.written == MAX_QUEUED + 700
    assert recorder.written + recorder.dropped.total() == MAX_QUEUED + 1_234 + 700 + 1 + 50
