"""What goes around every control call, as plain ASGI: the bound of a body, and headers of every answer."""

import re

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bodhi.control.access import PREFIX
from bodhi.control.plain import HEADERS

MAX_BODY = 256 * 1024
MIB = 1024 * 1024
LARGER = {
    ("POST", re.compile(rf"{PREFIX}/chats")): 68 * MIB,
    ("PUT", re.compile(rf"{PREFIX}/chats/[^/]+/messages/[^/]+")): 13 * MIB,
}
"""Bounds of bodies that are read only once it is known who sends them, with room for what is around the contents."""


class Envelope:
    """Wraps the control API's application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken, most = 0, _most(scope)

        async def bounded_receive() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                # The framework passes its own exceptions through and would hide one of ours.
                raise HTTPException(413)
            return message

        async def completed_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *HEADERS]
            await send(message)

        await self._app(scope, bounded_receive, completed_send)


def _most(scope: Scope) -> int:
    """Return how long the body of a call may be."""
    method, path = scope["method"], scope["path"]
    return next((most for (name, form), most in LARGER.items() if name == method and form.fullmatch(path)), MAX_BODY)
