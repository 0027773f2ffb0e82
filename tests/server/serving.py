"""A real server on a loopback port with a scripted application, and a raw client to speak to it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bodhi.server.connection import EXTENSION
from bodhi.server.limits import Limits
from bodhi.server.run import HttpServer, bind_sockets

QUICK = Limits(
    header_seconds=0.2,
    idle_seconds=0.2,
    body_seconds=0.2,
    write_stall_seconds=0.2,
    linger_seconds=0.2,
    sweep_seconds=0.02,
)


@dataclass
class Scripted:
    """An application that records each request and answers by its path."""

    seen: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Method, decoded path and body of every request whose body was complete."""
    scopes: list[dict[str, Any]] = field(default_factory=list)
    told: int = 0
    """How often `on_disconnect` called back."""
    events: dict[str, asyncio.Event] = field(default_factory=dict)

    def event(self, name: str) -> asyncio.Event:
        return self.events.setdefault(name, asyncio.Event())

    def _tell(self) -> None:
        self.told += 1
        self.event("gone").set()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        self.scopes.append(scope)
        connection = scope["extensions"][EXTENSION]
        connection.on_disconnect(self._tell)
        path = scope["path"]
        if path == "/unread":
            await answer(send, b"early", 413)
            return
        body = b""
        while path != "/hang-unread":
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message["body"]
            if not message["more_body"]:
                break
        self.seen.append((scope["method"], path, body))
        await getattr(self, "do_" + path.strip("/").replace("-", "_"), self._echo)(scope, receive, send, body)

    async def _echo(self, scope: Any, _receive: Any, send: Any, body: bytes) -> None:
        status = 426 if any(name == b"upgrade" and value == b"websocket" for name, value in scope["headers"]) else 200
        seen = {"method": scope["method"], "path": scope["path"], "body": body.decode("latin-1")}
        await answer(send, json.dumps(seen).encode(), status)

    async def do_hang_unread(self, *_: Any) -> None:
        self.event("started").set()
        await self.event("gone").wait()

    do_hang = do_hang_unread

    async def do_stream_hang(self, _scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        self.event("started").set()
        await self.event("gone").wait()

    async def do_head_first(self, _scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.event("gone").wait()

    async def do_flood(self, _scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not self.told:
            await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})

    async def do_abort(self, scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        headers = [(b"content-length", b"10")] if scope["query_string"] == b"length" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        scope["extensions"][EXTENSION].abort()

    async def do_fail(self, *_: Any) -> None:
        raise ValueError("as scripted")

    async def do_short(self, _scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"four"})

    async def do_inject(self, _scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nset-cookie: x")]})

    async def do_no_content(self, _scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        await answer(send, b"", 204, [])

    async def do_unchanged(self, _scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        await answer(send, b"", 304, [(b"content-length", b"77")])

    async def do_chunked(self, _scope: Any, _receive: Any, send: Any, _body: bytes) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for piece in (b"one", b"", b"two"):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body"})


async def answer(send: Any, body: bytes, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    """Send a whole response."""
    fields = [(b"content-length", b"%d" % len(body))] if headers is None else headers
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Any, send: Any) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        await send({"type": message["type"] + ".complete"})
    await send({"type": "lifespan.shutdown.complete"})


@dataclass
class Running:
    """A server that accepts connections."""

    server: HttpServer
    app: Scripted
    port: int
    task: "asyncio.Task[None]"

    async def exchange(self, raw: bytes, *, pieces: Iterable[bytes] | None = None) -> bytes:
        """Send bytes and read until the server closes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            for piece in [raw] if pieces is None else pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            return await asyncio.wait_for(reader.read(), 5)
        finally:
            writer.close()


@asynccontextmanager
async def serving(
    limits: Limits | None = None, *, hosts: Iterable[str] = (), drain_seconds: float = 0.0
) -> AsyncIterator[Running]:
    """Run a server for the block."""
    ready = asyncio.Event()
    app = Scripted()
    sockets = bind_sockets("127.0.0.1", 0)
    port = sockets[0].getsockname()[1]
    server = HttpServer(
        app, sockets, limits or Limits(), allowed_hosts=hosts, drain_seconds=drain_seconds, ready=ready.set
    )
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.run_until_stopped())
        await asyncio.wait_for(ready.wait(), 5)
        try:
            yield Running(server, app, port, task)
        finally:
            app.event("gone").set()
            if not server.should_exit:
                server.stop()


HOST = b"Host: localhost\r\n"
CLOSE = b"Connection: close\r\n"


def get(path: bytes, *lines: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"".join(lines) + b"\r\n"


def post(path: bytes, body: bytes, *lines: bytes) -> bytes:
    length = b"Content-Length: %d\r\n\r\n" % len(body)
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"".join(lines) + length + body


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer)]


async def open_raw(running: Running) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", running.port)
