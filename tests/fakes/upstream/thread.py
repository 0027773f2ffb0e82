"""The fake upstream in a thread with its own event loop, for tests that are not coroutines."""

import asyncio
import threading
from types import TracebackType
from typing import Self

from tests.fakes.upstream.received import Received
from tests.fakes.upstream.server import Upstream
from tests.fakes.upstream.wire import Exchange


class UpstreamThread:
    """Runs an Upstream while the `with` block lasts; `upstream` may be read from the test's thread."""

    def __init__(self, port: int = 0) -> None:
        self._port = port
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="fake-upstream", daemon=True)
        self.upstream: Upstream

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(10):
            raise AssertionError("the fake upstream did not start")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    @property
    def url(self) -> str:
        """Return the root of the upstream."""
        return self.upstream.url

    def base_url(self, format_name: str, script: str = "") -> str:
        """Return the base URL of a format, as Upstream does."""
        return self.upstream.base_url(format_name, script)

    @property
    def received(self) -> list[Received]:
        """Return all calls so far."""
        return list(self.upstream.received)

    @property
    def last(self) -> Received:
        """Return the last call."""
        return self.upstream.received[-1]

    @property
    def last_exchange(self) -> Exchange:
        """Return the last exchange."""
        return self.upstream.exchanges[-1]

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.upstream = Upstream()
        await self.upstream.start(self._port)
        self._ready.set()
        await self._stop.wait()
        await self.upstream.stop()
