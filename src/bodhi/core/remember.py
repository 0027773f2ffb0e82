"""Remembering what was found once, within a bound. What is worth it, and how long a key may be, the callers decide."""

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def remember(known: dict[K, V], key: K, value: V, most: int) -> None:
    """Keep a value. When there are too many, all are forgotten first: what is in use is soon found again.

    Somebody who fills it with keys of their own thus costs the others a search now and then; if what came first
    stayed, it would cost them one for each call from then on.
    """
    if len(known) >= most:
        known.clear()
    known[key] = value
