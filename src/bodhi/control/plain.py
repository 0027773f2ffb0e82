"""Answers of the control API that need no framework: what a probe is told, and that the rest could not be loaded."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from bodhi.control.services import Services
from bodhi.core.errors import BodhiError

HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
"""Headers of every answer of the control API."""

Status = Literal["ok", "degraded", "not_ready"]
Send = Callable[[Any], Awaitable[None]]


def live(_services: Services) -> tuple[int, Status]:
    """Return status and word of `/livez`: who answers lives."""
    return 200, "ok"


def ready(services: Services) -> tuple[int, Status]:
    """Return status and word of `/readyz`; `degraded` means from memory, while the store does not answer."""
    if not services.directory.loaded or services.is_stopping():
        return 503, "not_ready"
    return 200, "ok" if services.directory.stale_since is None else "degraded"


PROBES = {"/livez": live, "/readyz": ready}
"""What container platforms ask every few seconds, by path."""


async def answer_probe(services: Services, path: str, send: Send) -> None:
    """Answer a probe as the whole control API would."""
    status, word = PROBES[path](services)
    await _answer(send, status, {"status": word}, [])


async def answer_error(error: BodhiError, send: Send) -> None:
    """Answer with an error in the control API's own body."""
    body = {"error": {"code": error.code, "message": error.message, "param": error.param}}
    await _answer(send, error.status, body, [(b"x-bodhi-error", error.code.encode())])


async def _answer(send: Send, status: int, body: Mapping[str, Any], more: list[tuple[bytes, bytes]]) -> None:
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    own = [(b"content-length", b"%d" % len(content)), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": [*more, *own, *HEADERS]})
    await send({"type": "http.response.body", "body": content})
