"""The mock upstream as a running program, with its counters."""

import contextlib
import http.client
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.topology import on_core


class Counters(msgspec.Struct, frozen=True):
    """What the mock has seen since it was started."""

    requests: int
    prefixed: int
    body_bytes: int
    accepted: int
    connections: int
    streams_open: int
    streams_aborted: int
    streams_done: int
    block_bytes: int


@dataclass(frozen=True)
class Upstream:
    """A running mock upstream."""

    port: int

    def counters(self) -> Counters:
        """Ask the mock for its counters."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", "/stats")
            return msgspec.json.decode(connection.getresponse().read(), type=Counters)
        finally:
            connection.close()

    def wait_for(self, is_reached: Callable[[Counters], bool], within: float) -> float | None:
        """Return after how many seconds the counters reached something, or None when they did not in time."""
        started = time.perf_counter()
        while True:
            reached = is_reached(self.counters())
            passed = time.perf_counter() - started
            if reached:
                return passed
            if passed > within:
                return None
            time.sleep(0.002)


@contextlib.contextmanager
def running_upstream(program: Path, *cores: int) -> Iterator[Upstream]:
    """Run the mock on a free port."""
    with on_core(*cores):
        process = subprocess.Popen([str(program)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Upstream(port=int(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()
