"""Housekeeping."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.accounting.recorder import Recorder
from bodhi.accounting.upkeep import DAY, OBJECT_DAYS, Upkeep
from bodhi.core.errors import StoreUnavailable
from bodhi.core.principal import Role, TokenGrant
from bodhi.storage.engine import Store
from bodhi.storage.objects import find_object, remember_object
from bodhi.storage.tokens import insert_token, tokens_last_used
from bodhi.storage.users import User, insert_user
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


@pytest.fixture
def time() -> StillClock:
    return StillClock()


@pytest.fixture
async def recorder(store: Store, time: StillClock) -> Recorder:
    async with store.write() as connection:
        await insert_user(connection, User("u1", "ada", Role.ADMIN, None, disabled=False, created_at=0.0))
        await insert_token(
            connection,
            TokenGrant("t1", "laptop", b"m" * 32, "u1", "ada", Role.ADMIN, "user", (), 0.0, None, None),
        )
    return Recorder(store, time.clock)


async def test_last_used_times_reach_the_store(store: Store, recorder: Recorder, time: StillClock) -> None:
    recorder.last_used["t1"] = 7.0
    await Upkeep(store, recorder, time.clock).store_last_used()
    async with store.read() as connection:
        assert await tokens_last_used(connection, None) == {"t1": 7.0}
    assert recorder.last_used == {}


async def test_last_used_times_outlive_an_outage(store: Store, recorder: Recorder, time: StillClock) -> None:
    recorder.last_used["t1"] = 7.0
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE tokens RENAME TO elsewhere"))
    with pytest.raises(StoreUnavailable):
        await Upkeep(store, recorder, time.clock).store_last_used()
    assert recorder.last_used == {"t1": 7.0}


async def test_only_objects_older_than_thirty_days_are_removed(
    store: Store, recorder: Recorder, time: StillClock
) -> None:
    async with store.write() as connection:
        await remember_object(connection, "resp_old", "m1", "u1", time.time - OBJECT_DAYS * DAY - 1)
        await remember_object(connection, "resp_new", "m1", "u1", time.time - OBJECT_DAYS * DAY + 1)
    await Upkeep(store, recorder, time.clock).remove_expired()
    async with store.read() as connection:
        assert await find_object(connection, "resp_old", "u1") is None
        assert await find_object(connection, "resp_new", "u1") == "m1"
