"""How the fake upstream behaves by model id: one short coroutine for each way to answer rightly or wrongly."""

import asyncio
import base64
import re
import zlib
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any

import brotli
import zstandard

from tests.fakes.upstream import said
from tests.fakes.upstream.received import Answer, Call, Dialect, compact
from tests.fakes.upstream.wire import Exchange

HUGE_BYTES = 250 << 20
HTML = b"<!doctype html><html><body><h1>502 Bad Gateway</h1></body></html>\n"
STATUS = re.compile(r"(?P<status>\d{3})(?P<rest>-then-ok|-ms-then-ok|-no-retry)?")


@dataclass
class Scene:
    """All that a script may use: the exchange, the call in its dialect, and what the upstream remembers."""

    exchange: Exchange
    call: Call
    dialect: Dialect
    seen: Counter[str]
    redirect_to: str

    @property
    def answer(self) -> Answer:
        """Return the right answer."""
        return self.dialect.answer(self.call)


Script = Callable[[Scene], Coroutine[Any, Any, None]]


async def ok(scene: Scene) -> None:
    """Answer rightly."""
    await scene.exchange.send(scene.answer)


async def slow(scene: Scene) -> None:
    """Answer rightly, 50 ms between the pieces."""
    await scene.exchange.send(scene.answer, pace=0.05)


async def long(scene: Scene) -> None:
    """Answer with a hundred kilobytes, 5 ms between the pieces; only dialects that name the model in the body."""
    await scene.exchange.send(scene.answer, pace=0.005)


async def slow_head(scene: Scene) -> None:
    """Answer rightly after 300 ms of silence."""
    await asyncio.sleep(0.3)
    await scene.exchange.send(scene.answer)


async def dribble(scene: Scene) -> None:
    """Answer rightly, one byte in each write."""
    answer = scene.answer
    await scene.exchange.begin(answer)
    for piece in answer.pieces:
        for byte in piece:
            await scene.exchange.piece(bytes([byte]))
    await scene.exchange.end()


async def first_three(scene: Scene) -> None:
    """Begin the right answer and write three pieces of it."""
    answer = scene.answer
    await scene.exchange.begin(answer)
    for piece in answer.pieces[:3]:
        await scene.exchange.piece(piece)


async def dies_after_3(scene: Scene) -> None:
    """Close after three pieces without the end of the body."""
    await first_three(scene)
    scene.exchange.close()


async def resets(scene: Scene) -> None:
    """Reset the connection after three pieces have arrived."""
    await first_three(scene)
    await asyncio.sleep(0.05)
    scene.exchange.reset()


async def resets_before_head(scene: Scene) -> None:
    """Reset the connection instead of an answer."""
    scene.exchange.reset()


async def dies_before_head(scene: Scene) -> None:
    """Close instead of an answer."""
    scene.exchange.close()


