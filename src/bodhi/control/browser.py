"""What a browser's request shows: the session's cookie, the page that it comes from, the address behind proxies.

A cookie proves who somebody is only together with the proof that one of Bodhi's own pages sent it; model endpoints
never look at cookies. What a session may do is `guards`' and `access`'.
"""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from bodhi.core.credential import Secret
from bodhi.core.errors import CrossSite, InvalidJson, SessionEnded
from bodhi.core.types import Headers

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_COOKIE = 256
"""A session's secret has 56 characters; what is much longer is not looked at."""
MAX_HOPS = 32
"""More proxies than stand in front of anything; entries before them are the client's own words."""

DEFAULT_PORTS = {"http": ":80", "https": ":443"}

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_HOP = re.compile(r"\[([0-9A-Fa-f:.]{2,45})\](?::[0-9]{1,5})?|([0-9.]{7,15})(?::[0-9]{1,5})?|([0-9A-Fa-f:.]{2,45})")
"""An entry of `X-Forwarded-For`: an address, with a port where the proxy adds one."""


class Browser:
    """Reads requests and writes cookies for one deployment. One exists per process.

    Args:
        public_url: where people open Bodhi, such as `https://bodhi.example.org`; empty for `http://localhost:<port>`.
        secure: whether browsers reach Bodhi by HTTPS, so that cookies may not travel otherwise.
        trusted_proxies: networks of the proxies in front, whose `X-Forwarded-For` is believed.
    """

    def __init__(self, public_url: str = "", *, secure: bool = False, trusted_proxies: Iterable[Network] = ()) -> None:
        self._own = _origin(public_url) if public_url else ""
        self._secure = secure
        self._trusted = tuple(trusted_proxies)
        # `__Host-` makes browsers refuse the cookie from any other host and without Secure (RFC 6265bis section 4.1.3).
        self.cookie_name = "__Host-bodhi_session" if secure else "bodhi_session"
        self.flow_cookie_name = "__Host-bodhi_oidc" if secure else "bodhi_oidc"

    def session_of(self, headers: Headers) -> bytes | None:
        """Return the session's secret out of a request's cookies, or None where there is none (RFC 6265bis section 5).

        Raises:
            SessionEnded: there are several, or what is there cannot be a session's secret.
        """
        found = _cookies(headers, self.cookie_name)
        if not found:
            return None
        if len(found) > 1:
            # Which of them this deployment set, nothing tells: a page of a sibling host may have planted the other.
            raise SessionEnded("Your browser sent more than one session. Remove this site's cookies, then sign in.")
        if not 0 < len(found[0]) <= MAX_COOKIE:
            raise SessionEnded
        return found[0]

    def session_cookie(self, secret: Secret, max_age: float) -> str:
        """Write the `Set-Cookie` value that begins a session in a browser."""
        return self._cookie(secret.reveal(), int(max_age))

    def ended_cookie(self) -> str:
        """Write the `Set-Cookie` value that removes it."""
        return self._cookie("", 0)

    def flow_of(self, headers: Headers) -> bytes | None:
        """Return the secret of a sign-in that went to the identity provider from this browser, or None."""
        found = _cookies(headers, self.flow_cookie_name)
        return found[0] if len(found) == 1 else None

    def flow_cookie(self, secret: Secret, max_age: float) -> str:
        """Write the `Set-Cookie` value that ties a way to the identity provider to this browser."""
        # Lax, since the browser comes back from another site, which Strict would not survive.
        strict = self._cookie(secret.reveal(), int(max_age), self.flow_cookie_name)
        return strict.replace("SameSite=Strict", "SameSite=Lax")

    def ended_flow_cookie(self) -> str:
        """Write the `Set-Cookie` value that removes it."""
        return self._cookie("", 0, self.flow_cookie_name)

    def pages_url(self, headers: Headers) -> str:
        """Return the origin under which people open Bodhi's pages: the configured one, or the request's own."""
        scheme = "https" if self._secure else "http"
        host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "localhost")
        return self._own or _origin(f"{scheme}://{host}")

    def check_page(self, method: str, headers: Headers, *, by_cookie: bool) -> None:
        """Refuse what a page of another site, or of another port of this host, asks for.

        Raises:
            CrossSite: the browser says that another page asks, or says nothing where a cookie would prove identity.
        """
        sites = [value for name, value in headers if name == b"sec-fetch-site"]
        origins = [value for name, value in headers if name == b"origin"]
        unsafe = method not in SAFE_METHODS
        if not all(site == b"same-origin" or (site == b"none" and not unsafe) for site in sites):
            raise CrossSite
        if origins and not self._all_own(origins, headers):
            raise CrossSite
        if by_cookie and unsafe and not sites and not origins:
            raise CrossSite("Send an Origin header: without it, nothing shows which page uses your session.")

    def address(self, peer: str | None, headers: Headers) -> str | None:
        """Return the client's IP address: the peer's, or behind trusted proxies what the first of them saw.

        Each proxy appends the address that it was called from, so entries count from the right, up to the first that
        is not a trusted proxy's own; what stands before it, anybody may have written.
        """
        nearest = read_address(peer or "")
        if nearest is None:
            return peer
        if not self._trusted or not self._trusts(nearest):
            return str(nearest)
        lines = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
        entries = ",".join(lines).split(",")[-MAX_HOPS:] if lines else []
        seen = nearest
        for entry in reversed(entries):
            hop = read_address(entry)
            if hop is None:
                # A proxy that we trust wrote this, and it is no address: nothing before it can be believed.
                return str(nearest)
            seen = hop
            if not self._trusts(hop):
                break
        return str(seen)

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _all_own(self, origins: list[bytes], headers: Headers) -> bool:
        scheme = "https" if self._secure else "http"
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        own = {self._own, *(_origin(f"{scheme}://{host}") for host in hosts)} - {""}
        # As browsers write it: an origin that is not in this form is nobody's.
        return all(origin.decode("latin-1") in own for origin in origins)

    def _cookie(self, value: str, max_age: int, name: str = "") -> str:
        secure = "; Secure" if self._secure else ""
        return f"{name or self.cookie_name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}"


