"""Calls through the gateway that tests of the pages make: one of a kind, or as many as are wanted, with known sums."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from bodhi.core.api_model import ApiModel
from bodhi.identity.sign_in import BEARER
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
