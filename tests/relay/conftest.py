"""Run the coroutine tests of the relay on both loops: asyncio's own and uvloop, which serves in production."""

from typing import Any

import pytest


@pytest.fixture(scope="session", params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    return "asyncio", {"use_uvloop": request.param == "uvloop"}
