"""Tells of calls as they are recorded, whichever process recorded them. How they are shown, and to whom, is control's.

One poll of the usage database serves all who listen, and runs only while somebody does. Bounds: 20 listeners, 500 calls
waiting for each; what comes beyond is dropped, the oldest first, and counted.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NoReturn

from bodhi.core.clock import Clock
from bodhi.core.errors import Overloaded, StoreUnavailable
from bodhi.core.usage import UsageRecord
from bodhi.storage.engine import Store
from bodhi.storage.usage import list_since, list_with_ids
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_names import UsageNames, read_names_of

POLL_SECONDS = 0.5
OVERLAP_SECONDS = 3.0
"""How much later than its time a record may be written and is still told of."""
HEARTBEAT_SECONDS = 15.0
"""How often one who listens is told that the line is alive; also how long they may after their session has ended."""
MOST_LISTENERS = 20
MOST_WAITING = 500
MOST_AT_ONCE = 500
"""Records that one poll reads whole; of those beyond, only the number."""

Told = tuple[UsageRecord, UsageNames]
"""A call, with the names behind its ids."""


class Listener:
    """What waits for one who listens."""

    def __init__(self, wanted: UsageFilter) -> None:
        self._wanted = wanted
        self._waiting: deque[Told] = deque()
        self._news = asyncio.Event()
        self._dropped = 0
        self.ended = False
        """Whether nothing will come any more."""

    async def wait(self, within: float) -> None:
        """Wait until there is something, or for so many seconds."""
        try:
            async with asyncio.timeout(within):
                await self._news.wait()
        except TimeoutError:
            return

    def take(self) -> tuple[list[Told], int]:
        """Take the calls that wait, oldest first, and how many were dropped before them."""
        taken, dropped = list(self._waiting), self._dropped
        self._waiting.clear()
        self._dropped = 0
        if not self.ended:
            self._news.clear()
        return taken, dropped

    def tell(self, records: Sequence[UsageRecord], names: UsageNames, missed: int) -> None:
        """Take calls, of which those that are wanted wait.

        Args:
            records: oldest first.
            names: those behind their ids.
            missed: how many more there were.
        """
        self._waiting.extend((record, names) for record in records if self._wanted.matches(record))
        self._dropped += missed
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._dropped += 1
        if self._waiting or self._dropped:
            self._news.set()

    def end(self) -> None:
        """Say that nothing will come any more."""
        self.ended = True
        self._news.set()


class Tail:
    """Watches the usage database for those who listen. One exists per process.

    Args:
        store: what is watched.
        clock: for the time from which on records are new.
        is_stopping: whether the server drains, which ends all listening.
    """

    def __init__(self, store: Store, clock: Clock, is_stopping: Callable[[], bool] = lambda: False) -> None:
        self._store = store
        self._clock = clock
        self._is_stopping = is_stopping
        self._listeners: set[Listener] = set()
        self._somebody = asyncio.Event()
        self._looking = asyncio.Lock()
        self._newest = 0.0
        self._seen: dict[str, float] = {}
        self.heartbeat_seconds = HEARTBEAT_SECONDS
        self.dropped = 0
        """Calls that were recorded faster than they could be told of."""

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    async def listen(self, wanted: UsageFilter) -> Listener:
        """Begin to listen. From the return on, every call that is recorded is told of; `leave` ends it.

        Raises:
            Overloaded: too many listen.
            StoreUnavailable: the store does not answer.
        """
        listener = Listener(wanted)
        if self._is_stopping():
            listener.end()
            return listener
        async with self._looking:
            if len(self._listeners) >= MOST_LISTENERS:
                raise Overloaded("Too many are watching calls live. Close another page that does, and try again.")
            if not self._listeners:
                self._newest, self._seen = self._clock.now(), {}
                await self._look()
            self._listeners.add(listener)
        self._somebody.set()
        return listener

    def leave(self, listener: Listener) -> None:
        """Listen no more."""
        self._listeners.discard(listener)
        if not self._listeners:
            self._somebody.clear()

    async def run(self) -> NoReturn:
        """Look for new records twice a second while somebody listens, until cancelled."""
        while True:
            await self._somebody.wait()
            await asyncio.sleep(POLL_SECONDS)
            if self._is_stopping():
                for listener in list(self._listeners):
                    listener.end()
                    self.leave(listener)
                continue
            try:
                await self.poll()
            except StoreUnavailable:
                # What is written meanwhile is found once the store answers: nothing newer has been seen.
                continue

    async def poll(self) -> None:
        """Look for new records once, and tell everybody who listens.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        async with self._looking:
            if not self._listeners:
                return
            before = self._newest, self._seen
            try:
                await self._tell(await self._look())
            except StoreUnavailable:
                self._newest, self._seen = before
                raise

    async def _look(self) -> list[str]:
        """Return the ids of records that were not seen before, oldest first; from now on they have been."""
        # A clock ahead of ours must not hide what is recorded by ours.
        start = min(self._newest, self._clock.now()) - OVERLAP_SECONDS
        async with self._store.usage_read() as connection:
            found = await list_since(connection, start)
        new = [call_id for call_id, _ in found if call_id not in self._seen]
        self._newest = max((at for _, at in found), default=self._newest)
        self._seen = dict(found)
        return new

    async def _tell(self, ids: Sequence[str]) -> None:
        if not ids:
            return
        async with self._store.usage_read() as connection:
            records = await list_with_ids(connection, ids[-MOST_AT_ONCE:])
        async with self._store.read() as connection:
            names = await read_names_of(connection, records)
        missed = len(ids) - len(records)
        self.dropped += missed
        for listener in self._listeners:
            listener.tell(records, names, missed)
