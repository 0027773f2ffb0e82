"""The inbound HTTP side: the server's protocol on some connections, and what must hold whatever arrives.

The application behind it, which says how each request was read, is in `echo`; the data plane is not here.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from bodhi.server.answering import Front, Stage
from bodhi.server.exchange import Scope
from bodhi.server.limits import Limits
from bodhi.server.refusals import HostList
from bodhi.server.sweeper import Sweeper
from fuzz import oracle
from fuzz.echo import EchoLane, read_request, write_echo
from fuzz.oracle import Request
from fuzz.rules import hold, no_errors_logged
from fuzz.script import Step, Talk, read_talks
from fuzz.wire import Watched, Wire

LIMITS = Limits(pipelined_requests=10_000)
"""As served, but that no number of requests in one piece is refused: in many pieces it would not be."""
QUIET_STEPS = 5
"""Steps of the loop without any progress after which nothing more comes by itself."""


@dataclass
class Line:
    """One connection: what still arrives, and what came of it."""

    wire: Wire
    talk: Talk
    arriving: deque[bytes | Step]
    heard: list[Request] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one connection."""

    requests: tuple[Request, ...]
    answers: tuple[tuple[int, bytes], ...]
    closed: bool


class Side:
    """A server's front with some connections."""

    def __init__(self, talks: Sequence[Talk], *, lane: bool, limits: Limits = LIMITS) -> None:
        self.loop = asyncio.get_running_loop()
        self.progress = 0
        self.begun_by_lane = 0
        self._state = ServerState()
        self._front = Front(limits, HostList(), Sweeper(limits.sweep_seconds), EchoLane(self) if lane else None)
        config = uvicorn.Config(
            self._app, http=Watched, log_config=None, ws="none", lifespan="off", interface="asgi3", proxy_headers=False
        )
        config.load()
        self._lines = [self._connect(number, talk, config) for number, talk in enumerate(talks)]

    def _connect(self, number: int, talk: Talk, config: uvicorn.Config) -> Line:
        wire = Wire(self, number)
        wire.protocol = Watched(self._front, config, self._state, {}, self.loop)
        wire.protocol.connection_made(wire)
        return Line(wire, talk, deque(talk.steps))

    # The application

    def saw(self, scope: Scope, body: bytes) -> bytes:
        """Note a request and return its echo."""
        self.progress += 1
        request = read_request(scope, body)
        line = self._lines[scope["client"][1] - 50_000]
        line.heard.append(request)
        line.paths.append(scope["path"])
        return write_echo(request, scope["path"])

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.progress += 1
        body = b""
        while scope["path"] != "/early":
            message = await receive()
            self.progress += 1
            if message["type"] != "http.request":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        echo = self.saw(scope, body)
        fields = [] if scope["path"] == "/parts" else [(b"content-length", b"%d" % len(echo))]
        await send({"type": "http.response.start", "status": 200, "headers": fields})
        await send({"type": "http.response.body", "body": echo[:1], "more_body": True})
        await send({"type": "http.response.body", "body": echo[1:]})

    # What happens

    async def run(self) -> list[Outcome]:
        """Let everything arrive, connections by turns, and return what came of it."""
        while any(line.arriving for line in self._lines):
            before = self.progress, sum(len(line.arriving) for line in self._lines)
            for line in self._lines:
                await self._arrive(line)
            if before == (self.progress, sum(len(line.arriving) for line in self._lines)):
                break
        for line in self._lines:
            if line.wire.stalled:
                line.wire.turn()
            line.arriving = deque(step for step in line.arriving if step is not Step.STALL)
            await self._settle()
            while line.arriving and not line.wire.lost:
                hold(not line.wire.paused, "reading is paused and nothing will resume it")
                await self._arrive(line)
            self._check_end(line)
        outcomes = [self._outcome(line) for line in self._lines]
        for line in self._lines:
            line.wire.lose()
        await self._settle()
        hold(not self._state.tasks, "a task is left")
        hold(not self._state.connections, "the server knows a connection that is gone")
        hold(not self._front.sweeper.connections, "the sweeper knows a connection that is gone")
        return outcomes

    async def _arrive(self, line: Line) -> None:
        wire = line.wire
        while line.arriving:
            step = line.arriving[0]
            if isinstance(step, bytes):
                if wire.closing:
                    line.arriving.clear()
                    return
                if wire.paused:
                    await self._settle()
                    if wire.paused:
                        return
                wire.protocol.data_received(step)
            elif step is Step.STALL:
                wire.turn()
            elif not wire.lost:
                wire.protocol.sweep(self.loop.time() + 1e6)
            line.arriving.popleft()
            if not isinstance(step, bytes) or len(step) > 1 or wire.protocol.stage is Stage.BETWEEN:
                await self._settle()
                if len(self._lines) > 1:
                    return

    async def _settle(self) -> None:
        quiet = 0
        while quiet < QUIET_STEPS:
            before = self.progress
            await asyncio.sleep(0)
            quiet = quiet + 1 if before == self.progress else 0

    # What must hold

    def _check_end(self, line: Line) -> None:
        wire = line.wire
        if wire.lost or wire.eof:
            return
        protocol = wire.protocol
        hold(not wire.paused, "reading stays paused")
        hold(protocol.stage is not Stage.DEAF, "the connection is deaf and stays open")
        if protocol.stage is not Stage.BODY:
            hold(not protocol.is_busy(), "a complete request is not answered")

    def _outcome(self, line: Line) -> Outcome:
        wire, protocol = line.wire, line.wire.protocol
        methods = [request.method for request in line.heard]
        if wire.aborted and line.talk.has(Step.SWEEP):
            return Outcome(tuple(line.heard), (), closed=True)
        answers = oracle.answers(bytes(wire.written), methods)
        echoes = [
            b"" if request.method == b"HEAD" else write_echo(request, path)
            for request, path in zip(line.heard, line.paths, strict=True)
        ]
        answered = [body for status, body in answers if status == 200]
        hold(answered == echoes[: len(answered)], "an answer is not that of its request")
        # An answer before the end of the request gives way to the refusal of what follows.
        forestalled = line.paths[-1:] == ["/early"] and protocol.refusals
        hold(len(answered) >= len(echoes) - bool(forestalled), "a request was heard and not answered")
        refused = [status for status, _ in answers if status != 200]
        hold(len(refused) <= protocol.refusals, "more refusals on the wire than were made")
        hold(all(status == 200 for status, _ in answers[:-1]), "an answer follows a refusal")
        hold(len(answers) <= protocol.begun + protocol.refusals, "more answers than requests")
        return Outcome(tuple(line.heard), tuple(answers), closed=wire.closing or wire.eof)


