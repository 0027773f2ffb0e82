"""The first Admin."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.credential import Secret
from bodhi.core.errors import BodhiError, Conflict, InvalidField, SetupCodeWrong
from bodhi.core.principal import Role
from bodhi.identity.passwords import Passwords
from bodhi.identity.setup import FILE_NAME, Setup, check_user_name, create_first_admin, new_setup_code
from bodhi.storage.engine import Store
from bodhi.storage.users import User, list_users
from tests.fakes.stores import fresh_store

GOOD = Secret("correct zebra stapler")
PASSWORDS = Passwords(passes=1, memory_kib=64)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


def new_setup(store: Store, home: Path) -> Setup:
    return Setup(home, store, PASSWORDS, SYSTEM_CLOCK)


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
    user = await setup.claim(await opened(setup), "ada", GOOD)
    assert user.role is Role.ADMIN
    assert not (tmp_path / FILE_NAME).exists()


async def test_a_code_typed_in_lower_case_without_groups_is_the_same_code(store: Store, tmp_path: Path) -> None:
    setup = new_setup(store, tmp_path)
    typed = (await opened(setup)).replace("-", " ").lower().replace("o", "0").replace("i", "1")
    assert (await setup.claim(f" {typed} ", "ada", GOOD)).name == "ada"


@pytest.mark.parametrize("wrong", ["", "AAAAA-AAAAA-AAAAA-AAAAA-AAAAA-A", "ü", "\ud800", "x" * 100_000])
async def test_a_wrong_code_creates_nobody(store: Store, tmp_path: Path, wrong: str) -> None:
    setup = new_setup(store, tmp_path)
    await setup.open()
    with pytest.raises(SetupCodeWrong):
        await setup.claim(wrong, "ada", GOOD)
    async with store.read() as connection:
        assert await list_users(connection) == []


async def test_a_bad_password_leaves_the_code_usable(store: Store, tmp_path: Path) -> None:
    setup = new_setup(store, tmp_path)
    code = await opened(setup)
    with pytest.raises(InvalidField):
        await setup.claim(code, "ada", Secret("password"))
    assert (await setup.claim(code, "ada", GOOD)).name == "ada"


async def test_of_two_hundred_claims_at_once_exactly_one_wins(store: Store, tmp_path: Path) -> None:
    setup, other_process = new_setup(store, tmp_path), new_setup(store, tmp_path)
    code = await opened(setup)
    await other_process.open()

    async def attempt(number: int) -> User | None:
        try:
            return await (setup if number % 2 else other_process).claim(code, f"user{number}", GOOD)
        except BodhiError:
            return None

    winners = [user for user in await asyncio.gather(*(attempt(n) for n in range(200))) if user]
    async with store.read() as connection:
        assert await list_users(connection) == winners
    assert len(winners) == 1


async def test_a_second_admin_cannot_be_the_first(store: Store, tmp_path: Path) -> None:
    setup = new_setup(store, tmp_path)
    code = await opened(setup)
    await create_first_admin(store, PASSWORDS, SYSTEM_CLOCK, "ada", GOOD)
    with pytest.raises(Conflict):
        await create_first_admin(store, PASSWORDS, SYSTEM_CLOCK, "eve", GOOD)
    with pytest.raises(Conflict):
        await setup.claim(code, "eve", GOOD)
    assert await setup.open() is None
    assert not (tmp_path / FILE_NAME).exists()


@pytest.mark.parametrize("bad", ["", "  ", "a b", "a\nb", "x" * 65, "\u200b"])
def test_a_bad_user_name_is_refused_naming_its_field(bad: str) -> None:
    with pytest.raises(InvalidField) as raised:
        check_user_name(bad)
    assert raised.value.param == "username"
