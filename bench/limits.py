"""What a call may cost: the recorded figures in `limits.toml`, the verdict on new ones, and how they are recorded.

How the figures are measured is in `instructions.py`.
"""

import json
import platform
import sysconfig
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

FILE = Path(__file__).parent / "limits.toml"
MethodName = Literal["hardware", "callgrind", "cpu"]
"""In the order in which they are tried. Valgrind's processor lacks some instructions, so counts differ a little."""
ROOM: dict[MethodName, float] = {"hardware": 1.35, "callgrind": 1.35, "cpu": 1.8}
"""How much a cost may grow before the alarm. CPU time differs by half between two runs on a busy machine."""
WON = 0.75
"""A cost below this share of its record asks to be recorded anew: what was won would be lost again unnoticed."""
ROOM_OF_ANOTHER_BUILD = 1.15
"""How much more it may differ under a Python that is not the one of the record."""

SAYS: dict[MethodName, str] = {
    "hardware": "Instructions in user space, counted by the processor, in rounds of bench/calibration.py.",
    "callgrind": "Instructions in user space, counted by callgrind, in rounds of bench/calibration.py.",
    "cpu": "CPU time in user and kernel space, in multiples of nginx's in the same run.",
}

HEADING = """\
# What a call may cost before `make regression` fails. Written by `make regression ARGS=--record`: record a new value
# only for a change that is worth it, and say in the commit what it buys.
"""


class Limit(msgspec.Struct, frozen=True):
    """One cost: what it was when it was recorded, and above what it is too much."""

    recorded: float
    alarm: float


class Record(msgspec.Struct, frozen=True):
    """The costs by one method, and the Python they were recorded with."""

    build: str
    limits: dict[str, Limit]


Limits = dict[MethodName, Record]


@dataclass(frozen=True)
class Verdict:
    """What is to be said of one measured cost. Without a limit there is nothing to compare with."""

    name: str
    measured: float
    limit: Limit | None

    @property
    def is_good(self) -> bool:
        """Tell whether the cost is recorded and within its limit."""
        return self.limit is not None and self.measured <= self.limit.alarm

    @property
    def text(self) -> str:
        """Return the verdict in a word or a few."""
        if self.limit is None:
            return "NOT RECORDED"
        grown = self.measured / self.limit.recorded - 1
        if not self.is_good:
            return f"GREW {grown:+.0%}"
        return f"record it: {grown:+.0%}" if grown < WON - 1 else f"ok, {grown:+.0%}"


def this_build() -> str:
    """Describe what decides how many instructions a Python needs: version, compiler, optimization, architecture."""
    configured = str(sysconfig.get_config_var("CONFIG_ARGS") or "")
    optimized = "optimized" if "--enable-optimizations" in configured else "not optimized"
    version = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{version}, {platform.python_compiler()}, {optimized}, {platform.machine()}"


def judge(measured: dict[str, float], record: Record | None, build: str) -> list[Verdict]:
    """Compare what was measured with what was recorded; another build gets more room."""
    if record is None:
        return [Verdict(name, value, None) for name, value in measured.items()]
    more = 1.0 if record.build == build else ROOM_OF_ANOTHER_BUILD
    limits = {name: Limit(limit.recorded, limit.alarm * more) for name, limit in record.limits.items()}
    return [Verdict(name, value, limits.get(name)) for name, value in measured.items()]


def read_limits(file: Path = FILE) -> Limits:
    """Read what was recorded; nothing when there is no file."""
    if not file.exists():
        return {}
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), type=Limits)


def record(method: MethodName, measured: dict[str, float], build: str, file: Path = FILE) -> None:
    """Make what was measured the new record of its method, and leave the others as they are."""
    limits = {name: Limit(round(value, 2), round(value * ROOM[method], 2)) for name, value in measured.items()}
    records: Limits = {**read_limits(file), method: Record(build, limits)}
    file.write_text(write_limits(records), encoding="utf-8")


def write_limits(records: Limits) -> str:
    """Return the text of the file."""
    lines = [HEADING]
    for method, says in SAYS.items():
        kept = records.get(method)
        if kept is None:
            continue
        lines += [f"# {says}", f"[{method}]", f"build = {json.dumps(kept.build)}", f"[{method}.limits]"]
        lines += [
            f"{name} = {{ recorded = {limit.recorded}, alarm = {limit.alarm} }}" for name, limit in kept.limits.items()
        ]
        lines.append("")
    return "\n".join(lines)