def run(
    loop: asyncio.AbstractEventLoop, talks: Sequence[Talk], *, lane: bool, limits: Limits = LIMITS
) -> list[Outcome]:
    """Let talks arrive at one server.

    Raises:
        Broken: a property does not hold.
    """
    faults: list[str] = []
    loop.set_exception_handler(lambda _loop, context: faults.append(repr(context)))

    async def serve() -> list[Outcome]:
        return await Side(talks, lane=lane, limits=limits).run()

    with no_errors_logged("bodhi.server"):
        outcomes = loop.run_until_complete(serve())
    hold(not faults, f"the loop caught {faults}")
    return outcomes


def check(loop: asyncio.AbstractEventLoop, raw: bytes) -> None:
    """Check all that must hold for one input.

    Raises:
        Broken: something does not.
    """
    talks = read_talks(raw)
    outcomes = run(loop, talks, lane=True)
    others = run(loop, talks, lane=False)
    if any(b"/early" in talk.stream for talk in talks):
        return  # What is answered before its end depends on when it came.
    if any(talk.has(Step.SWEEP) and talk.has(Step.STALL) for talk in talks):
        return  # A deadline of a client that does not read: the coroutine way waits for it, the lane need not.
    _same(outcomes, others, "the lane and the coroutine way differ")
    if any(talk.has(Step.SWEEP) for talk in talks):
        return
    for ours, talk in zip(outcomes, talks, strict=True):
        for one, other in zip(ours.requests, oracle.requests(talk.stream), strict=False):
            # A wish for a WebSocket, which is refused, is the last of a connection: its body is not read.
            wished = any(name == b"upgrade" and b"websocket" in value.lower() for name, value in one.fields)
            same = one == other or (wished and one == replace(other, body=b""))
            hold(same, f"we read {one}, others read {other}")
    ways: list[Callable[[Talk], Talk]] = [Talk.whole, Talk.split]
    for way in ways:
        _same(outcomes, run(loop, [way(talk) for talk in talks], lane=True), f"split as {way.__name__}, it differs")


def _same(some: list[Outcome], others: list[Outcome], what: str) -> None:
    for one, other in zip(some, others, strict=True):
        hold(one == other, f"{what}: {one} and {other}")
