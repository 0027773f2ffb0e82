"""The requests of the search for leaks: of every kind that clients send, well and badly. Each says what it expects.

What is measured, and when, is `leak`'s.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from bench.calls import MODEL_PREFIX, Address, new_body
from bodhi.identity.tokens import new_token

PATIENCE = 30.0
BAD_PREFIX = "bad/"
CLOSED_PREFIX = "closed/"
PIPELINED = 4
LONG_NAME = "a-rather-long-name-of-a-model-" * 3
CHAT = "/v1/chat/completions"
READ_PATHS = ("/livez", "/readyz", "/bodhi/v1/session", "/bodhi/v1/api-models", "/bodhi/v1/tokens", "/bodhi/v1/formats")
"""Of the control API; one a turn."""


@dataclass
class Crew:
    """What all clients share: where they ask, what they show, and what came of it."""

    address: Address
    tokens: list[str]
    """Of one user, all of which work; the last few are limited to models by a pattern."""
    max_body_bytes: int
    made: Counter[str] = field(default_factory=Counter)
    """Requests by kind."""
    records: int = 0
    """Usage records that they must have left."""
    unexpected: Counter[str] = field(default_factory=Counter)
    number: Callable[[], int] = field(default_factory=lambda: count().__next__)
    """What makes names that come but once."""

    def request(self, body: bytes, path: str = CHAT, token: str | None = None, *, close: bool = False) -> bytes:
        """Write a call; without a token with one of those that work, in turn."""
        shown = token or self.tokens[self.number() % len(self.tokens)]
        fields = [(name, value) for name, value in self.address.headers if name != "Authorization"]
        if close:
            fields.append(("Connection", "close"))
        lines = [f"{name}: {value}" for name, value in [*fields, ("Authorization", f"Bearer {shown}")]]
        head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *lines, f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(head).encode() + body

    def get(self, path: str) -> bytes:
        """Write a request that asks for something."""
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.tokens[0]}\r\n\r\n".encode()


class Client:
    """One client, with a connection that it keeps as long as it can."""

    def __init__(self, crew: Crew) -> None:
        self.crew = crew
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None

    async def send(self, request: bytes) -> None:
        """Write bytes, on a new connection where there is none."""
        if self._writer is None or self._writer.is_closing() or self._reader.at_eof():
            self.leave()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self.crew.address.port)
        self._writer.write(request)

    async def answer(self) -> int:
        """Read an answer to its end and return its status; 0 where it broke off."""
        try:
            async with asyncio.timeout(PATIENCE):
                head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
                await self._read_body(head)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.leave()
            return 0
        if b"\r\nconnection: close" in head:
            self.leave()
        return int(head[9:12])

    async def begin(self) -> None:
        """Read the first bytes of an answer."""
        async with asyncio.timeout(PATIENCE):
            await self._reader.readuntil(b"\r\n\r\n")

    def leave(self) -> None:
        """Close the connection, whatever is on its way."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    async def _read_body(self, head: bytes) -> None:
        at = head.find(b"\r\ncontent-length: ")
        if at >= 0:
            await self._reader.readexactly(int(head[at + 18 : head.index(b"\r", at + 18)]))
        elif b"\r\ntransfer-encoding: chunked" in head:
            while size := int(await self._reader.readline() or b"-1", 16):
                if size < 0:
                    raise asyncio.IncompleteReadError(b"", None)
                await self._reader.readexactly(size + 2)
            await self._reader.readexactly(2)
        else:
            await self._reader.read()


Act = Callable[[Client], Awaitable[int | None]]
"""Does something and returns the status that it saw; None where it did not wait for one."""


@dataclass(frozen=True)
class Kind:
    """A kind of request: what is done, what must come back, and how many usage records that leaves."""

    name: str
    share: int
    act: Act
    statuses: frozenset[int | None] = frozenset({200})
    records: int = 1
    requests: int = 1
    needs_store: bool = False
    """Whether it waits for the store, so that it is left out while that is away."""


