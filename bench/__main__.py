"""The command: read the options, measure, report. `python -m bench --help` lists the options."""

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path

from bench.instructions import METHODS, show_instructions
from bench.leak import measure_leak
from bench.measuring import Plan, measure
from bench.pages import publish
from bench.peers import PEERS
from bench.programs import CannotRun
from bench.report import report
from bench.results import load_results
from bench.scenarios import SCENARIOS, chosen
from bench.sign_ins import ROUNDS, SECONDS, keeps_promise, measure_sign_ins, sign_in_table
from bench.topology import going_first
from bench.usage import CALLS, measure_usage

BEHAVIOUR = "behaviour"


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure the gateway beside nginx.")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which medians are shown (default 3)")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each scenario and proxy in a round (default 3)")
    parser.add_argument("--turns", type=int, default=3, help="into which those are divided, by turns (default 3)")
    parser.add_argument("--quick", action="store_true", help="one round of one second each")
    parser.add_argument(
        "--scenario",
        action="append",
        default=[],
        choices=[*(scenario.name for scenario in SCENARIOS), BEHAVIOUR],
        metavar="NAME",
        help="only this one; may be given more than once: " + ", ".join([*(s.name for s in SCENARIOS), BEHAVIOUR]),
    )
    parser.add_argument("--peers", action="store_true", help="measure other gateways, too: " + ", ".join(PEERS))
    parser.add_argument(
        "--peer", action="append", default=[], choices=list(PEERS), help="only this one; may be given more than once"
    )
    parser.add_argument(
        "--sign-ins", action="store_true", help="streams beside 50 people who sign in, and nothing else"
    )
    parser.add_argument("--usage", action="store_true", help="100,000 calls, and whether usage adds up; nothing else")
    parser.add_argument("--leak", action="store_true", help="300,000 requests, and whether memory stays; nothing else")
    parser.add_argument("--instructions", action="store_true", help="what a call costs against bench/limits.toml, only")
    parser.add_argument("--method", choices=METHODS, help="of --instructions; by itself, the best that works")
    parser.add_argument("--record", action="store_true", help="make what --instructions found the new limits")
    parser.add_argument("--first", action="store_true", help="run before the machine's other work (root only)")
    parser.add_argument("--pages", action="store_true", help="put figures into README.md and docs/performance.md")
    parser.add_argument("--from", dest="earlier", type=Path, metavar="FILE", help="print the results of an earlier run")
    options = parser.parse_args(arguments)
    if options.quick:
        options.rounds, options.turns, options.seconds = 1, 1, 1.0
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
        if options.leak:
            return show_leak(options)
        if options.earlier is not None:
            results = load_results(options.earlier)
        else:
            results = measure(read_plan(options))
            print(f"Raw results: {os.path.relpath(results.save())}\n", file=sys.stderr)
    except CannotRun as reason:
        print(reason, file=sys.stderr)
        return 1
    print(report(results))
    if options.pages and not results.faults():
        written = ", ".join(os.path.relpath(page) for page in publish(results))
        print(f"\nFigures written into: {written}", file=sys.stderr)
    return 1 if results.faults() else 0


def show_usage(options: argparse.Namespace) -> int:
    """Make many calls and see whether usage adds up; 1 when it does not."""
    with tempfile.TemporaryDirectory(prefix="bodhi-bench-") as folder:
        return 0 if measure_usage(Path(folder), 2_000 if options.quick else CALLS) else 1


def show_leak(options: argparse.Namespace) -> int:
    """Make very many requests and see whether memory grows; 1 when it does."""
    with tempfile.TemporaryDirectory(prefix="bodhi-bench-") as folder:
        return 0 if measure_leak(Path(folder), quick=options.quick) else 1


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


def read_plan(options: argparse.Namespace) -> Plan:
    """Return what the options ask to be measured."""
    names = [name for name in options.scenario if name != BEHAVIOUR]
    peers = [name for name in PEERS if options.peers or name in options.peer]
    return Plan(
        scenarios=chosen(names, with_peers=bool(peers)) if names or not options.scenario else [],
        rounds=options.rounds,
        seconds=options.seconds,
        turns=options.turns,
        peers=peers,
        behaviour=not options.scenario or BEHAVIOUR in options.scenario,
        first=options.first,
    )


if __name__ == "__main__":
    sys.exit(main())
