"""Heads that are carried out of the database."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.accounting import audit_heads
from bodhi.accounting.audit_heads import FILE, KEPT, SLACK, AuditHeads, read_heads
from bodhi.core.audit import GATEWAY, Act
from bodhi.core.ids import new_id
from bodhi.storage.audit import AuditLog
from bodhi.storage.audit_head import Head
from bodhi.storage.duty import Duty
from bodhi.storage.engine import Store
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

TIME = StillClock()
AUDIT = AuditLog(b"a" * 32, TIME.clock)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / FILE


async def act(store: Store) -> None:
    async with store.write() as connection:
        await AUDIT.append(connection, GATEWAY, Act(action="usage.purge"))


def heads_in(file: Path) -> list[Head]:
    heads, spoiled = read_heads(file.read_text().splitlines(keepends=True))
    assert spoiled == 0
    return heads


def writer(store: Store, file: Path, duty: Duty | None = None) -> AuditHeads:
    return AuditHeads(store, AUDIT, file, TIME.clock, duty or Duty(file.with_name(f"{new_id()}.lock")))


async def test_only_a_trail_with_new_rows_has_a_new_head(
    store: Store, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    heads = writer(store, file)
    assert await heads.export() is None
    assert not file.exists()
    for _ in range(2):
        await act(store)
        assert await heads.export() is not None
        assert await heads.export() is None
    assert [head.seq for head in heads_in(file)] == [1, 2]
    assert all(head.is_signed(AUDIT.keys) for head in heads_in(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert caplog.text.count("audit head {") == 2


async def test_a_new_process_goes_on_in_the_same_file(store: Store, file: Path) -> None:
    await act(store)
    await writer(store, file).drain(5.0)
    again = writer(store, file)
    assert await again.export() is None
    await act(store)
    await again.drain(5.0)
    assert [head.seq for head in heads_in(file)] == [1, 2]


async def test_a_line_that_a_crash_cut_short_spoils_no_other(store: Store, file: Path) -> None:
    await act(store)
    await writer(store, file).export()
    with file.open("a") as opened:
        opened.write('{"deployment":"')
    assert read_heads(file.read_text().splitlines(keepends=True))[1] == 0
    await act(store)
    await writer(store, file).export()
    heads, _ = read_heads(file.read_text().splitlines(keepends=True))
    assert [head.seq for head in heads] == [1, 2]


async def test_the_file_keeps_the_last_heads(store: Store, file: Path) -> None:
    file.write_text("".join(f"{number}\n" for number in range(KEPT + SLACK)))
    await act(store)
    await writer(store, file).export()
    lines = file.read_text().splitlines()
    assert (len(lines), lines[0]) == (KEPT, str(SLACK + 1))
    assert '"seq":1' in lines[-1]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_trail_that_went_back_is_told_at_once(
    store: Store, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        await act(store)
    await writer(store, file).export()
    async with store.write() as connection:
        await connection.execute(text("DELETE FROM audit_log WHERE seq > 1"))
        await connection.execute(text("UPDATE audit_head SET seq = 1"))
    await writer(store, file).export()
    assert "ends at row 1, and had gone on to row 3" in caplog.text


async def test_neither_an_outage_nor_a_full_disk_ends_the_server(
    store: Store, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await act(store)
    file.mkdir()
    heads = writer(store, file)
    assert await heads.export() is None
    assert "could not be written" in caplog.text
    file.rmdir()
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE audit_head RENAME TO elsewhere"))
    assert await heads.export() is None
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO audit_head"))
    assert await heads.export() is not None


def test_lines_that_are_no_heads_are_counted() -> None:
    assert read_heads(["[]\n", "\n", "x\n", "{}"]) == ([], 2)
    assert audit_heads.FILE == "audit-heads.jsonl"


async def test_of_two_processes_one_writes_and_then_the_other(store: Store, file: Path) -> None:
    duties = [Duty(file.with_name("duty.lock")) for _ in range(2)]
    one, two = (writer(store, file, duty) for duty in duties)
    await act(store)
    written = [await one.export(), await two.export()]
    await act(store)
    duties[0].close()
    written += [await two.export(), await one.export()]
    duties[1].close()

    assert [head is not None for head in written] == [True, False, True, False]
    assert len(file.read_text().splitlines()) == 2
