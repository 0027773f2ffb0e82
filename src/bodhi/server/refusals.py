"""What the HTTP front refuses, as pure checks of targets, field lines and Host values. No socket is touched here.

llhttp already refuses bare LF and CR, folded lines, blanks around names, control characters, doubled or malformed
Content-Length and Content-Length beside Transfer-Encoding; the tests hold it to that.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from bodhi.core.remember import remember
from bodhi.core.types import Header
from bodhi.server.limits import Limits


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that never reaches the application."""

    status: int
    code: str
    message: str


MALFORMED = Refusal(400, "malformed_request", "The request is not valid HTTP/1.1.")
BODY_MALFORMED = Refusal(400, "malformed_body", "The request body's framing is not valid HTTP/1.1.")
BODY_OVERHEAD = Refusal(400, "malformed_body", "The request body is mostly chunk framing. Send larger chunks.")
VERSION_REFUSED = Refusal(505, "http_version_refused", "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
METHOD_REFUSED = Refusal(405, "method_refused", "This method is not served.")
TARGET_TOO_LONG = Refusal(414, "target_too_long", "The request target is too long.")
TARGET_REFUSED = Refusal(400, "invalid_path", "The request target is malformed or not in origin form.")
HEADERS_TOO_LARGE = Refusal(431, "headers_too_large", "The request's header block is too large.")
HEADERS_TOO_MANY = Refusal(431, "too_many_headers", "The request has too many header lines.")
HEADER_ALIAS = Refusal(400, "header_alias", "A header name imitates another one with `_` for `-`.")
HOST_COUNT = Refusal(400, "host_count", "The request must carry exactly one Host header.")
HOST_MALFORMED = Refusal(400, "host_malformed", "The Host header is not a host with an optional port.")
HOST_REFUSED = Refusal(
    421, "host_not_allowed", "This Host is not served here. If it is meant to be, add its name to BODHI_ALLOWED_HOSTS."
)
OF_HOST = frozenset(refusal.code for refusal in (HOST_COUNT, HOST_MALFORMED, HOST_REFUSED))
"""Codes of the refusals for whom a request is addressed to: a page elsewhere may have rebound a name to us."""
LENGTH_REFUSED = Refusal(400, "invalid_content_length", "Content-Length is malformed, repeated or contradicted.")
ENCODING_REFUSED = Refusal(
    400, "invalid_transfer_encoding", "The only Transfer-Encoding taken is one `chunked`, with HTTP/1.1."
)
EXPECTATION_REFUSED = Refusal(417, "expectation_refused", "The only expectation taken is 100-continue.")
TIMED_OUT = Refusal(408, "request_timeout", "The request was not complete in time.")
PIPELINE_FULL = Refusal(400, "too_many_pipelined", "Too many requests wait on this connection.")

METHODS = frozenset({b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"})
"""CONNECT and TRACE have no meaning at a gateway; llhttp would also take those of WebDAV, UPnP and RTSP."""

_ALIASED = (
    b"api-key",
    b"x-api-key",
    b"x-goog-api-key",
    b"content-length",
    b"transfer-encoding",
    b"proxy-authorization",
    b"set-cookie",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
)
ALIASES = frozenset(name.replace(b"-", b"_") for name in _ALIASED)
"""Only these are refused: servers behind CGI-like interfaces read `x_api_key` as `x-api-key`, while an underscore in
any other name is harmless and legal (RFC 9110 section 5.6.2)."""

_WATCHED = ALIASES | {b"host", b"content-length", b"transfer-encoding", b"expect"}

# One pass over the target of nearly every call. What does not match is looked at in full below.
_PLAIN_TARGET = re.compile(rb"/(?![/])[A-Za-z0-9_~:/.-]*+")
_ORIGIN_FORM = re.compile(rb"/(?![/])[!$&'()*+,;=:@%A-Za-z0-9_~/.?\"<>\[\]^`{|}-]*+")
_BAD_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_NUL = re.compile(rb"%(?:25)*00")
_ESCAPED_CONTROL = re.compile(rb"%(?:25)*(?:[01][0-9A-F]|7F)", re.IGNORECASE)
_DOT_SEGMENT = re.compile(rb"(?:^|[/\\])\.\.?(?=[/\\;]|$)")
_UNRESERVED_ESCAPES = re.compile(rb"%(?:25)*(2e|2f|5c|3b)", re.IGNORECASE)
_PLAIN = {b"2e": b".", b"2f": b"/", b"5c": b"\\", b"3b": b";"}


def check_target(target: bytes) -> Refusal | None:
    """Refuse everything but an origin-form target without traversal, however it is encoded.

    `%2F` and `%3A` pass, for model ids may hold `/` and `:`. Segments of one or two dots do not, raw or encoded, nor
    do backslashes and control characters (RFC 3986 section 5.2.4, RFC 9112 section 3.2.1).
    """
    if _PLAIN_TARGET.fullmatch(target) and b"/." not in target:
        return None
    if not _ORIGIN_FORM.fullmatch(target):
        return TARGET_REFUSED
    path, _, query = target.partition(b"?")
    if _NUL.search(query) or _BAD_ESCAPE.search(path) or _ESCAPED_CONTROL.search(path):
        return TARGET_REFUSED
    seen = _UNRESERVED_ESCAPES.sub(lambda found: _PLAIN[found[1].lower()], path)
    if b"\\" in seen or seen.startswith(b"//") or _DOT_SEGMENT.search(seen):
        return TARGET_REFUSED
    return None


@dataclass(frozen=True, slots=True)
class Framing:
    """What the field lines say of the body that follows, and whether the client waits for `100 Continue`."""

    length: bytes | None = None
    chunked: bool = False
    expects_continue: bool = False


NO_BODY = Framing()


class HostList:
    """Decides whether a Host value names this server; the port is ignored, for it is known from the socket.

    Args:
        names: host names and addresses besides localhost, 127.0.0.1 and [::1]. `*.example.org` takes every name
            below example.org; `*` takes every well-formed value.
    """

    _KNOWN_MAX = 256

    def __init__(self, names: Iterable[str] = ()) -> None:
        wanted = {"localhost", "*.localhost", "127.0.0.1", "::1"}
        wanted.update(name.strip().lower().strip("[]").rstrip(".") for name in names)
        self._everything = "*" in wanted
        self._exact = frozenset(name for name in wanted if not name.startswith("*"))
        self._suffixes = tuple(name[1:] for name in wanted if name.startswith("*."))
        self._known: dict[bytes, None] = {}

    def allows(self, value: bytes) -> bool:
        """Tell whether a request with this Host is meant for us."""
        if value in self._known:
            return True
        name = read_host(value)
        if name is None or not self._takes(name):
            return False
        remember(self._known, value, None, self._KNOWN_MAX)
        return True

    def _takes(self, name: str) -> bool:
        return self._everything or name in self._exact or name.endswith(self._suffixes)


_HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9_][A-Za-z0-9_.-]*+))(?::([0-9]{1,5}))?")


