"""The regression gate: what a call costs the gateway, counted so that a slow or busy machine does not change it.

It counts instructions in user space, by the processor where it lets us, else by callgrind; where there is neither, it
takes the CPU time beside nginx's. `counting.py` counts, `limits.py` judges, `calibration.py` is the unit.
"""

import argparse
import contextlib
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import get_args

from bench.calibration import ROUNDS
from bench.counting import Callgrind, Counter, Hardware, Method
from bench.limits import SAYS, MethodName, Verdict, judge, read_limits, record, this_build
from bench.programs import CannotRun, build_programs
from bench.proxies import Proxy, Running, run, set_up_gateway, set_up_nginx
from bench.scenarios import KIB, Scenario
from bench.topology import Cores, Program, on_core
from bench.upstream import Upstream, running_upstream
from bench.windows import Gauge

EVENTS_PER_STREAM = 100
"""As `mock.c` has it."""
SETTLE_SECONDS = 0.6
"""Usage records are written a moment after their calls, and belong to them."""
IDLE_SECONDS = 2.0
IDLE_TURNS = 3
CPU_ROUNDS = 3
CPU_STREAMS = 50
# Names of strings are hashed alike in every run, so that dictionaries collide alike.
ENVIRONMENT = {"PYTHONHASHSEED": "0"}


METHODS: tuple[MethodName, ...] = get_args(MethodName)


@dataclass(frozen=True)
class Cost:
    """One figure of the gate: what it is of, and the load it is taken under.

    Few connections keep the gateway busy without letting calls pile up: how many it finds waiting when it looks changes
    what each costs. Few streams at a time, too, as otherwise their events would come in bundles.
    """

    title: str
    scenario: Scenario


COSTS = (
    Cost("call, 1 KB", Scenario("json-1k", "json-1k", connections=8)),
    Cost("call, 200 KB request with prefix", Scenario("body-200k", "json-1k", body_bytes=200 * KIB, connections=4)),
    Cost("SSE event", Scenario("sse-event", "sse-5ms", connections=8, rate=4, streams=True)),
)
TITLES = {cost.scenario.name: cost.title for cost in COSTS}
IDLE = "idle"


@dataclass
class Measured:
    """What one run found: each cost by the name of its scenario, in the unit of its method."""

    method: MethodName
    costs: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def show_instructions(options: argparse.Namespace) -> int:
    """Measure, print the table, and record or judge; 1 when a cost is above its limit."""
    with tempfile.TemporaryDirectory(prefix="bodhi-bench-") as folder:
        measured = measure(Path(folder), options.method)
    build = this_build()
    known = read_limits().get(measured.method)
    verdicts = judge(measured.costs, known, build)
    print(f"{SAYS[measured.method]}\nPython: {build}.")
    if known is not None and known.build != build:
        print(f"Recorded with {known.build}: limits are wider.")
    print(table(verdicts), *measured.notes, sep="\n")
    if options.record:
        record(measured.method, measured.costs, build)
        print("\nRecorded in bench/limits.toml.")
        return 0
    failed = [verdict for verdict in verdicts if not verdict.is_good]
    if failed:
        print(advice(failed), file=sys.stderr)
    return 1 if failed else 0


def table(verdicts: list[Verdict]) -> str:
    """Return the verdicts as a table."""
    lines = [f"\n{'cost of':<34}{'measured':>10}{'recorded':>10}{'alarm':>10}  verdict"]
    for each in verdicts:
        known = [f"{each.limit.recorded:10.2f}", f"{each.limit.alarm:10.2f}"] if each.limit else [" " * 9 + "-"] * 2
        lines.append(f"{TITLES[each.name]:<34}{each.measured:10.2f}{''.join(known)}  {each.text}")
    return "\n".join(lines)


