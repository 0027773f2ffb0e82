"""Keeps the snapshot current and opens keys from it. Reading rows is `snapshot`'s part, routing is `routing`'s."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from bodhi.core.api_model import ApiModel
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import ApiModelUnusable, InvalidField, StoreUnavailable
from bodhi.core.remember import remember
from bodhi.directory.snapshot import Snapshot, read_snapshot
from bodhi.formats.contract import Format
from bodhi.storage.api_models import provider_key_place
from bodhi.storage.engine import Store
from bodhi.storage.vault import CannotOpen, Vault
from bodhi.storage.version import config_version

POLL_SECONDS = 1.0
LOOK_SECONDS = 0.05
"""Least time between two looks that unknown tokens ask for."""
OPENED_SECONDS = 30.0
MAX_OPENED = 1_000

KEY_LOST = "The stored API key cannot be opened. Enter it again."

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A key in the clear, for one api model exactly as it was when the key was opened."""

    api_model: ApiModel
    secret: Secret
    until: float


class Directory:
    """What the process knows of the configuration, always in memory. One exists per process.

    A store outage keeps the last snapshot in use; only what is unknown cannot be decided meanwhile.
    """

    def __init__(self, store: Store, vault: Vault, clock: Clock, formats: Mapping[str, Format]) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._formats = formats
        self._snapshot: Snapshot | None = None
        self._opened: dict[str, _Opened] = {}
        self._reloading = asyncio.Lock()
        self._looking = asyncio.Lock()
        self._looks_begun = 0
        self._looks_done = 0
        self._looked_at = -LOOK_SECONDS
        self._begun = 0
        self._done = 0
        self._on_forget: list[Callable[[], None]] = []
        self.stale_since: float | None = None
        """Monotonic time of the first failed poll since the store last answered, or None."""

    @property
    def snapshot(self) -> Snapshot:
        """The newest snapshot.

        Raises:
            StoreUnavailable: the store has not answered since the start.
        """
        if self._snapshot is None:
            raise StoreUnavailable(retry_after=5)
        return self._snapshot

    @property
    def loaded(self) -> bool:
        """Whether there is a snapshot."""
        return self._snapshot is not None

    async def reload(self) -> None:
        """Read the configuration anew. Callers who wait at the same time share one reload that began after they called.

        Raises:
            StoreUnavailable: the store does not answer; the old snapshot stays.
        """
        seen = self._begun
        async with self._reloading:
            if self._done > seen:
                return
            self._begun += 1
            begun = self._begun
            try:
                async with self._store.read() as connection:
                    snapshot = await read_snapshot(
                        connection, self._clock.now(), self._formats, self._vault, self._why_broken
                    )
            except StoreUnavailable:
                self._mark_stale()
                raise
            self._snapshot = snapshot
            self._opened.clear()
            self._done = begun
            self.stale_since = None

    async def watch(self) -> NoReturn:
        """Follow the store for as long as the process lives: look at the version each second, reload when it moved."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.forget_opened()
            try:
                await self.follow()
            except Exception:
                # Whatever the cause, the process goes on with what it knows; dying here would stop it from ever
                # learning of a revoked token. The outage is visible in `stale_since`, hence in the readiness check.
                if self.stale_since is None:
                    log.exception("the configuration could not be read; the last known one stays in use")
                self._mark_stale()

    async def look(self) -> None:
        """Make sure that the snapshot is what the store holds now, for the sake of what was not found in it.

        Callers at the same time share one look that began after they called, and looks keep a distance: whoever
        makes up tokens cannot make the store work.

        Raises:
            StoreUnavailable: the store does not answer, so nothing can be said of what is unknown.
        """
        seen = self._looks_begun
        async with self._looking:
            if self._looks_done <= seen:
                pause = self._looked_at + LOOK_SECONDS - self._clock.monotonic()
                if pause > 0:
                    await asyncio.sleep(pause)
                await self._look_now()
        if self.stale_since is not None:
            raise StoreUnavailable(retry_after=5)

    async def _look_now(self) -> None:
        self._looks_begun += 1
        begun = self._looks_begun
        try:
            await self.follow()
        except StoreUnavailable:
            self._mark_stale()
        finally:
            self._looks_done = begun
            self._looked_at = self._clock.monotonic()

    async def follow(self) -> None:
        """Look at the version once, and reload when it moved.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        async with self._store.read() as connection:
            version = await config_version(connection)
        if self._snapshot is None or version != self._snapshot.version:
            await self.reload()
        self.stale_since = None

    def secret_for(self, api_model: ApiModel) -> Secret | None:
        """Open the key of an api model, or return None if it has none. An opened key is kept for at most 60 s.

        Raises:
            ApiModelUnusable: the key cannot be opened, or was entered for another origin.
        """
        if not api_model.has_key:
            return None
        now = self._clock.monotonic()
        opened = self._opened.get(api_model.id)
        # The same object, not an equal id: a call that began before a change must not be given the new record's key.
        if opened is not None and opened.api_model is api_model and opened.until > now:
            return opened.secret
        secret = self._open(api_model, self.snapshot.sealed.get(api_model.id))
        remember(self._opened, api_model.id, _Opened(api_model, secret, now + OPENED_SECONDS), MAX_OPENED)
        return secret

    def forget_opened(self) -> None:
        """Drop the keys whose time is over, so that an idle process holds none."""
        now = self._clock.monotonic()
        kept = {key: opened for key, opened in self._opened.items() if opened.until > now}
        if len(kept) != len(self._opened):
            self._opened = kept
            for forget in self._on_forget:
                forget()

    def on_forget(self, callback: Callable[[], None]) -> None:
        """Call back whenever opened keys are dropped, so that whoever was given one drops it too."""
        self._on_forget.append(callback)

    def _open(self, api_model: ApiModel, sealed: str | None) -> Secret:
        if sealed is None:
            raise ApiModelUnusable(f"The api model “{api_model.name}” has lost its API key. Enter it again.")
        try:
            return self._vault.open(sealed, provider_key_place(api_model.id, api_model.base_url))
        except (CannotOpen, InvalidField):
            raise ApiModelUnusable(f"The api model “{api_model.name}” cannot be used: {KEY_LOST}") from None

    def _why_broken(self, api_model: ApiModel, sealed: str | None) -> str | None:
        """Try a key at reload, so that lists can show what calls would meet."""
        if not api_model.has_key:
            return api_model.broken
        try:
            self._open(api_model, sealed)
        except ApiModelUnusable:
            return KEY_LOST
        return api_model.broken

    def _mark_stale(self) -> None:
        if self.stale_since is None:
            self.stale_since = self._clock.monotonic()
