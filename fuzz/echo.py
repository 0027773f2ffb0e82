"""What answers requests here: echoes that say how a request was read, by the application or by a lane.

Which of them must come, and when, is in `inbound`.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Protocol

from bodhi.server.exchange import Exchange, LaneCall, Scope
from bodhi.server.lane import Admission
from fuzz import oracle
from fuzz.oracle import Request


class Side(Protocol):
    """Where requests are noted."""

    loop: asyncio.AbstractEventLoop
    begun_by_lane: int

    def saw(self, scope: Scope, body: bytes) -> bytes:
        """Note a request and return its echo."""


def read_request(scope: Scope, body: bytes) -> Request:
    """Say how the server read a request."""
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    fields = oracle.plain_fields(scope["headers"])
    return Request(scope["method"].encode("ascii"), scope["raw_path"] + query, fields, body)


def write_echo(request: Request, path: str) -> bytes:
    """Write the body of the answer to a request."""
    fields = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in request.fields]
    said = [request.method.decode(), request.target.decode("latin-1"), path, fields, request.body.decode("latin-1")]
    return json.dumps(said).encode()


class EchoLane:
    """A lane that echoes, in each of the ways in which a lane may answer."""

    def __init__(self, side: Side) -> None:
        self._side = side

    def admit(self, scope: Scope) -> Admission | None:
        """Take every POST but to /none."""
        return EchoAdmission(self._side, scope) if scope["method"] == "POST" and scope["path"] != "/none" else None


@dataclass(frozen=True, slots=True)
class EchoAdmission:
    """A head that the lane takes."""

    side: Side
    scope: Scope

    def begin(self, exchange: Exchange) -> LaneCall | None:
        """Begin, but every second time on /unsure."""
        self.side.begun_by_lane += 1
        if self.scope["path"] == "/unsure" and self.side.begun_by_lane % 2:
            return None
        return EchoCall(self.side, exchange)


class EchoCall:
    """An answer by callbacks: at once, later on /later, in two parts on /parts, by the application on /over."""

    def __init__(self, side: Side, exchange: Exchange) -> None:
        self._side = side
        self._exchange = exchange
        self._scope = exchange.scope
        self.held = 0

    def read(self, body: bytes) -> None:
        """Answer, one way or another."""
        path = self._scope["path"]
        if path == "/over":
            self._exchange.hand_over(body)
        elif path == "/later":
            self._side.loop.call_soon(self._later, body)
        else:
            self._answer(body)

    def _later(self, body: bytes) -> None:
        if not self._exchange.gone:
            self._answer(body)

    def _answer(self, body: bytes) -> None:
        exchange = self._exchange
        echo = self._side.saw(self._scope, body)
        exchange.drop_lane()
        fields = [] if self._scope["path"] == "/parts" else [(b"content-length", b"%d" % len(echo))]
        exchange.respond(200, fields)
        if fields:
            exchange.write(echo, end=True)
        else:
            exchange.write(echo[:1], end=False)
            exchange.write(echo[1:], end=False)
            exchange.write(b"", end=True)

    def hold(self) -> None:
        """The client does not read."""
        self.held += 1

    def go_on(self) -> None:
        """The client reads."""