def _cookies(headers: Headers, cookie_name: str) -> list[bytes]:
    """Return the values of every cookie of a name."""
    wanted = cookie_name.encode()
    lines = [value for name, value in headers if name == b"cookie"]
    pairs = (pair.partition(b"=") for line in lines for pair in line.split(b";"))
    return [value.strip() for name, _, value in pairs if name.strip() == wanted]


def check_content_type(method: str, headers: Headers) -> None:
    """Refuse a body that is not JSON, whether or not the endpoint reads it: another site's form can send the others.

    Raises:
        InvalidJson: the request has a body of another media type, or of none.
    """
    if method in SAFE_METHODS:
        return
    fields = {name: value for name, value in headers if name in _BODY_FIELDS}
    has_body = b"transfer-encoding" in fields or fields.get(b"content-length", b"0").strip(b"0") != b""
    types = [value for name, value in headers if name == b"content-type"]
    if has_body and not (types and all(_is_json(each) for each in types)):
        raise InvalidJson("The request body must be a JSON object, sent as application/json.")


def read_address(text: str) -> Address | None:
    """Read an IP address, with or without a port; IPv4 within IPv6 is IPv4. None for anything else."""
    found = _HOP.fullmatch(text.strip())
    if found is None:
        return None
    try:
        address = ipaddress.ip_address(found[1] or found[2] or found[3])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


_BODY_FIELDS = frozenset({b"transfer-encoding", b"content-length"})


def _is_json(content_type: bytes) -> bool:
    return content_type.partition(b";")[0].strip().lower() == b"application/json"


def _origin(url: str) -> str:
    """Return a URL's origin as browsers write it: in lower case, without the port that goes without saying."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(DEFAULT_PORTS.get(parts.scheme, ''))}"
