"""Verifying the trail: what is found, and where, on both databases. Random tampering is the flows'."""

from dataclasses import replace

import pytest
from sqlalchemy import delete, insert, select, text, update

from bodhi.core.audit import GATEWAY, Act
from bodhi.storage.audit import AuditLog, list_audit, purge_rows
from bodhi.storage.audit_chain import PURGE, chain_start, verify_chain
from bodhi.storage.audit_head import Head, signed_head
from bodhi.storage.engine import Store
from bodhi.storage.tables import audit_head, audit_log
from tests.fakes.clocks import StillClock
from tests.storage.chain import ADA, new_audit, verify_in, write_acts

ROWS = 12


@pytest.fixture
def audit() -> AuditLog:
    return new_audit(StillClock())


async def head_of(store: Store, audit: AuditLog) -> Head:
    async with store.read() as connection:
        return await signed_head(connection, audit.keys, 0.0)


async def purge(store: Store, audit: AuditLog, through: int) -> None:
    async with store.write() as connection:
        row = (await list_audit(connection, limit=1, before=through + 1))[0]
        await purge_rows(connection, through)
        await audit.append(connection, GATEWAY, Act(action=PURGE, after={"through": through, "mac": row.mac.hex()}))


async def test_an_empty_trail_verifies(store: Store, audit: AuditLog) -> None:
    verdict = await verify_chain(store.read, audit.keys, [await head_of(store, audit)])
    assert (verdict.ok, verdict.rows, verdict.first, verdict.last) == (True, 0, 0, 0)


async def test_a_trail_of_several_batches_verifies_with_its_heads(store: Store, audit: AuditLog) -> None:
    heads = []
    for count in (1, 1_200, 0, 900):
        await write_acts(store, audit, count)
        heads.append(await head_of(store, audit))
    verdict = await verify_chain(store.read, audit.keys, heads)
    assert (verdict.problem, verdict.rows, verdict.last, verdict.heads) == (None, 2_101, 2_101, 3)


@pytest.mark.parametrize(
    ("statements", "broken_at", "words"),
    [
        (["UPDATE audit_log SET at = at + 1 WHERE seq = 5"], 5, "not as it was written"),
        (["UPDATE audit_log SET user_name = NULL WHERE seq = 1"], 1, "not as it was written"),
        (["UPDATE audit_log SET user_name = 'null' WHERE seq = 12"], 12, "not as it was written"),
        (["DELETE FROM audit_log WHERE seq = 5"], 5, "missing"),
        (["DELETE FROM audit_log WHERE seq <= 3"], 1, "no purge accounts"),
        (["DELETE FROM audit_log WHERE seq >= 9"], 9, "goes on to row 12"),
        (["DELETE FROM audit_log"], 1, "goes on to row 12"),
        (["UPDATE audit_head SET seq = 9"], 10, "ends at row 9"),
        (["UPDATE audit_head SET seq = 13"], 13, "goes on to row 13"),
        (["UPDATE audit_head SET mac = (SELECT mac FROM audit_log WHERE seq = 11)"], 12, "names another row"),
        (["DELETE FROM audit_head"], 13, "head of the trail is missing"),
        (["UPDATE audit_log SET seq = -1 WHERE seq = 1"], -1, "not as it was written"),
        (
            [
                "UPDATE audit_log SET seq = 99 WHERE seq = 5",
                "UPDATE audit_log SET seq = 5 WHERE seq = 6",
                "UPDATE audit_log SET seq = 6 WHERE seq = 99",
            ],
            5,
            "not as it was written",
        ),
        (
            ["DELETE FROM audit_log WHERE seq = 5"]
            + [f"UPDATE audit_log SET seq = {number - 1} WHERE seq = {number}" for number in range(6, 13)]
            + ["UPDATE audit_head SET seq = 11"],
            5,
            "not as it was written",
        ),
    ],
)
async def test_tampering_is_found_where_it_begins(
    store: Store, audit: AuditLog, statements: list[str], broken_at: int, words: str
) -> None:
    await write_acts(store, audit, ROWS)
    async with store.write() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    verdict = await verify_chain(store.read, audit.keys)
    assert verdict.broken_at == broken_at
    assert words in (verdict.problem or "")


async def test_a_row_put_in_is_found(store: Store, audit: AuditLog) -> None:
    await write_acts(store, audit, ROWS)
    async with store.write() as connection:
        row = (await connection.execute(select(audit_log).where(audit_log.c.seq == 4))).one()
        await connection.execute(insert(audit_log).values({**row._asdict(), "seq": 13}))
        await connection.execute(update(audit_head).values(seq=13, mac=row.mac))
    assert (await verify_chain(store.read, audit.keys)).broken_at == 13


