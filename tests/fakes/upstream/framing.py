"""Scripts of the fake upstream that bend or break HTTP/1.1 framing itself. The sound ones are in `scripts`."""

import asyncio

from tests.fakes.upstream.received import Answer
from tests.fakes.upstream.scripts import NAMED, STATUS, Scene, Script, big, ok, status


def whole(scene: Scene) -> tuple[Answer, bytes]:
    """Return the right answer and its body as one piece."""
    answer = scene.answer
    return answer, b"".join(answer.pieces)


async def informational(scene: Scene) -> None:
    """Send 100 and 103 before the final status (RFC 9110 section 15.2)."""
    await scene.exchange.raw(b"HTTP/1.1 100 Continue\r\n\r\n")
    await scene.exchange.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
    await ok(scene)


async def informational_storm(scene: Scene) -> None:
    """Send 1xx without end until the peer leaves."""
    while True:
        await scene.exchange.raw(b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n")
        await asyncio.sleep(0)


async def trailers(scene: Scene) -> None:
    """End the chunked body with trailer fields."""
    answer = scene.answer
    answer.headers.append((b"Trailer", b"X-Sum"))
    await scene.exchange.begin(answer)
    for piece in answer.pieces:
        await scene.exchange.piece(piece)
    scene.exchange.finished = True
    await scene.exchange.raw(b"0\r\nX-Sum: 42\r\nX-Other: 1\r\n\r\n")


async def close_delimited(scene: Scene) -> None:
    """Frame the body by the end of the connection (RFC 9112 section 6.3)."""
    answer, body = whole(scene)
    await scene.exchange.head(200, [*answer.all_headers, (b"Connection", b"close")])
    await scene.exchange.last_piece(body)
    scene.exchange.close()


async def http10(scene: Scene) -> None:
    """Answer as an HTTP/1.0 server."""
    answer, body = whole(scene)
    await scene.exchange.head(200, answer.all_headers, version=b"HTTP/1.0")
    await scene.exchange.last_piece(body)
    scene.exchange.close()


async def keepalive_close(scene: Scene) -> None:
    """Promise to keep the connection and close it after the answer: a stale one for whoever pools it."""
    answer, body = whole(scene)
    framing = [(b"Connection", b"keep-alive"), (b"Content-Length", str(len(body)).encode())]
    await scene.exchange.head(200, [*answer.all_headers, *framing])
    await scene.exchange.last_piece(body)
    scene.exchange.close()


async def bad_chunk(scene: Scene) -> None:
    """Break the chunked coding after three good chunks."""
    answer = scene.answer
    await scene.exchange.begin(answer)
    for piece in answer.pieces[:3]:
        await scene.exchange.piece(piece)
    await scene.exchange.raw(b"zz\r\nnot a chunk\r\n0\r\n\r\n")
    await scene.exchange.gone()


async def bad_length(scene: Scene) -> None:
    """Give a length that is not a number."""
    answer, body = whole(scene)
    await scene.exchange.head(200, [*answer.all_headers, (b"content-length", b"12abc")])
    await scene.exchange.piece(body)
    await scene.exchange.gone()


async def two_lengths(scene: Scene) -> None:
    """Give two lengths that differ."""
    answer, body = whole(scene)
    lengths = [(b"content-length", str(len(body)).encode()), (b"content-length", b"5")]
    await scene.exchange.head(200, [*answer.all_headers, *lengths])
    await scene.exchange.piece(body)
    await scene.exchange.gone()


async def header_bomb(scene: Scene) -> None:
    """Send headers without end, up to 10 MB."""
    await scene.exchange.raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
    line = b"X-Bomb: " + b"x" * 8000 + b"\r\n"
    for _ in range((10 << 20) // len(line)):
        await scene.exchange.raw(line)
    await scene.exchange.raw(b"Content-Length: 2\r\n\r\n{}")


async def garbage(scene: Scene) -> None:
    """Answer with what is not HTTP."""
    await scene.exchange.raw(b"\x16\x03\x01\x02\x00SSH-2.0-nonsense\r\n\x00\x00\r\n\r\n" + bytes(range(256)))
    scene.exchange.close()


async def early_answer(scene: Scene) -> None:
    """Refuse with 413 before the body was read, then close when the peer has had the time to read it."""
    answer = scene.dialect.error(scene.call, 413)
    answer.headers.append((b"Connection", b"close"))
    await scene.exchange.send(answer)
    # Bytes left unread would make the kernel answer with a reset, which may overtake the answer.
    while not scene.exchange.connection.lost:
        scene.exchange.connection.buffer.clear()
        try:
            async with asyncio.timeout(1.0):
                await scene.exchange.connection.more()
        except TimeoutError:
            break
    scene.exchange.close()


FRAMING: dict[str, Script] = {
    "1xx": informational,
    "1xx-storm": informational_storm,
    "trailers": trailers,
    "close-delimited": close_delimited,
    "http10": http10,
    "keepalive-close": keepalive_close,
    "bad-chunk": bad_chunk,
    "bad-length": bad_length,
    "two-lengths": two_lengths,
    "header-bomb": header_bomb,
    "garbage": garbage,
    "early-answer": early_answer,
}


def script_for(name: str) -> Script:
    """Return the script that a model id names; any other id answers rightly."""
    if STATUS.fullmatch(name):
        return status
    if name.startswith("big-") and name[4:].isdigit():
        return big
    return NAMED.get(name) or FRAMING.get(name) or ok
