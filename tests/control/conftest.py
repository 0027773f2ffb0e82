"""A control API per test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.control import Control, running_control
from tests.fakes.upstream import UpstreamThread


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    """Give a running control API with an empty store."""
    async with running_control(tmp_path) as running:
        yield running


@pytest.fixture
async def admin(control: Control) -> dict[str, str]:
    """Give the headers of a signed-in Admin."""
    return await control.session_of("ada")


@pytest.fixture(scope="session")
def upstream_thread() -> Iterator[UpstreamThread]:
    """Give one fake provider for the whole run."""
    with UpstreamThread() as upstream:
        yield upstream


@pytest.fixture
def upstream(upstream_thread: UpstreamThread) -> UpstreamThread:
    """Give the fake provider with nothing received yet."""
    upstream_thread.upstream.received.clear()
    return upstream_thread