_BODIES = {
    "json-1k": new_body("json-1k", 1_024, stream=False),
    "json-10k": new_body("json-10k", 10_240, stream=False),
    "sse-0ms": new_body("sse-0ms", 1_024, stream=True),
    "sse-endless": new_body("sse-endless", 400, stream=True),
}


def _asks(model: str) -> Act:
    """Make an ordinary call on a kept connection."""
    body = _BODIES[model]

    async def act(client: Client) -> int:
        await client.send(client.crew.request(body))
        return await client.answer()

    return act


def _asks_bad(model: str, prefix: str = BAD_PREFIX) -> Act:
    """Call a provider that does not behave."""
    body = new_body(model, 400, stream=model == "breaks").replace(MODEL_PREFIX.encode(), prefix.encode(), 1)

    async def act(client: Client) -> int:
        await client.send(client.crew.request(body))
        return await client.answer()

    return act


async def _connects_anew(client: Client) -> int:
    client.leave()
    await client.send(client.crew.request(_BODIES["json-1k"], close=True))
    return await client.answer()


async def _names_new_model(client: Client) -> int:
    # The limited tokens are few: their verdicts on models are remembered, too, and up to a bound of their own.
    crew = client.crew
    number = crew.number()
    token = crew.tokens[-1 - number % 3] if number % 2 else None
    body = new_body(f"{number:x}-{LONG_NAME}/json-1k", 400, stream=False)
    await client.send(crew.request(body, token=token))
    return await client.answer()


async def _names_new_path(client: Client) -> int:
    number = client.crew.number()
    path = f"/v1beta/models/m-{number}:generateContent" if number % 2 else f"/v1/nothing/at-{number}"
    await client.send(client.crew.request(b'{"contents":[]}', path))
    return await client.answer()


async def _shows_nonsense(client: Client) -> int:
    await client.send(client.crew.request(_BODIES["json-1k"], token=f"sk-{client.crew.number()}"))
    return await client.answer()


async def _shows_unknown(client: Client) -> int:
    await client.send(client.crew.request(_BODIES["json-1k"], token=new_token().reveal()))
    return await client.answer()


async def _asks_unknown_model(client: Client) -> int:
    body = json.dumps({"model": f"nobody-has-{client.crew.number()}", "messages": []}).encode()
    await client.send(client.crew.request(body))
    return await client.answer()


async def _sends_no_json(client: Client) -> int:
    await client.send(client.crew.request(b'{"model": "bench/json-1k", "messages": [}'))
    return await client.answer()


async def _sends_too_much(client: Client) -> int:
    length = b"Content-Length: %d" % (client.crew.max_body_bytes + 1)
    await client.send(client.crew.request(b"").replace(b"Content-Length: 0", length) + b"{" * 100)
    return await client.answer()


async def _sends_no_http(client: Client) -> int:
    client.leave()
    await client.send(b"POST /v1/chat/completions HTTP/1.1\r\nHost : x\r\n\r\n")
    return await client.answer()


