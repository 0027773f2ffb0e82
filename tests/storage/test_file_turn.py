"""Turns among processes; two files opened apart stand for two processes, since the lock is the open file's."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.core.errors import StoreUnavailable
from bodhi.storage.engine import Store
from bodhi.storage.file_turn import FileTurn
from bodhi.storage.store_urls import StoreUrls
from tests.fakes.waiting import eventually


async def test_one_writes_at_a_time(tmp_path: Path) -> None:
    one, other = FileTurn(tmp_path / "usage.lock"), FileTurn(tmp_path / "usage.lock")
    order: list[str] = []

    async def write(turn: FileTurn, name: str) -> None:
        async with turn:
            order.append(f"{name} begins")
            await asyncio.sleep(0.02)
            order.append(f"{name} ends")

    for _ in range(3):
        await asyncio.gather(write(one, "one"), write(other, "other"))
    for begins, ends in zip(order[::2], order[1::2], strict=True):
        assert begins.split()[0] == ends.split()[0]
    assert (tmp_path / "usage.lock").stat().st_mode & 0o777 == 0o600
    one.close()
    other.close()


async def test_a_turn_ends_with_whoever_holds_it(tmp_path: Path) -> None:
    one, other = FileTurn(tmp_path / "usage.lock"), FileTurn(tmp_path / "usage.lock")
    await one.__aenter__()
    waiting = asyncio.create_task(other.__aenter__())
    await asyncio.sleep(0.02)
    assert not waiting.done()
    one.close()
    await eventually(waiting.done)
    other.close()


async def test_who_leaves_while_waiting_holds_nothing(tmp_path: Path) -> None:
    one, other = FileTurn(tmp_path / "usage.lock"), FileTurn(tmp_path / "usage.lock")
    async with one:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02), other:
                pass
    async with one:
        pass
    one.close()
    other.close()


async def test_two_processes_never_write_usage_at_once(sqlite_urls: StoreUrls) -> None:
    server, command = await Store.open(sqlite_urls), await Store.open(sqlite_urls, deadline=0.2)
    async with server.usage_write() as connection:
        await connection.execute(text("DELETE FROM captures"))
        with pytest.raises(StoreUnavailable):
            async with command.usage_write():
                pass
        async with command.usage_read() as reading:
            assert (await reading.execute(text("SELECT count(*) FROM captures"))).scalar_one() == 0
    async with command.usage_write() as connection:
        await connection.execute(text("DELETE FROM captures"))
    await server.close()
    await command.close()
