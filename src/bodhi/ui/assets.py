"""Serves the built pages under /ui/, from memory. What they show comes from the control API.

They are one application: each address that names no file answers its page, and the script in it reads the address.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from bodhi.core.types import Header, Headers

BUILT = Path(__file__).with_name("dist")
"""Where web/build.py puts the pages."""

_SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (
        b"content-security-policy",
        # Positions of menus, charts and formulas are written as style attributes, hence 'unsafe-inline' for styles.
        (
            b"default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
            b"font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
            b"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify"
        ),
    ),
)
_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".json": b"application/json",
    ".svg": b"image/svg+xml",
    ".txt": b"text/plain; charset=utf-8",
    ".woff2": b"font/woff2",
}
_HASHED = "/ui/assets/"
"""The names of the files below change with their content."""
_HASHED_CACHING = b"public, max-age=31536000, immutable"
_CACHING = b"no-cache"

_TEXT = (b"content-type", b"text/plain; charset=utf-8")
_NOT_FOUND = b"There is no such page. Begin at /ui/\n"
_NOT_BUILT = b"The web UI is not built. Run: python web/build.py\nThe API works without it.\n"


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    headers: tuple[Header, ...]

    @property
    def etag(self) -> bytes:
        return next((value for name, value in self.headers if name == b"etag"), b"")


@dataclass(frozen=True, slots=True)
class _File:
    plain: _Answer
    compressed: _Answer | None


class Assets:
    """The ASGI application behind `/` and `/ui/`."""

    def __init__(self, built: Path = BUILT) -> None:
        self._files = _read_files(built)
        self._page = self._files.pop("/ui/index.html", None)

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],  # noqa: ARG002 # the ASGI triple
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Answer one request with a file."""
        answer = self._choose(scope)
        body = b"" if scope["method"] == "HEAD" else answer.body
        await send({"type": "http.response.start", "status": answer.status, "headers": list(answer.headers)})
        await send({"type": "http.response.body", "body": body})

    def _choose(self, scope: MutableMapping[str, Any]) -> _Answer:
        path, method = scope["path"], scope["method"]
        if method not in ("GET", "HEAD"):
            return _Answer(405, b"", ((b"allow", b"GET, HEAD"), (b"content-length", b"0")))
        if path in ("/", "/ui"):
            return _plain(308, b"", (b"location", b"/ui/"))
        file = self._files.get(path)
        if file is None:
            if "." in PurePosixPath(path).name:
                return _plain(404, _NOT_FOUND, _TEXT)
            if self._page is None:
                return _plain(503, _NOT_BUILT, _TEXT)
            file = self._page
        headers: Headers = scope["headers"]
        answer = file.compressed if file.compressed is not None and _takes_gzip(headers) else file.plain
        return _unchanged(answer) if _has_already(headers, answer.etag) else answer


def _read_files(built: Path) -> dict[str, _File]:
    """Read every file once: what a running gateway serves stays one build, whatever is built meanwhile."""
    page, stamp = built / "index.html", built / ".stamp"
    if not page.is_file():
        return {}
    version = stamp.read_text() if stamp.is_file() else hashlib.sha256(page.read_bytes()).hexdigest()[:32]
    files = {"/ui/version.json": _file("/ui/version.json", json.dumps({"stamp": version}).encode(), None)}
    for path in built.rglob("*"):
        inside = path.relative_to(built)
        if path.suffix != ".gz" and path.is_file() and not any(part.startswith(".") for part in inside.parts):
            compressed = path.with_name(path.name + ".gz")
            url = f"/ui/{inside.as_posix()}"
            files[url] = _file(url, path.read_bytes(), compressed.read_bytes() if compressed.is_file() else None)
    return files


def _file(url: str, content: bytes, compressed: bytes | None) -> _File:
    tag = hashlib.sha256(content).hexdigest()[:32].encode()
    shown: tuple[Header, ...] = (
        (b"content-type", _TYPES.get(PurePosixPath(url).suffix, b"application/octet-stream")),
        (b"cache-control", _HASHED_CACHING if url.startswith(_HASHED) else _CACHING),
    )
    if compressed is None:
        return _File(_plain(200, content, *shown, (b"etag", b'"%b"' % tag), caching=()), None)
    vary: Header = (b"vary", b"accept-encoding")
    # RFC 9110 section 8.8.1: a strong validator of one encoding must not be that of another.
    gzip: tuple[Header, ...] = ((b"etag", b'"%b.gz"' % tag), (b"content-encoding", b"gzip"))
    return _File(
        _plain(200, content, *shown, vary, (b"etag", b'"%b"' % tag), caching=()),
        _plain(200, compressed, *shown, vary, *gzip, caching=()),
    )


def _plain(
    status: int, body: bytes, *headers: Header, caching: tuple[Header, ...] = ((b"cache-control", b"no-store"),)
) -> _Answer:
    length: Header = (b"content-length", str(len(body)).encode())
    return _Answer(status, body, (*headers, length, *caching, *_SECURITY))


def _unchanged(answer: _Answer) -> _Answer:
    """Return the 304 of an answer: RFC 9110 section 15.4.5 says which of its fields it repeats."""
    kept = (b"cache-control", b"etag", b"vary")
    return _Answer(304, b"", (*(header for header in answer.headers if header[0] in kept), *_SECURITY))


def _takes_gzip(headers: Headers) -> bool:
    """Tell whether `Accept-Encoding` allows gzip (RFC 9110 section 12.5.3)."""
    for name, value in headers:
        for offer in value.lower().split(b",") if name == b"accept-encoding" else ():
            coding, _, weight = offer.partition(b";")
            if coding.strip() in (b"gzip", b"x-gzip"):
                return weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    return False


def _has_already(headers: Headers, etag: bytes) -> bool:
    """Tell whether `If-None-Match` names the answer, compared weakly (RFC 9110 section 13.1.2)."""
    values = [part.strip() for name, value in headers if name == b"if-none-match" for part in value.split(b",")]
    return b"*" in values or any(value.removeprefix(b"W/") == etag for value in values)
