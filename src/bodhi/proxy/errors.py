"""Any error of ours in the caller's dialect. An upstream's own error never comes here: it passes untouched."""

from bodhi.core.errors import BodhiError, MethodNotAllowed, Unauthenticated, UpgradeRequired
from bodhi.core.types import Header
from bodhi.formats.contract import Dialect
from bodhi.proxy.inbound import Send
from bodhi.relay.headers import GUARD_HEADERS

_RETRIED_BY_SDKS = frozenset({408, 409, 429})
"""With every 5xx, the statuses on which the official SDKs try again unless `x-should-retry` says no."""


def write_refusal(error: BodhiError, voice: Dialect, call_id: str) -> tuple[int, list[Header], bytes]:
    """Return status, headers and body that tell an error in a dialect."""
    body = voice.write_error(error, call_id)
    status = voice.error_status(error)
    headers: list[Header] = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"x-bodhi-error", error.code.encode()),
        (b"x-bodhi-request-id", call_id.encode()),
        *GUARD_HEADERS,
        *voice.error_headers(error, call_id),
    ]
    if not error.retryable and (status >= 500 or status in _RETRIED_BY_SDKS):
        headers.append((b"x-should-retry", b"false"))
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="bodhi"'))
    if isinstance(error, MethodNotAllowed) and error.param:
        headers.append((b"allow", error.param.encode()))
    if isinstance(error, UpgradeRequired):
        headers += [(b"upgrade", b"HTTP/1.1"), (b"connection", b"upgrade, close")]
    return status, headers, body


async def send_refusal(send: Send, status: int, headers: list[Header], body: bytes) -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
