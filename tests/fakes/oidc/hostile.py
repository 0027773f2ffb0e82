"""An identity provider on loopback that signs with real keys and lies as it is told, and the browser that comes from it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx2
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64encode

from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.principal import Role
from bodhi.identity.oidc.config import OidcConfig
from bodhi.identity.oidc.exchange import Exchange
from bodhi.identity.oidc.fetch import Fetcher
from bodhi.identity.oidc.flow import OidcSignIn
from bodhi.identity.oidc.people import People
from bodhi.identity.oidc.provider import Provider
from bodhi.identity.sign_in import Sessions
from bodhi.identity.tokens import TokenHasher
from bodhi.relay.egress import Egress, EgressPolicy
from bodhi.relay.upstream import UpstreamClient
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.vault import Vault
from tests.fakes.puppet import Puppet, RawRequest, Reply, write_reply

CLIENT_ID = "bodhi"
CLIENT_SECRET = "a-client-secret-that-nobody-may-log"
CODE = "the-code-that-the-provider-gave"
ACCESS_TOKEN = "the-access-token-that-nobody-may-log"
NOW = 1_800_000_000.0

Key = RSAKey | ECKey | OKPKey


@cache
def signing_key(algorithm: str, number: int = 0) -> Key:
    """Return a private key for an algorithm, the same one each time."""
    kid = f"{algorithm}-{number}"
    if algorithm.startswith("ES"):
        return ECKey.generate_key("P-256", {"kid": kid})
    if algorithm == "EdDSA":
        return OKPKey.generate_key("Ed25519", {"kid": kid})
    return RSAKey.generate_key(2048, {"kid": kid})


def encoded(part: Any) -> bytes:
    """Write a part of a token."""
    return urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode())


def signed(header: Any, claims: Any, key: Key, algorithm: str) -> str:
    """Sign whatever it is with a key, without looking at it."""
    text = encoded(header) + b"." + encoded(claims)
    return (text + b"." + urlsafe_b64encode(JWSRegistry.algorithms[algorithm].sign(text, key))).decode()


def json_reply(document: Any, status: int = 200, kind: bytes = b"application/json") -> Reply:
    """Answer with JSON."""
    return write_reply(status, [(b"Content-Type", kind)], [json.dumps(document).encode()])


def oidc_config(issuer: str, **fields: Any) -> OidcConfig:
    """Return a configuration for a provider on loopback."""
    values: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "client_secret": Secret(CLIENT_SECRET),
        "name": "Test",
        "scopes": ("openid", "profile", "email"),
        "role_claim": "groups",
        "roles": {},
        "default_role": Role.USER,
        "algorithms": frozenset({"RS256", "PS256", "ES256", "EdDSA"}),
        "redirect_uri": "http://localhost:1135/bodhi/v1/oidc/callback",
    }
    return OidcConfig(issuer=issuer, **{**values, **fields})


@dataclass
class Parts:
    """What sign-in is built of in a test."""

    store: Store
    vault: Vault
    sessions: Sessions
    audit: AuditLog
    clock: Clock
    seconds: float = 5.0


def new_oidc(config: OidcConfig, parts: Parts) -> OidcSignIn:
    """Build sign-in for a provider, as the application does."""
    upstream = UpstreamClient(Egress(EgressPolicy(private_networks=True)))
    fetcher = Fetcher(upstream, parts.seconds)
    return OidcSignIn(
        exchange=Exchange(config, Provider(config.issuer, fetcher, parts.clock), fetcher, parts.clock),
        people=People(config, parts.audit, parts.clock),
        sessions=parts.sessions,
        store=parts.store,
        vault=parts.vault,
        hasher=TokenHasher(b"o" * 32),
        clock=parts.clock,
    )


@dataclass
class HostileProvider:
    """Answers as a provider should, except where a test has changed something."""

    puppet: Puppet
    algorithm: str = "RS256"
    kid: str | None = "RS256-0"
    nonce: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    """What the ID token says otherwise; None leaves a claim out."""
    header: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
    """Makes the token out of header and claims, in another way than by the right key."""
    description: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] | None = None
    userinfo: dict[str, Any] | None = None
    granted: dict[str, Any] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    """Whole answers by path."""

    @property
    def issuer(self) -> str:
        return self.puppet.url

    def asked(self, path: str) -> list[RawRequest]:
        """Return the requests for a path."""
        return [each for each in self.puppet.requests if each.target.decode().partition("?")[0] == path]

    def id_token(self) -> str:
        """Write the ID token of the moment."""
        header = {"alg": self.algorithm, "kid": self.kid, **self.header}
        stated = {
            "iss": self.issuer, "sub": "subject-1", "aud": CLIENT_ID, "exp": NOW + 300, "iat": NOW, "nonce": self.nonce,
            "preferred_username": "ada", **self.claims,
        }  # fmt: skip
        claims = {name: value for name, value in stated.items() if value is not None}
        header = {name: value for name, value in header.items() if value is not None}
        if self.sign is not None:
            return self.sign(header, claims)
        return signed(header, claims, signing_key(self.algorithm), self.algorithm)

    def reply(self, request: RawRequest) -> Reply:
        """Answer one request."""
        path = request.target.decode().partition("?")[0]
        if path in self.replies:
            return self.replies[path]
        if path == "/.well-known/openid-configuration":
            return json_reply(self._description())
        if path == "/jwks":
            own = [signing_key(each).as_dict(private=False) for each in ("RS256", "ES256", "EdDSA")]
            return json_reply({"keys": own if self.keys is None else self.keys})
        if path == "/token":
            granted = {"access_token": ACCESS_TOKEN, "token_type": "Bearer", "id_token": self.id_token()}
            return json_reply({**granted, **self.granted})
        if path == "/userinfo" and self.userinfo is not None:
            return json_reply(self.userinfo)
        return json_reply({"error": "not_found"}, 404)

    def _description(self) -> dict[str, Any]:
        stated = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
            "userinfo_endpoint": f"{self.issuer}/userinfo" if self.userinfo is not None else None,
            **self.description,
        }
        return {name: value for name, value in stated.items() if value is not None}


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    """Run a provider."""
    with Puppet() as puppet:
        provider = HostileProvider(puppet)
        puppet.replier = provider.reply
        yield provider


@dataclass
class Visit:
    """A browser on its way to the provider and back: what it was sent out with, and what it will bring."""

    client: httpx2.AsyncClient
    api: str
    out: Mapping[str, str]
    cookie: str | None
    back: list[tuple[str, str]]

    @classmethod
    async def begin(cls, client: httpx2.AsyncClient, api: str, issuer: str, **body: Any) -> Self:
        """Start a sign-in at Bodhi, and be ready to come back from the provider with its good answer."""
        response = await client.post(f"{api}/oidc/start", json=body)
        assert response.status_code == 200, response.text
        out = {name: values[0] for name, values in parse_qs(urlsplit(response.json()["url"]).query).items()}
        cookie = response.headers["set-cookie"].partition(";")[0].partition("=")[2]
        client.cookies.clear()
        return cls(client, api, out, cookie, [("state", out["state"]), ("code", CODE), ("iss", issuer)])

    def bring(self, **parameters: str | None) -> None:
        """Change what is brought back; None leaves a parameter out."""
        kept = [(name, value) for name, value in self.back if name not in parameters]
        self.back = kept + [(name, value) for name, value in parameters.items() if value is not None]

    async def come_back(self) -> httpx2.Response:
        """Follow the provider's redirect, as a browser does that comes from another site."""
        headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
        if self.cookie is not None:
            headers["cookie"] = f"other=1; bodhi_oidc={self.cookie}"
        response = await self.client.get(
            f"{self.api}/oidc/callback?{urlencode(self.back)}", headers=headers, follow_redirects=False
        )
        self.client.cookies.clear()
        return response


def session_cookie(response: httpx2.Response) -> str | None:
    """Return the session that an answer gives a browser."""
    for line in response.headers.get_list("set-cookie"):
        name, _, rest = line.partition("=")
        if name == "bodhi_session":
            return rest.partition(";")[0] or None
    return None


def form_of(request: RawRequest) -> dict[str, str]:
    """Return the form that a request carries."""
    return dict(parse_qsl(request.body.decode()))
