"""Waiting for a condition with a deadline, so that no test has to sleep for a guessed while."""

import asyncio
import threading
from collections.abc import Callable


async def eventually(predicate: Callable[[], object], within: float = 5.0) -> None:
    """Return as soon as the predicate is true.

    Raises:
        AssertionError: The predicate was still false at the deadline.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while not predicate():
        if loop.time() > deadline:
            raise AssertionError(f"still not so after {within} s: {predicate}")
        await asyncio.sleep(0.005)


def eventually_in_thread(predicate: Callable[[], object], within: float = 5.0) -> None:
    """Do what `eventually` does, for a test without an event loop."""
    pause = threading.Event()
    for _ in range(int(within / 0.005)):
        if predicate():
            return
        pause.wait(0.005)
    raise AssertionError(f"still not so after {within} s: {predicate}")
