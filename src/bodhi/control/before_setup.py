"""Until the first Admin exists, nothing of the control API answers but setup and health. Plain ASGI, around it all."""

from starlette.types import ASGIApp, Receive, Scope, Send

from bodhi.control.access import ROWS
from bodhi.control.errors import error_response
from bodhi.core.errors import NotReady
from bodhi.directory.live import Directory

OPEN_PATHS = frozenset(row.path for row in ROWS if row.before_setup)


class BeforeSetup:
    """Wraps the control API's application."""

    def __init__(self, app: ASGIApp, directory: Directory) -> None:
        self._app = app
        self._directory = directory
        self._set_up = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call, or say what has to be done first."""
        if not self._set_up and self._directory.loaded:
            # There is always an Admin once there was one, so this is asked until the first yes.
            self._set_up = self._directory.snapshot.has_admin
            if not self._set_up and scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
                await error_response(NotReady())(scope, receive, send)
                return
        await self._app(scope, receive, send)
