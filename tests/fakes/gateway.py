"""The real gateway for tests: the whole application on a loopback port, in a thread of its own, on an empty home folder.

Api models and tokens are put straight into the store; the control API and the command line have tests of their own.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from bodhi.app import Server, build
from bodhi.core.api_model import ApiModel
from bodhi.core.audit import Actor, Via
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.credential import Secret
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.core.usage import UsageRecord
from bodhi.formats.contract import Format
from bodhi.formats.registry import FORMATS
from bodhi.home import open_home
from bodhi.identity.mint import Mint, Owner, TokenWish, mint_token
from bodhi.identity.sign_in import COOKIE, Opening
from bodhi.identity.tokens import TokenHasher
from bodhi.server.run import bind_sockets, new_runner
from bodhi.serving import Announcement, run_built
from bodhi.settings import Settings, read_settings
from bodhi.storage.api_models import insert_api_model, provider_key_place
from bodhi.storage.paging import MAX_PAGE
from bodhi.storage.usage import list_usage
from bodhi.storage.users import User, insert_first_admin, insert_user

_T = TypeVar("_T")
PATIENCE = 30.0


class Gateway:
    """A running gateway. Use it as a context manager."""

    def __init__(
        self,
        home: Path,
        *,
        formats: tuple[Format, ...] = FORMATS,
        set_up: bool = True,
        priced_at: Callable[[ApiModel], str] = attrgetter("base_url"),
        lane: bool = True,
        **settings: Any,
    ) -> None:
        self.settings: Settings = read_settings({}, home=home, host="127.0.0.1", port=0, drain_timeout=0.5, **settings)
        self._formats = formats
        self._priced_at = priced_at
        self._has_lane = lane
        self._has_admin = set_up
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)
        self.server: Server
        self.port = 0
        self.admin = User("admin-user", "admin", Role.ADMIN, None, disabled=False, created_at=1.0)
        self.setup_code = ""
        """The code of the link that the command line prints, until there is an Admin."""
        self.token = ""
        """A token of the Admin, scope user, for every model."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(PATIENCE):
            raise TimeoutError("the gateway did not start")
        if self._failure is not None:
            raise self._failure
        if self._has_admin:
            self.do(self._insert_admin())
            self.token = self.mint()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop)
        self._thread.join(PATIENCE)

    def do(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine in the gateway's own loop and return its result."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def add_api_model(self, format_name: str, base_url: str, *, key: str | None = None, **fields: Any) -> ApiModel:
        """Store an api model as its form would, and make it known at once."""
        values: dict[str, Any] = {
            "name": format_name,
            "prefix": "",
            "forward_all": False,
            "models": (),
            "extra_headers": {},
            "extra_body": {},
            "allow_private_network": True,
            "owner_id": self.admin.id,
            "created_at": SYSTEM_CLOCK.now(),
            "updated_at": SYSTEM_CLOCK.now(),
        }
        api_model = ApiModel(
            id=new_id(SYSTEM_CLOCK),
            format=format_name,
            base_url=base_url,
            has_key=key is not None,
            **{**values, **fields},
        )
        self.do(self._insert_api_model(api_model, key))
        return api_model

    def add_user(self, name: str, role: Role = Role.USER) -> User:
        """Store another user."""
        user = User(new_id(SYSTEM_CLOCK), name, role, None, disabled=False, created_at=SYSTEM_CLOCK.now())
        self.do(self._insert_user(user))
        return user

    def mint(self, owner: User | None = None, *, scope: str = "user", allowed_models: Sequence[str] = ()) -> str:
        """Mint a token and make it known at once."""
        return self.do(
            self._mint(owner or self.admin, TokenWish(name="test", scope=scope, allowed_models=tuple(allowed_models)))
        )

    def open_session(self, owner: User | None = None, *, carried_by: str = COOKIE) -> str:
        """Sign somebody in, and return the session's secret."""
        return self.do(self._open_session(owner or self.admin, Opening(method="password", carried_by=carried_by)))

    def records(self) -> list[UsageRecord]:
        """Return every usage record, oldest first, those in the queue included."""
        return self.do(self._records())

    def watched(self, server: Server) -> Server:
        """Return the server that is run; a kind of gateway that looks at what passes puts itself in between here."""
        return server if self._has_lane else replace(server, lane=None)

    async def _insert_admin(self) -> None:
        async with self.server.home.store.write() as connection:
            await insert_first_admin(connection, self.admin)

    async def _insert_user(self, user: User) -> None:
        async with self.server.home.store.write() as connection:
            await insert_user(connection, user)

    async def _insert_api_model(self, api_model: ApiModel, key: str | None) -> None:
        vault = self.server.home.vault
        sealed = (
            vault.seal(Secret(key), provider_key_place(api_model.id, api_model.base_url)) if key is not None else None
        )
        async with self.server.home.store.write() as connection:
            await insert_api_model(connection, api_model, sealed)
        await self.server.directory.reload()

    async def _mint(self, owner: User, wish: TokenWish) -> str:
        home = self.server.home
        hasher = TokenHasher(home.vault.derive("token-mac/v1"))
        secret, _ = await mint_token(
            Mint(home.store, hasher, home.audit, SYSTEM_CLOCK),
            Actor(via=Via.HOST, user_name="test"),
            Owner(owner.id, owner.name, owner.role),
            wish,
        )
        await self.server.directory.reload()
        return secret.reveal()

    async def _open_session(self, owner: User, opening: Opening) -> str:
        async with self.server.home.store.write() as connection:
            opened = await self.server.services.sessions.open(connection, owner, opening)
        return opened.secret.reveal()

    async def _records(self) -> list[UsageRecord]:
        await self.server.recorder.flush()
        async with self.server.home.store.usage_read() as connection:
            found = batch = await list_usage(connection, limit=MAX_PAGE)
            while len(batch) == MAX_PAGE:
                batch = await list_usage(connection, limit=MAX_PAGE, before=batch[-1].id)
                found += batch
            return found[::-1]

    def _run(self) -> None:
        try:
            with new_runner() as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 # whatever stopped the thread is raised where the test waits
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        sockets = bind_sockets("127.0.0.1", 0)
        home = await open_home(self.settings)
        try:
            self.server = self.watched(await build(home, self._formats, priced_at=self._priced_at))
            await run_built(self.server, sockets, self._announce)
        finally:
            await home.close()

    def _announce(self, announcement: Announcement) -> None:
        self.port = announcement.port
        self.setup_code = announcement.setup_code.reveal() if announcement.setup_code else ""
        self._ready.set()

    def _stop(self) -> None:
        self.server.stop()
