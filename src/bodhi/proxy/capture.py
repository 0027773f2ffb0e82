"""Watches a call's bytes pass, where captures are turned on. Keeping them is accounting's part.

It stands between the server and the data plane, so it sees what the client sent and what the client gets, and nothing
that happens in it reaches either.
"""

import logging
from collections.abc import Awaitable

from bodhi.accounting.capture import FAILED, Capture, Said
from bodhi.core.call import OutboundRequest
from bodhi.core.credential import Secret
from bodhi.core.types import Headers
from bodhi.proxy.inbound import Message, Receive, Send
from bodhi.relay.changes import Sending, describe, describe_answer
from bodhi.relay.headers import value_of

_log = logging.getLogger("bodhi.proxy")


class Watcher:
    """Shows a capture what passes."""

    __slots__ = ("_capture",)

    def __init__(self, capture: Capture, headers: Headers) -> None:
        self._capture = capture
        self._name(capture.request, headers)

    def receive(self, receive: Receive) -> Receive:
        """Return a `receive` that is watched."""

        async def watched() -> Message:
            message = await receive()
            self._see(message)
            return message

        return watched

    def send(self, send: Send) -> Send:
        """Return a `send` that is watched; it adds no step of its own to the waiting."""

        def watched(message: Message) -> Awaitable[None]:
            self._see(message)
            return send(message)

        return watched

    def sent(self, sending: Sending, outbound: OutboundRequest) -> None:
        """Note what goes upstream, and how it differs from what came."""
        try:
            self._capture.note_sent(describe(sending, outbound, self._capture.max_bytes))
        except Exception:  # noqa: BLE001 # only the capture is lost
            self._lose()

    def answered(self, status: int, headers: Headers, secret: Secret | None) -> None:
        """Note how the provider began to answer."""
        try:
            self._capture.note_sent(describe_answer(status, headers, secret))
        except Exception:  # noqa: BLE001 # only the capture is lost
            self._lose()

    def finish(self) -> None:
        """Hand over what was seen, whatever became of the call."""
        try:
            self._capture.finish()
        except Exception:  # noqa: BLE001 # only the capture is lost
            self._lose()

    def _see(self, message: Message) -> None:
        try:
            if message["type"] == "http.response.body":
                self._capture.see(self._capture.response, message["body"])
            elif message["type"] == "http.request":
                self._capture.see(self._capture.request, message["body"])
            elif message["type"] == "http.response.start":
                self._name(self._capture.response, message["headers"])
        except Exception:  # noqa: BLE001 # only the capture is lost
            self._lose()

    def _name(self, said: Said, headers: Headers) -> None:
        said.name(value_of(headers, b"content-type"), value_of(headers, b"content-encoding"))

    def _lose(self) -> None:
        _log.exception("a capture failed and is not kept")
        self._capture.lose(FAILED)
