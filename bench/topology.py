"""Which program runs on which core, and how programs are started and stopped.

One core is the measured proxy's own; the mock upstream, the load generator and the bench itself share another.
"""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 10.0
FIRST = -10
"""The nice value of programs that go before others."""
LOG_TAIL = 2000


@dataclass(frozen=True)
class Cores:
    """The core of the measured proxy, and the one of everything else (the same one on a machine with one core).

    A proxy with two workers has the first two cores; what measures it has two more, or shares those where there are
    no more.
    """

    proxy: int
    others: int
    pair: tuple[int, ...] = ()
    beside_pair: tuple[int, ...] = ()

    @classmethod
    def available(cls) -> "Cores":
        """Return the first two cores that this process may use."""
        cores = sorted(os.sched_getaffinity(0))
        pair = tuple(cores[:2])
        return cls(
            proxy=cores[0],
            others=cores[-1] if len(cores) < 2 else cores[1],
            pair=pair,
            beside_pair=tuple(cores[2:4]) or pair,
        )

    def of_proxy(self, workers: int = 1) -> tuple[int, ...]:
        """Return the cores of a proxy with so many workers."""
        return (self.proxy,) if workers == 1 else self.pair

    def of_others(self, workers: int = 1) -> tuple[int, ...]:
        """Return the cores of what measures a proxy with so many workers."""
        return (self.others,) if workers == 1 else self.beside_pair


@contextlib.contextmanager
def on_core(*cores: int) -> Iterator[None]:
    """Pin this process for a while, so that what it starts meanwhile stays pinned."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def going_first() -> Iterator[None]:
    """Let this process, and all that it starts, run before other work on the machine, as far as that is allowed."""
    _set_niceness(FIRST)
    try:
        yield
    finally:
        _set_niceness(0)


def _set_niceness(niceness: int) -> None:
    # Between sessions Linux weighs the nice values of their groups, not of their processes (sched(7), autogroup).
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
        Path("/proc/self/autogroup").write_text(str(niceness))


class Program:
    """A program that the bench started, pinned to one core or to several. Its output goes to a log file."""

    def __init__(
        self,
        command: Sequence[str],
        core: int | tuple[int, ...],
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = log
        self.started_at = time.perf_counter()
        with on_core(*((core,) if isinstance(core, int) else core)), log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(environment or {})},
            )

    @property
    def pid(self) -> int:
        """Return the process id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Tell whether the program ended by itself."""
        return self._process.poll() is not None

    def log_tail(self) -> str:
        """Return the last lines that the program wrote."""
        return self._log.read_text(errors="replace")[-LOG_TAIL:]

    def stop(self) -> None:
        """Ask the program to end, and end it when it does not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return int(port)
