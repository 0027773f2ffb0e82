"""What Admins decide for everybody, as it is stored."""

import asyncio
import json

import pytest
from sqlalchemy import insert

from bodhi.storage.engine import Store
from bodhi.storage.policies import CAPTURE, NO_CAPTURE, CapturePolicy, read_capture_policy, write_capture_policy
from bodhi.storage.tables import policies


async def policy_of(store: Store, *, held: bool = False) -> CapturePolicy:
    async with store.write() as connection:
        return await read_capture_policy(connection, held=held)


async def test_nothing_is_captured_unless_somebody_turns_it_on(store: Store) -> None:
    assert await policy_of(store) == NO_CAPTURE
    assert not NO_CAPTURE.enabled


async def test_a_policy_reads_back_as_it_was_written_last(store: Store) -> None:
    for policy in (CapturePolicy(enabled=True, days=3, max_bytes=2048), CapturePolicy(enabled=False)):
        async with store.write() as connection:
            await write_capture_policy(connection, policy)
        assert await policy_of(store) == await policy_of(store, held=True) == policy


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "{",
        "[]",
        "null",
        json.dumps({"enabled": "yes"}),
        json.dumps({"enabled": True, "days": 0}),
        json.dumps({"enabled": True, "days": 366}),
        json.dumps({"enabled": True, "max_bytes": 2**40}),
        json.dumps({"enabled": True, "days": "7"}),
        json.dumps({"enabled": True, "forever": True}),
    ],
)
async def test_a_damaged_policy_turns_nothing_on(store: Store, stored: str) -> None:
    async with store.write() as connection:
        await connection.execute(insert(policies).values(name=CAPTURE, value=stored))
    assert await policy_of(store) == NO_CAPTURE


async def test_a_policy_that_is_held_stays_until_the_transaction_ends(store: Store) -> None:
    async with store.write() as connection:
        await write_capture_policy(connection, CapturePolicy(enabled=True))

    async def turn_off() -> None:
        async with store.write() as connection:
            await write_capture_policy(connection, CapturePolicy(enabled=False))

    async with asyncio.TaskGroup() as group:
        async with store.write() as connection:
            assert (await read_capture_policy(connection, held=True)).enabled
            turning = group.create_task(turn_off())
            await asyncio.sleep(0.05)
            assert not turning.done()
            assert (await read_capture_policy(connection)).enabled
        await turning
    assert not (await policy_of(store)).enabled
