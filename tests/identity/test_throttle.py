"""Limits on attempts: by account and address, across processes, and under concurrency."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.errors import TooManyAttempts
from bodhi.identity.throttle import (
    LIMITS,
    LINK,
    PASSWORD_FROM_ADDRESS,
    PASSWORD_OF_ACCOUNT,
    Throttle,
    account_subject,
    address_subject,
)
from bodhi.storage.attempts import purge_attempts
from bodhi.storage.engine import Store
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

DAY = 86_400.0
ACCOUNT = LIMITS[PASSWORD_OF_ACCOUNT]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        yield store


@pytest.fixture
def time() -> StillClock:
    return StillClock()


@pytest.fixture
def throttle(store: Store, time: StillClock) -> Throttle:
    return Throttle(store, time.clock)


async def taken(throttle: Throttle, subject: str, tries: int = 100, kind: str = PASSWORD_OF_ACCOUNT) -> int:
    """Try so often, and count what was let through."""
    count = 0
    for _ in range(tries):
        try:
            await throttle.take(kind, subject)
            count += 1
        except TooManyAttempts:
            continue
    return count


async def test_a_burst_passes_and_then_one_attempt_a_minute(throttle: Throttle, time: StillClock) -> None:
    assert await taken(throttle, "ada") == ACCOUNT.burst
    for _ in range(3):
        time.advance(ACCOUNT.seconds)
        assert await taken(throttle, "ada", 5) == 1
    time.advance(ACCOUNT.window)
    assert await taken(throttle, "ada") == ACCOUNT.burst


async def test_a_refusal_says_when_to_come_back_and_that_is_true(throttle: Throttle, time: StillClock) -> None:
    await taken(throttle, "ada")
    time.advance(12.5)
    with pytest.raises(TooManyAttempts) as raised:
        await throttle.take(PASSWORD_OF_ACCOUNT, "ada")
    assert raised.value.retry_after == 48
    time.advance(48)
    await throttle.take(PASSWORD_OF_ACCOUNT, "ada")


async def test_subjects_and_kinds_are_counted_apart(throttle: Throttle) -> None:
    await taken(throttle, "ada")
    assert await taken(throttle, "eve", 1) == 1
    assert await taken(throttle, "ada", 1, LINK) == 1


async def test_the_same_account_counts_as_one_however_it_is_typed(throttle: Throttle) -> None:
    assert await taken(throttle, "Ada") == ACCOUNT.burst
    assert await taken(throttle, " aDA ") == 0
    assert await taken(throttle, "\uff41\uff44\uff41") == 0


async def test_another_process_counts_with_it(throttle: Throttle, store: Store, time: StillClock) -> None:
    await taken(throttle, "ada")
    assert await taken(Throttle(store, time.clock), "ada") == 0


async def test_of_many_attempts_at_once_no_more_than_the_burst_pass(throttle: Throttle) -> None:
    counts = await asyncio.gather(*(taken(throttle, "ada", 1) for _ in range(60)))
    assert sum(counts) == ACCOUNT.burst


async def test_whoever_is_over_one_limit_is_not_counted_against_another(throttle: Throttle) -> None:
    both = {PASSWORD_OF_ACCOUNT: "ada", PASSWORD_FROM_ADDRESS: "192.0.2.1"}
    for _ in range(ACCOUNT.burst):
        await throttle.take_all(both)
    for _ in range(50):
        with pytest.raises(TooManyAttempts):
            await throttle.take_all(both)
    left = LIMITS[PASSWORD_FROM_ADDRESS].burst - ACCOUNT.burst
    assert await taken(throttle, "192.0.2.1", kind=PASSWORD_FROM_ADDRESS) == left


async def test_a_forgotten_account_begins_anew(throttle: Throttle, store: Store) -> None:
    await taken(throttle, "ada")
    async with store.write() as connection:
        await throttle.forget(connection, PASSWORD_OF_ACCOUNT, "Ada")
    assert await taken(throttle, "ada") == ACCOUNT.burst


@pytest.mark.parametrize("jump", [DAY, -DAY])
async def test_a_clock_a_day_off_neither_locks_out_nor_opens_up(
    throttle: Throttle, time: StillClock, jump: float
) -> None:
    await taken(throttle, "ada")
    time.advance(jump)
    assert await taken(throttle, "ada") <= ACCOUNT.burst
    time.advance(ACCOUNT.seconds)
    assert await taken(throttle, "ada") == 1
    time.advance(-jump)
    assert await taken(throttle, "ada") <= ACCOUNT.burst
    time.advance(ACCOUNT.seconds)
    assert await taken(throttle, "ada") == 1


async def test_what_no_longer_counts_is_purged_and_what_counts_is_not(
    throttle: Throttle, store: Store, time: StillClock
) -> None:
    await taken(throttle, "ada")
    await taken(throttle, "eve", 1)
    time.advance(ACCOUNT.seconds)
    async with store.write() as connection:
        assert await purge_attempts(connection, time.time) == 1
    assert await taken(throttle, "ada") == 1


@pytest.mark.parametrize("typed", ["", "\x00", "\ud800", "x" * 100_000, "' OR 1=1 --"], ids=range(5))
async def test_whatever_is_typed_as_a_name_is_counted(throttle: Throttle, typed: str) -> None:
    assert await taken(throttle, typed, 20) == ACCOUNT.burst


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::1", "127.0.0.1", False),
        (None, "what is this", True),
    ],
)
def test_an_ipv6_network_counts_as_one_address(one: str | None, other: str, same: bool) -> None:
    assert (address_subject(one) == address_subject(other)) is same


@given(st.text(max_size=60))
def test_any_text_is_some_address_and_some_account(text: str) -> None:
    assert address_subject(text)
    assert account_subject(text) == account_subject(f" {text} ")
