"""The composition root: builds every object of the server once, and passes each what it needs."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from operator import attrgetter
from typing import TYPE_CHECKING

from bodhi.accounting.audit_heads import FILE, AuditHeads
from bodhi.accounting.audit_retention import audit_chore
from bodhi.accounting.capture import Captures
from bodhi.accounting.capture_retention import capture_chore
from bodhi.accounting.prices import Prices
from bodhi.accounting.recorder import Recorder
from bodhi.accounting.refusals import Refusals
from bodhi.accounting.tail import Tail
from bodhi.accounting.upkeep import Upkeep
from bodhi.control.browser import Browser
from bodhi.control.loading import ControlOnDemand
from bodhi.control.services import Services
from bodhi.core.api_model import ApiModel
from bodhi.directory.live import Directory
from bodhi.formats.contract import Format
from bodhi.formats.registry import FORMATS, dialects_of, private_formats
from bodhi.home import Home
from bodhi.identity.authenticate import Authenticator
from bodhi.identity.links import KEY_PURPOSE, Links
from bodhi.identity.mint import Mint
from bodhi.identity.oidc.config import OidcChoices, check_choices
from bodhi.identity.passwords import Passwords
from bodhi.identity.people import Accounts
from bodhi.identity.requests import Requests
from bodhi.identity.setup import Setup
from bodhi.identity.sign_in import Sessions
from bodhi.identity.throttle import Throttle
from bodhi.identity.tokens import TokenHasher
from bodhi.proxy.handler import DataPlane, Limits
from bodhi.proxy.inbound import Receive, Scope, Send
from bodhi.proxy.lane import Lane
from bodhi.proxy.objects import Objects
from bodhi.relay.egress import Egress, EgressPolicy
from bodhi.relay.upstream import UpstreamClient
from bodhi.routing.classify import Classifier
from bodhi.settings import effective
from bodhi.storage.duty import FILE as DUTY_FILE
from bodhi.storage.duty import Duty
from bodhi.ui.assets import Assets

if TYPE_CHECKING:
    from bodhi.identity.oidc.flow import OidcSignIn

_CONTROL_PATHS = ("/bodhi/", "/livez", "/readyz")
_UI_PATHS = ("/ui/",)


@dataclass(slots=True)
class Stopping:
    """How the server is stopped, and whether that has begun, once it runs."""

    stop: Callable[[], None] = lambda: None
    ask: Callable[[], bool] = lambda: False

    def is_begun(self) -> bool:
        """Tell whether the server drains."""
        return self.ask()


@dataclass(frozen=True, slots=True)
class Server:
    """Everything that runs while Bodhi serves."""

    home: Home
    directory: Directory
    upstream: UpstreamClient
    recorder: Recorder
    captures: Captures
    refusals: Refusals
    audit_heads: AuditHeads
    upkeep: Upkeep
    duty: Duty
    setup: Setup
    services: Services
    """What the control API works with; the command line works with the same."""
    application: "Application"
    stopping: "Stopping"
    lane: Lane | None
    """What answers the common calls without a task. Without it every call takes the coroutine way: its reference."""

    def stop(self) -> None:
        """Begin to drain; a second time: end at once."""
        self.stopping.stop()


class Application:
    """The ASGI application: hands each request to the control API, the UI's files, or the data plane."""

    def __init__(self, data_plane: DataPlane, control: ControlOnDemand, assets: Assets) -> None:
        self._data_plane = data_plane
        self._control = control
        self._assets = assets

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request; the server's lifespan is acknowledged, since `run` starts and stops what there is."""
        if scope["type"] == "lifespan":
            return _acknowledge_lifespan(receive, send)
        path: str = scope["path"]
        if path.startswith(_CONTROL_PATHS):
            return self._control(scope, receive, send)
        if path in ("/", "/ui") or path.startswith(_UI_PATHS):
            self._control.begin()
            return self._assets(scope, receive, send)
        return self._data_plane(scope, receive, send)


