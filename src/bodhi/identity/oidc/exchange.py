"""What Bodhi asks the provider for one sign-in: tokens for a code, and the person's claims. Nothing is stored here."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote_plus

from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import IdentityProviderUnavailable, IdentityRefused
from bodhi.core.types import Header
from bodhi.identity.oidc.config import OidcConfig
from bodhi.identity.oidc.fetch import Fetcher, JsonAnswer
from bodhi.identity.oidc.id_token import Expected, NoSuchKey, validate
from bodhi.identity.oidc.provider import SECRET_BASIC, SECRET_POST, Description, Provider
from bodhi.identity.oidc.roles import claim_at, has_name

_ERROR_NAME = re.compile(r"[a-z_]{1,64}")
_OWN_FAULTS = frozenset({"invalid_client", "unauthorized_client", "unsupported_grant_type"})
"""Errors (RFC 6749 section 5.2) that no person who signs in can do anything about."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What the provider gave for a code: claims that it has signed, and a token to ask for more."""

    claims: Mapping[str, Any]
    access_token: Secret | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Asks one provider as one client. One exists per process."""

    config: OidcConfig
    provider: Provider
    fetcher: Fetcher
    clock: Clock

    async def redeem(self, code: str, *, nonce: str, verifier: Secret) -> Granted:
        """Exchange a code for tokens, and return the claims of the ID token once they are proven.

        Raises:
            IdentityRefused: the provider does not accept the code, or the ID token does not hold.
            IdentityProviderUnavailable: it cannot be asked, or does not answer as it should.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.config.redirect_uri,
            "code_verifier": verifier.reveal(),
        }
        description = await self.provider.description()
        headers = self._authenticate(form, description)
        answer = await self.fetcher.post(description.token, form, *headers)
        _check_granted(answer)
        token, access_token = answer.members.get("id_token"), answer.members.get("access_token")
        if not isinstance(token, str):
            raise IdentityProviderUnavailable("The identity provider sent no ID token. Check BODHI_OIDC_SCOPES.")
        access = Secret(access_token) if isinstance(access_token, str) else None
        expected = Expected(
            issuer=self.config.issuer,
            client_id=self.config.client_id,
            nonce=nonce,
            algorithms=self.config.algorithms,
            now=self.clock.now(),
            access_token=access.reveal() if access else None,
        )
        keys = await self.provider.keys()
        try:
            claims = validate(token, keys, expected)
        except NoSuchKey:
            claims = validate(token, await self.provider.newer_keys(keys), expected)
        return Granted(claims, access)

    async def completed(self, granted: Granted) -> Mapping[str, Any]:
        """Return the claims, asking the userinfo endpoint for what the ID token does not hold (Core section 5.3).

        Raises:
            IdentityRefused: the answer is about somebody else.
            IdentityProviderUnavailable: it cannot be asked, or does not answer as it should.
        """
        claims = granted.claims
        lacks_role = bool(self.config.roles) and claim_at(claims, self.config.role_claim) is None
        endpoint = (await self.provider.description()).userinfo
        if endpoint is None or granted.access_token is None or (has_name(claims) and not lacks_role):
            return claims
        bearer: Header = (b"authorization", f"Bearer {granted.access_token.reveal()}".encode())
        answer = await self.fetcher.get(endpoint, bearer)
        # To go on without an answer would take away the role that the claims give.
        if answer.status != HTTPStatus.OK:
            raise IdentityProviderUnavailable(f"The identity provider answered {answer.status} instead of your claims.")
        if answer.members.get("sub") != claims["sub"]:
            raise IdentityRefused("The identity provider's claims are about somebody else. Begin to sign in again.")
        if lacks_role:
            # The whole member goes with its path: an ID token may hold an empty one of the same name.
            path = self.config.role_claim
            claims = {name: value for name, value in claims.items() if name not in (path, path.partition(".")[0])}
        return {**answer.members, **claims, "sub": granted.claims["sub"]}

    def _authenticate(self, form: dict[str, str], description: Description) -> tuple[Header, ...]:
        """Show who asks, in the way that the provider takes (OpenID Connect Core section 9)."""
        secret, client_id = self.config.client_secret, self.config.client_id
        if secret is None:
            form["client_id"] = client_id
            return ()
        if SECRET_BASIC in description.secret_ways:
            # RFC 6749 section 2.3.1: both are form-encoded before they are joined.
            pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
            return ((b"authorization", b"Basic " + base64.b64encode(pair.encode())),)
        if SECRET_POST in description.secret_ways:
            form |= {"client_id": client_id, "client_secret": secret.reveal()}
            return ()
        raise IdentityProviderUnavailable("The identity provider takes no client secret in a way that Bodhi knows.")


def _check_granted(answer: JsonAnswer) -> None:
    """Refuse an answer that grants nothing."""
    if answer.status == HTTPStatus.OK:
        return
    error = answer.members.get("error")
    name = error if isinstance(error, str) and _ERROR_NAME.fullmatch(error) else "no reason given"
    if answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED) and name not in _OWN_FAULTS:
        raise IdentityRefused(f"The identity provider did not accept the sign-in ({name}). Begin again.")
    raise IdentityProviderUnavailable(
        f"The identity provider does not serve Bodhi as its client ({answer.status}, {name}). "
        "Whoever runs Bodhi should check BODHI_OIDC_CLIENT_ID and BODHI_OIDC_CLIENT_SECRET."
    )
