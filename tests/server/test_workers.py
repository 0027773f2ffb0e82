"""Workers and who starts them, in processes of their own: a fork of the tests' process would inherit its threads."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.waiting import eventually_in_thread

PATIENCE = 20
PROGRAM = """
    import os, signal, sys, time
    from bodhi.core.errors import StartupError
    from bodhi.server import workers
    from bodhi.server.logs import configure_logs
    from bodhi.server.workers import Supervisor

    def say(text):
        os.write(1, text.encode() + b"\\n")

    def until_told(link):
        stopped = []
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
        say(f"worker {os.getpid()}")
        link.ready({"pid": os.getpid()})
        os.set_blocking(link.leash, False)
        while not stopped:
            try:
                if os.read(link.leash, 1) == b"":
                    say(f"alone {os.getpid()}")
                    return 0
            except BlockingIOError:
                time.sleep(0.01)
        say(f"stopped {os.getpid()}")
        return 0

    configure_logs("info")
    workers.FIRST_PAUSE = 0.01

    def supervise(work, count=2, stop_seconds=20):
        try:
            Supervisor(count, work, ready=lambda told: say("ready"), stop_seconds=stop_seconds).run()
        except StartupError as error:
            say(f"refused {error.exit_status} {error.message}")
"""


@contextlib.contextmanager
def running(work: str) -> Iterator[subprocess.Popen[str]]:
    """Run the program with some work as its end."""
    program = textwrap.dedent(PROGRAM) + textwrap.dedent(work)
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def lines_until(process: subprocess.Popen[str], last: str) -> list[str]:
    """Read what the program says up to a line."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line.strip())
        if re.fullmatch(last, lines[-1]):
            return lines
    raise AssertionError(f"the program ended: {lines}")


def pids(lines: list[str], kind: str = "worker") -> list[int]:
    return [int(line.split()[1]) for line in lines if line.startswith(kind)]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_ready_is_told_once_when_every_worker_is() -> None:
    with running("supervise(until_told, 3)") as process:
        before = lines_until(process, "ready")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)

    assert len(pids(before)) == len(set(pids(before))) == 3
    assert sorted(pids(out.splitlines(), "stopped")) == sorted(pids(before))
    assert "ready" not in out
    assert (process.returncode, err) == (0, "")


def test_a_dead_worker_is_followed_by_another() -> None:
    with running("supervise(until_told)") as process:
        first = pids(lines_until(process, "ready"))
        os.kill(first[0], signal.SIGKILL)
        next_one = pids(lines_until(process, r"worker \d+"))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)

    assert next_one[0] not in first
    assert sorted(pids(out.splitlines(), "stopped")) == sorted([first[1], *next_one])
    assert re.search(r"warning bodhi\.server: Worker 1 ended \(SIGKILL\); another starts in 0\.01 s", err)
    assert process.returncode == 0


def test_each_pause_is_twice_the_last() -> None:
    work = """
    def dies_when_all_are_ready(link):
        link.ready({})
        time.sleep(0.2)
        return 7
    supervise(dies_when_all_are_ready, 1)
    """
    with running(textwrap.dedent(work)) as process:
        assert process.stderr is not None
        said = [process.stderr.readline() for _ in range(4)]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)

    assert [re.sub(".*server: ", "", line).strip() for line in said] == [
        f"Worker 1 ended (exit status 7); another starts in {pause} s" for pause in ("0.01", "0.02", "0.04", "0.08")
    ]


@pytest.mark.parametrize("which", ["the first", "another"])
def test_one_that_cannot_start_at_first_stops_all(which: str) -> None:
    work = textwrap.dedent(
        f"""
        flag = os.memfd_create("asked")
        def cannot(link):
            asked = os.fstat(flag).st_size
            os.write(flag, b"x")
            return until_told(link) if {which == "another"} and not asked else link.refuse("No room.", 5)
        supervise(cannot)
        """
    )
    with running(work) as process:
        out, err = process.communicate(timeout=PATIENCE)

    assert out.splitlines()[-1] == "refused 5 No room."
    assert "ready" not in out
    assert [pid for pid in pids(out.splitlines()) if is_alive(pid)] == []
    assert err == ""


def test_one_that_dies_at_first_without_a_word_is_told_of() -> None:
    with running("supervise(lambda link: os.kill(os.getpid(), signal.SIGKILL))") as process:
        out, _ = process.communicate(timeout=PATIENCE)

    assert out == "refused 1 A worker ended while it started (SIGKILL).\n"


def test_a_fault_of_a_worker_is_logged() -> None:
    with running("supervise(lambda link: 1 / 0)") as process:
        out, err = process.communicate(timeout=PATIENCE)

    assert out == "refused 1 A worker ended while it started (exit status 1).\n"
    assert "ZeroDivisionError" in err


DEAF = """
def deaf(link):
    signal.signal(signal.SIGTERM, lambda *_: say("again"))
    say(f"worker {os.getpid()}")
    link.ready({})
    while True:
        time.sleep(60)
"""


def test_who_does_not_end_in_time_is_killed() -> None:
    with running(DEAF + "supervise(deaf, 2, stop_seconds=0.3)") as process:
        deaf = pids(lines_until(process, "ready"))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=PATIENCE)

    assert "Workers that did not end in time are killed" in err
    assert not any(map(is_alive, deaf))


def test_the_third_signal_kills() -> None:
    with running(DEAF + "supervise(deaf)") as process:
        deaf = pids(lines_until(process, "ready"))
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            for _ in deaf:
                lines_until(process, "again")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)

    assert not any(map(is_alive, deaf))


def test_no_other_is_started_once_a_stop_was_asked_for() -> None:
    work = """
    def ready_late(link):
        stopped = []
        signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
        say(f"worker {os.getpid()}")
        while not stopped:
            time.sleep(0.01)
        link.ready({})
        return 0
    supervise(ready_late, 2, stop_seconds=5)
    """
    with running(textwrap.dedent(work)) as process:
        lines_until(process, r"worker \d+")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=PATIENCE)

    assert (process.returncode, out, err) == (0, "", "")


def test_ctrl_c_of_a_terminal_is_one_signal() -> None:
    with running("os.setsid()\nsupervise(until_told)") as process:
        told = pids(lines_until(process, "ready"))
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)

    assert sorted(pids(out.splitlines(), "stopped")) == sorted(told)
    assert (process.returncode, err) == (0, "")


def test_workers_end_with_who_started_them() -> None:
    with running("supervise(until_told)") as process:
        told = pids(lines_until(process, "ready"))
        process.kill()
        alone = pids(lines_until(process, r"alone \d+") + lines_until(process, r"alone \d+"), "alone")
        eventually_in_thread(lambda: not any(map(is_alive, told)), within=PATIENCE)

    assert sorted(alone) == sorted(told)
