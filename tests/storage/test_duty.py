"""A duty is one holder's at a time, and goes to another when that one lets go."""

import os
import signal
from pathlib import Path

from bodhi.storage.duty import Duty


def test_the_first_to_ask_has_it_until_it_lets_go(tmp_path: Path) -> None:
    first, second = Duty(tmp_path / "lock"), Duty(tmp_path / "lock")
    seen = [first.is_ours(), second.is_ours(), first.is_ours()]
    first.close()
    seen += [second.is_ours(), first.is_ours()]
    second.close()

    assert seen == [True, False, True, True, False]


def test_a_killed_process_lets_go(tmp_path: Path) -> None:
    hearing, telling = os.pipe()
    child = os.fork()
    if not child:
        os.write(telling, b"y" if Duty(tmp_path / "lock").is_ours() else b"n")
        signal.pause()
    mine = Duty(tmp_path / "lock")
    seen = [os.read(hearing, 1), mine.is_ours()]
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    seen.append(mine.is_ours())
    mine.close()

    assert seen == [b"y", False, True]
