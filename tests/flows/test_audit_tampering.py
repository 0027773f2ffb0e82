"""A thousand random tamperings with the trail, each in a transaction of its own that is rolled back once looked at."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act
from bodhi.storage.audit import COLUMNS, AuditLog, audit_position
from bodhi.storage.audit_head import Head, signed_head
from bodhi.storage.engine import Store
from bodhi.storage.tables import audit_head, audit_log
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store
from tests.storage.chain import ADA, new_audit, verify_in, write_acts

ROWS = 300
PART = 5
TAMPERINGS = 1_200
HEAD_EVERY = 60
_ACT = (ADA, Act(action="user.delete", subject_name="the other"))


class RolledBack(Exception):
    """Ends a transaction without a trace."""


@dataclass
class Trail:
    """A trail of three hundred rows, its heads, and its rows as they were."""

    store: Store
    audit: AuditLog
    heads: list[Head] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    async def grow(self, time: StillClock) -> None:
        for number in range(PART, ROWS + 1, PART):
            await write_acts(self.store, self.audit, PART)
            time.time += 1
            if number % HEAD_EVERY == 0:
                async with self.store.read() as connection:
                    self.heads.append(await signed_head(connection, self.audit.keys, time.time))
        async with self.store.read() as connection:
            found = await connection.execute(select(audit_log).order_by(audit_log.c.seq))
            self.rows = [row._asdict() for row in found]


@pytest.fixture
async def trail(tmp_path: Path) -> AsyncIterator[Trail]:
    async with fresh_store(tmp_path) as store:
        time = StillClock()
        made = Trail(store, new_audit(time))
        await made.grow(time)
        yield made


def _flipped(name: str, value: Any, chance: random.Random) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, bytes):
        place, bit = chance.randrange(len(value)), 1 << chance.randrange(8)
        return value[:place] + bytes([value[place] ^ bit]) + value[place + 1 :]
    if name == "at":
        return value + chance.choice((-1.0, 0.001, 3600.0))
    if name == "count":
        return value + chance.randint(1, 9)
    if value is None:
        return chance.choice(("", "null", "mallory"))
    place = chance.randrange(len(value))
    return value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]


async def flip(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    row = chance.choice(trail.rows)
    name = chance.choice([each for each in COLUMNS if each != "seq"])
    changed = {name: _flipped(name, row[name], chance)}
    await connection.execute(update(audit_log).where(audit_log.c.seq == row["seq"]).values(changed))


async def remove_row(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    seq = chance.randint(1, ROWS)
    await connection.execute(delete(audit_log).where(audit_log.c.seq == seq))


async def remove_and_close_up(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    seq = chance.randint(1, ROWS)
    await _rewrite(connection, [row for row in trail.rows if row["seq"] != seq], from_seq=seq)


async def remove_beginning(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    await connection.execute(delete(audit_log).where(audit_log.c.seq <= chance.randint(1, ROWS - 1)))


async def swap(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    one, other = sorted(chance.sample(range(ROWS), 2))
    rows = list(trail.rows)
    rows[one], rows[other] = rows[other], rows[one]
    await _rewrite(connection, rows, from_seq=one + 1)


async def duplicate(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    seq = chance.randint(1, ROWS)
    rows = [*trail.rows[:seq], chance.choice(trail.rows), *trail.rows[seq:]]
    await _rewrite(connection, rows, from_seq=seq + 1)


async def append_copy(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    row = chance.choice(trail.rows)
    await connection.execute(insert(audit_log).values({**row, "seq": ROWS + 1}))
    if chance.random() < 0.5:
        await connection.execute(update(audit_head).values(seq=ROWS + 1, mac=row["mac"]))


async def truncate(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    await connection.execute(delete(audit_log).where(audit_log.c.seq > chance.randint(0, ROWS - 1)))


async def truncate_and_roll_head_back(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    """What restoring an earlier copy of the whole database comes to, too."""
    left = chance.randint(0, ROWS - 1)
    await connection.execute(delete(audit_log).where(audit_log.c.seq > left))
    mac = trail.rows[left - 1]["mac"] if left else b""
    await connection.execute(update(audit_head).values(seq=left, mac=mac))


async def roll_back_and_go_on(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    """Restore an earlier copy, with the gateway's own key continue it, past the last head."""
    left = chance.randint(0, ROWS - 1)
    await connection.execute(delete(audit_log).where(audit_log.c.seq > left))
    await connection.execute(update(audit_head).values(seq=left, mac=trail.rows[left - 1]["mac"] if left else b""))
    other = StillClock()
    other.time = 1.0 + chance.random()
    impostor = new_audit(other)
    for _ in range(ROWS - left):
        await impostor.append(connection, *_ACT)