async def _sends_large_head(client: Client) -> int:
    client.leave()
    await client.send(b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Large: " + b"x" * 34_000 + b"\r\n\r\n")
    return await client.answer()


async def _leaves_in_head(client: Client) -> None:
    client.leave()
    await client.send(client.crew.request(_BODIES["json-1k"])[:100])
    client.leave()


async def _leaves_in_body(client: Client) -> None:
    await client.send(client.crew.request(_BODIES["json-10k"])[:-5_000])
    # The part that is sent must be read before the end is, or there was no request.
    await asyncio.sleep(0.02)
    client.leave()


async def _leaves_in_answer(client: Client) -> None:
    await client.send(client.crew.request(_BODIES["sse-endless"]))
    await client.begin()
    client.leave()


async def _pipelines(client: Client) -> int:
    crew = client.crew
    await client.send(b"".join(crew.request(_BODIES["json-1k"]) for _ in range(PIPELINED)))
    found = {await client.answer() for _ in range(PIPELINED)}
    return found.pop() if len(found) == 1 else 0


async def _reads_control(client: Client) -> int:
    await client.send(client.crew.get(READ_PATHS[client.crew.number() % len(READ_PATHS)]))
    return await client.answer()


async def _lists_models(client: Client) -> int:
    await client.send(client.crew.get("/v1/models"))
    return await client.answer()


def _statuses(*statuses: int | None) -> frozenset[int | None]:
    return frozenset(statuses)


NEW_MODEL = Kind("a model that nobody named before", 80, _names_new_model)
NEW_PATH = Kind("a path that nobody asked for before", 40, _names_new_path, _statuses(404))
KINDS: tuple[Kind, ...] = (
    Kind("JSON, 1 KB", 380, _asks("json-1k")),
    Kind("JSON, 10 KB", 100, _asks("json-10k")),
    Kind("stream of 100 events", 70, _asks("sse-0ms")),
    Kind("on a new connection", 50, _connects_anew),
    Kind(f"pipelined, {PIPELINED} at once", 10, _pipelines, records=PIPELINED, requests=PIPELINED),
    NEW_MODEL,
    NEW_PATH,
    Kind("token of no shape", 40, _shows_nonsense, _statuses(401)),
    Kind("token unknown", 5, _shows_unknown, _statuses(401), needs_store=True),
    Kind("model unknown", 30, _asks_unknown_model, _statuses(404)),
    Kind("body no JSON", 20, _sends_no_json, _statuses(400)),
    Kind("body too large", 10, _sends_too_much, _statuses(413)),
    Kind("request no HTTP", 10, _sends_no_http, _statuses(400), records=0),
    Kind("head too large", 5, _sends_large_head, _statuses(431), records=0),
    Kind("provider not there", 10, _asks_bad("any", CLOSED_PREFIX), _statuses(502)),
    Kind("provider closes early", 20, _asks_bad("closes"), _statuses(502)),
    Kind("provider breaks a stream", 20, _asks_bad("breaks"), _statuses(0)),
    Kind("provider cuts a body", 10, _asks_bad("cuts"), _statuses(0)),
    Kind("provider sends no HTTP", 10, _asks_bad("garbles"), _statuses(502)),
    Kind("provider is slow", 10, _asks_bad("waits")),
    Kind("provider refuses", 10, _asks_bad("refuses"), _statuses(429)),
    Kind("provider fails", 10, _asks_bad("fails"), _statuses(500)),
    Kind("client leaves in the head", 5, _leaves_in_head, _statuses(None), records=0),
    Kind("client leaves in the body", 10, _leaves_in_body, _statuses(None)),
    Kind("client leaves in the answer", 15, _leaves_in_answer, _statuses(None)),
    Kind("control API read", 10, _reads_control, records=0, needs_store=True),
    Kind("models listed", 10, _lists_models),
)
"""Each kind, and how many of a thousand turns are of it."""


async def take_turn(client: Client, kind: Kind) -> None:
    """Do what a kind does, and note what was unexpected about it."""
    crew = client.crew
    crew.made[kind.name] += kind.requests
    crew.records += kind.records
    try:
        status = await kind.act(client)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        client.leave()
        crew.unexpected[f"{kind.name}: {type(error).__name__}"] += 1
        return
    if status not in kind.statuses:
        crew.unexpected[f"{kind.name}: {status}"] += 1


async def read_at_once(crew: Crew, callers: int) -> None:
    """Read the control API from many clients at the same moment, so that as many threads serve it as ever will."""
    kind = Kind("control API read, all at once", 0, _reads_control, records=0)
    clients = [Client(crew) for _ in range(callers)]
    for _ in READ_PATHS:
        await asyncio.gather(*(take_turn(client, kind) for client in clients))
    for client in clients:
        client.leave()


async def ask_while_away(crew: Crew, callers: int) -> None:
    """Show unknown tokens while the store is away: that is no 401, for one of them may have been minted just now."""
    kind = Kind("token unknown, store away", 0, _shows_unknown, _statuses(401, 503))
    clients = [Client(crew) for _ in range(callers)]
    await asyncio.gather(*(take_turn(client, kind) for client in clients))
    for client in clients:
        client.leave()
