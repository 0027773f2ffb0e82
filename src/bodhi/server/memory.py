"""How the C library keeps memory: what a large body used stays for the next one. Nothing is known of bodies here."""

import ctypes
import logging

TRIM_BYTES = 16 * 1024 * 1024
"""Free memory at the heap's end that is kept; beyond it the operating system gets it back."""
MAP_BYTES = 4 * 1024 * 1024
"""From this size on a block is a mapping of its own, which is given back as soon as it is free."""
_TRIM_THRESHOLD, _MAP_THRESHOLD = -1, -3
"""`M_TRIM_THRESHOLD` and `M_MMAP_THRESHOLD` of glibc's malloc.h; mallopt(3)."""

_log = logging.getLogger("bodhi.server")


def keep_freed_memory() -> bool:
    """Keep a body's memory for the next body, and tell whether the C library can be told to.

    By itself glibc gives each block of 128 KiB or more back when it is free: a body of 200 KB is copied a few times on
    its way, and asking for fresh pages took longer than copying into them.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt  # lint: runs-code one function of the C library, with numbers
    except (OSError, AttributeError):  # another C library, which has no such choice
        return False
    mallopt.argtypes, mallopt.restype = (ctypes.c_int, ctypes.c_int), ctypes.c_int
    kept = mallopt(_TRIM_THRESHOLD, TRIM_BYTES) and mallopt(_MAP_THRESHOLD, MAP_BYTES)
    if not kept:
        _log.debug("The C library did not take the thresholds of its memory")
    return bool(kept)
