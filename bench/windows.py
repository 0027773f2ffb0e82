"""One measured window: the load generator against one address, and what the proxy used meanwhile."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import cpu
from bench.calls import Address, new_body
from bench.programs import CannotRun
from bench.scenarios import Scenario
from bench.topology import Cores, on_core


class Latency(msgspec.Struct, frozen=True):
    """Percentiles in microseconds."""

    count: int
    p50: int
    p90: int
    p99: int
    max: int


class Load(msgspec.Struct, frozen=True):
    """What the load generator prints."""

    answers: int
    errors: int
    reconnects: int
    events: int
    bytes: int
    unasked: int
    latency: Latency
    event_delay: Latency


class Window(msgspec.Struct, frozen=True):
    """The outcome of one window; the direct runs have no proxy, so no CPU time.

    Idle is the proxy's core, or the average of its cores.
    """

    scenario: str
    proxy: str
    seconds: float
    load: Load
    cpu_seconds: float = 0.0
    idle_seconds: float = 0.0
    rss_bytes: int = 0


@dataclass(frozen=True)
class Gauge:
    """How windows are measured in this run."""

    load_program: Path
    cores: Cores
    folder: Path
    seconds: float
    warmup: float

    def measure(self, scenario: Scenario, address: Address, pid: int | None) -> Window:
        """Run the load generator for one window; `pid` is the proxy's process, None without a proxy."""
        body = self.folder / f"{scenario.name}.json"
        body.write_bytes(new_body(scenario.model, scenario.body_bytes, stream=scenario.streams))
        with on_core(*self.cores.of_others(scenario.workers)):
            load = subprocess.Popen(
                [str(self.load_program), *self._options(scenario, address), "--body", str(body)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert load.stderr is not None
        marks = {}
        for line in load.stderr:
            used = cpu.usage(pid) if pid is not None else cpu.Usage(0, 0)
            cores = self.cores.of_proxy(scenario.workers)
            marks[line.strip()] = used, sum(map(cpu.idle_seconds, cores)) / len(cores)
        printed, _ = load.communicate()
        if load.returncode != 0 or not {"start", "end"} <= marks.keys():
            raise CannotRun(f"The load generator failed against {address.name}: {', '.join(marks)}")
        (before, idle_before), (after, idle_after) = marks["start"], marks["end"]
        return Window(
            scenario=scenario.name,
            proxy=address.name,
            seconds=self.seconds,
            load=msgspec.json.decode(printed, type=Load),
            cpu_seconds=after.cpu_seconds - before.cpu_seconds,
            idle_seconds=idle_after - idle_before,
            rss_bytes=after.rss_bytes,
        )

    def _options(self, scenario: Scenario, address: Address) -> list[str]:
        options = {
            "--port": address.port,
            "--path": address.path,
            "--connections": scenario.connections,
            "--seconds": self.seconds,
            "--warmup": self.warmup,
            "--rate": scenario.rate,
        }
        headers = [("--header", f"{name}: {value}") for name, value in address.headers]
        return [str(word) for pair in (*options.items(), *headers) for word in pair]
