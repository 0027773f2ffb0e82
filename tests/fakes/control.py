"""The control API over loopback: a store, the real application on a real server, and a client that can sign in."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from sqlalchemy import insert
from typing_extensions import override
from uvicorn.server import ServerState

from bodhi.accounting.capture import Captures
from bodhi.accounting.recorder import Recorder
from bodhi.accounting.refusals import Refusals
from bodhi.accounting.tail import Tail
from bodhi.control.api import create_control_api
from bodhi.control.browser import Browser
from bodhi.control.services import Services
from bodhi.core.api_model import Timeouts
from bodhi.core.credential import Secret
from bodhi.core.ids import new_id
from bodhi.core.principal import Role, TokenGrant
from bodhi.directory.live import Directory
from bodhi.formats.registry import FORMATS, private_formats
from bodhi.identity.authenticate import Authenticator
from bodhi.identity.links import Links
from bodhi.identity.mint import Mint
from bodhi.identity.oidc.config import OidcConfig
from bodhi.identity.passwords import Passwords
from bodhi.identity.people import Accounts
from bodhi.identity.requests import Requests
from bodhi.identity.setup import Setup
from bodhi.identity.sign_in import BEARER, Opening, Sessions
from bodhi.identity.throttle import Throttle
from bodhi.identity.tokens import TokenHasher, new_token
from bodhi.relay.egress import Egress, EgressPolicy
from bodhi.relay.upstream import UpstreamClient
from bodhi.storage import tables
from bodhi.storage.audit import AuditLog
from bodhi.storage.data_keys import insert_data_key
from bodhi.storage.engine import Store
from bodhi.storage.tokens import insert_token
from bodhi.storage.users import User, insert_user
from bodhi.storage.vault import DataKey
from tests.fakes.clocks import StillClock
from tests.fakes.oidc.hostile import Parts, new_oidc
from tests.fakes.stores import fresh_store, new_vault

PASSWORD = "correct zebra stapler"
PASSWORDS = Passwords(passes=1, memory_kib=64)


@dataclass
class Control:
    """One running control API. `as_user` gives clients for people of any role."""

    services: Services
    url: str
    client: httpx2.AsyncClient
    home: Path
    time: StillClock

    @property
    def store(self) -> Store:
        return self.services.store

    async def store_keys(self) -> None:
        """Store the data keys that the vault has, as a first start would."""
        vault, at = self.services.vault, self.time.time - 3.5 * 86_400
        async with self.store.write() as connection:
            await connection.execute(insert(tables.deployment).values(id=vault.deployment_id, created_at=at))
            await insert_data_key(connection, vault.root, DataKey("k0", b"d" * 32), "derive", at)
            await insert_data_key(connection, vault.root, DataKey("k1", b"k" * 32), "seal", at)

    async def add_user(self, name: str, role: Role) -> User:
        """Create a user whose password is PASSWORD."""
        password_hash = await PASSWORDS.new_hash(Secret(PASSWORD))
        user = User(new_id(), name, role, password_hash, disabled=False, created_at=self.time.time)
        async with self.store.write() as connection:
            await insert_user(connection, user)
        await self.services.directory.reload()
        return user

    async def session_of(self, name: str, role: Role = Role.ADMIN) -> dict[str, str]:
        """Create a user, sign in, and return the headers to send."""
        user = await self.add_user(name, role)
        return await self.sign_in(user)

    async def sign_in(self, user: User) -> dict[str, str]:
        """Open a session for a user, and return the headers to send."""
        async with self.store.write() as connection:
            opened = await self.services.sessions.open(connection, user, Opening(method="password", carried_by=BEARER))
        return {"authorization": f"Bearer {opened.secret.reveal()}"}

    async def sign_in_browser(self, name: str, password: str = PASSWORD) -> dict[str, str]:
        """Sign in as a page does, and return the headers that a browser sends for that page."""
        page = {"origin": self.url, "sec-fetch-site": "same-origin"}
        response = await self.call("POST", "/session", page, {"username": name, "password": password})
        assert response.status_code == 201, response.text
        return {**page, "cookie": response.headers["set-cookie"].partition(";")[0]}

    async def token_of(self, name: str, role: Role, scope: str) -> dict[str, str]:
        """Create a user with a token, and return the headers to send."""
        user, secret = await self.add_user(name, role), new_token()
        mac = self.services.hasher.mac(secret.reveal().encode())
        grant = TokenGrant(new_id(), "laptop", mac, user.id, name, role, scope, (), self.time.time, None, None)
        async with self.store.write() as connection:
            await insert_token(connection, grant)
        await self.services.directory.reload()
        return {"authorization": f"Bearer {secret.reveal()}"}

    async def call(self, method: str, path: str, headers: Mapping[str, str], json: Any = None) -> httpx2.Response:
        """Send one request below the API's prefix."""
        if json is None:
            return await self.client.request(method, f"{self.url}/bodhi/v1{path}", headers=headers)
        return await self.client.request(method, f"{self.url}/bodhi/v1{path}", headers=headers, json=json)


