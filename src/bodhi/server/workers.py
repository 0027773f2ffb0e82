"""Several processes behind one address: started, started anew when they die, told to stop, ended with their starter.

What a worker serves is the caller's function; sockets, settings and stores are not known here. The starting process
runs no event loop and no thread, so that it may fork at any time.
"""

import contextlib
import gc
import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, NoReturn

from bodhi.core.errors import StartupError

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
"""Seconds before a dead worker is started anew; doubled each time."""
STEADY_SECONDS = 60.0
"""Who ran this long has started well: the next pause is a short one."""
EXIT_FAILED = 1
_STOPPING = (signal.SIGTERM, signal.SIGINT)
_HANDLED = (*_STOPPING, signal.SIGCHLD)
_log = logging.getLogger("bodhi.server")

Told = dict[str, Any]
"""What a worker tells when it is ready: a JSON object."""


@dataclass(frozen=True, slots=True)
class Link:
    """What ties a worker to its starter."""

    leash: int
    """A file descriptor that is at its end when the starter is gone."""
    _telling: int

    def ready(self, told: Told) -> None:
        """Tell that connections are accepted."""
        os.write(self._telling, json.dumps({"ready": told}).encode() + b"\n")

    def refuse(self, message: str, status: int = EXIT_FAILED) -> int:
        """Tell why the worker cannot start, and return its exit status."""
        os.write(self._telling, json.dumps({"error": message, "status": status}).encode() + b"\n")
        return status


@dataclass(slots=True)
class _Place:
    """One of the workers there should be; who fills it changes."""

    number: int
    pause: float
    """Seconds before the next one is started."""
    pid: int = 0
    """0: nobody."""
    telling: int = -1
    started_at: float = 0.0
    is_ready: bool = False
    due: float = inf
    """When the next one is started."""
    error: StartupError | None = None
    """Why the last one did not start."""


