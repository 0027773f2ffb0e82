"""The way to the identity provider and back: authorization code flow with PKCE (RFC 6749, 7636 and 9207).

What goes out is bound to one browser by a cookie, and works once. Who the person then is, `people` decides.
"""

import hmac
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from urllib.parse import urlencode

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import IdentityRefused
from bodhi.identity.oidc.exchange import Exchange, Granted
from bodhi.identity.oidc.id_token import LEEWAY, read_time
from bodhi.identity.oidc.people import People
from bodhi.identity.sign_in import Opened, Opening, Sessions
from bodhi.identity.tokens import TokenHasher
from bodhi.storage.engine import Store
from bodhi.storage.oidc_flows import COLUMN, OidcFlow, insert_flow, session_user_id, take_flow
from bodhi.storage.users import User
from bodhi.storage.vault import CannotOpen, Place, Vault

FLOW_SECONDS = 600.0
METHOD = "oidc"
MAX_CODE = 4_096
MAX_SAID = 300


class Purpose(StrEnum):
    """What a way to the provider is for."""

    SIGN_IN = "sign_in"
    SETUP = "setup"
    """To become the first Admin; whoever begins it has shown the setup code."""
    CONFIRM = "confirm"
    """To prove again who one is, for a session that lasts already."""


@dataclass(frozen=True, slots=True)
class Started:
    """Where the browser goes, and the cookie that it must bring back."""

    url: str = field(repr=False)
    cookie: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """What the browser brings back: the parameters as they came, and the cookie."""

    state: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    issuer: str | None = None
    error: str | None = None
    error_description: str | None = None
    cookie: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Finished:
    """How it ended: whose identity was proven, and the session that was opened, or confirmed and got a new secret."""

    purpose: Purpose
    user: User
    opened: Opened


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """Signs people in with one identity provider. One exists per process."""

    exchange: Exchange
    people: People
    sessions: Sessions
    store: Store
    vault: Vault
    hasher: TokenHasher
    clock: Clock

    @property
    def name(self) -> str:
        """What the provider is called on the button."""
        return self.people.config.name

    async def start(self, purpose: Purpose, session_id: str | None = None) -> Started:
        """Begin a way to the provider.

        Raises:
            IdentityProviderUnavailable: its description cannot be had.
        """
        description = await self.exchange.provider.description()
        state, nonce, cookie = (Secret(secrets.token_urlsafe(32)) for _ in range(3))
        verifier, now = Secret(secrets.token_urlsafe(48)), self.clock.now()
        state_mac = self._mac(state.reveal().encode())
        kept = Secret(json.dumps([nonce.reveal(), verifier.reveal()]))
        flow = OidcFlow(
            state_mac=state_mac,
            browser_mac=self._mac(cookie.reveal().encode()),
            sealed=self.vault.seal(kept, self._place(state_mac)),
            purpose=purpose.value,
            session_id=session_id,
            created_at=now,
            expires_at=now + FLOW_SECONDS,
        )
        async with self.store.write() as connection:
            await insert_flow(connection, flow)
        config = self.people.config
        asked = {
            "response_type": "code",
            "client_id": config.client_id,
            "redirect_uri": config.redirect_uri,
            "scope": " ".join(config.scopes),
            "state": state.reveal(),
            "nonce": nonce.reveal(),
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
        }
        if purpose is Purpose.CONFIRM:
            # The provider must ask anew, and say when it did (OpenID Connect Core section 3.1.2.1).
            asked |= {"prompt": "login", "max_age": "0"}
        address = description.authorization_url
        return Started(f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}", cookie)

    async def finish(self, back: WayBack, opening: Opening) -> Finished:
        """End a way to the provider, whatever came of it.

        Raises:
            IdentityRefused: what came back is not the one answer to what this browser began.
            IdentityProviderUnavailable: the provider cannot be asked, or answers what cannot be believed.
            SessionEnded: the session that was to be confirmed has ended meanwhile.
            Conflict: somebody else has become the first Admin meanwhile.
        """
        flow = await self._taken(back)
        purpose = Purpose(flow.purpose)
        description = await self.exchange.provider.description()
        issuer = self.people.config.issuer
        if back.issuer != issuer and (back.issuer is not None or description.names_itself):
            raise IdentityRefused("The answer is not of the identity provider that was asked. Begin to sign in again.")
        if back.error is not None:
            raise IdentityRefused(_said(back.error, back.error_description))
        if not 0 < len(back.code) <= MAX_CODE:
            raise IdentityRefused("The identity provider sent no code. Begin to sign in again.")
        nonce, verifier = self._opened(flow)
        granted = await self.exchange.redeem(back.code, nonce=nonce, verifier=verifier)
        if purpose is Purpose.CONFIRM:
            return await self._confirm(flow, granted, opening.address)
        claims = await self.exchange.completed(granted)
        async with self.store.write() as connection:
            admit = self.people.admit_first if purpose is Purpose.SETUP else self.people.admit
            user = await admit(connection, claims, opening.address)
            opened = await self.sessions.open(connection, user, opening)
        return Finished(purpose, user, opened)

    async def close(self) -> None:
        """Close the connections to the provider."""
        await self.exchange.fetcher.close()

    async def _taken(self, back: WayBack) -> OidcFlow:
        """Take the flow away before anything else is looked at, so that no state works twice."""
        flow = None
        if 0 < len(back.state) <= MAX_SAID and back.state.isascii():
            async with self.store.write() as connection:
                flow = await take_flow(connection, self._mac(back.state.encode()))
        if flow is None or self.clock.now() >= flow.expires_at:
            raise IdentityRefused(
                "This sign-in is unknown, was ended before, or took too long. Begin to sign in again."
            )
        if back.cookie is None or not hmac.compare_digest(self._mac(back.cookie), flow.browser_mac):
            raise IdentityRefused(
                "This sign-in was begun in another browser, or at another address of Bodhi. Begin again here."
            )
        return flow

    async def _confirm(self, flow: OidcFlow, granted: Granted, address: str | None) -> Finished:
        claims, now = granted.claims, self.clock.now()
        proved = read_time(claims, "auth_time")
        if proved is None:
            raise IdentityRefused("The identity provider does not tell when you signed in there.")
        # The token's own check has refused a clock that is far off; here it must be this sign-in, not one before.
        if not flow.created_at - LEEWAY <= proved <= now + LEEWAY:
            raise IdentityRefused("You did not sign in anew at the identity provider. Confirm again.")
        async with self.store.write() as connection:
            user = await self.people.find(connection, claims)
            session_id = flow.session_id or ""
            if user is None or await session_user_id(connection, session_id) != user.id:
                raise IdentityRefused("You signed in at the identity provider as somebody else.")
            opened = await self.sessions.renew(connection, session_id)
            actor = Actor(user_id=user.id, user_name=user.name, session_id=session_id, address=address)
            act = Act(action="session.confirm", subject_id=user.id, subject_name=user.name, after={"method": METHOD})
            await self.people.audit.append(connection, actor, act)
        return Finished(Purpose.CONFIRM, user, opened)

    def _opened(self, flow: OidcFlow) -> tuple[str, Secret]:
        """Return nonce and verifier of a flow."""
        try:
            nonce, verifier = json.loads(self.vault.open(flow.sealed, self._place(flow.state_mac)).reveal())
        except (CannotOpen, ValueError):
            raise IdentityRefused("This sign-in was begun before Bodhi's keys changed. Begin again.") from None
        return nonce, Secret(verifier)

    def _place(self, state_mac: bytes) -> Place:
        return Place("oidc_flows", COLUMN, state_mac.hex(), self.people.config.issuer)

    def _mac(self, text: bytes) -> bytes:
        return self.hasher.mac(text)


def _challenge(verifier: Secret) -> str:
    """Return the challenge of a verifier by S256 (RFC 7636 section 4.2)."""
    return urlsafe_b64encode(sha256(verifier.reveal().encode()).digest()).rstrip(b"=").decode()


def _said(error: str, description: str | None) -> str:
    """Repeat what the provider says went wrong, as one line of bounded length; whoever shows it escapes it."""
    said = f"{error}: {description}" if description else error
    plain = "".join(letter if letter.isprintable() else " " for letter in said)[:MAX_SAID]
    return f"The identity provider ended the sign-in ({plain})."
