"""Keeps what calls say, where an Admin has turned that on: collected within bounds, sealed in a thread, written behind.

The proxy shows what passes by; who may read it is the control API's part. Whatever goes wrong here costs a capture,
which is counted by reason, and never a call.
"""

import asyncio
import base64
import json
import logging
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from bodhi.core.clock import Clock
from bodhi.core.errors import StoreUnavailable
from bodhi.storage.captures import SealedCapture, hold_data_key, insert_captures, seal_texts
from bodhi.storage.data_keys import refresh_vault
from bodhi.storage.engine import Store
from bodhi.storage.policies import CapturePolicy, read_capture_policy
from bodhi.storage.vault import Vault

MAX_QUEUED = 1_000
MAX_HELD_BYTES = 32 * 1024 * 1024
BATCH = 32
BATCH_BYTES = 4 * 1024 * 1024
FLUSH_SECONDS = 0.5
MAX_BACK_OFF_SECONDS = 10.0
MAX_FIELD = 256

QUEUE_FULL = "queue_full"
MEMORY_FULL = "memory_full"
FAILED = "failed"
TURNED_OFF = "turned_off"
REFUSED = "refused_by_store"
STOPPED = "not_written_at_stop"

log = logging.getLogger(__name__)


class Said:
    """One direction of a call: how much there was, and its beginning."""

    __slots__ = ("content_encoding", "content_type", "kept", "size")

    def __init__(self) -> None:
        self.content_type: str | None = None
        self.content_encoding: str | None = None
        self.size = 0
        # Not a list of pieces: a thousand pieces of a byte each would take forty times what they hold.
        self.kept = bytearray()

    @property
    def truncated(self) -> bool:
        """Whether less is kept than there was."""
        return self.size > len(self.kept)

    def name(self, content_type: bytes | None, content_encoding: bytes | None) -> None:
        """Note what kind of bytes these are; no other header is kept."""
        self.content_type, self.content_encoding = _field(content_type), _field(content_encoding)

    def document(self) -> str:
        """Write down what is kept, for sealing."""
        try:
            body = {"text": self.kept.decode()}
        except UnicodeDecodeError:
            body = {"base64": base64.b64encode(self.kept).decode()}
        fields = {
            "content_type": self.content_type,
            "content_encoding": self.content_encoding,
            "bytes": self.size,
            "truncated": self.truncated,
        }
        return json.dumps({**fields, **body}, ensure_ascii=False, separators=(",", ":"))


class Capture:
    """What one call says, collected as it passes. Ends with `finish`, once, whatever became of the call."""

    __slots__ = ("_captures", "at", "call_id", "lost", "max_bytes", "request", "response", "sent", "user_id")

    def __init__(self, captures: "Captures", call_id: str, user_id: str | None, max_bytes: int) -> None:
        self._captures = captures
        self.max_bytes = max_bytes
        self.call_id = call_id
        self.user_id = user_id
        self.at = 0.0
        self.request = Said()
        self.response = Said()
        self.sent: list[str] = []
        """What was sent upstream and what came back first: JSON objects that are one in the end."""
        self.lost: str | None = None
        """Why nothing of this call will be kept."""

    @property
    def held(self) -> int:
        """How many bytes this takes."""
        return len(self.request.kept) + len(self.response.kept) + sum(map(len, self.sent))

    def see(self, said: Said, piece: bytes) -> None:
        """Take note of bytes that pass, as far as there is room."""
        said.size += len(piece)
        room = self.max_bytes - len(said.kept)
        if room <= 0 or self.lost is not None or not piece:
            return
        kept = piece[:room]
        if self._captures.reserve(len(kept)):
            said.kept += kept
        else:
            self.lose(MEMORY_FULL)

    def note_sent(self, told: Mapping[str, Any]) -> None:
        """Take note of what was sent upstream, or of how it was answered, if there is room."""
        if self.lost is not None:
            return
        # All of it ASCII, so that its length is what it takes.
        text = json.dumps(told, separators=(",", ":"))
        if self._captures.reserve(len(text)):
            self.sent.append(text)
        else:
            self.lose(MEMORY_FULL)

    def lose(self, reason: str) -> None:
        """Keep nothing of this call."""
        if self.lost is None:
            self.lost = reason
            self._captures.drop(self, reason)

    def finish(self) -> None:
        """Hand over what was said."""
        if self.lost is None:
            self._captures.take(self)


