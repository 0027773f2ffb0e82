"""What an operator has said of the identity provider, checked as a whole. Reading the variables is settings'."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bodhi.core.credential import Secret
from bodhi.core.errors import BodhiError, StartupError
from bodhi.core.principal import ROLES, Role
from bodhi.identity.oidc.fetch import read_endpoint

CALLBACK = "/bodhi/v1/oidc/callback"
EXIT_SETTINGS = 2

KEY_TYPES: Mapping[str, tuple[str, str | None]] = MappingProxyType({
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "PS256": ("RSA", None),
    "PS384": ("RSA", None),
    "PS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
    "Ed25519": ("OKP", "Ed25519"),
})  # fmt: skip
"""Each algorithm that can be allowed, with its key's type and curve. No `none` and no HMAC: a client's secret or a
public key would sign as well as the provider does (RFC 8725 section 2.1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcConfig:
    """One provider, and what its people may do here."""

    issuer: str
    """As the provider spells it: a slash more or less is another issuer."""
    client_id: str
    client_secret: Secret | None
    """None for a public client."""
    name: str
    """What the button says."""
    scopes: tuple[str, ...]
    role_claim: str
    roles: Mapping[str, Role]
    """Role by value of the claim; empty leaves roles to Managers and Admins."""
    default_role: Role
    algorithms: frozenset[str]
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcChoices:
    """The settings as they were read, before they are looked at together."""

    issuer: str
    client_id: str
    client_secret: str | None
    name: str
    scopes: Sequence[str]
    role_claim: str
    roles: Sequence[tuple[str, str]]
    default_role: str
    algorithms: Sequence[str]
    public_url: str
    port: int


def check_choices(choices: OidcChoices) -> OidcConfig | None:
    """Return the provider that the settings describe, or None where they describe none.

    Raises:
        StartupError: they contradict each other, or leave out what is needed.
    """
    if not choices.issuer and not choices.client_id:
        if choices.client_secret or choices.roles:
            raise _wrong(
                "BODHI_OIDC_ISSUER and BODHI_OIDC_CLIENT_ID are missing; the other BODHI_OIDC_ settings need them."
            )
        return None
    if not choices.issuer or not choices.client_id:
        missing = "BODHI_OIDC_CLIENT_ID" if choices.issuer else "BODHI_OIDC_ISSUER"
        raise _wrong(f"{missing} is missing: sign-in with OpenID Connect needs both the issuer and the client's id.")
    _check_issuer(choices.issuer)
    if not choices.public_url and not choices.port:
        raise _wrong("BODHI_PUBLIC_URL is missing: with BODHI_PORT=0 the identity provider cannot know the way back.")
    return OidcConfig(
        issuer=choices.issuer,
        client_id=choices.client_id,
        client_secret=Secret(choices.client_secret) if choices.client_secret else None,
        name=choices.name,
        scopes=_scopes(choices.scopes),
        role_claim=choices.role_claim,
        roles={value: _role("BODHI_OIDC_ROLES", role) for value, role in choices.roles},
        default_role=_role("BODHI_OIDC_DEFAULT_ROLE", choices.default_role),
        algorithms=_algorithms(choices.algorithms),
        redirect_uri=(choices.public_url or f"http://localhost:{choices.port}") + CALLBACK,
    )


def _check_issuer(issuer: str) -> None:
    try:
        endpoint = read_endpoint(issuer)
    except BodhiError:
        endpoint = None
    if endpoint is None or "?" in endpoint.path:
        raise _wrong(
            f"BODHI_OIDC_ISSUER: {issuer!r} is no issuer. It begins with https:// and is spelled as the provider does, "
            "such as https://id.example.org/realms/main; http:// is for providers on this machine only."
        )


def _scopes(scopes: Sequence[str]) -> tuple[str, ...]:
    # Without this scope it is OAuth, and nobody signs an ID token (OpenID Connect Core section 3.1.2.1).
    if "openid" not in scopes:
        raise _wrong("BODHI_OIDC_SCOPES must contain openid.")
    return tuple(scopes)


def _role(variable: str, text: str) -> Role:
    role = ROLES.get(text)
    if role is None:
        raise _wrong(f"{variable}: {text!r} is not a role. The roles are {', '.join(ROLES)}.")
    return role


def _algorithms(algorithms: Sequence[str]) -> frozenset[str]:
    unknown = [each for each in algorithms if each not in KEY_TYPES]
    if unknown or not algorithms:
        raise _wrong(
            f"BODHI_OIDC_ALGORITHMS: {', '.join(unknown) or 'nothing'} cannot be allowed. "
            f"Choose from {', '.join(sorted(KEY_TYPES))}."
        )
    return frozenset(algorithms)


def _wrong(message: str) -> StartupError:
    return StartupError(message, exit_status=EXIT_SETTINGS)