def read_host(value: bytes) -> str | None:
    """Read the name or address out of a Host value: lower case, no brackets, port or final dot; None if malformed."""
    found = _HOST.fullmatch(value) if len(value) <= 261 else None
    if found is None or (found[3] is not None and int(found[3]) > 65535):
        return None
    if found[1] is None:
        if b".." in found[2]:
            return None
        return found[2].decode("ascii").lower().removesuffix(".")
    try:
        return str(ipaddress.IPv6Address(found[1].decode("ascii")))
    except ValueError:
        return None


def check_headers(headers: list[Header], http_version: str, hosts: HostList) -> Refusal | Framing:
    """Look at the field lines that decide framing and authority.

    Returns: the refusal, or the framing of the body.
    """
    watched = [field for field in headers if field[0] in _WATCHED]
    if len(watched) == 1 and watched[0][0] == b"host":
        return NO_BODY if hosts.allows(watched[0][1]) else _host_refusal(watched[0][1])
    if len(watched) == 2 and watched[0][0] == b"host" and watched[1][0] == b"content-length":
        # The ordinary request with a body; any other order or company takes the longer way.
        host, length = watched[0][1], watched[1][1]
        if length.isdigit() and len(length) <= 18 and hosts.allows(host):
            return Framing(length)
    found: dict[bytes, list[bytes]] = {}
    for name, value in watched:
        found.setdefault(name, []).append(value)
    if not ALIASES.isdisjoint(found):
        return HEADER_ALIAS
    named = found.get(b"host", [])
    if len(named) != 1:
        return HOST_COUNT
    if not hosts.allows(named[0]):
        return _host_refusal(named[0])
    return _read_framing(found, http_version)


def _read_framing(found: dict[bytes, list[bytes]], http_version: str) -> Refusal | Framing:
    lengths = found.get(b"content-length", [])
    encodings = found.get(b"transfer-encoding", [])
    if encodings and (lengths or http_version == "1.0" or len(encodings) > 1 or encodings[0].lower() != b"chunked"):
        return ENCODING_REFUSED
    if lengths and (len(lengths) > 1 or not lengths[0].isdigit() or len(lengths[0]) > 18):
        return LENGTH_REFUSED
    expectations = found.get(b"expect", [])
    if any(value.lower() != b"100-continue" for value in expectations):
        return EXPECTATION_REFUSED
    expects = bool(expectations) and http_version != "1.0"
    return Framing(lengths[0] if lengths else None, bool(encodings), expects)


def _host_refusal(value: bytes) -> Refusal:
    return HOST_MALFORMED if read_host(value) is None else HOST_REFUSED


def check_size(headers: list[Header], limits: Limits) -> Refusal | None:
    """Refuse a header block that is too large."""
    size = sum(len(name) + len(value) + 4 for name, value in headers)
    return HEADERS_TOO_LARGE if size > limits.header_bytes else None


_REASONS = {
    400: b"Bad Request",
    405: b"Method Not Allowed",
    408: b"Request Timeout",
    414: b"URI Too Long",
    417: b"Expectation Failed",
    421: b"Misdirected Request",
    431: b"Request Header Fields Too Large",
    505: b"HTTP Version Not Supported",
}


def write_refusal(refusal: Refusal) -> bytes:
    """Write the whole response of a refusal; it always ends the connection."""
    body = b'{"error":{"message":"%b","type":"invalid_request_error","code":"%b","param":null}}' % (
        refusal.message.encode("ascii"),
        refusal.code.encode("ascii"),
    )
    return (
        b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nx-bodhi-error: %b\r\n"
        b"x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n%b"
        % (refusal.status, _REASONS[refusal.status], len(body), refusal.code.encode("ascii"), body)
    )
