"""Passwords and their hashes."""

import asyncio
import contextlib
import os
import sys
import threading

import pytest

from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidField, Overloaded
from bodhi.identity import passwords as module
from bodhi.identity.passwords import (
    NICENESS,
    Passwords,
    check_password,
    common_passwords,
    go_last,
    hashes_at_once,
)
from tests.fakes.waiting import eventually

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


@pytest.mark.parametrize(("cores", "hashes"), [(1, 1), (2, 1), (3, 2), (64, 2)])
def test_one_core_is_always_left_to_the_calls(cores: int, hashes: int) -> None:
    assert hashes_at_once(cores) == hashes


async def test_hashes_run_in_threads_that_let_everything_else_go_first(passwords: Passwords) -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    mine = priority()
    assert await passwords._in_turn(priority) == NICENESS
    assert priority() == mine


async def test_where_priorities_cannot_be_changed_hashing_still_works(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuses)
    assert await passwords.verify(await passwords.new_hash(GOOD), GOOD)


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_only_linux_has_priorities_of_threads(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    changed: list[int] = []
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(os, "setpriority", lambda *_: changed.append(1))
    go_last()
    assert changed == []


async def test_closing_ends_the_threads() -> None:
    passwords = Passwords(passes=1, memory_kib=64)
    thread = await passwords._in_turn(threading.current_thread)
    assert thread.is_alive()
    passwords.close()
    await eventually(lambda: not thread.is_alive())


async def test_who_leaves_while_waiting_takes_no_turn(passwords: Passwords) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def blocks() -> None:
        begun.set()
        go_on.wait(5)

    async with asyncio.TaskGroup() as group:
        busy = [group.create_task(passwords._in_turn(blocks)) for _ in range(2)]
        await eventually(begun.is_set)
        waiting = group.create_task(passwords.verify(None, GOOD))
        await asyncio.sleep(0)
        waiting.cancel()
        go_on.set()
        await asyncio.gather(*busy)
    assert await passwords.verify(await passwords.new_hash(GOOD), GOOD)


async def test_who_waits_too_long_is_asked_to_come_again(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUEUE_SECONDS", 0.01)
    go_on = threading.Event()
    async with asyncio.TaskGroup() as group:
        for _ in range(module.HASHES_AT_ONCE):
            group.create_task(_tolerant(passwords, go_on))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded) as refused:
            await passwords.verify(None, GOOD)
        go_on.set()
    assert refused.value.retry_after == 2
    assert passwords.turned_away >= 1


async def test_no_more_wait_than_there_is_room_for(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 0)
    with pytest.raises(Overloaded):
        await passwords.verify(None, GOOD)
    assert passwords.turned_away == 1

    monkeypatch.setattr(module, "MAX_WAITING", 1)
    assert not await passwords.verify(None, GOOD)


async def _tolerant(passwords: Passwords, go_on: threading.Event) -> None:
    """Take a turn, which the second one gets only where there are cores enough."""
    with contextlib.suppress(Overloaded):
        await passwords._in_turn(lambda: go_on.wait(5))