def error_of(response: httpx2.Response) -> tuple[int, str, str | None]:
    """Return status, code and param of an error answer, whose body must be the documented one."""
    body = response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "param"}
    assert body["error"]["message"]
    return response.status_code, body["error"]["code"], body["error"]["param"]


@asynccontextmanager
async def running_control(
    home: Path,
    *,
    private_networks: bool = True,
    oidc: OidcConfig | None = None,
    settings: Sequence[Mapping[str, str | None]] = (),
) -> AsyncIterator[Control]:
    """Start a control API with an empty store."""
    async with fresh_store(home) as store:
        time, vault = StillClock(), new_vault()
        formats = {each.name: each for each in FORMATS}
        directory = Directory(store, vault, time.clock, formats)
        hasher, audit = TokenHasher(b"t" * 32), AuditLog(b"a" * 32, time.clock)
        throttle = Throttle(store, time.clock)
        sessions = Sessions(store, PASSWORDS, TokenHasher(b"s" * 32), audit, time.clock, throttle)
        upstream = UpstreamClient(Egress(EgressPolicy(private_networks=private_networks)))
        services = Services(
            store=store,
            directory=directory,
            vault=vault,
            authenticator=Authenticator(directory, hasher, time.clock),
            hasher=hasher,
            mint=Mint(store, hasher, audit, time.clock),
            sessions=sessions,
            setup=Setup(home, store, PASSWORDS, audit, time.clock),
            accounts=Accounts(store, audit, time.clock, private_formats(FORMATS)),
            links=Links(store, PASSWORDS, TokenHasher(b"l" * 32), audit, time.clock),
            requests=Requests(store, audit, time.clock),
            passwords=PASSWORDS,
            throttle=throttle,
            oidc=new_oidc(oidc, Parts(store, vault, sessions, audit, time.clock)) if oidc else None,
            audit=audit,
            refusals=Refusals(store, audit),
            recorder=Recorder(store, time.clock),
            captures=Captures(store, vault, time.clock),
            tail=Tail(store, time.clock),
            browser=Browser(),
            upstream=upstream,
            formats=formats,
            clock=time.clock,
            timeouts=Timeouts(),
            private_networks=private_networks,
            settings=settings,
        )
        await directory.reload()
        try:
            async with _served(services) as url, _Client(timeout=30, cookies=_no_jar()) as client:
                yield Control(services, url, client, home, time)
        finally:
            await upstream.close()
            if services.oidc is not None:
                await services.oidc.close()


class _Client(httpx2.AsyncClient):
    """Reads of an endless answer, such as a stream of events, what comes first."""

    @override
    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send a request."""
        if options.get("stream"):
            return await super().send(request, **options)
        response = await super().send(request, **{**options, "stream": True})
        try:
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                first = await anext(response.aiter_bytes())
                return httpx2.Response(response.status_code, headers=response.headers, content=first, request=request)
            await response.aread()
        finally:
            await response.aclose()
        return response


def _no_jar() -> CookieJar:
    """Return a jar that takes nothing, so that a test sends the cookies that it names and no others."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


@asynccontextmanager
async def _served(services: Services) -> AsyncIterator[str]:
    """Serve without the server's own loop, whose ticks would cost each test a fifth of a second at its end."""
    config = uvicorn.Config(create_control_api(services), lifespan="off", log_config=None, access_log=False)
    config.load()
    state = ServerState()

    protocol: Any = config.http_protocol_class

    # asyncio turns off delays on sockets that name their protocol, which saves 40 ms a call.
    with socket.socket(proto=socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        serving = await asyncio.get_running_loop().create_server(lambda: protocol(config, state, {}), sock=listening)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            serving.close()
            for connection in list(state.connections):
                connection.shutdown()
            await asyncio.gather(*state.tasks, return_exceptions=True)
            await serving.wait_closed()
