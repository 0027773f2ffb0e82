"""Refused attempts on their way to the audit trail: counted by kind and address, so that nobody can flood the store.

What was refused changed nothing, so its row needs no transaction of its own: rows are written a moment later, one for
all attempts of the same kind from the same address.
"""

import asyncio
from dataclasses import replace
from typing import NoReturn

from bodhi.core.audit import Act, Actor, Outcome
from bodhi.core.errors import StoreUnavailable
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store

MAX_KINDS = 1_000
FLUSH_SECONDS = 5.0


class Refusals:
    """Takes refused attempts without waiting, and writes them in the background. One exists per process."""

    def __init__(self, store: Store, audit: AuditLog) -> None:
        self._store = store
        self._audit = audit
        self._waiting: dict[tuple[Actor, str, str | None, str | None], int] = {}
        self.dropped = 0
        """Attempts that were not noted, since more kinds waited than the bound allows."""

    def note(self, actor: Actor, action: str, reason: str, subject_name: str | None = None) -> None:
        """Take note of one refused attempt. Never waits, never raises."""
        key = (actor, action, reason, subject_name)
        if key not in self._waiting and len(self._waiting) >= MAX_KINDS:
            self.dropped += 1
            return
        self._waiting[key] = self._waiting.get(key, 0) + 1

    async def flush(self) -> None:
        """Write what waits.

        Raises:
            StoreUnavailable: the store does not answer; what waited still does.
        """
        while self._waiting:
            key, count = next(iter(self._waiting.items()))
            actor, action, reason, subject_name = key
            act = Act(action=action, subject_name=subject_name, outcome=Outcome.REFUSED, reason=reason)
            async with self._store.write() as connection:
                await self._audit.append(connection, actor, replace(act, count=count))
            left = self._waiting.pop(key) - count
            if left:
                self._waiting[key] = left

    async def run(self) -> NoReturn:
        """Write what waits every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            try:
                await self.flush()
            except StoreUnavailable:
                continue
