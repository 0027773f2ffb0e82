"""The composition root: builds every object of the server once, passes each what it needs, starts and stops them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from operator import attrgetter
from socket import socket

from bodhi.accounting.audit_heads import FILE, AuditHeads
from bodhi.accounting.audit_retention import audit_chore
from bodhi.accounting.capture import Captures
from bodhi.accounting.capture_retention import capture_chore
from bodhi.accounting.prices import Prices
from bodhi.accounting.recorder import Recorder
from bodhi.accounting.refusals import Refusals
from bodhi.accounting.tail import Tail
from bodhi.accounting.upkeep import Upkeep
from bodhi.control.api import create_control_api
from bodhi.control.browser import Browser
from bodhi.control.services import Services
from bodhi.core.api_model import ApiModel
from bodhi.core.audit import Actor
from bodhi.core.credential import Secret
from bodhi.core.errors import StartupError
from bodhi.directory.live import Directory
from bodhi.formats.contract import Format
from bodhi.formats.registry import FORMATS, dialects_of, private_formats
from bodhi.home import Home, open_home
from bodhi.identity.authenticate import Authenticator
from bodhi.identity.links import KEY_PURPOSE, Links
from bodhi.identity.mint import Mint
from bodhi.identity.oidc.config import OidcChoices, check_choices
from bodhi.identity.oidc.exchange import Exchange
from bodhi.identity.oidc.fetch import Fetcher
from bodhi.identity.oidc.flow import OidcSignIn
from bodhi.identity.oidc.people import People
from bodhi.identity.oidc.provider import Provider
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
from bodhi.server.refusals import OF_HOST
from bodhi.server.run import HttpServer, bind_sockets, new_runner
from bodhi.settings import Settings, effective
from bodhi.ui.assets import Assets

DRAIN_RECORDS_SECONDS = 5.0
OIDC_CONNECTIONS = 8
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_CONTROL_PATHS = ("/bodhi/", "/livez", "/readyz")
_UI_PATHS = ("/ui/",)


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the command line tells once connections are accepted."""

    host: str
    port: int
    setup_code: Secret | None


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

    def __init__(self, data_plane: DataPlane, control: Callable[..., Awaitable[None]], assets: Assets) -> None:
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
    audit_heads = AuditHeads(store, audit, settings.home / FILE, clock)
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
    application = Application(data_plane, create_control_api(services), Assets())
    more = (capture_chore(store, audit, clock), audit_chore(store, audit, clock, settings.audit_days))
    upkeep = Upkeep(store, recorder, clock, audit, usage_days=settings.usage_days, more=more)
    return Server(
        home,
        directory,
        upstream,
        recorder,
        captures,
        refusals,
        audit_heads,
        upkeep,
        setup,
        services,
        application,
        stopping,
        Lane(data_plane),
    )


async def run(settings: Settings, announce: Callable[[Announcement], None]) -> None:
    """Serve until a signal to stop.

    Args:
        settings: the effective settings.
        announce: called once, when connections are accepted.

    Raises:
        StartupError: Bodhi cannot start; nothing is left running.
    """
    with ExitStack() as listening:
        # The port is taken first: whoever started Bodhi twice learns it before anything is opened.
        sockets = bind_sockets(settings.host, settings.port)
        for listener in sockets:
            listening.callback(listener.close)
        home = await open_home(settings)
        try:
            server = await build(home)
            _refuse_open_network(settings, server)
            await run_built(server, sockets, announce)
        finally:
            await home.close()


async def run_built(server: Server, sockets: Sequence[socket], announce: Callable[[Announcement], None]) -> None:
    """Serve with what `build` made until it is stopped, then write what is queued and close what was opened."""
    settings = server.home.settings
    code = await server.setup.open()
    port = int(sockets[0].getsockname()[1])
    http = HttpServer(
        server.application,
        sockets,
        allowed_hosts=settings.allowed_hosts,
        drain_seconds=settings.drain_timeout,
        ready=lambda: announce(Announcement(settings.host, port, code)),
        lane=server.lane,
    )
    http.front.on_refused = partial(_note_refused, server.refusals)
    server.stopping.stop = http.stop
    server.stopping.ask = lambda: http.front.draining
    try:
        async with asyncio.TaskGroup() as group:
            parts = (server.recorder, server.captures, server.refusals, server.audit_heads, server.upkeep)
            running = [group.create_task(part.run()) for part in parts]
            running.append(group.create_task(server.services.tail.run()))
            running.append(group.create_task(server.directory.watch()))
            await http.run_until_stopped()
            for task in running:
                task.cancel()
    finally:
        await server.recorder.drain(DRAIN_RECORDS_SECONDS)
        await server.captures.drain(DRAIN_RECORDS_SECONDS)
        await server.refusals.drain(DRAIN_RECORDS_SECONDS)
        await server.audit_heads.drain(DRAIN_RECORDS_SECONDS)
        await server.upstream.close()
        server.services.passwords.close()
        if server.services.oidc is not None:
            await server.services.oidc.close()


def serve(settings: Settings, announce: Callable[[Announcement], None]) -> None:
    """Run the server in a loop of its own until it is told to stop.

    Raises:
        StartupError: Bodhi cannot start.
    """
    with new_runner() as runner:
        runner.run(run(settings, announce))


def _new_oidc(home: Home, sessions: Sessions) -> OidcSignIn | None:
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
    # A client of its own: an operator has named the provider, so it may be in a private network whatever the setting
    # for api models says. Addresses of cloud metadata stay out of reach.
    upstream = UpstreamClient(
        Egress(EgressPolicy(private_networks=True)), clock=clock, max_connections_per_origin=OIDC_CONNECTIONS
    )
    fetcher = Fetcher(upstream)
    return OidcSignIn(
        exchange=Exchange(config, Provider(config.issuer, fetcher, clock), fetcher, clock),
        people=People(config, home.audit, clock),
        sessions=sessions,
        store=home.store,
        vault=home.vault,
        hasher=TokenHasher(home.vault.derive("oidc-flow/v1")),
        clock=clock,
    )


def _refuse_open_network(settings: Settings, server: Server) -> None:
    """Keep a Bodhi without an Admin, or without TLS, off the network: it holds other people's keys."""
    if settings.host in _LOOPBACK:
        return
    if not server.directory.snapshot.has_admin:
        message = (
            f"Bodhi has no Admin yet, so it listens on loopback only, not on {settings.host}. Run `bodhi setup` first."
        )
        raise StartupError(message, exit_status=6)
    if not settings.behind_tls_proxy:
        message = (
            f"Bodhi listens on {settings.host} only behind a proxy that ends TLS, since tokens would travel in clear. "
            "Set BODHI_BEHIND_TLS_PROXY=true once that is so."
        )
        raise StartupError(message, exit_status=6)


def _note_refused(refusals: Refusals, address: str | None, code: str) -> None:
    """Tell the audit trail of requests for another Host: a page elsewhere may try a name that it rebound to us."""
    if code in OF_HOST:
        refusals.note(Actor(address=address), "host.refused", code)


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
