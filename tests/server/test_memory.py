"""The memory of large bodies: counted in page faults of a process of its own, since the setting is the process's."""

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
from bodhi.server.memory import keep_freed_memory
if sys.argv[1] == "kept":
    assert keep_freed_memory()
body = b"x" * 200_000
def pass_on():
    copy = b"".join((body[:10], b"model", body[14:]))
    return len(copy)
for _ in range(20):
    pass_on()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(100):
    pass_on()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Return how many pages a process asked for while it copied a body a hundred times."""
    done = subprocess.run([sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=True, timeout=60)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these thresholds")
def test_a_bodys_memory_is_kept_for_the_next_body() -> None:
    assert faults("kept") < 200
    assert faults("as it comes") > 2_000
