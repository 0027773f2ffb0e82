"""Two ways to count the instructions that a program executes in user space: the processor's own counter, and callgrind.

What is counted, and what becomes of the counts, is in `instructions.py`.
"""

import contextlib
import ctypes
import errno
import os
import platform
import re
import shutil
import struct
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench import cpu
from bench.limits import MethodName
from bench.programs import CannotRun

# perf_event_open(2): the attributes of the first version of the structure, and the numbers of the system call.
SYSCALLS = {"x86_64": 298, "aarch64": 241, "riscv64": 241}
ATTRIBUTES = struct.Struct("IIQQQQQIIQ")
HARDWARE, INSTRUCTIONS = 0, 1
TIMES = 1 | 2
"""The format of a reading: value, time wanted, time counted."""
INHERITED_USER_SPACE = 1 << 1 | 1 << 5 | 1 << 6
"""Count what the thread starts as well, but neither the kernel nor a hypervisor."""
READING = struct.Struct("QQQ")

TOTALS = re.compile(r"^(?:totals|summary): (\d+)", re.MULTILINE)


@dataclass(frozen=True)
class Pace:
    """How much a program is given to do while it is counted: how many windows of what length."""

    rounds: int
    seconds: float


class Counter(Protocol):
    """The instructions of one running program."""

    def read(self) -> int:
        """Return how many were counted since the counter was made."""


class Method(Protocol):
    """One way to count."""

    name: MethodName
    pace: Pace

    def command(self, command: Sequence[str]) -> list[str]:
        """Return how to start a program so that it can be counted."""

    def counting(self, pid: int) -> contextlib.AbstractContextManager[Counter]:
        """Count what a program and all that it started execute."""


class Hardware:
    """The processor's counter, by the kernel. Costs the program nothing."""

    name: MethodName = "hardware"
    pace = Pace(rounds=3, seconds=1.5)

    @staticmethod
    def obstacle() -> str:
        """Return why there is no such counter here; empty when there is one."""
        try:
            with Hardware().counting(os.getpid()) as counter:
                return "" if counter.read() > 0 else "the counter stands still"
        except OSError as refused:
            return f"perf_event_open: {refused.strerror}"

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command as it is."""
        return list(command)

    @contextlib.contextmanager
    def counting(self, pid: int) -> Iterator[Counter]:
        """Count in all threads of a tree of programs, and in those that they will start."""
        opened: list[int] = []
        try:
            for thread in _threads(cpu.tree(pid)):
                with contextlib.suppress(ProcessLookupError):  # It ended between listing and opening.
                    opened.append(_open_counter(thread))
            yield _OpenCounters(opened)
        finally:
            for descriptor in opened:
                os.close(descriptor)


class _OpenCounters:
    def __init__(self, descriptors: list[int]) -> None:
        self._descriptors = descriptors

    def read(self) -> int:
        return sum(scaled(os.read(descriptor, READING.size)) for descriptor in self._descriptors)


def scaled(reading: bytes) -> int:
    """Return the count, made up for the time in which the counter was lent to somebody else."""
    value, wanted, counted = READING.unpack(reading)
    return int(value * wanted / counted) if counted else 0


def _threads(pids: Iterable[int]) -> list[int]:
    threads: list[int] = []
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            threads += [int(thread.name) for thread in (cpu.PROC / str(pid) / "task").iterdir()]
    return threads


def _open_counter(thread: int) -> int:
    number = SYSCALLS.get(platform.machine())
    if number is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    packed = ATTRIBUTES.pack(HARDWARE, ATTRIBUTES.size, INSTRUCTIONS, 0, 0, TIMES, INHERITED_USER_SPACE, 0, 0, 0)
    attributes = ctypes.create_string_buffer(packed, ATTRIBUTES.size)
    of_library = ctypes.CDLL(None, use_errno=True)
    every_core, no_group, close_on_exec = ctypes.c_int(-1), ctypes.c_int(-1), ctypes.c_ulong(8)
    descriptor: int = of_library.syscall(
        ctypes.c_long(number), attributes, ctypes.c_int(thread), every_core, no_group, close_on_exec
    )
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor


class Callgrind:
    """Valgrind's tool, which runs a program on a processor of its own making: as exact, and some fifty times slower."""

    name: MethodName = "callgrind"
    pace = Pace(rounds=1, seconds=8.0)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def obstacle() -> str:
        """Return why it cannot count here; empty when it can."""
        missing = [name for name in ("valgrind", "callgrind_control") if shutil.which(name) is None]
        return f"{' and '.join(missing)} not found" if missing else ""

    def command(self, command: Sequence[str]) -> list[str]:
        """Return the command under callgrind, which counts nothing until it is told to."""
        out = f"--callgrind-out-file={self._folder}/callgrind.%p"
        return ["valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", out, *command]

    @contextlib.contextmanager
    def counting(self, pid: int) -> Iterator[Counter]:
        """Let callgrind count from here on."""
        _control("--instr=on", pid)
        yield _Dumps(self._folder, pid)


class _Dumps:
    """Each dump of callgrind holds what was executed since the one before."""

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder, self._pid = folder, pid
        self._total = 0
        self._read_dumps()
        self._total = 0

    def read(self) -> int:
        self._read_dumps()
        return self._total

    def _read_dumps(self) -> None:
        _control("--dump", self._pid)
        for dump in self._folder.glob(f"callgrind.{self._pid}.*"):
            self._total += total_of(dump.read_text(errors="replace"))
            dump.unlink()


def total_of(dump: str) -> int:
    """Return how many instructions a dump of callgrind reports; 0 for one that holds none."""
    totals = TOTALS.findall(dump)
    return int(totals[-1]) if totals else 0


def _control(command: str, pid: int) -> None:
    done = subprocess.run(["callgrind_control", command, str(pid)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotRun(f"callgrind_control {command} failed:\n{done.stderr or done.stdout}")
