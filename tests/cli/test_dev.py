import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bodhi.cli import dev
from bodhi.cli.dev import Program, keep_running
from tests.fakes.waiting import eventually_in_thread

SERVES = "import pathlib, signal, sys; pathlib.Path(sys.argv[1]).open('a').write('began\\n'); signal.pause()"
DEAF = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SERVES.removeprefix("import ").replace(
    "pathlib, signal, sys;", "import pathlib;", 1
)


@contextmanager
def running(gateway: Program, beside: Program, watched: Path) -> Iterator[None]:
    ended = threading.Event()
    thread = threading.Thread(target=keep_running, args=(gateway, [beside], watched, ended))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(20)
    assert not thread.is_alive()


def program(code: str, notes: Path) -> Program:
    return Program([sys.executable, "-c", code, str(notes)])


def began(notes: Path, times: int) -> None:
    eventually_in_thread(lambda: notes.is_file() and notes.read_text().count("began") == times, within=20)


def test_changed_code_starts_the_gateway_anew_and_nothing_else(tmp_path: Path) -> None:
    code, gateway, vite = tmp_path / "code.py", tmp_path / "gateway", tmp_path / "vite"
    code.write_text("1")
    with running(program(SERVES, gateway), program(SERVES, vite), tmp_path):
        began(gateway, 1)
        began(vite, 1)
        (tmp_path / "notes.txt").write_text("no code")
        code.write_text("22")
        began(gateway, 2)

    assert vite.read_text().count("began") == 1


def test_a_program_that_does_not_listen_is_ended_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "PATIENCE", 0.2)
    deaf = program(DEAF, tmp_path / "deaf")
    deaf.start()
    began(tmp_path / "deaf", 1)

    deaf.stop()


def test_stopping_what_ended_by_itself_is_no_fault(tmp_path: Path) -> None:
    short = Program([sys.executable, "-c", "pass"])
    short.stop()
    short.start()
    short.stop()
