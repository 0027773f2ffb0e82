"""What must hold beside speed: a client that leaves stops its upstream call, one that does not read costs no memory."""

import time

import msgspec

from bench import cpu
from bench.calls import begun_streams, call
from bench.programs import CannotRun
from bench.proxies import Running
from bench.upstream import Upstream

LEAVING_CLIENTS = 20
SLOW_CLIENTS = 4
BEGIN_SECONDS = 10.0
MOST_SECONDS_TO_ABORT = 1.0
MOST_GROWTH = 30_000_000
QUIET_SECONDS = 0.5


class Cancellation(msgspec.Struct, frozen=True):
    """Of `clients` that left mid-stream: how many upstream calls ended within a second, and when the last one did."""

    proxy: str
    clients: int
    aborted: int
    seconds: float

    @property
    def is_good(self) -> bool:
        """Tell whether every upstream call ended in time."""
        return self.aborted == self.clients


class SlowReaders(msgspec.Struct, frozen=True):
    """How much memory grew while clients did not read 250 MB each, and what the upstream could send meanwhile."""

    proxy: str
    clients: int
    growth_bytes: int
    sent_bytes: int

    @property
    def is_good(self) -> bool:
        """Tell whether memory stayed within its bound."""
        return self.growth_bytes < MOST_GROWTH


def check_cancellation(running: Running, upstream: Upstream) -> Cancellation:
    """Let clients leave in the middle of endless streams, and watch the upstream's side."""
    if upstream.wait_for(lambda now: now.streams_open == 0, BEGIN_SECONDS) is None:
        raise CannotRun("Streams of an earlier scenario never ended")
    before = upstream.counters()
    with begun_streams(running.proxy.address, "sse-endless", LEAVING_CLIENTS) as streams:
        if upstream.wait_for(lambda now: now.streams_open >= LEAVING_CLIENTS, BEGIN_SECONDS) is None:
            raise CannotRun(f"{running.proxy.address.name} did not begin {LEAVING_CLIENTS} streams")
        for stream in streams:
            stream.settimeout(BEGIN_SECONDS)
            stream.recv(1024)
    wanted = before.streams_aborted + LEAVING_CLIENTS
    seconds = upstream.wait_for(lambda now: now.streams_aborted >= wanted, MOST_SECONDS_TO_ABORT)
    aborted = upstream.counters().streams_aborted - before.streams_aborted
    return Cancellation(
        running.proxy.address.name, LEAVING_CLIENTS, aborted, MOST_SECONDS_TO_ABORT if seconds is None else seconds
    )


def check_slow_readers(running: Running, upstream: Upstream, seconds: float) -> SlowReaders:
    """Ask for large streams without reading them, until nothing moves any more and `seconds` have passed."""
    call(running.proxy.address, "json-1k")
    before, sent_before = cpu.usage(running.program.pid), upstream.counters().block_bytes
    with begun_streams(running.proxy.address, "stream-250mb", SLOW_CLIENTS):
        deadline = time.perf_counter() + seconds
        _wait_until_quiet(upstream)
        time.sleep(max(0.0, deadline - time.perf_counter()))
        after, sent_after = cpu.usage(running.program.pid), upstream.counters().block_bytes
    return SlowReaders(
        running.proxy.address.name,
        SLOW_CLIENTS,
        growth_bytes=after.rss_bytes - before.rss_bytes,
        sent_bytes=sent_after - sent_before,
    )


def _wait_until_quiet(upstream: Upstream) -> None:
    """Wait until the upstream sends no more: every buffer between it and the clients is full."""
    deadline = time.perf_counter() + BEGIN_SECONDS
    sent, quiet_since = -1, time.perf_counter()
    while time.perf_counter() < min(deadline, quiet_since + QUIET_SECONDS):
        now_sent = upstream.counters().block_bytes
        if now_sent != sent:
            sent, quiet_since = now_sent, time.perf_counter()
        time.sleep(0.02)
