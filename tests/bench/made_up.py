"""Results that nobody measured, for tests of what is made of results."""

from bench.peers import Peer
from bench.results import Machine, Results
from bench.windows import Latency, Load, Window

QUIET = Latency(count=0, p50=0, p90=0, p99=0, max=0)


def window(
    scenario: str,
    proxy: str,
    *,
    answers: int = 1000,
    cpu: float = 0.0,
    p50: int = 0,
    errors: int = 0,
    events: int = 0,
    idle: float = 0.0,
) -> Window:
    latency = Latency(count=answers, p50=p50, p90=p50, p99=p50, max=p50)
    load = Load(answers, errors, 0, events=events, bytes=0, unasked=0, latency=latency, event_delay=QUIET)
    return Window(scenario, proxy, seconds=2.0, load=load, cpu_seconds=cpu, idle_seconds=idle)


def results(*windows: Window, peers: tuple[str, ...] = ()) -> Results:
    machine = Machine("Made-up", cores=2, kernel="6", python="3.11", load_average=0.0)
    found = Results("2026-01-01T00:00:00+00:00", machine, seconds=2.0, rounds=3, windows=list(windows))
    found.peers = [Peer(name, f"{name.title()} 1.0", "as installed") for name in peers]
    return found
