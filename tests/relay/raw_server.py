"""A TCP server whose every byte a test decides, and the client and requests that are tried on it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from bodhi.core.api_model import Origin, Timeouts
from bodhi.core.call import OutboundRequest
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.relay.egress import Egress, EgressPolicy
from bodhi.relay.upstream import UpstreamClient

Script = Callable[["Peer"], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Peer:
    """The server's side of one connection."""

    def __init__(self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """Read one request, head and body; b"" when the client has left."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:")), 0)
            return head + await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    async def send(self, *pieces: bytes) -> None:
        """Send each piece in a segment of its own, as far as the kernel goes along."""
        for piece in pieces:
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)

    async def gone(self) -> None:
        """Wait until the client has closed."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def abort(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


class RawServer:
    """Runs the script for each connection, then closes it."""

    def __init__(self, script: Script, context: ssl.SSLContext | None) -> None:
        self.script = script
        self.context = context
        self.accepted = 0
        self.left = 0
        self.requests: list[bytes] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self.script(Peer(self.accepted, reader, writer))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.left += 1
            self._tasks.discard(task)
            writer.close()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.context)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def request(self, body: bytes = b"{}", method: bytes = b"POST", host: str = "127.0.0.1", **limits: float) -> Any:
        scheme = "https" if self.context else "http"
        return OutboundRequest(
            origin=Origin(scheme, host, self.port), allow_private_network=True, method=method, target=b"/v1/x?q=1",
            headers=[(b"x-test", b"1")], body=body, timeouts=Timeouts(**limits),
        )  # fmt: skip


@asynccontextmanager
async def serving(script: Script, context: ssl.SSLContext | None = None) -> AsyncIterator[RawServer]:
    server = RawServer(script, context)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def new_client(**options: Any) -> AsyncIterator[UpstreamClient]:
    egress = options.pop("egress", None) or Egress(EgressPolicy(private_networks=True))
    client = UpstreamClient(egress, clock=SYSTEM_CLOCK, **options)
    try:
        yield client
    finally:
        await client.close()


def answering(*pieces: bytes) -> Script:
    """Answer each request of a connection with these pieces."""

    async def script(peer: Peer) -> None:
        while await peer.request():
            await peer.send(*pieces)

    return script


def once(*pieces: bytes) -> Script:
    """Answer one request and close."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.send(*pieces)

    return script


async def fetch(client: UpstreamClient, request: OutboundRequest) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Read a whole answer."""
    answer = await client.open(request)
    try:
        pieces = []
        while piece := await answer.read():
            pieces.append(piece)
        return answer.status, answer.headers, b"".join(pieces)
    finally:
        answer.release()
