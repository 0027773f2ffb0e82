"""Calls through the gateway that tests of the pages make: one of a kind, or as many as are wanted, with known sums."""

import http.client
import json
import random
import time
from dataclasses import dataclass
from typing import Any

from bodhi.core.api_model import ApiModel
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.ids import new_id
from bodhi.core.usage import UsageRecord
from bodhi.identity.sign_in import BEARER
from bodhi.storage.usage import insert_usage
from tests.browser.watching import WatchedGateway
from tests.fakes.raw_client import RawAnswer, ask
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import ANTHROPIC, OPENAI, Way

PRICED_AT = {"openai": "https://api.openai.com/v1", "anthropic": "https://api.anthropic.com"}
GPT_4O = 7 * 2_500 + 4 * 1_250 + 13 * 10_000
"""Billionths of a dollar for what the fake provider says: 11 tokens in, 4 of them cached, 13 out."""
CLAUDE = 11 * 3_000 + 4 * 300 + 13 * 15_000


@dataclass(frozen=True)
class Kind:
    """A kind of call, and what is known of each without looking at any record."""

    way: Way
    model: str
    times: int
    tokens: tuple[int, int] = (0, 0)
    cost: int = 0
    failed: bool = False


KINDS = (
    Kind(OPENAI, "gpt-4o", 12, (11, 13), GPT_4O),
    Kind(ANTHROPIC, "claude-sonnet-4-5", 9, (15, 13), CLAUDE),
    Kind(OPENAI, "429", 5, failed=True),
    Kind(OPENAI, "500", 3, failed=True),
    Kind(OPENAI, "nobody-has-this", 1, failed=True),
)
MADE = sum(kind.times for kind in KINDS)


def priced_at(api_model: ApiModel) -> str:
    """Say whose price list holds: that of the format's own vendor."""
    return PRICED_AT[api_model.format]


def call(gateway: WatchedGateway, way: Way, model: str, token: str, *, stream: bool = False, **more: Any) -> RawAnswer:
    """Make one call."""
    body = way.body(model, stream=stream, **more)
    return ask(gateway.port, b"POST", way.target(model, stream=stream), way.headers(token), body)


def call_all(gateway: WatchedGateway, tokens: list[str]) -> None:
    """Make every call of the kinds, with the tokens in turn by kind, and wait until all are recorded."""
    for place, kind in enumerate(KINDS):
        for _ in range(kind.times):
            call(gateway, kind.way, kind.model, tokens[place % len(tokens)])
    eventually_in_thread(lambda: len(gateway.records()) >= MADE)


def control(gateway: WatchedGateway, method: str, path: str, body: Any = None) -> Any:
    """Call the control API as the Admin, who has just signed in."""
    session = gateway.open_session(carried_by=BEARER)
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        content = None if body is None else json.dumps(body)
        headers = {"authorization": f"Bearer {session}", "content-type": "application/json"}
        connection.request(method, f"/bodhi/v1{path}", content, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status < 400, text
        return json.loads(text) if text else None
    finally:
        connection.close()


def keep_two_days(gateway: WatchedGateway, count: int = 1_500) -> None:
    """Store calls of two days as they might have been, busiest at noon, with an hour in which a provider struggled."""
    openai, anthropic = PRICED_AT["openai"], PRICED_AT["anthropic"]
    served: list[tuple[ApiModel, str, str]] = [
        (gateway.add_api_model("openai", openai, name="OpenAI", prefix="oai/"), "gpt-4o", "oai/gpt-4o"),
        (gateway.add_api_model("anthropic", anthropic, name="Anthropic"), "claude-sonnet-4-5", "claude-sonnet-4-5"),
        (gateway.add_api_model("openai", openai, name="OpenRouter", prefix="or/"), "qwen3-coder", "or/qwen3-coder"),
    ]
    tokens = [control(gateway, "POST", "/tokens", {"name": name})["id"] for name in ("ci-bot", "laptop", "docs-search")]
    now, chance = time.time(), random.Random(5)
    records = []
    for _ in range(count):
        back = chance.choice((0, 1)) + chance.triangular(0, 1, 0.55)
        struggling = 0.3 < back % 1 < 0.36
        model, sent, asked = chance.choices(served, (5, 4, 2))[0]
        status = chance.choice((429, 429, 400, 503)) if chance.random() < (0.15 if struggling else 0.03) else 200
        first = int(chance.lognormvariate(13.2, 0.5) * (4 if struggling else 1))
        tokens_in, tokens_out = chance.randint(200, 9_000), chance.randint(20, 1_300)
        total = first + tokens_out * 8_000
        records.append(
            UsageRecord(
                id=new_id(SYSTEM_CLOCK),
                at=now - back * 86_400,
                user_id=gateway.admin.id,
                token_id=chance.choice(tokens),
                api_model_id=model.id,
                model_asked=asked,
                model_sent=sent,
                endpoint="anthropic.messages" if model.format == "anthropic" else "openai.chat_completions",
                status=status,
                error=None if status == 200 else f"upstream_{status}",
                stream=True,
                first_byte_us=first if status == 200 else None,
                total_us=total if status == 200 else 200_000,
                bytes_in=tokens_in * 4,
                bytes_out=tokens_out * 40,
                input_tokens=tokens_in if status == 200 else None,
                output_tokens=tokens_out if status == 200 else None,
                cached_tokens=None,
                reasoning_tokens=None,
                cost_nano=tokens_in * 2_500 + tokens_out * 10_000 if status == 200 else None,
            )
        )

    async def store() -> None:
        async with gateway.server.home.store.usage_write() as connection:
            for begin in range(0, count, 500):
                await insert_usage(connection, records[begin : begin + 500])

    gateway.do(store())
