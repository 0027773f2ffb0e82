"""Clients that do not read: what a provider sends waits at the provider, not in the gateway's memory."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.raw_client import RawClient
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import OPENAI

CLIENTS = 4
MOST_GROWTH_MB = 30.0
LEAST_BUFFERED = 100_000
ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, tempfile
from pathlib import Path
sys.path[:0] = [{root!r}, {root!r} + "/src"]
from tests.fakes.gateway import Gateway
with tempfile.TemporaryDirectory() as home, Gateway(Path(home), lane={lane}) as gateway:
    gateway.add_api_model("openai", {base_url!r}, key="sk-slow", models=("huge", "ok"))
    print(gateway.port, gateway.token, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def served(upstream_thread: UpstreamThread, has_lane: bool) -> Iterator[tuple[int, int, str]]:
    """Give a gateway in a process of its own: its id, its port, a token."""
    program = PROGRAM.format(root=str(ROOT), base_url=upstream_thread.base_url("openai"), lane=has_lane)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port, token = process.stdout.readline().split()
        yield process.pid, int(port), token
        process.kill()


def resident_mb(process: int) -> float:
    """Return a process's resident memory."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def highest_mb(process: int) -> float:
    """Return the highest resident memory a process had since the mark was reset."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def test_four_clients_that_do_not_read_a_quarter_gigabyte_each_cost_little_memory(
    served: tuple[int, int, str], upstream_thread: UpstreamThread, capsys: pytest.CaptureFixture[str]
) -> None:
    process, port, token = served
    with RawClient(port) as client:
        for _ in range(50):
            answer = client.ask(b"POST", OPENAI.target("ok"), OPENAI.headers(token), OPENAI.body("ok", stream=True))
            assert answer.complete
    upstream_thread.upstream.forget()
    before = resident_mb(process)
    exchanges = upstream_thread.upstream.exchanges
    clients = [RawClient(port, receive_buffer=65_536) for _ in range(CLIENTS)]
    for client in clients:
        client.send(b"POST", OPENAI.target("huge"), OPENAI.headers(token), OPENAI.body("huge", stream=True))
        client.head()
    stood: list[int] = []

    def stands_still() -> bool:
        """Tell whether the provider has sent nothing for a hundred looks, half a second."""
        sent = sum(exchange.sent_bytes for exchange in exchanges)
        stood[:] = [*stood, sent] if stood and stood[-1] == sent else [sent]
        return len(stood) > 100 and len(exchanges) == CLIENTS

    eventually_in_thread(stands_still, 20)
    grown = highest_mb(process) - before
    waiting = stood[-1] / CLIENTS
    for client in clients:
        client.close()
    eventually_in_thread(lambda: all(exchange.closed.is_set() for exchange in exchanges))

    with capsys.disabled():
        print(  # noqa: T201 # the figure is what the test is for
            f"\n{CLIENTS} clients that do not read: {grown:.1f} MB more memory, {waiting / 1e6:.1f} MB sent to each"
        )
    assert grown < MOST_GROWTH_MB
    assert waiting > LEAST_BUFFERED
