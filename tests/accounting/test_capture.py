"""Collecting, sealing and writing what calls say, within bounds and behind the calls."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from bodhi.accounting import capture
from bodhi.accounting.capture import Capture, Captures, Said
from bodhi.core.audit import GATEWAY
from bodhi.core.errors import StoreUnavailable
from bodhi.storage import tables
from bodhi.storage.captures import SealedCapture, find_capture, open_texts
from bodhi.storage.data_keys import open_vault
from bodhi.storage.engine import Store
from bodhi.storage.policies import CapturePolicy, write_capture_policy
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.rotation import destroy_retired, rotate_data
from bodhi.storage.vault import Vault
from tests.fakes.clocks import StillClock
from tests.fakes.stores import AUDIT, fresh_store
from tests.fakes.waiting import eventually

ON = CapturePolicy(enabled=True, max_bytes=1024)


@dataclass
class Stage:
    """A store in which capture is turned on, with real data keys."""

    store: Store
    vault: Vault
    sources: RootKeySources
    time: StillClock

    def captures(self, **bounds: int) -> Captures:
        return Captures(self.store, self.vault, self.time.clock, **bounds)

    async def turn(self, policy: CapturePolicy) -> None:
        async with self.store.write() as connection:
            await write_capture_policy(connection, policy)

    async def row(self, call_id: str) -> SealedCapture | None:
        async with self.store.usage_read() as connection:
            return await find_capture(connection, call_id)

    async def said(self, call_id: str) -> tuple[dict, dict]:
        row = await self.row(call_id)
        assert row is not None
        request, response = open_texts(self.vault, row)
        return json.loads(request), json.loads(response)

    async def rename(self, table: str, name: str) -> None:
        async with self.store.usage_write() as connection:
            await connection.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with fresh_store(tmp_path) as store:
        async with store.write() as connection:
            await connection.execute(insert(tables.deployment).values(id="d1", created_at=1.0))
        sources, time = RootKeySources(home_file=tmp_path / "root.key"), StillClock()
        stage = Stage(store, await open_vault(store, sources, time.clock), sources, time)
        await stage.turn(ON)
        yield stage


def say(captures: Captures, call_id: str, request: bytes = b"prompt", response: bytes = b"answer") -> Capture:
    """Let one call pass."""
    begun = captures.begin(call_id, "u1", ON)
    begun.request.name(b"application/json", None)
    begun.see(begun.request, request)
    begun.response.name(b"text/event-stream", b"gzip")
    for at in range(0, len(response), 7):
        begun.see(begun.response, response[at : at + 7])
    begun.finish()
    return begun


async def test_what_a_call_says_is_written_sealed(stage: Stage) -> None:
    captures = stage.captures()
    say(captures, "call-1", "Grüße".encode(), b"\xff\x00")
    assert (captures.queued, captures.held) == (1, 9)
    await captures.flush()
    assert (captures.queued, captures.held, captures.written, captures.dropped) == (0, 0, 1, {"failed": 0})
    request, response = await stage.said("call-1")
    assert request == {
        "content_type": "application/json",
        "content_encoding": None,
        "bytes": 7,
        "truncated": False,
        "text": "Grüße",
    }
    assert (response["base64"], response["content_encoding"]) == ("/wA=", "gzip")
    row = await stage.row("call-1")
    assert row is not None
    assert (row.at, row.user_id, row.data_key_id) == (stage.time.time, "u1", stage.vault.active_id)
    assert (row.request_bytes, row.response_bytes, row.truncated) == (7, 2, False)


async def test_no_more_than_the_policy_says_is_kept_of_each_direction(stage: Stage) -> None:
    captures = stage.captures()
    say(captures, "call-1", b"r" * 1025, b"a" * 5000)
    assert captures.held == 2 * ON.max_bytes
    await captures.flush()
    request, response = await stage.said("call-1")
    assert (request["text"], request["bytes"], request["truncated"]) == ("r" * 1024, 1025, True)
    assert (response["text"], response["bytes"], response["truncated"]) == ("a" * 1024, 5000, True)
    row = await stage.row("call-1")
    assert row is not None
    assert row.truncated


async def test_what_was_sent_upstream_is_sealed_beside_what_was_said(stage: Stage) -> None:
    captures = stage.captures()
    begun = captures.begin("call-1", "u1", ON)
    begun.note_sent({"method": "POST", "changes": ["•"]})
    begun.note_sent({"response_status": 200})
    assert captures.held == begun.held > 0
    begun.finish()
    say(captures, "call-2")
    await captures.flush()
    assert captures.held == 0
    row, without = await stage.row("call-1"), await stage.row("call-2")
    assert row is not None
    assert without is not None
    assert without.sealed_sent is None
    assert "POST" not in (row.sealed_sent or "")
    assert json.loads(open_texts(stage.vault, row)[2]) == {"method": "POST", "changes": ["•"], "response_status": 200}


async def test_what_was_sent_upstream_counts_as_held(stage: Stage) -> None:
    captures = stage.captures(max_held=100)
    begun = captures.begin("call-1", None, ON)
    begun.note_sent({"headers": "x" * 80})
    assert captures.held == begun.held > 80
    begun.note_sent({"response_headers": "x" * 80})
    begun.note_sent({"response_headers": ""})
    assert (captures.held, begun.lost, captures.dropped) == (0, capture.MEMORY_FULL, {capture.MEMORY_FULL: 1})


async def test_the_queue_is_bounded_by_count(stage: Stage) -> None:
    captures = stage.captures(max_queued=3)
    for number in range(5):
        say(captures, f"call-{number}")
    assert (captures.queued, captures.held, captures.dropped) == (3, 36, {capture.QUEUE_FULL: 2})
    await captures.flush()
    assert (captures.written, captures.held) == (3, 0)


async def test_memory_is_bounded_calls_under_way_included(stage: Stage) -> None:
    captures = stage.captures(max_held=100)
    first = captures.begin("call-1", None, ON)
    first.see(first.request, b"x" * 90)
    second = captures.begin("call-2", None, ON)
    second.see(second.request, b"y" * 10)
    second.see(second.response, b"z")
    second.see(second.response, b"z" * 5)
    assert (captures.held, captures.dropped, second.lost) == (90, {capture.MEMORY_FULL: 1}, capture.MEMORY_FULL)
    second.finish()
    first.finish()
    assert (captures.queued, captures.dropped) == (1, {capture.MEMORY_FULL: 1})
    await captures.flush()
    assert captures.held == 0


async def test_large_captures_go_in_small_batches(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "BATCH_BYTES", 30)
    captures = stage.captures()
    for number in range(5):
        say(captures, f"call-{number}")
    say(captures, "huge", b"r" * 1000)
    assert [each.call_id for each in captures._next_batch()] == ["call-0", "call-1"]
    await captures.flush()
    assert captures.written == 6


async def test_after_capture_is_turned_off_nothing_more_is_written(stage: Stage) -> None:
    captures = stage.captures()
    say(captures, "call-1")
    await stage.turn(CapturePolicy(enabled=False))
    await captures.flush()
    assert await stage.row("call-1") is None
    assert (captures.written, captures.held, captures.dropped[capture.TURNED_OFF]) == (0, 0, 1)


async def test_a_store_outage_keeps_what_waits(stage: Stage) -> None:
    captures = stage.captures()
    say(captures, "call-1")
    await stage.rename("captures", "elsewhere")
    with pytest.raises(StoreUnavailable):
        await captures.flush()
    assert (captures.queued, captures.held, captures.dropped.total()) == (1, 12, 0)
    await stage.rename("elsewhere", "captures")
    await captures.flush()
    assert (captures.written, captures.held) == (1, 0)


async def test_what_the_store_refuses_is_dropped_and_the_rest_goes_on(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    captures = stage.captures()
    say(captures, "call-1")

    async def refuse(*_: object) -> None:
        raise ValueError("prompt")

    with monkeypatch.context() as broken:
        broken.setattr(capture, "insert_captures", refuse)
        await captures.flush()
    assert (captures.held, captures.dropped[capture.REFUSED]) == (0, 1)
    assert "prompt" not in caplog.text
    say(captures, "call-2")
    await captures.flush()
    assert captures.written == 1


async def test_one_that_cannot_be_sealed_costs_no_other(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    captures, whole = stage.captures(), Said.document

    def document(said: Said) -> str:
        if said.kept.startswith(b"bad"):
            raise RuntimeError(said.kept.decode())
        return whole(said)

    monkeypatch.setattr(Said, "document", document)
    for number, prompt in enumerate([b"good", b"bad", b"good"]):
        say(captures, f"call-{number}", prompt)
    await captures.flush()
    assert (captures.written, captures.held, captures.dropped[capture.FAILED]) == (2, 0, 1)
    assert "bad" not in caplog.text


async def test_a_batch_is_sealed_anew_when_its_data_key_has_been_destroyed(stage: Stage) -> None:
    captures = stage.captures()
    elsewhere = await open_vault(stage.store, stage.sources, stage.time.clock)
    old = stage.vault.active_id
    await rotate_data(stage.store, elsewhere, AUDIT, GATEWAY, stage.time.clock)
    assert await destroy_retired(stage.store, AUDIT, GATEWAY, stage.time.time + 1) == [old]
    say(captures, "call-1")
    with pytest.raises(StoreUnavailable):
        await captures.flush()
    assert captures.queued == 1
    await captures.flush()
    request, _ = await stage.said("call-1")
    assert request["text"] == "prompt"
    row = await stage.row("call-1")
    assert row is not None
    assert row.data_key_id == elsewhere.active_id


async def test_the_running_writer_goes_on_after_an_outage(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture, "FLUSH_SECONDS", 0.01)
    captures, write = stage.captures(), Captures._write
    failures = iter([StoreUnavailable(), StoreUnavailable()])

    async def fails_twice(self: Captures, batch: list[Capture]) -> None:
        if error := next(failures, None):
            raise error
        await write(self, batch)

    monkeypatch.setattr(Captures, "_write", fails_twice)
    say(captures, "call-1")
    async with asyncio.TaskGroup() as group:
        running = group.create_task(captures.run())
        await eventually(lambda: captures.written == 1)
        running.cancel()
    assert captures.held == 0


async def test_what_waits_is_written_at_the_stop(stage: Stage) -> None:
    captures = stage.captures()
    say(captures, "call-1")
    await captures.drain(5)
    assert (captures.written, captures.dropped[capture.STOPPED]) == (1, 0)


async def test_what_cannot_be_written_at_the_stop_is_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    captures = stage.captures()

    async def fails(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(captures, "_write", fails)
    say(captures, "call-1")
    await captures.drain(5)
    assert (captures.queued, captures.held, captures.dropped[capture.STOPPED]) == (0, 0, 1)


async def test_the_log_tells_of_captures_lost_on_the_way_and_once(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture, "FLUSH_SECONDS", 0.001)
    captures = stage.captures(max_queued=1)
    for number in range(4):
        say(captures, f"call-{number}")
    async with asyncio.TaskGroup() as group:
        running = group.create_task(captures.run())
        await eventually(lambda: captures.written == 1)
        running.cancel()
    await captures.drain(5)

    told = [record.getMessage() for record in caplog.records if record.name == capture.__name__]
    assert told == ["3 captures are not kept; since the start: 3 queue_full"]
