import os
import subprocess
import sys

from bench import cpu

CHILD = "import sys; held = bytearray(32_000_000); print(flush=True); sys.stdin.read()"


def test_usage_of_this_process_is_more_than_nothing() -> None:
    used = cpu.usage(os.getpid())

    assert used.cpu_seconds > 0
    assert used.rss_bytes > 1_000_000


def test_children_are_counted_with_their_parent() -> None:
    alone = cpu.usage(os.getpid()).rss_bytes
    with subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        together = cpu.usage(os.getpid()).rss_bytes
        child.communicate()

    assert together > alone + 30_000_000


def test_process_that_is_gone_has_used_nothing() -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait()

    assert cpu.usage(child.pid) == cpu.Usage(0, 0)