class Captures:
    """Queues captures and writes them behind the calls' backs. One exists per process.

    Args:
        store: where they go.
        vault: what seals them.
        clock: for the times of the calls.
        max_queued: captures that may wait.
        max_held: bytes that may be held in all, those of calls under way included.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        clock: Clock,
        *,
        max_queued: int = MAX_QUEUED,
        max_held: int = MAX_HELD_BYTES,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self._max_queued = max_queued
        self._max_held = max_held
        self._queue: deque[Capture] = deque()
        self._flushing = asyncio.Lock()
        self.held = 0
        """Bytes in memory."""
        self.written = 0
        self.dropped: Counter[str] = Counter()
        """Captures lost, by reason."""
        self._told = 0

    @property
    def queued(self) -> int:
        """How many captures wait to be written."""
        return len(self._queue)

    def begin(self, call_id: str, user_id: str | None, policy: CapturePolicy) -> Capture:
        """Begin to collect what a call says."""
        return Capture(self, call_id, user_id, policy.max_bytes)

    def reserve(self, size: int) -> bool:
        """Take room for bytes, and tell whether there is any."""
        if self.held + size > self._max_held:
            return False
        self.held += size
        return True

    def drop(self, capture: Capture, reason: str) -> None:
        """Count a capture that is not kept, and give its room back."""
        self.dropped[reason] += 1
        self._release(capture)

    def take(self, capture: Capture) -> None:
        """Queue what a call said. Never waits; when the queue is full the capture is dropped and counted."""
        if len(self._queue) >= self._max_queued:
            self.drop(capture, QUEUE_FULL)
            return
        capture.at = self._clock.now()
        self._queue.append(capture)

    async def run(self) -> NoReturn:
        """Write what is queued, twice a second, until cancelled; back off while the store does not answer."""
        pause = FLUSH_SECONDS
        while True:
            await asyncio.sleep(pause)
            self._tell_dropped()
            try:
                await self.flush()
            except StoreUnavailable:
                pause = min(pause * 2, MAX_BACK_OFF_SECONDS)
            else:
                pause = FLUSH_SECONDS

    async def flush(self) -> None:
        """Write everything queued, in batches.

        Raises:
            StoreUnavailable: the store did not take a batch, or has a data key that is not known here yet; what is
                left stays queued.
        """
        async with self._flushing:
            while self._queue:
                batch = self._next_batch()
                try:
                    await self._write(batch)
                except StoreUnavailable as error:
                    if not isinstance(error.__cause__, IntegrityError | DataError | ProgrammingError):
                        raise
                    self._give_up(batch, REFUSED, error.__cause__)
                except Exception as error:  # noqa: BLE001 # whatever makes a batch unwritable must not hold up the rest
                    self._give_up(batch, REFUSED, error)
                for _ in batch:
                    self._release(self._queue.popleft())

    async def drain(self, within: float) -> None:
        """Write what is left before the process ends; what the deadline leaves over is dropped and counted.

        Args:
            within: seconds that this may take.
        """
        try:
            async with asyncio.timeout(within):
                await self.flush()
        except (TimeoutError, StoreUnavailable):
            log.warning("%d captures could not be written before the stop", len(self._queue))
        while self._queue:
            self.drop(self._queue.popleft(), STOPPED)
        self._tell_dropped()

    def _next_batch(self) -> list[Capture]:
        batch: list[Capture] = []
        size = 0
        for capture in self._queue:
            size += capture.held
            if batch and (len(batch) == BATCH or size > BATCH_BYTES):
                break
            batch.append(capture)
        return batch

    async def _write(self, batch: Sequence[Capture]) -> None:
        """Seal and write a batch, unless capture has been turned off: then nothing more is written, whoever asks.

        Policy and data key are held while the rows are written, so that whoever turns capture off and removes what is
        there finds all of it, and whoever destroys a data key finds every row that needs it.

        Raises:
            StoreUnavailable: the store did not take it, or the vault's data key is gone and no other is known.
        """
        rows, failed = await asyncio.to_thread(self._seal, batch)
        async with self._store.write() as connection:
            if not (await read_capture_policy(connection, held=True)).enabled:
                self.dropped[TURNED_OFF] += len(rows)
                rows = []
            for data_key_id in {row.data_key_id for row in rows}:
                if not await hold_data_key(connection, data_key_id):
                    await refresh_vault(connection, self._vault)
                    raise StoreUnavailable(retry_after=1)
            if rows:
                async with self._store.usage_write() as usage:
                    await insert_captures(usage, rows)
        self.written += len(rows)
        self.dropped[FAILED] += failed

    def _seal(self, batch: Sequence[Capture]) -> tuple[list[SealedCapture], int]:
        """Seal what can be sealed, and count what cannot. Runs in a thread."""
        rows: list[SealedCapture] = []
        for capture in batch:
            try:
                rows.append(_sealed(self._vault, capture))
            except Exception as error:  # noqa: BLE001 # one capture that cannot be sealed must not cost the others
                log.warning("a capture could not be sealed: %s", type(error).__name__)
        return rows, len(batch) - len(rows)

    def _give_up(self, batch: Sequence[Capture], reason: str, error: BaseException) -> None:
        self.dropped[reason] += len(batch)
        # Its name only: the text of a database's error repeats what it was given.
        log.warning("%d captures were refused by the store: %s", len(batch), type(error).__name__)

    def _tell_dropped(self) -> None:
        """Log how many captures were lost since this was told last, and why any were since the start."""
        lost = self.dropped.total()
        if lost > self._told:
            reasons = ", ".join(f"{count} {reason}" for reason, count in (+self.dropped).items())
            log.warning("%d captures are not kept; since the start: %s", lost - self._told, reasons)
            self._told = lost

    def _release(self, capture: Capture) -> None:
        self.held -= capture.held
        capture.request.kept, capture.response.kept, capture.sent = bytearray(), bytearray(), []


def _sealed(vault: Vault, capture: Capture) -> SealedCapture:
    request, response = capture.request, capture.response
    texts = [request.document(), response.document()]
    if capture.sent:
        whole = {name: value for part in capture.sent for name, value in json.loads(part).items()}
        texts.append(json.dumps(whole, ensure_ascii=False, separators=(",", ":")))
    data_key_id, *sealed = seal_texts(vault, capture.call_id, *texts)
    return SealedCapture(
        call_id=capture.call_id,
        at=capture.at,
        user_id=capture.user_id,
        data_key_id=data_key_id,
        request_bytes=request.size,
        response_bytes=response.size,
        truncated=request.truncated or response.truncated,
        sealed_request=sealed[0],
        sealed_response=sealed[1],
        sealed_sent=sealed[2] if capture.sent else None,
    )


def _field(value: bytes | None) -> str | None:
    return None if value is None else value[:MAX_FIELD].decode("latin-1")
