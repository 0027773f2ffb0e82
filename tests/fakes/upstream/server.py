"""The fake upstream as an object: listens on loopback, finds dialect and script for a call, keeps what it saw."""

import asyncio
import json
import re
from collections import Counter, deque
from dataclasses import replace
from typing import Any

from tests.fakes.upstream import anthropic, gemini, openai, responses
from tests.fakes.upstream.framing import early_answer, script_for
from tests.fakes.upstream.received import Answer, Call, Dialect, RawHeaders, Received
from tests.fakes.upstream.scripts import Scene
from tests.fakes.upstream.wire import Connection, Exchange, PeerGone

BASES = {
    "openai": "/openai/v1",
    "openai_responses": "/responses/v1",
    "anthropic": "/anthropic/v1",
    "anthropic_oauth": "/anthropic-oauth/v1",
    "gemini": "/gemini/v1beta",
}
PLACE = re.compile(r"(?:/script/(?P<script>[^/]+))?/(?P<name>[a-z-]+)/(?P<version>v1(?:beta|alpha)?)(?P<rest>/.*|)")
MOST_KEPT = 2000
EARLY = 8192


class Upstream:
    """A provider on loopback. `received` and `exchanges` hold the last 2,000 calls in the order they came."""

    def __init__(self) -> None:
        self.received: deque[Received] = deque(maxlen=MOST_KEPT)
        self.exchanges: deque[Exchange] = deque(maxlen=MOST_KEPT)
        self.connections: set[Connection] = set()
        self.connections_made = 0
        self.seen: Counter[str] = Counter()
        self.redirect_to = ""
        self.port = 0
        self._news = asyncio.Event()
        self._taken = 0
        self._count = 0
        self._server: asyncio.Server | None = None
        self._dialects: dict[str, Dialect] = {
            "openai": openai.DIALECT,
            "responses": responses.new_dialect(),
            "anthropic": anthropic.DIALECT,
            "anthropic-oauth": anthropic.OAUTH_DIALECT,
            "gemini": gemini.DIALECT,
        }

    async def start(self, port: int = 0, host: str = "127.0.0.1") -> None:
        """Listen; with port 0 on a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._new_connection, host, port)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.redirect_to = self.redirect_to or f"{self.url}/stolen"

    async def stop(self) -> None:
        """Stop listening, break every connection and wait for their tasks."""
        if self._server is not None:
            self._server.close()
        tasks = [connection.task for connection in self.connections if connection.task is not None]
        for connection in list(self.connections):
            connection.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Return the root of the upstream, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def base_url(self, format_name: str, script: str = "") -> str:
        """Return the base URL of a format; with a script, each call below it behaves so, whatever its model."""
        return f"{self.url}{f'/script/{script}' if script else ''}{BASES[format_name]}"

    @property
    def open_connections(self) -> int:
        """Return how many connections are open now."""
        return len(self.connections)

    async def next_received(self, within: float = 5.0) -> Received:
        """Return the next call not yet returned by this method, waiting for it if need be."""
        return (await self.next_exchange(within)).received

    async def next_exchange(self, within: float = 5.0) -> Exchange:
        """Return the next exchange not yet returned, waiting for it if need be."""
        async with asyncio.timeout(within):
            while self._taken >= self._count:
                self._news.clear()
                await self._news.wait()
        exchange = self.exchanges[self._taken - self._count]
        self._taken += 1
        return exchange

    def forget(self) -> None:
        """Forget all calls so far."""
        self.received.clear()
        self.exchanges.clear()
        self._taken = self._count

    def _new_connection(self) -> Connection:
        self.connections_made += 1
        return Connection(self.connections_made, self._serve)

    async def _serve(self, connection: Connection) -> None:
        self.connections.add(connection)
        try:
            while not connection.transport.is_closing():
                await self._exchange(connection)
        except (PeerGone, ValueError):
            # The peer left, or sent what is not HTTP: either way there is nobody to answer.
            connection.transport.close()
        finally:
            self.connections.discard(connection)

    async def _exchange(self, connection: Connection) -> None:
        head = await connection.read_head()
        place = PLACE.fullmatch(head.path)
        early = await self._asks_early(connection, head, place)
        received = head if early else replace(head, body=await connection.read_body(head))
        self._count += 1
        exchange = connection.exchange = Exchange(connection, received)
        self.received.append(received)
        self.exchanges.append(exchange)
        self._news.set()
        if place is None or place["name"] not in self._dialects:
            missing = head.path != "/stolen"
            await exchange.send(Answer(b"{}", status=404 if missing else 200))
            return
        call = self._read_call(received, place)
        scene = Scene(exchange, call, self._dialects[place["name"]], self.seen, self.redirect_to)
        await (early_answer if early else script_for(call.model))(scene)
        await self._close_if_asked(exchange)

    async def _asks_early(self, connection: Connection, head: Received, place: re.Match[str] | None) -> bool:
        """Return whether the beginning of the body asks to be answered before its end."""
        if place is not None and place["script"]:
            return place["script"] == "early-answer"
        wanted = min(EARLY, int(head.header("content-length") or 0))
        if wanted and not head.header("expect"):
            while len(connection.buffer) < wanted:
                await connection.more()
        return b'"early-answer"' in connection.buffer[:wanted] or "/early-answer:" in head.path

    def _read_call(self, received: Received, place: re.Match[str]) -> Call:
        dialect = self._dialects[place["name"]]
        body: Any = None
        if received.body:
            try:
                body = json.loads(received.body)
            except ValueError:
                body = None
        fields = body if isinstance(body, dict) else {}
        model = place["script"] or dialect.model(place["rest"], fields)
        return Call(received, place["rest"], fields, model, self._count)

    async def _close_if_asked(self, exchange: Exchange) -> None:
        tokens = (exchange.received.header("connection") or "").lower()
        if "close" in tokens:
            exchange.close()


__all__ = ["BASES", "Exchange", "RawHeaders", "Received", "Upstream"]
