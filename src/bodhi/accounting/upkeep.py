"""Housekeeping on a timer: last-used times of tokens, and removal of what has expired. Nothing waits for it."""

import asyncio
import logging
from typing import NoReturn

from bodhi.accounting.recorder import Recorder
from bodhi.core.clock import Clock
from bodhi.core.errors import StoreUnavailable
from bodhi.core.session import IDLE_SECONDS
from bodhi.storage.attempts import purge_attempts
from bodhi.storage.engine import Store
from bodhi.storage.objects import purge_objects
from bodhi.storage.oidc_flows import purge_flows
from bodhi.storage.sessions import purge_chat_tokens, purge_sessions
from bodhi.storage.tokens import touch_tokens

ROUND_SECONDS = 60.0
PURGE_EVERY_ROUNDS = 60
OBJECT_DAYS = 30
DAY = 86_400.0

log = logging.getLogger(__name__)


class Upkeep:
    """Tidies the store once a minute, in small transactions. One exists per process."""

    def __init__(self, store: Store, recorder: Recorder, clock: Clock) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock

    async def run(self) -> NoReturn:
        """Do a round each minute, and the removals each hour, until cancelled."""
        rounds = 0
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            try:
                await self.store_last_used()
                if rounds % PURGE_EVERY_ROUNDS == 0:
                    await self.remove_expired()
            except StoreUnavailable:
                # The directory reports the outage; the next round does this one's work.
                continue
            except Exception:
                # Upkeep is a convenience: a fault in it is logged and must not end the server's task group.
                log.exception("upkeep failed and will be tried again")
            rounds += 1

    async def store_last_used(self) -> None:
        """Write when tokens were used last.

        Raises:
            StoreUnavailable: the store does not answer; the times are kept.
        """
        times = self._recorder.last_used
        if not times:
            return
        self._recorder.last_used = {}
        try:
            async with self._store.write() as connection:
                await touch_tokens(connection, times)
        except StoreUnavailable:
            self._recorder.last_used = times | self._recorder.last_used
            raise

    async def remove_expired(self) -> None:
        """Remove what has ended: sessions, chat tokens, counts of attempts, and provider-side objects' owners.

        Providers keep such objects for 30 days.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        now = self._clock.now()
        async with self._store.write() as connection:
            await purge_objects(connection, now - OBJECT_DAYS * DAY)
            await purge_flows(connection, now)
            await purge_sessions(connection, now, idle_since=now - IDLE_SECONDS)
            await purge_chat_tokens(connection, now)
            await purge_attempts(connection, now)
