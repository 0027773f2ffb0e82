"""One whole run: start the proxies, measure them in turn, round after round, and look at how they behave."""

import contextlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import cpu
from bench.behaviour import check_cancellation, check_slow_readers
from bench.calls import Address
from bench.peers import PEERS, short_reason
from bench.programs import CannotRun, Programs, build_programs
from bench.proxies import Proxy, Running, gateway_has_workers, run, set_up_gateway, set_up_nginx
from bench.results import DIRECT, LIMIT, MEASURED, Results
from bench.scenarios import SCENARIOS, Scenario
from bench.topology import Cores, going_first
from bench.upstream import Upstream, running_upstream
from bench.windows import Gauge

SETTLE_SECONDS = 30.0
SETTLE_STEP = 0.2
QUIET_SHARE = 0.1
MOST_WARMUP = 0.5
TWO = 2


@dataclass(frozen=True)
class Plan:
    """What a run shall measure."""

    scenarios: Sequence[Scenario]
    rounds: int
    seconds: float
    """Of each scenario and proxy in a round."""
    turns: int = 1
    """Into which these seconds are divided: the proxies alternate, so that a noisy moment does not fall on one."""
    peers: Sequence[str] = ()
    behaviour: bool = True
    first: bool = False


@dataclass(frozen=True)
class Run:
    """A run that is under way."""

    plan: Plan
    results: Results
    programs: Programs
    cores: Cores
    folder: Path

    @property
    def gauge(self) -> Gauge:
        """Return how windows are measured."""
        seconds = self.plan.seconds / self.plan.turns
        return Gauge(self.programs.load, self.cores, self.folder, seconds=seconds, warmup=min(MOST_WARMUP, seconds / 4))

    def scenarios(self, workers: int) -> list[Scenario]:
        """Return the scenarios for proxies with so many workers."""
        return [scenario for scenario in self.plan.scenarios if scenario.workers == workers]


def measure(plan: Plan) -> Results:
    """Run everything that was planned and return what was found."""
    programs, cores = build_programs(), Cores.available()
    results = Results.begin(plan.seconds, plan.rounds, plan.turns)
    _install_peers(plan, results)
    before = os.sched_getaffinity(0)
    with contextlib.ExitStack() as stack:
        os.sched_setaffinity(0, {cores.others})
        stack.callback(os.sched_setaffinity, 0, before)
        if plan.first:
            stack.enter_context(going_first())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bodhi-bench-")))
        this = Run(plan, results, programs, cores, folder)
        _measure_one_worker(this)
        if this.scenarios(TWO):
            _measure_two_workers(this)
    return results


def _install_peers(plan: Plan, results: Results) -> None:
    for name in plan.peers:
        try:
            results.peers.append(PEERS[name].install())
        except CannotRun as reason:
            results.failures[name] = short_reason(reason)
            _say(f"{name}: {reason}")


def _measure_one_worker(this: Run) -> None:
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(running_upstream(this.programs.mock, *this.cores.of_others()))
        own = [
            set_up_nginx(this.folder / LIMIT, upstream, this.cores),
            set_up_gateway(this.folder / MEASURED, upstream, this.cores),
        ]
        running = [stack.enter_context(_started(proxy, this.results)) for proxy in own]
        for name in _installed(this):
            _say(f"{name} starts")
            with _failing(this, name):
                peer = PEERS[name].set_up(this.folder / name, upstream, this.cores, 1)
                running.append(stack.enter_context(_started(peer, this.results)))
        _warm_up(this, running)
        _measure_windows(this, running, upstream, this.scenarios(1))
        for each in running:
            this.results.rss_after[each.proxy.address.name] = cpu.usage(each.program.pid).rss_bytes
        if this.plan.behaviour:
            for each in running[: len(own)]:
                this.results.cancellations.append(check_cancellation(each, upstream))
                this.results.slow_readers.append(check_slow_readers(each, upstream, this.plan.seconds))
                _say(f"behaviour, {each.proxy.address.name}: seen")