def advice(failed: list[Verdict]) -> str:
    """Return what to do about costs above their limits."""
    names = ", ".join(verdict.name for verdict in failed)
    return f"""
A call costs more than is recorded ({names}). What to do:
 1. Run `make regression` on the commit before. If it fails there as well, it is not your change: another Python or
    machine than the recorded one may be why.
 2. Find what grew: keep the gateway busy by `make bench ARGS="--scenario json-1k --seconds 20"`, and meanwhile
      perf record -e instructions:u --call-graph fp -p <pid of bodhi serve> -- sleep 10; perf report --no-children
    for the interpreter's own functions. Python's functions by name: `perf` knows them when the gateway runs under
    Python 3.12 or newer with PYTHONPERFSUPPORT=1; before that, `py-spy record -n -p <pid>` does.
 3. When the change is worth its cost: make regression ARGS=--record, commit bench/limits.toml with it, and say why."""


def measure(folder: Path, wanted: MethodName | None = None) -> Measured:
    """Measure by the first method that works here, or by the one that is wanted."""
    methods: dict[MethodName, tuple[Callable[[], str], Callable[[], Measured]]] = {
        "hardware": (Hardware.obstacle, lambda: count_instructions(Hardware(), folder)),
        "callgrind": (Callgrind.obstacle, lambda: count_instructions(Callgrind(folder), folder)),
        "cpu": (lambda: "", lambda: compare_cpu(folder)),
    }
    for name in [wanted] if wanted else METHODS:
        obstacle, measuring = methods[name]
        if found := obstacle():
            print(f"No {name} counting here: {found}.", file=sys.stderr)
            continue
        try:
            return measuring()
        except CannotRun as reason:
            if wanted:
                raise
            print(f"Counting by {name} gave no figures: {reason}", file=sys.stderr)
    raise CannotRun("Nothing was measured: choose another --method, or none.")


def count_instructions(method: Method, folder: Path) -> Measured:
    """Count what the gateway executes for each kind of call, and nginx, where that takes no time."""
    programs, cores = build_programs(), Cores.available()
    gauge = Gauge(programs.load, cores, folder, seconds=method.pace.seconds, warmup=0.0)
    nginx = None
    with running_upstream(programs.mock, cores.others) as upstream:
        unit = _calibrate(method, cores)
        gateway = set_up_gateway(folder / "bodhi", upstream, cores)
        started = Proxy(gateway.address, lambda: _counted_gateway(method, folder, gateway, cores))
        with _running(started) as running:
            bodhi = _count(method, gauge, running, upstream)
        if method.name == "hardware" and _has_nginx():
            with _running(set_up_nginx(folder / "nginx", upstream, cores)) as running:
                nginx = _count(method, gauge, running, upstream)
    costs = {name: value / unit for name, value in bodhi.items() if name != IDLE}
    return Measured(
        method.name, costs, [f"\n{'instructions':<34}{'bodhi':>12}{'nginx':>12}", *_counts(bodhi, nginx), _unit(unit)]
    )


def _counts(bodhi: dict[str, float], nginx: dict[str, float] | None) -> list[str]:
    """Return a line for each count."""
    lines = []
    for name, title in {**TITLES, IDLE: "idle second"}.items():
        beside = f"{nginx[name]:12,.0f}{bodhi[name] / nginx[name]:10.1f} x" if nginx and nginx[name] else ""
        lines.append(f"{title:<34}{bodhi[name]:12,.0f}{beside}")
    return lines


def _unit(unit: float) -> str:
    return f"{'round of the calibration':<34}{unit:12,.0f}"


def _has_nginx() -> bool:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin") is not None


def _counted_gateway(method: Method, folder: Path, gateway: Proxy, cores: Cores) -> Program:
    environment = {**ENVIRONMENT, "BODHI_HOME": str(folder / "bodhi")}
    program = str(Path(sys.executable).with_name("bodhi"))
    serve = [sys.executable, program, "serve", "--host", "127.0.0.1", "--port", str(gateway.address.port)]
    return Program(method.command(serve), cores.proxy, folder / "output.log", environment)


