"""What a browser's request shows: the session's cookie, the page that it comes from, the address behind proxies.

A cookie proves who somebody is only together with the proof that one of Bodhi's own pages sent it; model endpoints
never look at cookies. What a session may do is `guards`' and `access`'.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from bodhi.core.credential import Secret
from bodhi.core.errors import CrossSite
from bodhi.core.types import Headers

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
        """Return the session's secret out of a request's cookies, or None."""
        return _cookie_of(headers, self.cookie_name)

    def session_cookie(self, secret: Secret, max_age: float) -> str:
        """Write the `Set-Cookie` value that begins a session in a browser."""
        return self._cookie(secret.reveal(), int(max_age))

    def ended_cookie(self) -> str:
        """Write the `Set-Cookie` value that removes it."""
        return self._cookie("", 0)

    def flow_of(self, headers: Headers) -> bytes | None:
        """Return the secret of a sign-in that went to the identity provider from this browser, or None."""
        return _cookie_of(headers, self.flow_cookie_name)

    def flow_cookie(self, secret: Secret, max_age: float) -> str:
        """Write the `Set-Cookie` value that ties a way to the identity provider to this browser."""
        # Lax, since the browser comes back from another site, which Strict would not survive.
        strict = self._cookie(secret.reveal(), int(max_age), self.flow_cookie_name)
        return strict.replace("SameSite=Strict", "SameSite=Lax")

    def ended_flow_cookie(self) -> str:
        """Write the `Set-Cookie` value that removes it."""
        return self._cookie("", 0, self.flow_cookie_name)

    def check_page(self, method: str, headers: Headers, *, by_cookie: bool) -> None:
        """Refuse what a page of another site, or of another port of this host, asks for.

        Raises:
            CrossSite: the browser says that another page asks, or says nothing where a cookie would prove identity.
        """
        fields = dict(headers)
        site, origin = fields.get(b"sec-fetch-site"), fields.get(b"origin")
        unsafe = method not in SAFE_METHODS
        if site is not None and site != b"same-origin" and not (site == b"none" and not unsafe):
            raise CrossSite
        if origin is not None and origin.decode("latin-1") not in self._own_origins(fields):
            raise CrossSite
        if by_cookie and unsafe and site is None and origin is None:
            raise CrossSite("Send an Origin header: without it, nothing shows which page uses your session.")

    def address(self, peer: str | None, headers: Headers) -> str | None:  # noqa: ARG002 # proxies follow
        """Return the client's IP address: the peer's, or what the trusted proxies in front say."""
        return peer

    def _own_origins(self, fields: dict[bytes, bytes]) -> tuple[str, ...]:
        scheme = "https" if self._secure else "http"
        return (self._own, f"{scheme}://{fields.get(b'host', b'').decode('latin-1')}")

    def _cookie(self, value: str, max_age: int, name: str = "") -> str:
        secure = "; Secure" if self._secure else ""
        return f"{name or self.cookie_name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Strict{secure}"


def _cookie_of(headers: Headers, cookie_name: str) -> bytes | None:
    wanted = cookie_name.encode() + b"="
    for name, value in headers:
        if name == b"cookie":
            for pair in value.split(b";"):
                if pair.strip().startswith(wanted):
                    return pair.strip()[len(wanted) :]
    return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
