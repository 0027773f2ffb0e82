"""What a program and everything it started have used: CPU time and memory, from /proc (see proc(5)).

Work that the kernel does for a packet on loopback is charged to its sender, alike for every program measured.
"""

import os
from dataclasses import dataclass
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """What a tree of processes has used since it was started, and what it holds now."""

    cpu_seconds: float
    rss_bytes: int


@dataclass(frozen=True)
class _Status:
    """The fields of /proc/PID/stat that count; children that were waited for are part of the CPU time."""

    parent: int
    cpu_seconds: float
    rss_bytes: int


def usage(root: int) -> Usage:
    """Return what the process `root` and its descendants have used."""
    statuses = _statuses()
    found = _tree(root, statuses)
    return Usage(
        cpu_seconds=sum(statuses[pid].cpu_seconds for pid in found),
        rss_bytes=sum(statuses[pid].rss_bytes for pid in found),
    )


def tree(root: int) -> set[int]:
    """Return the process `root` and its descendants that are running now."""
    return _tree(root, _statuses())


def idle_seconds(core: int) -> float:
    """Return how long a core has had nothing to do since the machine was started."""
    for line in (PROC / "stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return (int(ticks[3]) + int(ticks[4])) * TICK
    return 0.0


def _tree(root: int, statuses: dict[int, _Status]) -> set[int]:
    tree: set[int] = set()
    found = {root} & statuses.keys()
    while found:
        tree |= found
        found = {pid for pid, status in statuses.items() if status.parent in tree and pid not in tree}
    return tree


def _statuses() -> dict[int, _Status]:
    statuses = {}
    for folder in PROC.iterdir():
        if folder.name.isdigit():
            text = _read(folder / "stat")
            if text:
                statuses[int(folder.name)] = _parse(text)
    return statuses


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # The process ended between listing and reading.
        return ""


def _parse(text: str) -> _Status:
    # The second field, the program's name, may hold spaces and brackets: what follows its last bracket is regular.
    fields = text[text.rindex(")") + 2 :].split()
    return _Status(
        parent=int(fields[1]),
        cpu_seconds=sum(map(int, fields[11:15])) * TICK,
        rss_bytes=int(fields[21]) * PAGE,
    )
