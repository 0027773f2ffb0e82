"""Housekeeping."""

import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, select, text

from bodhi.accounting.recorder import Recorder
from bodhi.accounting.upkeep import DAY, OBJECT_DAYS, PURGE_BATCH, Chore, Upkeep
from bodhi.core.clock import iso_time
from bodhi.core.errors import StoreUnavailable
from bodhi.core.ids import new_id
from bodhi.core.principal import Role, TokenGrant
from bodhi.core.session import IDLE_SECONDS
from bodhi.core.usage import UsageRecord
from bodhi.storage.attempts import lock_arrivals, read_arrivals
from bodhi.storage.audit import AuditLog
from bodhi.storage.duty import Duty
from bodhi.storage.engine import Store
from bodhi.storage.objects import find_object, remember_object
from bodhi.storage.oidc_flows import OidcFlow, insert_flow, take_flow
from bodhi.storage.sessions import Session, get_session, insert_session
from bodhi.storage.tables import audit_log, tokens, users
from bodhi.storage.tokens import insert_token, tokens_last_used
from bodhi.storage.usage import insert_usage, list_usage
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


@pytest.fixture
def duty(tmp_path: Path) -> Iterator[Duty]:
    with contextlib.closing(Duty(tmp_path / "duty.lock")) as duty:
        yield duty


def upkeep_of(store: Store, recorder: Recorder, time: StillClock, duty: Duty, **options: Any) -> Upkeep:
    return Upkeep(store, recorder, time.clock, AuditLog(b"a" * 32, time.clock), duty, **options)


async def test_last_used_times_reach_the_store(store: Store, recorder: Recorder, time: StillClock, duty: Duty) -> None:
    recorder.last_used["t1"] = 7.0
    await upkeep_of(store, recorder, time, duty).store_last_used()
    async with store.read() as connection:
        assert await tokens_last_used(connection, ["t1"]) == {"t1": 7.0}
    assert recorder.last_used == {}


async def test_last_used_times_outlive_an_outage(
    store: Store, recorder: Recorder, time: StillClock, duty: Duty
) -> None:
    recorder.last_used["t1"] = 7.0
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE tokens RENAME TO elsewhere"))
    with pytest.raises(StoreUnavailable):
        await upkeep_of(store, recorder, time, duty).store_last_used()
    assert recorder.last_used == {"t1": 7.0}


async def test_only_objects_older_than_thirty_days_are_removed(
    store: Store, recorder: Recorder, time: StillClock, duty: Duty
) -> None:
    async with store.write() as connection:
        await remember_object(connection, "resp_old", "m1", "u1", time.time - OBJECT_DAYS * DAY - 1)
        await remember_object(connection, "resp_new", "m1", "u1", time.time - OBJECT_DAYS * DAY + 1)
    await upkeep_of(store, recorder, time, duty).remove_expired()
    async with store.read() as connection:
        assert await find_object(connection, "resp_old", "u1") is None
        assert await find_object(connection, "resp_new", "u1") == "m1"


async def test_ways_to_the_identity_provider_that_nobody_came_back_from_are_removed(
    store: Store, recorder: Recorder, time: StillClock, duty: Duty
) -> None:
    def flow(state: bytes, expires_at: float) -> OidcFlow:
        return OidcFlow(
            state_mac=state, browser_mac=b"b", sealed="x", purpose="sign_in", session_id=None, created_at=0.0,
            expires_at=expires_at,
        )  # fmt: skip

    async with store.write() as connection:
        await insert_flow(connection, flow(b"old", time.time))
        await insert_flow(connection, flow(b"new", time.time + 1))
    await upkeep_of(store, recorder, time, duty).remove_expired()
    async with store.write() as connection:
        assert await take_flow(connection, b"old") is None
        assert await take_flow(connection, b"new") is not None


