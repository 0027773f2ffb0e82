"""Takes a usage record per call without waiting, and writes them in batches. The proxy decides what a record holds.

Bounds: 10,000 records wait at most; beyond that the newest are dropped and counted by reason. When each token was used
last is noted for 100,000 tokens at most; what is not noted is counted.
"""

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import NoReturn

from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from bodhi.core.clock import Clock
from bodhi.core.errors import StoreUnavailable
from bodhi.core.usage import UsageRecord
from bodhi.storage.engine import Store
from bodhi.storage.usage import MAX_TEXT, insert_usage

MAX_QUEUED = 10_000
BATCH = 512
FLUSH_SECONDS = 0.25
MAX_BACK_OFF_SECONDS = 10.0
MAX_LAST_USED = 100_000

FULL = "queue_full"
REFUSED = "refused_by_store"
STOPPED = "not_written_at_stop"

log = logging.getLogger(__name__)


class Recorder:
    """Queues usage records and writes them behind the calls' backs. One exists per process.

    Proxying goes on whatever happens here: a store outage only makes the queue grow up to its bound.

    Args:
        store: where records go.
        clock: for deadlines.
        max_queued: how many records may wait.
        price: sets the cost of records just before they are written, so that no call waits for it. Must not raise.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        max_queued: int = MAX_QUEUED,
        *,
        price: Callable[[Sequence[UsageRecord]], Awaitable[None]] | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._max_queued = max_queued
        self._price = price
        self._queue: deque[UsageRecord] = deque()
        self._flushing = asyncio.Lock()
        self._is_batch = asyncio.Event()
        """Whether a whole batch waits."""
        self.written = 0
        self.failures = 0
        """Attempts to write that the store did not take."""
        self.dropped: Counter[str] = Counter()
        """Records lost, by reason."""
        self.last_used: dict[str, float] = {}
        """When each token was used last, since `Upkeep` last stored it."""
        self.uses_not_noted = 0
        """Calls whose token is not in there because it was full."""

    @property
    def queued(self) -> int:
        """How many records wait to be written."""
        return len(self._queue)

    def record(self, record: UsageRecord) -> None:
        """Take a record. Never waits, never raises; when the queue is full the record is dropped and counted."""
        if len(self._queue) >= self._max_queued:
            self.dropped[FULL] += 1
            return
        # The store keeps no more of a model's name, which may be as long as a body; and thousands may have to wait.
        if (asked := record.model_asked) is not None and len(asked) > MAX_TEXT:
            record.model_asked = asked[:MAX_TEXT]
        if (sent := record.model_sent) is not None and len(sent) > MAX_TEXT:
            record.model_sent = sent[:MAX_TEXT]
        self._queue.append(record)
        # The writer looks at the queue by the clock: waking it each time would cost each call a turn of the event loop.
        if len(self._queue) == BATCH:
            self._is_batch.set()

    async def run(self) -> NoReturn:
        """Write what is queued, four times a second and whenever it is a whole batch, until cancelled.

        A batch is written while it is still in the processor's caches: what waits for the clock at 10,000 calls a
        second is not. While the store does not answer, it is asked less and less often.
        """
        pause = FLUSH_SECONDS
        while True:
            if pause > FLUSH_SECONDS:
                await asyncio.sleep(pause)
            else:
                await self._wait_for_batch()
            try:
                await self.flush()
            except StoreUnavailable:
                pause = min(pause * 2, MAX_BACK_OFF_SECONDS)
            else:
                pause = FLUSH_SECONDS

    async def _wait_for_batch(self) -> None:
        self._is_batch.clear()
        if len(self._queue) < BATCH:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FLUSH_SECONDS):
                    await self._is_batch.wait()

    async def flush(self) -> None:
        """Write everything that is queued by now, in batches of at most 512.

        Raises:
            StoreUnavailable: the store did not take a batch; its records stay queued.
        """
        async with self._flushing:
            left = len(self._queue)
            while batch := list(islice(self._queue, min(left, BATCH))):
                if self._price is not None:
                    await self._price(batch)
                await self._write(batch)
                for _ in batch:
                    self._queue.popleft()
                left -= len(batch)

    async def drain(self, within: float) -> None:
        """Write what is left before the process ends; what the deadline leaves over is dropped and counted.

        Args:
            within: seconds that this may take.
        """
        deadline = self._clock.monotonic() + within
        while self._queue and (left := deadline - self._clock.monotonic()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self.flush()
            except TimeoutError:
                break
            except StoreUnavailable:
                await asyncio.sleep(min(FLUSH_SECONDS, left))
        self.dropped[STOPPED] += len(self._queue)
        if self._queue:
            log.warning("%d usage records could not be written before the stop", len(self._queue))
        self._queue.clear()

    async def _write(self, batch: Sequence[UsageRecord]) -> None:
        """Write a batch; if something other than an outage stops it, find the record at fault and drop only that."""
        try:
            async with self._store.usage_write() as connection:
                await insert_usage(connection, batch)
        except StoreUnavailable as error:
            self.failures += 1
            if not isinstance(error.__cause__, IntegrityError | DataError | ProgrammingError):
                raise
            await self._write_apart(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever makes a record unwritable must not hold up all that follow
            self.failures += 1
            await self._write_apart(batch, error)
        else:
            self.written += len(batch)
            self._note_use(batch)

    async def _write_apart(self, batch: Sequence[UsageRecord], error: Exception) -> None:
        if len(batch) == 1:
            self.dropped[REFUSED] += 1
            log.warning("a usage record was refused by the store: %s", type(error.__cause__ or error).__name__)
            return
        middle = len(batch) // 2
        await self._write(batch[:middle])
        await self._write(batch[middle:])

    def _note_use(self, batch: Sequence[UsageRecord]) -> None:
        last_used = self.last_used
        for token_id, at in {record.token_id: record.at for record in batch}.items():
            if not token_id:
                continue
            if token_id in last_used or len(last_used) < MAX_LAST_USED:
                last_used[token_id] = at
            else:
                self.uses_not_noted += sum(record.token_id == token_id for record in batch)
