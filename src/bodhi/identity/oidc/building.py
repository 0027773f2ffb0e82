"""Puts sign-in with OpenID Connect together, where an operator has configured it. No rule lives here."""

from dataclasses import dataclass

from bodhi.core.clock import Clock
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

OIDC_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Built:
    """What sign-in works with, as the server has it."""

    store: Store
    vault: Vault
    audit: AuditLog
    sessions: Sessions
    clock: Clock


def new_sign_in(config: OidcConfig, built: Built) -> OidcSignIn:
    """Build sign-in with the provider that is configured."""
    clock = built.clock
    # A client of its own: an operator has named the provider, so it may be in a private network whatever the setting
    # for api models says. Addresses of cloud metadata stay out of reach.
    upstream = UpstreamClient(
        Egress(EgressPolicy(private_networks=True)), clock=clock, max_connections_per_origin=OIDC_CONNECTIONS
    )
    fetcher = Fetcher(upstream)
    return OidcSignIn(
        exchange=Exchange(config, Provider(config.issuer, fetcher, clock), fetcher, clock),
        people=People(config, built.audit, clock),
        sessions=built.sessions,
        store=built.store,
        vault=built.vault,
        hasher=TokenHasher(built.vault.derive("oidc-flow/v1")),
        clock=clock,
    )
