"""The first Admin."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from sqlalchemy import Table, func, select

from bodhi.core.audit import Actor, Via
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.credential import Secret
from bodhi.core.errors import BodhiError, Conflict, InvalidField, SetupCodeWrong, StoreUnavailable
from bodhi.core.principal import Role
from bodhi.identity.passwords import Passwords
from bodhi.identity.setup import FILE_NAME, Setup, insert_admin, new_admin, new_setup_code
from bodhi.identity.sign_in import Opened, Opening, Sessions
from bodhi.identity.throttle import Throttle
from bodhi.identity.tokens import TokenHasher
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.tables import audit_log, sessions, users
from bodhi.storage.users import User
from tests.fakes.stores import fresh_store

GOOD = Secret("correct zebra stapler")
PASSWORDS = Passwords(passes=1, memory_kib=64)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


AUDIT = AuditLog(b"a" * 32, SYSTEM_CLOCK)
OPENING = Opening(method="setup", address="192.0.2.1")


def new_setup(store: Store, home: Path) -> Setup:
    return Setup(home, store, PASSWORDS, AUDIT, SYSTEM_CLOCK)


async def claim(
    setup: Setup, store: Store, code: str, name: str = "ada", password: Secret = GOOD
) -> tuple[User, Opened]:
    """Claim a gateway by its code."""
    throttle = Throttle(store, SYSTEM_CLOCK)
    sessions = Sessions(store, PASSWORDS, TokenHasher(b"s" * 32), AUDIT, SYSTEM_CLOCK, throttle)
    return await setup.claim(code, name, password, OPENING, sessions)


async def count(store: Store, *tables: Table) -> list[int]:
    """Count the rows of tables."""
    async with store.read() as connection:
        return [(await connection.execute(select(func.count()).select_from(each))).scalar_one() for each in tables]


async def opened(setup: Setup) -> str:
    code = await setup.open()
    assert code is not None
    return code.reveal()


def test_a_code_has_128_bits_and_can_be_typed() -> None:
    code = new_setup_code().reveal()
    assert len(code.replace("-", "")) == 26
    assert all(len(group) <= 5 for group in code.split("-"))


async def test_the_code_is_in_a_file_that_only_this_account_reads(store: Store, tmp_path: Path) -> None:
    code = await opened(new_setup(store, tmp_path))
    file = tmp_path / FILE_NAME
    assert file.read_text().strip() == code
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_code_survives_a_restart(store: Store, tmp_path: Path) -> None:
    assert await opened(new_setup(store, tmp_path)) == await opened(new_setup(store, tmp_path))


@pytest.mark.parametrize("content", [b"", b"weak", b"\xff\xfe"])
async def test_a_damaged_code_file_is_replaced(store: Store, tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert len(await opened(new_setup(store, tmp_path))) == len(new_setup_code().reveal())


async def test_the_holder_of_the_code_becomes_admin_and_the_file_goes(store: Store, tmp_path: Path) -> None:
    setup = new_setup(store, tmp_path)
    user, opened_session = await claim(setup, store, await opened(setup))
    assert user.role is Role.ADMIN
    assert opened_session.session.user_id == user.id
    assert not (tmp_path / FILE_NAME).exists()


async def test_a_claim_leaves_an_admin_a_session_and_their_rows_in_the_trail_together(
    store: Store, tmp_path: Path
) -> None:
    setup = new_setup(store, tmp_path)
    code = await opened(setup)
    async with store.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE sessions RENAME TO elsewhere")
    with pytest.raises(StoreUnavailable):
        await claim(setup, store, code)
    assert await count(store, users, audit_log) == [0, 0]
    async with store.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE elsewhere RENAME TO sessions")
    await claim(setup, store, code)
    assert await count(store, users, sessions, audit_log) == [1, 1, 2]
    async with store.read() as connection:
        rows = await connection.execute(select(audit_log.c.action, audit_log.c.address).order_by(audit_log.c.seq))
        assert [tuple(row) for row in rows] == [("setup.claim", "192.0.2.1"), ("session.open", "192.0.2.1")]


async def test_a_code_typed_in_lower_case_without_groups_is_the_same_code(store: Store, tmp_path: Path) -> None:
    setup = new_setup(store, tmp_path)
    typed = (await opened(setup)).replace("-", " ").lower().replace("o", "0").replace("i", "1")
    assert (await claim(setup, store, f" {typed} "))[0].name == "ada"


@pytest.mark.parametrize("wrong", ["", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A", "ü", "\ud800", "x" * 100_000])
async def test_a_wrong_code_creates_nobody(store: Store, tmp_path: Path, wrong: str) -> None:
    setup = new_setup(store, tmp_path)
    await setup.open()
    with pytest.raises(SetupCodeWrong):
        await claim(setup, store, wrong)
    assert await count(store, users, sessions, audit_log) == [0, 0, 0]


async def test_the_code_of_another_gateway_or_of_before_is_wrong(store: Store, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    setup, other = new_setup(store, tmp_path), new_setup(store, tmp_path / "other")
    code, foreign = await opened(setup), await opened(other)
    with pytest.raises(SetupCodeWrong):
        await claim(setup, store, foreign)
    await claim(setup, store, code)
    with pytest.raises(SetupCodeWrong):
        await claim(setup, store, code, "eve")
    assert await count(store, users) == [1]


async def test_a_bad_password_leaves_the_code_usable(store: Store, tmp_path: Path) -> None:
    setup = new_setup(store, tmp_path)
    code = await opened(setup)
    with pytest.raises(InvalidField):
        await claim(setup, store, code, password=Secret("password"))
    assert (await claim(setup, store, code))[0].name == "ada"


async def test_of_two_hundred_claims_at_once_exactly_one_wins(store: Store, tmp_path: Path) -> None:
    setup, other_process = new_setup(store, tmp_path), new_setup(store, tmp_path)
    code = await opened(setup)
    await other_process.open()

    async def attempt(number: int) -> User | None:
        try:
            return (await claim(setup if number % 2 else other_process, store, code, f"user{number}"))[0]
        except BodhiError:
            return None

    winners = [user for user in await asyncio.gather(*(attempt(n) for n in range(200))) if user]
    assert len(winners) == 1
    assert await count(store, users, sessions, audit_log) == [1, 1, 2]


async def test_a_second_admin_cannot_be_the_first(store: Store, tmp_path: Path) -> None:
    setup = new_setup(store, tmp_path)
    code = await opened(setup)
    for name in ("ada", "eve"):
        user = await new_admin(PASSWORDS, SYSTEM_CLOCK, name, GOOD)
        with nullcontext() if name == "ada" else pytest.raises(Conflict):
            async with store.write() as connection:
                await insert_admin(connection, AUDIT, Actor(via=Via.HOST), user)
    with pytest.raises(Conflict):
        await claim(setup, store, code, "eve")
    assert await setup.open() is None
    assert not (tmp_path / FILE_NAME).exists()