def _calibrate(method: Method, cores: Cores) -> float:
    """Return how many instructions a round of the calibration takes."""
    with on_core(cores.proxy):
        program = subprocess.Popen(
            method.command([sys.executable, "-m", "bench.calibration"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )
    with program:
        _run_rounds(program, ROUNDS)  # Python adapts its bytecode to what it sees first.
        with method.counting(program.pid) as counter:
            before = counter.read()
            _run_rounds(program, ROUNDS)
            return (counter.read() - before) / ROUNDS


def _run_rounds(program: subprocess.Popen[str], rounds: int) -> None:
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(f"{rounds}\n")
    program.stdin.flush()
    if program.stdout.readline() != "done\n":
        raise CannotRun("The calibration ended by itself.")


def _count(method: Method, gauge: Gauge, running: Running, upstream: Upstream) -> dict[str, float]:
    """Return the instructions of each cost, the median of a few windows, and those of an idle second."""
    with method.counting(running.program.pid) as counter:
        _load(replace(gauge, seconds=2 * gauge.seconds), COSTS[0].scenario, running, upstream)  # To warm up.
        # What calls leave behind is done in the first turn.
        idle = min(_idle_second(counter) for _ in range(IDLE_TURNS))
        found = {IDLE: idle}
        for cost in COSTS:
            load = partial(_load, gauge, cost.scenario, running, upstream)
            turns = [_instructions(counter, idle, load) for _ in range(method.pace.rounds)]
            found[cost.scenario.name] = statistics.median(turns)
    return found


def _idle_second(counter: Counter) -> float:
    before, began = counter.read(), time.perf_counter()
    time.sleep(IDLE_SECONDS)
    return (counter.read() - before) / (time.perf_counter() - began)


def _instructions(counter: Counter, idle: float, load: Callable[[], int]) -> float:
    """Return what one of the calls or events of a load takes, without what the time alone takes."""
    before, began = counter.read(), time.perf_counter()
    pieces = load()
    time.sleep(SETTLE_SECONDS)
    return (counter.read() - before - idle * (time.perf_counter() - began)) / pieces


def _load(gauge: Gauge, scenario: Scenario, running: Running, upstream: Upstream) -> int:
    """Let one window pass, and return how many calls, or events of streams, reached the gateway from the provider."""
    before = upstream.counters()
    load = gauge.measure(scenario, running.proxy.address, None).load
    after = upstream.counters()
    pieces = after.requests - before.requests
    if scenario.streams:
        pieces = (after.streams_done - before.streams_done) * EVENTS_PER_STREAM
    if load.errors or load.unasked or not pieces:
        failed = f"{load.errors} failed, {load.unasked} were left unasked, {pieces} pieces arrived"
        raise CannotRun(f"{running.proxy.address.name} did not answer all calls of {scenario.name}: {failed}.")
    return pieces


def compare_cpu(folder: Path) -> Measured:
    """Measure CPU time beside nginx: less exact than counting, but possible on every machine."""
    programs, cores = build_programs(), Cores.available()
    gauge = Gauge(programs.load, cores, folder, seconds=2.0, warmup=0.5)
    used: dict[tuple[str, str], list[float]] = {}
    with contextlib.ExitStack() as stack:
        upstream = stack.enter_context(running_upstream(programs.mock, cores.others))
        proxies = [set_up_nginx(folder / "nginx", upstream, cores), set_up_gateway(folder / "bodhi", upstream, cores)]
        both = [stack.enter_context(_running(proxy)) for proxy in proxies]
        for _, cost, each in itertools.product(range(CPU_ROUNDS), COSTS, both):
            scenario = replace(cost.scenario, rate=0, connections=CPU_STREAMS) if cost.scenario.rate else cost.scenario
            window = gauge.measure(scenario, each.proxy.address, each.program.pid)
            pieces = window.load.events if cost.scenario.streams else window.load.answers
            if not pieces or window.load.errors:
                raise CannotRun(f"{window.proxy} failed {window.load.errors} calls of {window.scenario}.")
            used.setdefault((cost.scenario.name, window.proxy), []).append(window.cpu_seconds / pieces)
    measured = Measured("cpu")
    for cost in COSTS:
        gateway, nginx = (statistics.median(used[cost.scenario.name, name]) for name in ("bodhi", "nginx"))
        measured.costs[cost.scenario.name] = gateway / nginx
        measured.notes.append(f"{cost.title}: {gateway * 1e6:,.1f} us, nginx {nginx * 1e6:,.1f} us.")
    return measured


@contextlib.contextmanager
def _running(proxy: Proxy) -> Iterator[Running]:
    running = run(proxy)
    try:
        yield running
    finally:
        running.program.stop()
