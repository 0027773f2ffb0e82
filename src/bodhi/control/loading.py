"""Loads the control API when something of it is first asked for: a gateway that only forwards never pays for it.

Probes are answered without it. What the control API answers is not decided here.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from bodhi.control.plain import PROBES, Send, answer_error, answer_probe
from bodhi.control.services import Services
from bodhi.core.errors import InternalError

_log = logging.getLogger("bodhi.control")

Asgi = Callable[[Any, Any, Any], Awaitable[None]]


def _create(services: Services) -> Asgi:
    # The one import of the control API that waits until it is needed: the framework, its models and all endpoints
    # take as long as the rest of the start and a third of the memory. tests/flows/test_slim_start.py sees to it.
    from bodhi.control.api import create_control_api  # noqa: PLC0415

    return create_control_api(services)


class ControlOnDemand:
    """The control API as an ASGI application, loaded once, in a thread, so that streams go on meanwhile."""

    def __init__(self, services: Services, create: Callable[[Services], Asgi] = _create) -> None:
        self._services = services
        self._create = create
        self._api: Asgi | None = None
        self._loading: asyncio.Future[Asgi] | None = None

    def begin(self) -> asyncio.Future[Asgi]:
        """Begin to load, unless that has begun: whoever opens a page asks the control API next."""
        if self._loading is None:
            self._loading = asyncio.get_running_loop().run_in_executor(None, self._create, self._services)
            self._loading.add_done_callback(self._keep)
        return self._loading

    def __call__(self, scope: Any, receive: Any, send: Send) -> Awaitable[None]:
        """Serve one request, once there is what serves it."""
        if scope["path"] in PROBES and scope["method"] == "GET":
            return answer_probe(self._services, scope["path"], send)
        if self._api is not None:
            return self._api(scope, receive, send)
        return self._serve_loaded(self.begin(), scope, receive, send)

    async def _serve_loaded(self, loading: asyncio.Future[Asgi], scope: Any, receive: Any, send: Send) -> None:
        try:
            # A caller that goes away must not end it for the others.
            api = await asyncio.shield(loading)
        except Exception:  # noqa: BLE001 whatever it was is logged once; without the API no path of it is open
            await answer_error(InternalError(), send)
            return
        await api(scope, receive, send)

    def _keep(self, loading: asyncio.Future[Asgi]) -> None:
        if loading.cancelled():
            return
        error = loading.exception()
        if error is None:
            self._api = loading.result()
        else:
            _log.critical("The control API cannot be loaded; none of its paths is served", exc_info=error)