async def dies_in_body(scene: Scene) -> None:
    """Close when half of the promised length has been sent."""
    answer = scene.answer
    body = b"".join(answer.pieces)
    await scene.exchange.head(200, [*answer.all_headers, (b"content-length", str(len(body)).encode())])
    await scene.exchange.piece(body[: len(body) // 2])
    scene.exchange.close()


async def half_close(scene: Scene) -> None:
    """Shut down the writing side in the middle and keep reading."""
    await first_three(scene)
    scene.exchange.connection.transport.write_eof()
    await scene.exchange.gone()


async def hang(scene: Scene) -> None:
    """Never answer."""
    await scene.exchange.gone()


async def hang_at_first(scene: Scene) -> None:
    """Send the head of the answer, then nothing."""
    await scene.exchange.begin(scene.answer)
    await scene.exchange.gone()


async def hang_mid(scene: Scene) -> None:
    """Say three pieces, then nothing."""
    await first_three(scene)
    await scene.exchange.gone()


async def status(scene: Scene) -> None:
    """Answer with the native error of the status that the model id names; `-then-ok` only every other time."""
    found = STATUS.fullmatch(scene.call.model)
    assert found is not None
    number, rest = int(found["status"]), found["rest"] or ""
    scene.seen[scene.call.model] += 1
    if rest.endswith("then-ok") and scene.seen[scene.call.model] % 2 == 0:
        return await ok(scene)
    answer = scene.dialect.error(scene.call, number)
    if rest == "-no-retry":
        answer.headers.append((b"x-should-retry", b"false"))
    elif rest == "-ms-then-ok":
        answer.headers.append((b"retry-after-ms", b"40"))
    elif number in (429, 503, 529):
        answer.headers.append((b"retry-after", b"1"))
    return await scene.exchange.send(answer)


async def html_error(scene: Scene) -> None:
    """Answer 502 with a page of HTML, as proxies in front of providers do."""
    await scene.exchange.send(Answer(HTML, status=502, content_type=b"text/html"))


async def html_ok(scene: Scene) -> None:
    """Answer 200 with a page of HTML, as captive portals and web front ends do."""
    await scene.exchange.send(Answer(HTML, content_type=b"text/html; charset=utf-8"))


async def empty(scene: Scene) -> None:
    """Answer 200 with no body at all."""
    await scene.exchange.send(Answer())


async def echo(scene: Scene) -> None:
    """Answer with exactly what was received."""
    got = scene.call.received
    body = {
        "method": got.method,
        "target": got.target.decode("latin-1"),
        "path": got.path,
        "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in got.headers],
        "body": base64.b64encode(got.body).decode(),
    }
    await scene.exchange.send(Answer(compact(body)))


async def unknown_fields(scene: Scene) -> None:
    """Answer rightly with fields of tomorrow, numbers beyond 2^53 among them, in each object."""
    answer = scene.answer
    grown = b"{" + compact(said.UNKNOWN_FIELDS)[1:-1] + b","
    if answer.events is None:
        answer.body = answer.body.replace(b"{", grown, 1)
    else:
        answer.events = [piece.replace(b"{", grown, 1) for piece in answer.events]
    await scene.exchange.send(answer)


async def set_cookie(scene: Scene) -> None:
    """Answer rightly with headers that must not reach a client, and two that must."""
    answer = scene.answer
    answer.headers += [
        (b"Set-Cookie", b"__cf_bm=canary; path=/; HttpOnly"),
        (b"Set-Cookie", b"second=canary"),
        (b"Alt-Svc", b'h3=":443"; ma=86400'),
        (b"Strict-Transport-Security", b"max-age=31536000"),
        (b"Clear-Site-Data", b'"*"'),
        (b"Location", b"https://elsewhere.example/"),
        (b"Connection", b"keep-alive, X-Hop"),
        (b"X-Hop", b"canary"),
        (b"Keep-Alive", b"timeout=5"),
        (b"Proxy-Authenticate", b"Basic"),
        (b"Server-Timing", b"first;dur=1"),
        (b"Server-Timing", b"second;dur=2"),
        (b"X-Mixed-Case", b"Kept As Is"),
    ]
    await scene.exchange.send(answer)


async def redirect(scene: Scene) -> None:
    """Answer 307 to `/stolen` here or where the test says."""
    answer = Answer(b"{}", status=307, headers=[(b"Location", scene.redirect_to.encode())])
    await scene.exchange.send(answer)


async def huge(scene: Scene) -> None:
    """Stream 250 MB in events of 64 KiB; nothing of it is kept."""
    scene.exchange.keep = False
    await scene.exchange.begin(Answer(content_type=b"text/event-stream"))
    event = b"data: " + b"x" * ((64 << 10) - 8) + b"\n\n"
    while scene.exchange.sent_bytes < HUGE_BYTES:
        await scene.exchange.piece(event)
    await scene.exchange.end()


async def big(scene: Scene) -> None:
    """Answer with so many KiB of text in one JSON body."""
    size = int(scene.call.model.partition("-")[2]) << 10
    await scene.exchange.send(Answer(compact({"text": "x" * size})))


async def catalog(scene: Scene) -> None:
    """List 2,000 models, whatever was asked."""
    await scene.exchange.send(Answer(compact({"data": [{"id": f"maker/model-{n:04}"} for n in range(2000)]})))


async def hostile_catalog(scene: Scene) -> None:
    """List 5,000 models whose names are markup, control characters, directions of writing, or 256 characters long."""
    names = [
        "<img/src=x/onerror=alert(1)>{}",
        "\x00\x1b[2J{}",
        "\u202egpt-4o{}",
        "a b{}",
        "../../{}",
        "{}" + "w" * 252,
        "模型{}",
    ]
    ids = [names[n % len(names)].format(f"{n:04}") for n in range(5000)]
    await scene.exchange.send(Answer(compact({"data": [{"id": each} for each in ids] + [{"id": 7}, None, {}]})))


async def error_in_stream(scene: Scene) -> None:
    """Say three events, then the dialect's error event, then end properly."""
    await first_three(scene)
    await scene.exchange.piece(scene.dialect.error_event)
    await scene.exchange.end()


async def bad_sse(scene: Scene) -> None:
    """Stream what is not a well-formed event stream of JSON."""
    events = [
        b": comment\n\n",
        b"data\n",
        b"data: {not json}\n\n",
        b"\n\n\nevent:\n",
        b"data: []\r\rid\n\n",
        b"data: {",
    ]
    await scene.exchange.send(Answer(events=events, content_type=b"text/event-stream"))


async def bad_utf8(scene: Scene) -> None:
    """Answer rightly but for bytes that are not UTF-8."""
    answer = scene.answer
    pieces = [piece.replace(b"Hello", b"H\xff\xfello") for piece in answer.pieces]
    body, events = (b"".join(pieces), None) if answer.events is None else (b"", pieces)
    await scene.exchange.send(replace(answer, body=body, events=events))


async def bad_json(scene: Scene) -> None:
    """Answer 200 with half a JSON document, properly framed."""
    answer = scene.answer
    body = b"".join(answer.pieces)
    await scene.exchange.send(replace(answer, body=body[: len(body) // 2], events=None))


def packed(name: str, pieces: Sequence[bytes]) -> list[bytes]:
    """Compress pieces one by one, each flushed so that it can be read as it comes."""
    if name == "br":
        br = brotli.Compressor()
        return [*(br.process(piece) + br.flush() for piece in pieces), br.finish()]
    if name == "zstd":
        zstd = zstandard.ZstdCompressor().compressobj()
        block = zstandard.COMPRESSOBJ_FLUSH_BLOCK
        return [*(zstd.compress(piece) + zstd.flush(block) for piece in pieces), zstd.flush()]
    deflate = zlib.compressobj(wbits=31 if name == "gzip" else 15)
    return [*(deflate.compress(piece) + deflate.flush(zlib.Z_SYNC_FLUSH) for piece in pieces), deflate.flush()]


async def compressed(scene: Scene) -> None:
    """Answer rightly with the content coding that the model id names."""
    name = scene.call.model
    answer = scene.answer
    pieces = packed(name, answer.pieces)
    body, events = (b"".join(pieces), None) if answer.events is None else (b"", pieces)
    headers = [*answer.headers, (b"content-encoding", name.encode()), (b"vary", b"accept-encoding")]
    await scene.exchange.send(replace(answer, body=body, events=events, headers=headers))


NAMED: dict[str, Script] = {
    "slow-50ms": slow,
    "long-100k": long,
    "slow-head": slow_head,
    "dribble": dribble,
    "dies-after-3": dies_after_3,
    "resets": resets,
    "resets-before-head": resets_before_head,
    "dies-before-head": dies_before_head,
    "dies-in-body": dies_in_body,
    "half-close": half_close,
    "hang": hang,
    "hang-at-first": hang_at_first,
    "hang-mid": hang_mid,
    "html-error": html_error,
    "html-ok": html_ok,
    "empty": empty,
    "echo": echo,
    "unknown-fields": unknown_fields,
    "set-cookie": set_cookie,
    "redirect": redirect,
    "huge": huge,
    "error-in-stream": error_in_stream,
    "catalog-2000": catalog,
    "catalog-hostile": hostile_catalog,
    "bad-sse": bad_sse,
    "bad-utf8": bad_utf8,
    "bad-json": bad_json,
    "gzip": compressed,
    "br": compressed,
    "zstd": compressed,
    "deflate": compressed,
}
