import asyncio
import logging
import threading
from typing import Any

import pytest

from bodhi.control.loading import Asgi, ControlOnDemand
from bodhi.control.services import Services
from tests.control.test_plain import Sent
from tests.fakes.control import Control
from tests.fakes.waiting import eventually

ASKED = {"type": "http", "method": "GET", "path": "/bodhi/v1/version"}


class Loader:
    """Loads an application that answers with one message, once it may."""

    def __init__(self, *, error: Exception | None = None) -> None:
        self.may = threading.Event()
        self.loads: list[str] = []
        self._error = error

    def __call__(self, _services: Services) -> Asgi:
        self.loads.append(threading.current_thread().name)
        assert self.may.wait(20)
        if self._error is not None:
            raise self._error
        return self._answer

    async def _answer(self, scope: Any, _receive: Any, send: Any) -> None:
        await send(scope["path"])


async def ask(api: ControlOnDemand, sent: Sent, path: str = "/bodhi/v1/version") -> None:
    await api({**ASKED, "path": path}, None, sent)


async def test_callers_at_once_wait_for_one_load_which_is_not_on_the_loop(control: Control) -> None:
    loader, sent = Loader(), Sent()
    api = ControlOnDemand(control.services, loader)
    async with asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(ask(api, sent))
        await eventually(lambda: bool(loader.loads))
        loader.may.set()
    await ask(api, sent)

    assert sent.messages == [ASKED["path"]] * 6
    assert len(loader.loads) == 1
    assert loader.loads != [threading.current_thread().name]


async def test_a_caller_that_goes_away_does_not_end_the_load(control: Control) -> None:
    loader, sent = Loader(), Sent()
    api = ControlOnDemand(control.services, loader)
    async with asyncio.TaskGroup() as group:
        gone = group.create_task(ask(api, Sent()))
        await eventually(lambda: bool(loader.loads))
        gone.cancel()
        group.create_task(ask(api, sent))
        loader.may.set()

    assert sent.messages == [ASKED["path"]]
    assert len(loader.loads) == 1


async def test_probes_are_answered_without_a_load(control: Control) -> None:
    loader = Loader()
    api = ControlOnDemand(control.services, loader)
    for path in ("/livez", "/readyz"):
        sent = Sent()
        await ask(api, sent, path)
        assert sent.answer[::2] == (200, {"status": "ok"})

    assert loader.loads == []


async def test_an_api_that_cannot_be_loaded_opens_no_path_and_the_log_says_why(
    control: Control, caplog: pytest.LogCaptureFixture
) -> None:
    loader = Loader(error=RuntimeError("GET /bodhi/v1/x has no row in control/access.py"))
    loader.may.set()
    api = ControlOnDemand(control.services, loader)
    with caplog.at_level(logging.CRITICAL, "bodhi.control"):
        for path in ("/bodhi/v1/version", "/bodhi/v1/users", "/bodhi/v1/health"):
            sent = Sent()
            await ask(api, sent, path)
            assert sent.answer[0] == 500

    assert len(loader.loads) == 1
    assert [record.exc_text or str(record.exc_info) for record in caplog.records if "no row" in str(record.exc_info)]
    assert len(caplog.records) == 1


async def test_what_is_loaded_is_the_control_api(control: Control) -> None:
    sent = Sent()
    api = await ControlOnDemand(control.services).begin()
    await api({**ASKED, "path": "/bodhi/v1/nothing", "headers": [], "query_string": b""}, None, sent)

    assert sent.answer[0] in (404, 503)