class Supervisor:
    """Keeps so many workers running until it is told to stop. It owns the main thread and its signals.

    The first worker starts alone, so that what only one may do (making a database, say) is done before the others come.

    Args:
        count: how many workers there are.
        work: called in each worker, in a process of its own; returns its exit status, and never raises.
        ready: called once, here, when every worker accepts connections; gets what the first one told.
        stop_seconds: how long workers get to end before they are killed.
    """

    def __init__(
        self, count: int, work: Callable[[Link], int], *, ready: Callable[[Told], None], stop_seconds: float
    ) -> None:
        self._work = work
        self._ready = ready
        self._stop_seconds = stop_seconds
        self._places = [_Place(number, FIRST_PAUSE) for number in range(1, count + 1)]
        self._first: Told | None = None
        self._is_announced = False
        self._stops = 0
        self._kill_at = inf
        self._failure: StartupError | None = None
        self._leash = (-1, -1)
        self._selector: selectors.BaseSelector
        self._waking: tuple[socket.socket, socket.socket]

    def run(self) -> None:
        """Run the workers until a signal to stop, and until all have ended.

        Raises:
            StartupError: a worker could not start at first; none is left running.
        """
        with contextlib.ExitStack() as stack:
            self._leash = os.pipe()
            stack.callback(self._let_go)
            self._selector = stack.enter_context(selectors.DefaultSelector())
            self._waking = stack.enter_context(_wakened())
            self._selector.register(self._waking[0], selectors.EVENT_READ)
            gc.collect()
            gc.freeze()  # What is shared stays shared: looking through it would write to each page.
            self._start(self._places[0])
            while any(place.pid or place.due < inf for place in self._places):
                self._wait()
        if self._failure is not None:
            raise self._failure

    def _wait(self) -> None:
        """Wait for something to happen, and act on it."""
        moments = [self._kill_at, *(place.due for place in self._places)]
        timeout = None if min(moments) == inf else max(0.0, min(moments) - time.monotonic())
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                for number in self._waking[0].recv(4096):
                    if number in _STOPPING:
                        self._stop()
            else:
                self._hear(key.data)
        for place in self._places:
            if place.pid:
                self._reap(place)
        now = time.monotonic()
        for place in self._places:
            if place.due <= now:
                self._start(place)
        if now >= self._kill_at:
            _log.warning("Workers that did not end in time are killed")
            self._kill_at = inf
            self._signal(signal.SIGKILL)

    def _start(self, place: _Place) -> None:
        """Start a worker in a place."""
        place.due, place.is_ready, place.error = inf, False, None
        place.started_at = time.monotonic()
        hearing, telling = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        # Until the worker has signal handlers of its own, a signal to it would be taken for one to its starter.
        signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        pid = os.fork()  # lint: runs-code a worker is this same program
        if not pid:
            self._become_worker(Link(self._leash[0], telling), hearing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
        os.close(telling)
        os.set_blocking(hearing, False)
        place.pid, place.telling = pid, hearing
        self._selector.register(hearing, selectors.EVENT_READ, place)

    def _become_worker(self, link: Link, hearing: int) -> NoReturn:
        """Let go of what is the starter's, and work."""
        status = EXIT_FAILED
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Ctrl-C reaches every process of a terminal; the starter says what it means.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDLED)
            self._selector.close()
            for each in self._waking:
                each.close()
            for number in (self._leash[1], hearing, *(each.telling for each in self._places)):
                if number >= 0:
                    os.close(number)
            status = self._work(link)
        except BaseException:  # noqa: BLE001 # The last frame of this process: whatever it is, it is told and ends it.
            _log.exception("A worker failed")
        finally:
            with contextlib.suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _hear(self, place: _Place) -> None:
        """Take what a worker tells; at the end of its pipe there is nothing more to hear."""
        try:
            line = os.read(place.telling, 65_536)
        except BlockingIOError:
            return
        if not line:
            self._stop_hearing(place)
            return
        told: dict[str, Any] = json.loads(line)
        if "error" in told:
            place.error = StartupError(told["error"], told["status"])
            return
        if self._stops:  # It was ready just before it heard of the stop; another one would never hear of it.
            return
        place.is_ready = True
        if self._first is None:
            self._first = told["ready"]
            for other in self._places[1:]:
                self._start(other)
        if not self._is_announced and all(each.is_ready for each in self._places):
            self._is_announced = True
            self._ready(self._first)

    def _stop_hearing(self, place: _Place) -> None:
        if place.telling >= 0:
            self._selector.unregister(place.telling)
            os.close(place.telling)
            place.telling = -1

    def _reap(self, place: _Place) -> None:
        """Take note that a worker has ended, if it has, and see to the next one."""
        pid, status = os.waitpid(place.pid, os.WNOHANG)
        if not pid:
            return
        while place.telling >= 0:
            self._hear(place)
        place.pid = 0
        if self._stops:
            return
        how = _how(os.waitstatus_to_exitcode(status))
        if not self._is_announced:
            self._failure = place.error or StartupError(f"A worker ended while it started ({how}).", EXIT_FAILED)
            self._stop()
            return
        now = time.monotonic()
        if now - place.started_at >= STEADY_SECONDS:
            place.pause = FIRST_PAUSE
        why = f": {place.error.message}" if place.error else ""
        _log.warning("Worker %d ended (%s)%s; another starts in %g s", place.number, how, why, place.pause)
        place.due = now + place.pause
        place.pause = min(place.pause * 2, LONGEST_PAUSE)

    def _stop(self) -> None:
        """Let the workers drain; the second time end at once; from the third time on they are killed."""
        self._stops += 1
        for place in self._places:
            place.due = inf
        if self._stops == 1:
            self._kill_at = time.monotonic() + self._stop_seconds
        self._signal(signal.SIGTERM if self._stops < 3 else signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for place in self._places:
            if place.pid:  # One that has ended is not waited for yet, so its number is still its own.
                os.kill(place.pid, number)

    def _let_go(self) -> None:
        for number in self._leash:
            os.close(number)


def _how(status: int) -> str:
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name


@contextlib.contextmanager
def _wakened() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Let each signal write its number to the second of a pair of sockets, so that a wait for the first one ends."""
    with contextlib.ExitStack() as stack:
        pair = socket.socketpair()
        for each in pair:
            stack.enter_context(each)
            each.setblocking(False)  # noqa: FBT003 # the standard library has no keyword here
        stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(pair[1].fileno()))
        for number in _HANDLED:
            stack.callback(signal.signal, number, signal.signal(number, lambda _number, _frame: None))
        yield pair