def _measure_two_workers(this: Run) -> None:
    """Measure what can have two workers, on two cores, and say what cannot."""
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(running_upstream(this.programs.mock, *this.cores.of_others(TWO)))
        proxies = [set_up_nginx(this.folder / "nginx-two", upstream, this.cores, workers=TWO)]
        if gateway_has_workers():
            proxies.append(set_up_gateway(this.folder / "bodhi-two", upstream, this.cores, workers=TWO))
        else:
            this.results.left_out.append("bodhi with two workers: this version has one.")
        running = [stack.enter_context(_until_stopped(run(proxy))) for proxy in proxies]
        for name in _installed(this):
            if not PEERS[name].has_workers:
                this.results.left_out.append(f"{name} with two workers: it is one process.")
                continue
            _say(f"{name} starts with two workers")
            try:
                peer = PEERS[name].set_up(this.folder / f"{name}-two", upstream, this.cores, TWO)
                running.append(stack.enter_context(_until_stopped(run(peer))))
            except CannotRun as reason:
                this.results.left_out.append(f"{name} with two workers: {short_reason(reason)}.")
        _warm_up(this, running)
        _measure_windows(this, running, upstream, this.scenarios(TWO))


def _installed(this: Run) -> list[str]:
    return [peer.name for peer in this.results.peers if peer.name not in this.results.failures]


@contextlib.contextmanager
def _failing(this: Run, name: str) -> Iterator[None]:
    """Keep the reason when a peer cannot be measured, and go on without it. What is ours must not fail."""
    try:
        yield
    except CannotRun as reason:
        if name in (DIRECT, LIMIT, MEASURED):
            raise
        this.results.failures[name] = short_reason(reason)
        _say(f"{name}: {reason}")


@contextlib.contextmanager
def _until_stopped(running: Running) -> Iterator[Running]:
    try:
        yield running
    finally:
        running.program.stop()


@contextlib.contextmanager
def _started(proxy: Proxy, results: Results) -> Iterator[Running]:
    """Start a proxy once more than there are rounds: the first start warms the disk and does not count."""
    name = proxy.address.name
    run(proxy).program.stop()
    for _ in range(results.rounds - 1):
        started = run(proxy)
        started.program.stop()
        results.startup_seconds.setdefault(name, []).append(started.startup_seconds)
    with _until_stopped(run(proxy)) as running:
        results.startup_seconds.setdefault(name, []).append(running.startup_seconds)
        _settle(running)
        results.rss_idle[name] = cpu.usage(running.program.pid).rss_bytes
        _say(f"{name} started in {statistics.median(results.startup_seconds[name]):.2f} s")
        yield running


def _warm_up(this: Run, running: list[Running]) -> None:
    """Give each proxy some work that is not counted: compilers at run time know the code only after a while."""
    scenarios = [scenario for scenario in SCENARIOS if scenario.name in ("json-1k", "sse-5ms-x50")]
    for each in running:
        for scenario in scenarios:
            with _failing(this, each.proxy.address.name):
                this.gauge.measure(scenario, each.proxy.address, each.program.pid)
        _settle(each)


def _measure_windows(this: Run, running: list[Running], upstream: Upstream, scenarios: Sequence[Scenario]) -> None:
    """Measure round after round, and in each scenario turn after turn: a noisy minute shall not fall on one proxy."""
    direct = Address(DIRECT, upstream.port, token="not-checked")
    for number in range(this.plan.rounds):
        for scenario in scenarios:
            sides: list[tuple[Address, Running | None]] = [(direct, None)] if scenario.direct else []
            sides += [(each.proxy.address, each) for each in running]
            for _ in range(this.plan.turns):
                for address, measured in sides:
                    if address.name not in this.results.failures:
                        _measure_turn(this, scenario, address, measured)
            answers = ", ".join(
                f"{address.name} {sum(w.load.answers for w in this.results.of(scenario.name, address.name))}"
                for address, _ in sides
            )
            _say(f"round {number + 1}, {scenario.name}, answers so far: {answers}")


def _measure_turn(this: Run, scenario: Scenario, address: Address, measured: Running | None) -> None:
    with _failing(this, address.name):
        window = this.gauge.measure(scenario, address, None if measured is None else measured.program.pid)
        this.results.windows.append(window)
    if measured is not None:
        _settle(measured)


def _settle(running: Running) -> None:
    """Wait until a proxy has done what earlier clients left it with, or until it takes too long."""
    deadline = time.perf_counter() + SETTLE_SECONDS
    while time.perf_counter() < deadline:
        before = cpu.usage(running.program.pid).cpu_seconds
        time.sleep(SETTLE_STEP)
        if cpu.usage(running.program.pid).cpu_seconds - before <= SETTLE_STEP * QUIET_SHARE:
            return


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)
