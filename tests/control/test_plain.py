import json
from typing import Any

import httpx2
import pytest

from bodhi.control.plain import PROBES, answer_error, answer_probe
from bodhi.core.errors import InternalError
from tests.fakes.control import Control


class Sent:
    """What an application sent."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def __call__(self, message: Any) -> None:
        self.messages.append(message)

    @property
    def answer(self) -> tuple[int, dict[str, str], Any]:
        start, body = self.messages
        headers = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], headers, json.loads(body["body"])


def fixed(response: httpx2.Response) -> tuple[int, dict[str, str], Any]:
    """Return what does not differ from answer to answer: uvicorn adds its name and the time."""
    headers = {name: value for name, value in response.headers.items() if name not in ("date", "server")}
    return response.status_code, headers, response.json()


@pytest.mark.parametrize("path", sorted(PROBES))
@pytest.mark.parametrize("state", ["ok", "degraded", "not_ready"])
async def test_a_probe_is_answered_as_the_whole_control_api_would(control: Control, path: str, state: str) -> None:
    if state == "degraded":
        control.services.directory.stale_since = 1.0
    if state == "not_ready":
        control.services.directory._snapshot = None
    sent = Sent()
    await answer_probe(control.services, path, sent)

    assert sent.answer == fixed(await control.client.get(control.url + path))


async def test_an_error_is_in_the_control_api_s_own_body(control: Control) -> None:
    sent = Sent()
    await answer_error(InternalError(), sent)
    status, headers, body = sent.answer

    assert (status, headers["x-bodhi-error"], body["error"]["code"]) == (500, "internal_error", "internal_error")
    assert (headers["cache-control"], headers["content-type"]) == ("no-store", "application/json")
