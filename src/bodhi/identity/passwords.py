"""Passwords: which are good enough, and their argon2id hashes. Who signs in with one is not decided here.

The rules follow NIST SP 800-63B section 3.1.1: a minimum length, a list of known bad ones, no rules of composition.
"""

import asyncio
import os
import sys
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidField, Overloaded

MIN_CHARACTERS = 8
ADVISED_CHARACTERS = 15
MAX_CHARACTERS = 1024
HASHES_AT_ONCE = 2
CORES_FOR_TWO = 3
"""Cores from which on two hashes run at once: one core is always left to those who wait for a completion."""
NICENESS = 10
"""The priority of a hash: calls go first, yet on a busy machine a sign-in still gets a tenth of a core."""
QUEUE_SECONDS = 2.0
MAX_WAITING = 256
"""More than two seconds of hashes on any machine: who comes later would be turned away all the same, only later."""
MEMORY_KIB = 64 * 1024
PASSES = 3

_T = TypeVar("_T")


def check_password(password: Secret, user_name: str) -> None:
    """Refuse a password that guessing finds first.

    Raises:
        InvalidField: too short, too long, well known, or the user's own name.
    """
    text = _normal(password)
    if not MIN_CHARACTERS <= len(text) <= MAX_CHARACTERS:
        raise InvalidField(
            f"The password must have {MIN_CHARACTERS} to {MAX_CHARACTERS} characters; {ADVISED_CHARACTERS} are better.",
            param="password",
        )
    folded = text.casefold()
    if folded in common_passwords() or len(set(folded)) == 1:
        raise InvalidField("This password is among the first that are tried. Choose another.", param="password")
    if folded == user_name.casefold():
        raise InvalidField("The password must not be the user name.", param="password")


@cache
def common_passwords() -> frozenset[str]:
    """Load the passwords that are refused because everybody's guesses begin with them."""
    text = files("bodhi.identity").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(text.split())


class Passwords:
    """Hashes and verifies passwords in threads of its own, two at most. One exists per process; close it when done.

    Each hash takes 64 MiB and a tenth of a second, so more at once would be a way to exhaust the machine.
    """

    def __init__(self, passes: int = PASSES, memory_kib: int = MEMORY_KIB) -> None:
        at_once = hashes_at_once(_usable_cores())
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._turn = asyncio.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(at_once, "passwords", go_last)
        self._dummy: str | None = None
        self._waiting = 0
        self.turned_away = 0
        """Hashes that were not made because too many waited, or for too long."""

    async def new_hash(self, password: Secret) -> str:
        """Hash a password for the store.

        Raises:
            InvalidField: the password is not text.
            Overloaded: too many hashes are waiting.
        """
        return await self._in_turn(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, stored: str | None, password: Secret) -> bool:
        """Tell whether a password matches its stored hash. Without a hash the answer is no, after the same time.

        Raises:
            Overloaded: too many hashes are waiting.
        """
        return await self._in_turn(lambda: self._verify(stored, password))

    def is_outdated(self, stored: str) -> bool:
        """Tell whether a hash was made with other parameters than today's, so that it should be made anew."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """End the threads; what still waits for one is cancelled."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, password: Secret) -> bool:
        """Verify against the stored hash, or against one that nothing matches. Runs in a thread."""
        if self._dummy is None:
            self._dummy = self._hasher.hash("")
        try:
            self._hasher.verify(stored or self._dummy or "", _normal(password) or " ")
        except (VerificationError, InvalidHashError, InvalidField):
            return False
        return stored is not None

    async def _in_turn(self, work: Callable[[], _T]) -> _T:
        """Run the work in a thread as soon as one is free."""
        await self._wait_for_turn()
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._turn.release()

    async def _wait_for_turn(self) -> None:
        if self._waiting >= MAX_WAITING:
            raise self._too_many()
        self._waiting += 1
        try:
            async with asyncio.timeout(QUEUE_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise self._too_many() from None
        finally:
            self._waiting -= 1

    def _too_many(self) -> Overloaded:
        self.turned_away += 1
        return Overloaded("Too many sign-ins at once. Try again shortly.", retry_after=2)


def hashes_at_once(cores: int) -> int:
    """Return how many hashes may run at the same time on so many cores."""
    return HASHES_AT_ONCE if cores >= CORES_FOR_TWO else 1


def go_last() -> None:
    """Lower the priority of the current thread, where the system has priorities of threads."""
    if sys.platform != "linux":
        return
    try:
        # On Linux this is a thread's own, whatever POSIX says (setpriority(2), "C library/kernel differences").
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
    except OSError:
        # A sandbox may forbid it; hashing works all the same.
        return


def _usable_cores() -> int:
    """Return how many cores this process may use."""
    # Not on every system; where it is, a container's or a service's own share counts, not the machine.
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _normal(password: Secret) -> str:
    """Return the password as NFKC, so that it is the same from every keyboard (NIST SP 800-63B section 3.1.1.2).

    Raises:
        InvalidField: it holds half of a surrogate pair, which is no text.
    """
    text = unicodedata.normalize("NFKC", password.reveal())
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidField("The password is not valid text.", param="password") from None
    return text