async def test_ended_sessions_their_chat_tokens_and_old_counts_of_attempts_are_removed(
    store: Store, recorder: Recorder, time: StillClock, duty: Duty
) -> None:
    ada, now = User("ada", "ada", Role.USER, None, disabled=False, created_at=1.0), time.time
    async with store.write() as connection:
        await connection.execute(delete(users))
        await insert_user(connection, ada)
        for name, seen_at in (("idle", now - IDLE_SECONDS), ("used", now)):
            await insert_session(
                connection,
                Session(
                    id=name, mac=name.encode(), user_id=ada.id, method="password", carried_by="cookie", created_at=1.0,
                    authenticated_at=1.0, seen_at=seen_at, expires_at=now + 1,
                ),
            )  # fmt: skip
            for ends in (now, now + 1):
                mac, grant_id = f"{name}{ends}".encode(), f"{name}-{ends - now:.0f}"
                await insert_token(
                    connection,
                    TokenGrant(grant_id, "chat", mac, ada.id, "ada", Role.USER, "chat", (), 1.0, ends, None, session_id=name),
                )  # fmt: skip
        await lock_arrivals(connection, [b"over"], now)
        await lock_arrivals(connection, [b"counts"], now + 1)
    await upkeep_of(store, recorder, time, duty).remove_expired()
    async with store.read() as connection:
        assert await get_session(connection, "idle") is None
        assert await get_session(connection, "used") is not None
        assert list((await connection.execute(select(tokens.c.id))).scalars()) == ["used-1"]
        assert await read_arrivals(connection, [b"over", b"counts"]) == {b"counts": now + 1}


async def test_usage_past_its_retention_goes_and_the_trail_tells_how_much(
    store: Store, recorder: Recorder, time: StillClock, duty: Duty
) -> None:
    before = time.time - 7 * DAY
    one = UsageRecord(
        "new", before, None, None, None, None, None, "unknown", 404, "not_found", False, None, 1, 0, 0, None, None,
        None, None,
    )  # fmt: skip
    old = [replace(one, id=new_id(), at=before - 1 - n) for n in range(PURGE_BATCH + 5)]
    async with store.usage_write() as connection:
        await insert_usage(connection, [one, *old])
    upkeep = upkeep_of(store, recorder, time, duty, usage_days=7)
    await upkeep.purge_usage()
    await upkeep.purge_usage()
    async with store.usage_read() as connection:
        assert await list_usage(connection, limit=10) == [one]
    async with store.read() as connection:
        rows = (await connection.execute(select(audit_log))).all()
    assert [(row.action, row.via) for row in rows] == [("usage.purge", "gateway")]
    assert rows[0].after == f'{{"before":"{iso_time(before)}","rows":{PURGE_BATCH + 5}}}'


async def test_rows_removed_before_an_outage_are_told_after_it(
    store: Store, recorder: Recorder, time: StillClock, duty: Duty
) -> None:
    old = UsageRecord(
        "old", 1.0, None, None, None, None, None, "unknown", 404, None, False, None, 1, 0, 0, None, None, None, None
    )
    async with store.usage_write() as connection:
        await insert_usage(connection, [old])
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE audit_log RENAME TO elsewhere"))
    upkeep = upkeep_of(store, recorder, time, duty, usage_days=1)
    with pytest.raises(StoreUnavailable):
        await upkeep.purge_usage()
    async with store.write() as connection:
        await connection.execute(text("ALTER TABLE elsewhere RENAME TO audit_log"))
    await upkeep.purge_usage()
    async with store.read() as connection:
        assert (await connection.execute(select(audit_log.c.after))).scalar_one().endswith('"rows":1}')


async def test_without_a_retention_usage_stays(store: Store, recorder: Recorder, time: StillClock, duty: Duty) -> None:
    old = UsageRecord(
        "old", 1.0, None, None, None, None, None, "unknown", 404, None, False, None, 1, 0, 0, None, None, None, None
    )
    async with store.usage_write() as connection:
        await insert_usage(connection, [old])
    await upkeep_of(store, recorder, time, duty, usage_days=0).purge_usage()
    async with store.usage_read() as connection:
        assert await list_usage(connection, limit=10) == [old]


async def test_a_failing_chore_stays_due_and_stops_no_other(
    store: Store, recorder: Recorder, time: StillClock, caplog: pytest.LogCaptureFixture, duty: Duty
) -> None:
    done: list[str] = []
    faults: list[Exception] = [ValueError("broken"), StoreUnavailable()]

    async def fails() -> None:
        done.append("fails")
        if faults:
            raise faults.pop()

    async def works() -> None:
        done.append("works")

    upkeep = upkeep_of(store, recorder, time, duty, more=(Chore("failing", 60, fails), Chore("working", 2, works)))
    for _ in range(5):
        await upkeep.do_round()
    assert done == ["fails", "works", "fails", "fails", "works", "works"]
    assert "failing failed" in caplog.text
