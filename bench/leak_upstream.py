"""A provider that does what none should: what it does stands in the model's name. The well-behaved one is `mock.c`.

It runs in the event loop of the clients, and keeps nothing of what it was asked.
"""

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

SLOW_SECONDS = 0.05
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_MODEL = re.compile(rb'"model": *"([^"]*)"')
_EVENT = b'data: {"id":"1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word"}}]}\n\n'
_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_ERROR = b'{"error":{"message":"Not now.","type":"server_error","code":null,"param":null}}'
_WHOLE = b'{"id":"1","object":"chat.completion","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":99}}'

Behaviour = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _answer(status: bytes, body: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (status, len(body), body)


async def _close(writer: asyncio.StreamWriter) -> None:
    """Leave without a word."""
    writer.close()


async def _break(writer: asyncio.StreamWriter) -> None:
    """Reset the connection in the middle of a stream."""
    writer.write(_STREAM + b"".join(b"%x\r\n%b\r\n" % (len(_EVENT), _EVENT) for _ in range(5)))
    await writer.drain()
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


async def _cut(writer: asyncio.StreamWriter) -> None:
    """Promise more bytes than are sent."""
    writer.write(_answer(b"200 OK", _WHOLE)[:-20])
    writer.close()


async def _garble(writer: asyncio.StreamWriter) -> None:
    """Answer something that is not HTTP."""
    writer.write(b"220 mail.example.org ESMTP\r\n\r\n")


async def _wait(writer: asyncio.StreamWriter) -> None:
    """Take a moment."""
    await asyncio.sleep(SLOW_SECONDS)
    writer.write(_answer(b"200 OK", _WHOLE))


async def _refuse(writer: asyncio.StreamWriter) -> None:
    """Say that it is too much."""
    writer.write(_answer(b"429 Too Many Requests", _ERROR))


async def _fail(writer: asyncio.StreamWriter) -> None:
    """Say that it is broken."""
    writer.write(_answer(b"500 Internal Server Error", _ERROR))


BEHAVIOURS: dict[bytes, Behaviour] = {
    b"closes": _close,
    b"breaks": _break,
    b"cuts": _cut,
    b"garbles": _garble,
    b"waits": _wait,
    b"refuses": _refuse,
    b"fails": _fail,
}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            model = _MODEL.search(body)
            behave = BEHAVIOURS.get(model[1] if model else b"", _fail)
            await behave(writer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        # The gateway left, as it does after most of what is done to it here.
        return
    finally:
        writer.close()


@contextlib.asynccontextmanager
async def bad_upstream() -> AsyncIterator[int]:
    """Serve on a free port."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
