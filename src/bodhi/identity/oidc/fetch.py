"""Requests to the identity provider, by the same egress as all traffic: bounded, in time, never redirected.

Only what an https provider names by https is asked; plain http is for a provider on this machine. What the answers
mean is decided elsewhere, and none of them is ever logged: they carry tokens and keys.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

from bodhi.core.api_model import DEFAULT_PORTS, Origin, Timeouts
from bodhi.core.call import OutboundRequest
from bodhi.core.errors import ApiModelUnusable, BodhiError, IdentityProviderUnavailable
from bodhi.core.types import Header
from bodhi.relay.upstream import UpstreamClient

MAX_ANSWER = 64 * 1024
MAX_URL = 2_048
FETCH_SECONDS = 10.0

_PRINTABLE = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """An address of the provider."""

    origin: Origin
    path: str
    """Path and query."""


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """What the provider answered: a JSON object, under a status."""

    status: int
    members: Mapping[str, Any]


def read_endpoint(url: str) -> HttpEndpoint:
    """Read a URL of the provider.

    Raises:
        IdentityProviderUnavailable: it is not https (or http on this machine), or holds what no such URL holds.
    """
    if not _PRINTABLE.fullmatch(url) or len(url) > MAX_URL or "#" in url or "\\" in url:
        raise IdentityProviderUnavailable("The identity provider names an address that cannot be read.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise IdentityProviderUnavailable("The identity provider names an address that cannot be read.") from None
    host = parts.hostname or ""
    if not host or "@" in parts.netloc or parts.scheme not in DEFAULT_PORTS or port == 0:
        raise IdentityProviderUnavailable("The identity provider names an address that cannot be used.")
    if parts.scheme != "https" and not is_this_machine(host):
        raise IdentityProviderUnavailable("The identity provider names an address without https.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return HttpEndpoint(Origin(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme]), path)


def is_this_machine(host: str) -> bool:
    """Tell whether a host is spelled as loopback; a name that merely resolves to it is not."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Fetcher:
    """Asks the provider. One exists per process.

    Args:
        upstream: a client of its own, which may reach private networks, since an operator has named the provider.
        seconds: the deadline of one request as a whole.
    """

    def __init__(self, upstream: UpstreamClient, seconds: float = FETCH_SECONDS) -> None:
        self._upstream = upstream
        self._seconds = seconds
        self._timeouts = Timeouts(connect=seconds, first_byte=seconds, idle=seconds, total=seconds, write_stall=seconds)

    async def get(self, endpoint: HttpEndpoint, *headers: Header) -> JsonAnswer:
        """Ask for a document.

        Raises:
            IdentityProviderUnavailable: no answer came in time, or none that is a JSON object of bounded size.
        """
        return await self._ask(b"GET", endpoint, headers, b"")

    async def post(self, endpoint: HttpEndpoint, form: Mapping[str, str], *headers: Header) -> JsonAnswer:
        """Send a form. Raises as `get` does."""
        kind: Header = (b"content-type", b"application/x-www-form-urlencoded")
        return await self._ask(b"POST", endpoint, (kind, *headers), urlencode(form).encode())

    async def close(self) -> None:
        """Close the connections."""
        await self._upstream.close()

    async def _ask(self, method: bytes, endpoint: HttpEndpoint, headers: tuple[Header, ...], body: bytes) -> JsonAnswer:
        request = OutboundRequest(
            origin=endpoint.origin,
            allow_private_network=True,
            method=method,
            target=endpoint.path.encode(),
            headers=[(b"accept", b"application/json"), (b"accept-encoding", b"identity"), *headers],
            body=body,
            timeouts=self._timeouts,
        )
        try:
            async with asyncio.timeout(self._seconds):
                return await self._exchange(request)
        except TimeoutError:
            _refuse("did not answer in time")
        except IdentityProviderUnavailable:
            raise
        except ApiModelUnusable:
            _refuse("is, or names, an address that Bodhi never connects to")
        except BodhiError as error:
            # The errors of egress speak of api models; what they say of the network holds here, too.
            _refuse(f"could not be asked ({error.code})")

    async def _exchange(self, request: OutboundRequest) -> JsonAnswer:
        response = await self._upstream.open(request)
        try:
            kind = _checked_kind(response.status, dict(response.headers))
            pieces: list[bytes] = []
            size = 0
            while piece := await response.read():
                size += len(piece)
                if size > MAX_ANSWER:
                    _refuse("answered with more than 64 KiB")
                pieces.append(piece)
        finally:
            response.release()
        if not kind:
            _refuse(f"answered {response.status} without JSON")
        return JsonAnswer(response.status, read_object(b"".join(pieces)))


def read_object(text: bytes) -> Mapping[str, Any]:
    """Read a JSON object.

    Raises:
        IdentityProviderUnavailable: it is none.
    """
    try:
        document = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        _refuse("answered with broken JSON")
    if not isinstance(document, dict):
        _refuse("answered with JSON that is no object")
    return document


def _checked_kind(status: int, headers: Mapping[bytes, bytes]) -> bool:
    """Tell whether an answer is JSON; refuse what can be none."""
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        _refuse(f"answered with a redirect ({status}), which is not followed")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _refuse(f"answered {status}")
    if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
        _refuse("answered compressed, which was not asked for")
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are no JSON (RFC 8259 section 6) and would compare with every time as false."""
    raise ValueError(name)


def _refuse(how: str) -> NoReturn:
    raise IdentityProviderUnavailable(f"The identity provider {how}. Try again shortly, or tell whoever runs Bodhi.")
