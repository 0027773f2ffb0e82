"""Passwords and their hashes."""

import asyncio

import pytest

from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidField
from bodhi.identity.passwords import Passwords, check_password, common_passwords

GOOD = Secret("correct zebra stapler")


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(passes=1, memory_kib=64)


def test_the_list_of_common_passwords_is_long_and_holds_no_idle_entries() -> None:
    common = common_passwords()
    assert len(common) >= 1_000
    assert all(len(entry) >= 8 and entry == entry.casefold() for entry in common)


@pytest.mark.parametrize(
    "bad",
    ["", "short", "password", "PassWord123", "12345678", "iloveyou", "aaaaaaaaaaaaaaa", "AdaLovelace", "x" * 1025],
)
def test_a_bad_password_is_refused_naming_its_field(bad: str) -> None:
    with pytest.raises(InvalidField) as raised:
        check_password(Secret(bad), "adalovelace")
    assert raised.value.param == "password"


def test_half_a_surrogate_pair_is_refused_naming_its_field() -> None:
    with pytest.raises(InvalidField):
        check_password(Secret("good enough \ud800"), "ada")


@pytest.mark.parametrize("good", ["correct zebra stapler", "x7$kQ9!z", "пароль-на-русском", "y" * 5 + "z" * 1019])
def test_a_good_password_needs_no_special_characters(good: str) -> None:
    check_password(Secret(good), "ada")


async def test_a_password_matches_its_own_hash_only(passwords: Passwords) -> None:
    stored = await passwords.new_hash(GOOD)
    assert stored.startswith("$argon2id$")
    assert await passwords.verify(stored, GOOD)
    assert not await passwords.verify(stored, Secret("correct zebra staples"))


async def test_the_same_letters_from_another_keyboard_match(passwords: Passwords) -> None:
    stored = await passwords.new_hash(Secret("cafe\u0301 au lait"))
    assert await passwords.verify(stored, Secret("caf\u00e9 au lait"))


@pytest.mark.parametrize("offered", ["", " ", "anything", "\ud800"])
async def test_a_user_without_a_hash_matches_nothing(passwords: Passwords, offered: str) -> None:
    assert not await passwords.verify(None, Secret(offered))


async def test_a_damaged_hash_matches_nothing(passwords: Passwords) -> None:
    assert not await passwords.verify("not a hash", GOOD)


async def test_a_hash_with_other_parameters_is_outdated(passwords: Passwords) -> None:
    stored = await passwords.new_hash(GOOD)
    assert not passwords.is_outdated(stored)
    assert Passwords(passes=2, memory_kib=64).is_outdated(stored)


async def test_many_hashes_at_once_take_turns(passwords: Passwords) -> None:
    stored = await passwords.new_hash(GOOD)
    assert all(await asyncio.gather(*(passwords.verify(stored, GOOD) for _ in range(20))))
