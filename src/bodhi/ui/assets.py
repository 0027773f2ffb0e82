"""Serves the files that a browser loads under /ui/, from memory. What they show comes from the control API."""

from collections.abc import Awaitable, Callable, MutableMapping
from importlib.resources import files
from typing import Any

from bodhi.core.types import Header

_SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
        ),
    ),
)

_FILES = {
    "/": ("setup.html", b"text/html; charset=utf-8"),
    "/ui": ("setup.html", b"text/html; charset=utf-8"),
    "/ui/": ("setup.html", b"text/html; charset=utf-8"),
    "/ui/setup": ("setup.html", b"text/html; charset=utf-8"),
    "/ui/invite": ("invite.html", b"text/html; charset=utf-8"),
    "/ui/invite/": ("invite.html", b"text/html; charset=utf-8"),
    "/ui/invite.js": ("invite.js", b"text/javascript; charset=utf-8"),
    "/ui/password-reset": ("reset.html", b"text/html; charset=utf-8"),
    "/ui/password-reset/": ("reset.html", b"text/html; charset=utf-8"),
    "/ui/reset.js": ("reset.js", b"text/javascript; charset=utf-8"),
    "/ui/setup.css": ("setup.css", b"text/css; charset=utf-8"),
    "/ui/icon.svg": ("icon.svg", b"image/svg+xml"),
    "/ui/setup.js": ("setup.js", b"text/javascript; charset=utf-8"),
}
_NOT_FOUND = b"There is no such page. Begin at /ui/\n"


class Assets:
    """The ASGI application behind `/` and `/ui/`."""

    def __init__(self) -> None:
        folder = files("bodhi.ui") / "pages"
        self._answers = {
            path: ((folder / name).read_bytes(), content_type) for path, (name, content_type) in _FILES.items()
        }

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],  # noqa: ARG002 # the ASGI triple
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request with a file."""
        body, content_type = self._answers.get(scope["path"], (_NOT_FOUND, b"text/plain; charset=utf-8"))
        status = 404 if body is _NOT_FOUND else 200
        headers: list[Header] = [
            (b"content-type", content_type),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-cache"),
            *_SECURITY,
        ]
        if scope["method"] not in ("GET", "HEAD"):
            status, body, headers = 405, b"", [(b"allow", b"GET, HEAD"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})