async def test_a_roll_back_of_rows_and_head_is_found_by_a_head_kept_elsewhere(store: Store, audit: AuditLog) -> None:
    await write_acts(store, audit, ROWS)
    kept = await head_of(store, audit)
    async with store.write() as connection:
        before = (await list_audit(connection, limit=1, before=9))[0]
        await connection.execute(delete(audit_log).where(audit_log.c.seq > 8))
        await connection.execute(update(audit_head).values(seq=8, mac=before.mac))
    assert (await verify_chain(store.read, audit.keys)).ok
    verdict = await verify_chain(store.read, audit.keys, [kept])
    assert (verdict.broken_at, verdict.last) == (9, 8)
    await write_acts(store, audit, 6)
    verdict = await verify_chain(store.read, audit.keys, [kept])
    assert (verdict.broken_at, "rolled back" in (verdict.problem or "")) == (12, True)


async def test_a_chain_continued_otherwise_after_a_roll_back_is_found(store: Store, audit: AuditLog) -> None:
    await write_acts(store, audit, ROWS)
    kept = await head_of(store, audit)
    async with store.write() as connection:
        before = (await list_audit(connection, limit=1, before=12))[0]
        await connection.execute(delete(audit_log).where(audit_log.c.seq > 11))
        await connection.execute(update(audit_head).values(seq=11, mac=before.mac))
        await audit.append(connection, ADA, Act(action="user.delete"))
        await audit.append(connection, ADA, Act(action="user.delete"))
    assert (await verify_chain(store.read, audit.keys)).ok
    verdict = await verify_chain(store.read, audit.keys, [kept])
    assert (verdict.broken_at, "rolled back" in (verdict.problem or "")) == (12, True)
    both = await verify_chain(store.read, audit.keys, [kept, await head_of(store, audit)])
    assert not both.ok


async def test_the_chain_of_another_key_is_refused_from_its_first_row(store: Store, audit: AuditLog) -> None:
    await write_acts(store, new_audit(StillClock(), b"b" * 32), ROWS)
    assert (await verify_chain(store.read, audit.keys)).broken_at == 1


@pytest.mark.parametrize(
    ("change", "words"), [({"deployment": "other"}, "another deployment"), ({"mac": "00"}, "not signed")]
)
async def test_heads_that_this_deployment_did_not_sign_are_no_proof(
    store: Store, audit: AuditLog, change: dict[str, str], words: str
) -> None:
    await write_acts(store, audit, ROWS)
    head = replace(await head_of(store, audit), **change)  # type: ignore[arg-type] # texts in the place of texts
    verdict = await verify_chain(store.read, audit.keys, [head])
    assert (verdict.ok, verdict.rows) == (False, ROWS)
    assert words in (verdict.problem or "")


async def test_two_heads_of_one_row_that_differ_show_a_roll_back(store: Store, audit: AuditLog) -> None:
    await write_acts(store, audit, ROWS)
    head = await head_of(store, audit)
    other = replace(head, mac="00" * 32).signed(audit.keys)
    for heads in ([head, other], [other, head]):
        assert not (await verify_chain(store.read, audit.keys, heads)).ok


async def test_a_purge_vouches_for_the_first_row_that_is_left(store: Store, audit: AuditLog) -> None:
    heads = []
    for _ in range(4):
        await write_acts(store, audit, 3)
        heads.append(await head_of(store, audit))
    await purge(store, audit, 4)
    await purge(store, audit, 6)
    verdict = await verify_chain(store.read, audit.keys, heads)
    assert (verdict.problem, verdict.first, verdict.last, verdict.rows) == (None, 7, 14, 8)
    assert (verdict.heads, verdict.heads_before) == (3, 1)


async def test_a_purge_accounts_only_for_what_it_removed(store: Store, audit: AuditLog) -> None:
    await write_acts(store, audit, ROWS)
    async with store.read() as connection:
        old = (await connection.execute(select(audit_log).where(audit_log.c.seq == 1))).one()._asdict()
    await purge(store, audit, 4)
    async with store.read() as connection:
        assert (await chain_start(connection) or (0,))[0] == 5
    for tamper in (
        delete(audit_log).where(audit_log.c.seq == 5),
        insert(audit_log).values({**old, "seq": 4}),
        insert(audit_log).values(old),
        delete(audit_log).where(audit_log.c.action == PURGE),
        update(audit_log).where(audit_log.c.action == PURGE).values(after='{"through":4,"mac":"00"}'),
        update(audit_log).where(audit_log.c.action == PURGE).values(after="[[["),
    ):
        async with store.read() as connection:
            await connection.execute(
                text("PRAGMA query_only = OFF") if "sqlite" in store.urls.main else text("SELECT 1")
            )
            await connection.execute(tamper)
            assert not (await verify_in(connection, audit)).ok, tamper
    assert (await verify_chain(store.read, audit.keys)).ok


async def test_purged_rows_that_are_put_back_are_found(store: Store, audit: AuditLog) -> None:
    await write_acts(store, audit, ROWS)
    async with store.read() as connection:
        old = [row._asdict() for row in await connection.execute(select(audit_log).where(audit_log.c.seq <= 4))]
    await purge(store, audit, 4)
    async with store.write() as connection:
        await connection.execute(insert(audit_log), old)
    verdict = await verify_chain(store.read, audit.keys)
    assert "were removed" in (verdict.problem or "")
