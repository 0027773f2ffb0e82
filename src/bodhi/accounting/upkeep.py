"""Housekeeping on a timer: last-used times of tokens, and removal of what has expired. Nothing waits for it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn

from bodhi.accounting.recorder import Recorder
from bodhi.core.audit import GATEWAY, Act
from bodhi.core.clock import Clock, iso_time
from bodhi.core.errors import StoreUnavailable
from bodhi.core.session import IDLE_SECONDS
from bodhi.storage.attempts import purge_attempts
from bodhi.storage.audit import AuditLog
from bodhi.storage.duty import Duty
from bodhi.storage.engine import Store
from bodhi.storage.invites import purge_links
from bodhi.storage.objects import purge_objects
from bodhi.storage.oidc_flows import purge_flows
from bodhi.storage.sessions import purge_chat_tokens, purge_sessions
from bodhi.storage.tokens import touch_tokens
from bodhi.storage.usage import purge_usage

ROUND_SECONDS = 60.0
HOURLY = 60
OBJECT_DAYS = 30
LINK_DAYS = 90
DAY = 86_400.0
PURGE_BATCH = 1_000
PURGE_PAUSE = 0.05
"""Seconds between two batches, in which others get at the database."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that upkeep does every so many rounds."""

    name: str
    """As the log names it when it fails."""
    every_rounds: int
    do: Callable[[], Awaitable[None]]
    is_own: bool = False
    """Whether each process has to do it for itself; else one does it for all."""


class Upkeep:
    """Tidies the store once a minute, in small transactions. One exists per process.

    Args:
        store: what is tidied.
        recorder: knows when tokens were used last.
        clock: for ages.
        audit: where removals of records are told.
        duty: of several processes, who does what is done once for all.
        usage_days: how long usage records are kept; 0 keeps them.
        more: chores of others.
    """

    def __init__(  # noqa: PLR0913 # the composition root hands every collaborator in by name
        self,
        store: Store,
        recorder: Recorder,
        clock: Clock,
        audit: AuditLog,
        duty: Duty,
        *,
        usage_days: int = 0,
        more: tuple[Chore, ...] = (),
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._clock = clock
        self._audit = audit
        self._duty = duty
        self._usage_days = usage_days
        self._removed_usage = 0
        self.chores = (
            Chore("storing when tokens were used", 1, self.store_last_used, is_own=True),
            Chore("removing what has expired", HOURLY, self.remove_expired),
            Chore("removing old usage records", HOURLY, self.purge_usage),
            *more,
        )
        self._rounds = 0
        self._due = dict.fromkeys((chore.name for chore in self.chores), 0)

    async def run(self) -> NoReturn:
        """Do a round each minute, until cancelled."""
        while True:
            await asyncio.sleep(ROUND_SECONDS)
            await self.do_round()

    async def do_round(self) -> None:
        """Do the chores that are due. One that fails stays due, and does not keep the others from being done."""
        for chore in self.chores:
            if self._rounds < self._due[chore.name] or not (chore.is_own or self._duty.is_ours()):
                continue
            try:
                await chore.do()
            except StoreUnavailable:
                # The directory reports the outage; the next round does this one's work.
                continue
            except Exception:
                # Upkeep is a convenience: a fault in it is logged and must not end the server's task group.
                log.exception("%s failed and will be tried again", chore.name)
            else:
                self._due[chore.name] = self._rounds + chore.every_rounds
        self._rounds += 1

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
        """Remove what has ended: sessions, chat tokens, attempts, old links, and provider-side objects' owners.

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
            await purge_links(connection, now - LINK_DAYS * DAY)

    async def purge_usage(self) -> None:
        """Remove usage records past their retention, a batch at a time, and tell the audit trail how many there were.

        Raises:
            StoreUnavailable: the store does not answer; the next round goes on, and tells of all that were removed.
        """
        if not self._usage_days:
            return
        before = self._clock.now() - self._usage_days * DAY
        while True:
            async with self._store.usage_write() as connection:
                removed = await purge_usage(connection, before, PURGE_BATCH)
            self._removed_usage += removed
            if removed < PURGE_BATCH:
                break
            await asyncio.sleep(PURGE_PAUSE)
        if self._removed_usage:
            act = Act(action="usage.purge", after={"before": iso_time(before), "rows": self._removed_usage})
            async with self._store.write() as connection:
                await self._audit.append(connection, GATEWAY, act)
            self._removed_usage = 0
