"""The command: fuzz each side for a while, print what was done, exit 1 after a crash or hang. `--help` lists the options.

Inputs that reached something new are kept in build/fuzz, so that the next run goes on from there.
"""

import argparse
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fuzz.seeds import SEEDS, write_seeds, write_words

ROOT = Path(__file__).resolve().parents[1]
KEPT = ROOT / "build" / "fuzz"
SECONDS = 600
SECONDS_PER_INPUT = 10
MEGABYTES = 2048


@dataclass(frozen=True, slots=True)
class Result:
    """What a run of one side came to."""

    side: str
    executions: int
    coverage: int
    inputs: int
    status: int
    found: tuple[Path, ...]
    end: str


def read_options(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Fuzz both HTTP sides, and what reads bodies.")
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"for each side (default {SECONDS})")
    parser.add_argument(
        "--side", action="append", default=[], choices=list(SEEDS), help="only this one; may be repeated"
    )
    parser.add_argument(
        "--input", type=Path, help="only run this one input, of the one --side, and show what it breaks"
    )
    return parser.parse_args(arguments)


def fuzz(side: str, seconds: int) -> Result:
    """Fuzz one side in a process of its own."""
    corpus, found = KEPT / side / "corpus", KEPT / side / "found"
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    before = set(found.iterdir())
    write_seeds(side, KEPT / side / "seeds")
    write_words(side, KEPT / side / "words")
    options = [
        f"-max_total_time={seconds}", f"-timeout={SECONDS_PER_INPUT}", f"-rss_limit_mb={MEGABYTES}", "-max_len=4096",
        f"-dict={KEPT / side / 'words'}", f"-artifact_prefix={found}/", "-print_final_stats=1",
        str(corpus), str(KEPT / side / "seeds"),
    ]  # fmt: skip
    command = [sys.executable, "-m", "fuzz.guided", side, *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    told = done.stdout + done.stderr
    (KEPT / side / "log").write_text(told, encoding="utf-8")
    return Result(
        side=side,
        executions=_last(r"stat::number_of_executed_units: *(\d+)", told) or _last(r"(?m)^#(\d+)\t", told),
        coverage=_last(r"\bcov: (\d+)", told),
        inputs=len(list(corpus.iterdir())),
        status=done.returncode,
        found=tuple(sorted(set(found.iterdir()) - before)),
        end=_reason(told),
    )


def _reason(told: str) -> str:
    """Cut out of libFuzzer's lines what says why it ended."""
    fault = re.search(r"=== Uncaught Python exception.*?(?=\n\n|\nINFO: )", told, re.DOTALL)
    error = re.search(r"==[0-9]+== ERROR: .*", told, re.DOTALL)
    return "\n".join(found.group()[:3000] for found in (fault, error) if found) or told[-3000:]


def _last(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def show(result: Result) -> bool:
    """Print a result and say whether it is good."""
    good = result.status == 0 and not result.found
    print(
        f"{result.side:9} {result.executions:>9,} inputs tried, {result.coverage:,} places of the code reached,"
        f" {result.inputs:,} inputs kept: {'nothing found' if good else 'FAILED'}",
        flush=True,
    )
    if not good:
        print(result.end)
        for file in result.found:
            print(f"Again: python -m fuzz --side {result.side} --input {file}")
    return good


def main() -> int:
    """Do what the command line asks and return the exit status."""
    options = read_options()
    sides: list[str] = options.side or list(SEEDS)
    if options.input is not None:
        return subprocess.run(
            [sys.executable, "-m", "fuzz.guided", sides[0], str(options.input)], cwd=ROOT, check=False
        ).returncode
    results = [show(fuzz(side, options.seconds)) for side in sides]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