async def move_head(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    seq = chance.choice([number for number in range(ROWS + 9) if number != ROWS])
    await connection.execute(update(audit_head).values(seq=seq))


async def spoil_head(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    _, mac = await audit_position(connection)
    await connection.execute(update(audit_head).values(mac=_flipped("mac", mac, chance)))


async def take_another_chain(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    await connection.execute(delete(audit_log))
    await connection.execute(update(audit_head).values(seq=0, mac=b""))
    foreign = new_audit(StillClock(), chance.randbytes(32))
    for _ in range(chance.randint(1, 20)):
        await foreign.append(connection, *_ACT)


async def forge_purge(connection: AsyncConnection, trail: Trail, chance: random.Random) -> None:
    """Remove the beginning, and write a purge that vouches for it into a row that is left."""
    left = chance.randint(1, ROWS - 2)
    await connection.execute(delete(audit_log).where(audit_log.c.seq <= left))
    after = f'{{"through":{left},"mac":"{trail.rows[left - 1]["mac"].hex()}"}}'
    forged = {"action": "audit.purge", "after": after, "via": "gateway"}
    chosen = chance.randint(left + 1, ROWS)
    await connection.execute(update(audit_log).where(audit_log.c.seq == chosen).values(forged))


async def _rewrite(connection: AsyncConnection, rows: list[dict[str, Any]], *, from_seq: int) -> None:
    """Put rows in the place of all from a number on, numbered without gaps, and let the head agree."""
    await connection.execute(delete(audit_log).where(audit_log.c.seq >= from_seq))
    fresh = [{**row, "seq": number} for number, row in enumerate(rows, start=1) if number >= from_seq]
    if fresh:
        await connection.execute(insert(audit_log), fresh)
    await connection.execute(update(audit_head).values(seq=len(rows), mac=rows[-1]["mac"]))


TAMPER: tuple[Callable[[AsyncConnection, Trail, random.Random], Any], ...] = (
    flip, flip, flip, remove_row, remove_and_close_up, remove_beginning, swap, duplicate, append_copy, truncate,
    truncate_and_roll_head_back, move_head, spoil_head, take_another_chain, forge_purge,
)  # fmt: skip


async def test_every_tampering_is_found_back_to_the_last_exported_head(trail: Trail) -> None:
    chance = random.Random(20_260_131)
    missed = []
    for number in range(TAMPERINGS):
        tamper = TAMPER[number % len(TAMPER)]
        verdict = None
        with pytest.raises(RolledBack):
            async with trail.store.write() as connection:
                await tamper(connection, trail, chance)
                verdict = await verify_in(connection, trail.audit, trail.heads)
                raise RolledBack
        if verdict is None or verdict.ok or verdict.broken_at is None:
            missed.append((number, tamper.__name__, verdict))
    assert missed == []


async def test_a_trail_that_was_rolled_back_and_goes_on_is_found(trail: Trail) -> None:
    chance = random.Random(7)
    for _ in range(20):
        with pytest.raises(RolledBack):
            async with trail.store.write() as connection:
                await roll_back_and_go_on(connection, trail, chance)
                assert (await verify_in(connection, trail.audit)).ok
                verdict = await verify_in(connection, trail.audit, trail.heads)
                assert "rolled back" in (verdict.problem or "")
                raise RolledBack


async def test_a_trail_that_nobody_touched_always_verifies(trail: Trail) -> None:
    chance = random.Random(3)
    for _ in range(50):
        some = chance.sample(trail.heads, chance.randint(0, len(trail.heads)))
        async with trail.store.read() as connection:
            verdict = await verify_in(connection, trail.audit, some)
        assert (verdict.problem, verdict.rows, verdict.heads) == (None, ROWS, len(some))