async def build(
    home: Home,
    formats: tuple[Format, ...] = FORMATS,
    *,
    priced_at: Callable[[ApiModel], str] = attrgetter("base_url"),
) -> Server:
    """Build the server's objects around an opened home and load what they know.

    Args:
        home: what was opened.
        formats: every format there is.
        priced_at: the address of the provider whose prices hold for an api model.

    Raises:
        StartupError: the settings for sign-in with OpenID Connect contradict each other.
        StoreUnavailable: the store does not answer.
    """
    settings, clock, store = home.settings, home.clock, home.store
    by_name: Mapping[str, Format] = {each.name: each for each in formats}
    directory = Directory(store, home.vault, clock, by_name)
    await directory.reload()
    stopping = Stopping()
    recorder = Recorder(store, clock, price=Prices(_where_priced(directory, priced_at)).price)
    captures = Captures(store, home.vault, clock)
    passwords, throttle = Passwords(), Throttle(store, clock)
    audit = home.audit
    refusals = Refusals(store, audit, clock)
    duty = Duty(settings.home / DUTY_FILE)
    audit_heads = AuditHeads(store, audit, settings.home / FILE, clock, duty)
    setup = Setup(settings.home, store, passwords, audit, clock)
    hasher = TokenHasher(home.vault.derive("token-mac/v1"))
    sessions = Sessions(store, passwords, TokenHasher(home.vault.derive("session-mac/v1")), audit, clock, throttle)
    authenticator = Authenticator(directory, hasher, clock)
    egress = Egress(EgressPolicy(private_networks=settings.private_networks))
    upstream = UpstreamClient(egress, clock=clock, max_connections_per_origin=settings.max_connections)
    data_plane = DataPlane(
        classifier=Classifier(dialects_of(formats)),
        authenticator=authenticator,
        directory=directory,
        upstream=upstream,
        objects=Objects(store, clock),
        recorder=recorder,
        captures=captures,
        limits=Limits(
            max_body_bytes=settings.max_body_bytes,
            dropped_headers=frozenset(name.encode() for name in settings.dropped_headers),
            timeouts=settings.timeouts,
        ),
        clock=clock,
    )
    services = Services(
        store=store,
        directory=directory,
        vault=home.vault,
        authenticator=authenticator,
        hasher=hasher,
        mint=Mint(store, hasher, audit, clock),
        sessions=sessions,
        setup=setup,
        accounts=Accounts(store, audit, clock, private_formats(formats)),
        links=Links(store, passwords, TokenHasher(home.vault.derive(KEY_PURPOSE)), audit, clock),
        requests=Requests(store, audit, clock),
        passwords=passwords,
        throttle=throttle,
        oidc=_new_oidc(home, sessions),
        audit=audit,
        refusals=refusals,
        recorder=recorder,
        captures=captures,
        tail=Tail(store, clock, stopping.is_begun),
        browser=Browser(settings.public_url, secure=settings.secure_cookies, trusted_proxies=settings.trusted_proxies),
        upstream=upstream,
        formats=by_name,
        clock=clock,
        timeouts=settings.timeouts,
        private_networks=settings.private_networks,
        settings=tuple(asdict(each) for each in effective(settings)),
        is_stopping=stopping.is_begun,
    )
    application = Application(data_plane, ControlOnDemand(services), Assets())
    more = (capture_chore(store, audit, clock), audit_chore(store, audit, clock, settings.audit_days))
    upkeep = Upkeep(store, recorder, clock, audit, duty, usage_days=settings.usage_days, more=more)
    return Server(
        home,
        directory,
        upstream,
        recorder,
        captures,
        refusals,
        audit_heads,
        upkeep,
        duty,
        setup,
        services,
        application,
        stopping,
        Lane(data_plane),
    )


def _new_oidc(home: Home, sessions: Sessions) -> "OidcSignIn | None":
    """Build sign-in with OpenID Connect, where it is configured."""
    settings, clock = home.settings, home.clock
    config = check_choices(
        OidcChoices(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            name=settings.oidc_name,
            scopes=settings.oidc_scopes,
            role_claim=settings.oidc_role_claim,
            roles=settings.oidc_roles,
            default_role=settings.oidc_default_role,
            algorithms=settings.oidc_algorithms,
            public_url=settings.public_url,
            port=settings.port,
        )
    )
    if config is None:
        return None
    # Loaded only where a provider is configured: what reads its tokens takes 4 MB.
    from bodhi.identity.oidc.building import Built, new_sign_in  # noqa: PLC0415

    return new_sign_in(config, Built(home.store, home.vault, home.audit, sessions, clock))


def _where_priced(directory: Directory, priced_at: Callable[[ApiModel], str]) -> Callable[[str], str | None]:
    def base_url_of(api_model_id: str) -> str | None:
        api_model = directory.snapshot.table.api_models.get(api_model_id)
        return None if api_model is None else priced_at(api_model)

    return base_url_of


async def _acknowledge_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
