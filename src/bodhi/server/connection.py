"""What the application may know of the client's connection during one call. How it is served lives in `exchange`."""

import asyncio
from collections.abc import Callable
from typing import Final

EXTENSION: Final = "bodhi.connection"
"""The key of a `Connection` in `scope["extensions"]`."""


class Connection:
    """The client's side of one call.

    One lives for one request, not for the TCP connection, so that a late `forget` of one call cannot silence the
    next call on the same connection.
    """

    __slots__ = ("_callback", "begun", "client", "gone", "task")

    def __init__(self, client: tuple[str, int] | None) -> None:
        self.client = client
        self.gone = False
        """The client left, or the server cut the call: nothing that is sent arrives any more."""
        self.task: asyncio.Task[None] | None = None
        """The task that runs the application for this call, known before it begins."""
        self.begun: object = None
        """What the lane began for this call, where a task goes on with it."""
        self._callback: Callable[[], None] | None = None

    def on_disconnect(self, callback: Callable[[], None]) -> None:
        """Call back once when the client leaves before its response is complete; at once if it already left.

        A client that shuts down only its sending side counts as gone: no HTTP client in use does that and waits.
        """
        if self.gone:
            callback()
        else:
            self._callback = callback

    def forget(self) -> None:
        """Drop the callback."""
        self._callback = None

    def abort(self) -> None:
        """Flush what was sent, then close without ending the message, so that the client sees that it is broken."""
        raise NotImplementedError

    def _lose(self) -> None:
        """Mark the client as gone and tell the application, once."""
        self.gone = True
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()
