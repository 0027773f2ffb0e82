"""The audit trail's rows, on both databases."""

import asyncio
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bodhi.core.audit import Act, Actor, Outcome, Via
from bodhi.storage.audit import COLUMNS, MAX_CHANGE, ChainKeys, Wanted, audit_position, list_audit, read_change
from bodhi.storage.audit_chain import verify_chain
from bodhi.storage.engine import Store
from bodhi.storage.store_urls import StoreUrls
from tests.fakes.clocks import StillClock
from tests.storage.chain import ADA, new_audit, write_acts

AWKWARD = ["", "\x00", "a\ud800b", "é\u202e", "x" * 10_000, "\n\t", "'\"--", "\U0001f600"]


@pytest.mark.parametrize("time", [5, 1_800_000_000.1, 0.1 + 0.2, -0.0, 1e300])
async def test_what_was_written_reads_back_the_same(store: Store, time: float) -> None:
    clock = StillClock()
    clock.time = time
    audit = new_audit(clock)
    async with store.write() as connection:
        written = await audit.append(connection, ADA, Act(action="user.change", subject_id="u2", after={"n": 0.1}))
    async with store.read() as connection:
        assert await list_audit(connection, limit=10) == [written]
        assert await audit_position(connection) == (1, written.mac)
    assert (await verify_chain(store.read, audit.keys)).ok


@pytest.mark.parametrize("text", AWKWARD)
async def test_texts_that_a_database_cannot_hold_are_written_all_the_same(store: Store, text: str) -> None:
    audit = new_audit(StillClock())
    actor = Actor(user_id=text, user_name=text, token_id=text, session_id=text, address=text)
    act = Act(
        action="session.open", subject_id=text, subject_name=text, reason=text, outcome=Outcome.REFUSED, count=7,
        before={text: text}, after={"deep": [{text: (text, None, True, 1.5)}], "odd": math.nan, "set": {1}},
    )  # fmt: skip
    async with store.write() as connection:
        await audit.append(connection, actor, act)
    async with store.read() as connection:
        row = (await list_audit(connection, limit=1))[0]
    assert (row.count, row.outcome, row.via) == (7, "refused", "api")
    assert len(row.before) <= MAX_CHANGE
    for change in (row.before, row.after):
        str(read_change(change)).encode()
    assert (await verify_chain(store.read, audit.keys)).ok


async def test_a_change_too_long_is_cut_down_to_names(store: Store) -> None:
    audit = new_audit(StillClock())
    async with store.write() as connection:
        act = Act(action="user.change", before={"a": "x" * MAX_CHANGE}, after={str(i) * 99: i for i in range(9_999)})
        row = await audit.append(connection, ADA, act)
    assert read_change(row.before) == {"too_long": ["a"]}
    assert len(row.after) <= MAX_CHANGE
    assert len(read_change(row.after)["too_long"]) == 50


async def test_many_connections_make_one_chain_without_gaps(urls: StoreUrls) -> None:
    clock = StillClock()
    stores = [await Store.open(urls, busy_timeout=60, deadline=120) for _ in range(4)]
    try:
        await asyncio.gather(*(write_acts(each, new_audit(clock), 15, each_own=True) for each in stores * 2))
        verdict = await verify_chain(stores[0].read, new_audit(clock).keys)
    finally:
        for each in stores:
            await each.close()
    assert (verdict.problem, verdict.rows, verdict.last) == (None, 120, 120)


async def test_an_act_and_its_change_are_one_transaction(store: Store) -> None:
    audit = new_audit(StillClock())
    await write_acts(store, audit, 3)
    with pytest.raises(RuntimeError):
        async with store.write() as connection:
            await audit.append(connection, ADA, Act(action="user.create"))
            raise RuntimeError
    async with store.read() as connection:
        assert (await audit_position(connection))[0] == 3
    await write_acts(store, audit, 1)
    assert (await verify_chain(store.read, audit.keys)).rows == 4


async def test_rows_are_found_by_each_filter(store: Store) -> None:
    clock = StillClock()
    audit = new_audit(clock)
    async with store.write() as connection:
        await audit.append(connection, ADA, Act(action="user.change", subject_id="u9"))
        clock.time += 10
        host = Actor(via=Via.HOST, user_name="root")
        await audit.append(connection, host, Act(action="user.change", outcome=Outcome.REFUSED))
        await audit.append(connection, host, Act(action="usage.export"))
    cases: list[tuple[Wanted, list[int]]] = [
        (Wanted(), [3, 2, 1]),
        (Wanted(action="user.change"), [2, 1]),
        (Wanted(action="user."), [2, 1]),
        (Wanted(action="u%."), []),
        (Wanted(outcome="refused"), [2]),
        (Wanted(user_id="u1"), [1]),
        (Wanted(subject_id="u9"), [1]),
        (Wanted(via="host"), [3, 2]),
        (Wanted(since=clock.time), [3, 2]),
        (Wanted(until=clock.time), [1]),
    ]
    async with store.read() as connection:
        for wanted, expected in cases:
            assert [row.seq for row in await list_audit(connection, wanted, limit=9)] == expected
        assert [row.seq for row in await list_audit(connection, limit=1, before=3)] == [2]
        assert [row.seq for row in await list_audit(connection, limit=9, after=1, upto=2)] == [2]


def test_fingerprints_tell_secrets_apart_and_say_nothing_else() -> None:
    keys = ChainKeys(b"k" * 32)
    assert keys.fingerprint("sk-1") == keys.fingerprint("sk-1") != keys.fingerprint("sk-2")
    assert ChainKeys(b"l" * 32).fingerprint("sk-1") != keys.fingerprint("sk-1")
    assert len(keys.fingerprint("\ud800")) == 12


VALUES = st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
ROWS = st.lists(VALUES, min_size=len(COLUMNS) - 1, max_size=len(COLUMNS) - 1)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(ROWS, ROWS)
def test_no_two_rows_are_signed_alike(one: list[object], other: list[object]) -> None:
    keys = ChainKeys(b"k" * 32)
    macs = [keys.row_mac(b"p" * 32, dict(zip(COLUMNS, row, strict=False))) for row in (one, other)]
    assert (macs[0] == macs[1]) == (repr(one) == repr(other))
    assert keys.row_mac(b"", dict(zip(COLUMNS, one, strict=False))) != macs[0]
