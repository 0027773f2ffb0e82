"""Ids for what the store keeps: sortable by time, unguessable in their second half. Secrets are not made here."""

import os

from bodhi.core.clock import SYSTEM_CLOCK, Clock

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""

_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)
_LARGEST_TIME = (1 << 48) - 1


def new_id(clock: Clock = SYSTEM_CLOCK) -> str:
    """Return a fresh ULID: 26 characters, 48 bits of milliseconds and 80 random bits (github.com/ulid/spec)."""
    milliseconds = min(max(int(clock.now() * 1000), 0), _LARGEST_TIME)
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)])
