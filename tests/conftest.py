"""Fixtures that every test may use: the event loop's kind, how calls are answered, the fake upstream, in the loop or in a thread."""

import gc
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fakes.postgres import Postgres
from tests.fakes.upstream import Upstream, UpstreamThread

pytest_plugins = ["tests.loopback_only"]
GC_OBJECTS = 20_000
"""New objects between two looks for cyclic garbage; tests, unlike the product, leave much and end soon."""


def pytest_collection_finish() -> None:
    """Look no more through what was imported and collected: it stays to the end, and is most of what there is."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_OBJECTS)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run coroutine tests on asyncio, the one loop the product runs on."""
    return "asyncio"


@pytest.fixture(scope="session", params=[True, False], ids=["lane", "coroutine"])
def has_lane(request: pytest.FixtureRequest) -> bool:
    """Run what makes model calls twice: by callbacks where they answer, and as the tasks that answer all else."""
    chosen: bool = request.param
    return chosen


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    """Give a fake upstream that runs in the test's own event loop."""
    fake = Upstream()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def upstream_thread() -> Iterator[UpstreamThread]:
    """Give a fake upstream in a thread, for tests that block."""
    with UpstreamThread() as fake:
        yield fake


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Give one PostgreSQL server for the whole run; each test takes a database of its own there."""
    with Postgres() as server:
        yield server
