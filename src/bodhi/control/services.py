"""What the endpoints are given: every object they need, built once by `app`. No rules live here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bodhi.accounting.capture import Captures
from bodhi.accounting.recorder import Recorder
from bodhi.accounting.refusals import Refusals
from bodhi.accounting.tail import Tail
from bodhi.control.browser import Browser
from bodhi.core.api_model import Timeouts
from bodhi.core.clock import Clock
from bodhi.core.errors import StoreUnavailable
from bodhi.directory.live import Directory
from bodhi.formats.contract import Format
from bodhi.identity.authenticate import Authenticator
from bodhi.identity.links import Links
from bodhi.identity.mint import Mint
from bodhi.identity.passwords import Passwords
from bodhi.identity.people import Accounts
from bodhi.identity.requests import Requests
from bodhi.identity.setup import Setup
from bodhi.identity.sign_in import Sessions
from bodhi.identity.throttle import Throttle
from bodhi.identity.tokens import TokenHasher
from bodhi.relay.upstream import UpstreamClient
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.vault import Vault

if TYPE_CHECKING:
    # What reads tokens of identity providers is loaded where one is configured.
    from bodhi.identity.oidc.flow import OidcSignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The composition that endpoints see."""

    store: Store
    directory: Directory
    vault: Vault
    authenticator: Authenticator
    hasher: TokenHasher
    """For API tokens; sessions have one of their own."""
    mint: Mint
    sessions: Sessions
    setup: Setup
    accounts: Accounts
    links: Links
    requests: Requests
    passwords: Passwords
    throttle: Throttle
    oidc: "OidcSignIn | None"
    """None where no identity provider is configured."""
    audit: AuditLog
    refusals: Refusals
    recorder: Recorder
    captures: Captures
    tail: Tail
    browser: Browser
    upstream: UpstreamClient
    formats: Mapping[str, Format]
    clock: Clock
    timeouts: Timeouts
    """The gateway's deadlines, which hold where an api model has none of its own."""
    private_networks: bool
    """Whether api models may be allowed to reach private addresses at all."""
    settings: Sequence[Mapping[str, str | None]] = ()
    """The effective settings as they may be shown: name, env, group, doc, value, default and source of each."""
    is_stopping: Callable[[], bool] = lambda: False
    """Whether the server drains and should get no new calls."""


async def reload(services: Services) -> None:
    """Make a stored change known to this process at once."""
    try:
        await services.directory.reload()
    except StoreUnavailable:
        # The change is stored. The directory notices by itself as soon as the store answers again.
        return
