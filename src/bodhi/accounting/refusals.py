"""Refused attempts on their way to the audit trail: counted by kind and address, so that nobody can flood the store.

What was refused changed nothing, so its row needs no transaction of its own: rows are written a moment later, one for
all attempts of the same kind from the same address.
"""

import asyncio
import logging
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

from bodhi.core.audit import Act, Actor, Outcome
from bodhi.core.clock import SYSTEM_CLOCK, Clock
from bodhi.core.errors import StoreUnavailable
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store

MAX_KINDS = 1_000
MAX_KINDS_OF_ADDRESS = 20
"""Beyond these an attempt is counted without the name that it was for: whoever attacks chooses the names."""
MAX_NAME = 256
BATCH = 100
FLUSH_SECONDS = 5.0

_Kind = tuple[tuple[str | None, ...], str, str, str | None]

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Refused:
    """How often an attempt was refused, and whose the first was."""

    actor: Actor
    count: int


class Refusals:
    """Takes refused attempts without waiting, and writes them in the background. One exists per process."""

    def __init__(self, store: Store, audit: AuditLog, clock: Clock = SYSTEM_CLOCK) -> None:
        self._store = store
        self._audit = audit
        self._clock = clock
        self._waiting: dict[_Kind, _Refused] = {}
        self._kinds: Counter[str | None] = Counter()
        self._flushing = asyncio.Lock()
        self.dropped = 0
        """Attempts that no row tells of: too many kinds waited, or the store did not take them before the stop."""
        self._told = 0

    @property
    def waiting(self) -> int:
        """How many attempts wait to be written."""
        return sum(refused.count for refused in self._waiting.values())

    def note(self, actor: Actor, action: str, reason: str, subject_name: str | None = None) -> None:
        """Take note of one refused attempt. Never waits, never raises."""
        # A tuple of texts costs a fraction of what an actor's own comparison does, and attacks come in thousands.
        who = (actor.address, actor.user_id, actor.user_name, actor.token_id, actor.session_id)
        kind = (who, action, reason, subject_name)
        known = self._waiting.get(kind)
        if known is None and subject_name is not None and self._is_too_much(actor.address, subject_name):
            kind = (who, action, reason, None)
            known = self._waiting.get(kind)
        if known is not None:
            known.count += 1
        elif len(self._waiting) >= MAX_KINDS:
            self.dropped += 1
        else:
            self._waiting[kind] = _Refused(actor, 1)
            self._kinds[actor.address] += 1

    async def flush(self) -> None:
        """Write what waits, a hundred rows a transaction.

        Raises:
            StoreUnavailable: the store does not answer; what waited still does.
        """
        async with self._flushing:
            while self._waiting:
                batch = [(kind, each.actor, each.count) for kind, each in islice(self._waiting.items(), BATCH)]
                async with self._store.write() as connection:
                    for (_, action, reason, subject_name), actor, count in batch:
                        act = Act(
                            action=action,
                            subject_name=subject_name,
                            outcome=Outcome.REFUSED,
                            reason=reason,
                            count=count,
                        )
                        await self._audit.append(connection, actor, act)
                for kind, _, count in batch:
                    self._settle(kind, count)

    async def run(self) -> NoReturn:
        """Write what waits every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            self._tell_dropped()
            try:
                await self.flush()
            except StoreUnavailable:
                continue

    async def drain(self, within: float) -> None:
        """Write what is left before the process ends; what the deadline leaves over is dropped and counted.

        Args:
            within: seconds that this may take.
        """
        deadline = self._clock.monotonic() + within
        while self._waiting and (left := deadline - self._clock.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self.flush()
            except TimeoutError:
                break
            except StoreUnavailable:
                await asyncio.sleep(min(0.25, left))
        self.dropped += self.waiting
        self._waiting.clear()
        self._kinds.clear()
        self._tell_dropped()

    def _settle(self, kind: _Kind, count: int) -> None:
        """Take what was written off the count; attempts that came meanwhile go on waiting."""
        refused = self._waiting.pop(kind)
        refused.count -= count
        if refused.count:
            self._waiting[kind] = refused
            return
        address = refused.actor.address
        self._kinds[address] -= 1
        if not self._kinds[address]:
            del self._kinds[address]

    def _is_too_much(self, address: str | None, subject_name: str) -> bool:
        return self._kinds.get(address, 0) >= MAX_KINDS_OF_ADDRESS or len(subject_name) > MAX_NAME

    def _tell_dropped(self) -> None:
        if self.dropped > self._told:
            log.warning("%d refused attempts are not in the audit trail", self.dropped - self._told)
            self._told = self.dropped
