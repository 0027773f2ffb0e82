"""The command: build, start, measure in interleaved rounds, report. `python -m bench --help` lists the options."""

import argparse
import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import cpu
from bench.behaviour import check_cancellation, check_slow_readers
from bench.calls import Address
from bench.instructions import METHODS, show_instructions
from bench.pages import write_pages
from bench.programs import CannotRun, Programs, build_programs
from bench.proxies import Proxy, Running, run, set_up_gateway, set_up_nginx
from bench.report import DIRECT, report
from bench.results import Results, load_results
from bench.scenarios import SCENARIOS, chosen
from bench.sign_ins import ROUNDS, SECONDS, keeps_promise, measure_sign_ins, sign_in_table
from bench.topology import Cores, going_first
from bench.upstream import Upstream, running_upstream
from bench.usage import CALLS, measure_usage
from bench.windows import Gauge

BEHAVIOUR = "behaviour"


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the gateway beside nginx.")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which medians are shown (default 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a measured window (default 3)")
    parser.add_argument("--quick", action="store_true", help="one round of one-second windows")
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        choices=[*(scenario.name for scenario in SCENARIOS), BEHAVIOUR],
        metavar="NAME",
        help="only this one; may be given more than once: " + ", ".join([*(s.name for s in SCENARIOS), BEHAVIOUR]),
    )
    parser.add_argument(
        "--sign-ins", action="store_true", help="streams beside 50 people who sign in, and nothing else"
    )
    parser.add_argument("--usage", action="store_true", help="100,000 calls, and whether usage adds up; nothing else")
    parser.add_argument("--instructions", action="store_true", help="what a call costs against bench/limits.toml, only")
    parser.add_argument("--method", choices=METHODS, help="of --instructions; by itself, the best that works")
    parser.add_argument("--record", action="store_true", help="make what --instructions found the new limits")
    parser.add_argument("--first", action="store_true", help="run before the machine's other work (root only)")
    parser.add_argument("--pages", action="store_true", help="put the ratios into README.md and docs/performance.md")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="FILE", help="print the results of an earlier run")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.seconds = 1, 1.0
    return options


def main() -> int:
    """Run the bench; 1 when something failed or a measured promise was broken."""
    options = read_options()
    try:
        if options.sign_ins:
            return show_sign_ins(options)
        if options.instructions:
            return show_instructions(options)
        if options.usage:
            return show_usage(options)
        if options.earlier is not None:
            results = load_results(options.earlier)
        else:
            results = measure(options)
            print(f"Raw results: {os.path.relpath(results.save())}\n", file=sys.stderr)
    except CannotRun as reason:
        print(reason, file=sys.stderr)
        return 1
    print(report(results))
    if options.pages and not results.faults():
        written = ", ".join(os.path.relpath(page) for page in write_pages(results))
        print(f"\nFigures written into: {written}", file=sys.stderr)
    return 1 if results.faults() else 0


def show_usage(options: argparse.Namespace) -> int:
    """Make many calls and see whether usage adds up; 1 when it does not."""
    with tempfile.TemporaryDirectory(prefix="bodhi-bench-") as folder:
        return 0 if measure_usage(Path(folder), 2_000 if options.quick else CALLS) else 1


def show_sign_ins(options: argparse.Namespace) -> int:
    """Measure what sign-ins do to streams, and print it; 1 when the promise was broken."""
    rounds, seconds = (1, 3.0) if options.quick else (max(options.rounds, ROUNDS), max(options.seconds, SECONDS))
    with contextlib.ExitStack() as stack:
        if options.first:
            stack.enter_context(going_first())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bodhi-bench-")))
        measured = measure_sign_ins(folder, rounds=rounds, seconds=seconds)
    print(sign_in_table(measured))
    return 0 if keeps_promise(measured) else 1


def measure(options: argparse.Namespace) -> Results:
    """Run everything that was asked for and return what was found."""
    programs, cores = build_programs(), Cores.available()
    results = Results.begin(options.seconds, options.rounds)
    os.sched_setaffinity(0, {cores.others})
    with contextlib.ExitStack() as stack:
        if options.first:
            stack.enter_context(going_first())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bodhi-bench-")))
        upstream = stack.enter_context(running_upstream(programs.mock, cores.others))
        proxies = [
            set_up_nginx(folder / "nginx", upstream, cores),
            set_up_gateway(folder / "bodhi", upstream, cores),
        ]
        running = [stack.enter_context(_started(proxy, results)) for proxy in proxies]
        _measure_windows(options, results, running, _gauge(options, programs, cores, folder), upstream)
        if not options.scenario or BEHAVIOUR in options.scenario:
            _check_behaviour(results, running, upstream, options.seconds)
    return results


def _gauge(options: argparse.Namespace, programs: Programs, cores: Cores, folder: Path) -> Gauge:
    return Gauge(programs.load, cores, folder, seconds=options.seconds, warmup=min(0.5, options.seconds / 4))


@contextlib.contextmanager
def _started(proxy: Proxy, results: Results) -> Iterator[Running]:
    """Start a proxy once more than there are rounds: the first start warms the disk and does not count."""
    name = proxy.address.name
    run(proxy).program.stop()
    for _ in range(results.rounds - 1):
        started = run(proxy)
        started.program.stop()
        results.startup_seconds.setdefault(name, []).append(started.startup_seconds)
    running = run(proxy)
    results.startup_seconds.setdefault(name, []).append(running.startup_seconds)
    results.rss_idle[name] = cpu.usage(running.program.pid).rss_bytes
    _say(f"{name} started")
    try:
        yield running
    finally:
        running.program.stop()


def _measure_windows(
    options: argparse.Namespace, results: Results, running: list[Running], gauge: Gauge, upstream: Upstream
) -> None:
    """Measure round after round, so that a noisy minute of the machine does not fall on one proxy."""
    scenarios = [scenario for scenario in chosen(options.scenario) if scenario.name != BEHAVIOUR]
    direct = Address(DIRECT, upstream.port, token="not-checked")
    for turn in range(options.rounds):
        for scenario in scenarios:
            sides: list[tuple[Address, int | None]] = [(direct, None)] if scenario.direct else []
            sides += [(each.proxy.address, each.program.pid) for each in running]
            for address, pid in sides:
                window = gauge.measure(scenario, address, pid)
                results.windows.append(window)
                _say(f"round {turn + 1}, {scenario.name}, {address.name}: {window.load.answers} answers")
    for each in running:
        results.rss_after[each.proxy.address.name] = cpu.usage(each.program.pid).rss_bytes


def _check_behaviour(results: Results, running: list[Running], upstream: Upstream, seconds: float) -> None:
    for each in running:
        results.cancellations.append(check_cancellation(each, upstream))
        results.slow_readers.append(check_slow_readers(each, upstream, seconds))
        _say(f"behaviour, {each.proxy.address.name}: seen")


def _say(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
