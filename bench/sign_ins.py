"""Do sign-ins hold up streams? Streams run all the time, once alone and once beside 50 people who sign in at once.

A sign-in costs 64 MiB and a tenth of a second of a core, which is what makes guessing passwords expensive. Nobody who
waits for a completion may notice.
"""

import asyncio
import contextlib
import http.client
import json
import statistics
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.calls import Address
from bench.programs import CannotRun, build_programs
from bench.proxies import run, set_up_gateway
from bench.scenarios import Scenario
from bench.topology import Cores, on_core
from bench.upstream import running_upstream
from bench.windows import Gauge, Latency
from bodhi.core.credential import Secret
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.home import open_home
from bodhi.identity.passwords import Passwords
from bodhi.settings import read_settings
from bodhi.storage.users import User, insert_user

PEOPLE = 50
PAUSE = 2.0
PASSWORD = "correct zebra stapler of the bench"
STREAMS = Scenario("sign-ins", "sse-5ms", connections=8, streams=True)
ROUNDS = 5
SECONDS = 6.0
MOST = 2.0
"""The promise: beside the sign-ins a stream's p99 stays below so many times what it is alone."""
SETTINGS = {"BODHI_TRUSTED_PROXIES": "127.0.0.1"}
"""Fifty people do not share an address: each says their own, as a proxy in front would."""


@dataclass
class Crowd:
    """People who sign in all at once, and again as soon as they are in."""

    port: int
    served: Counter[str] = field(default_factory=Counter)
    refused: Counter[int] = field(default_factory=Counter)
    _leave: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def signing_in(self) -> Iterator[None]:
        """Let everybody try until they are in, over and over."""
        threads = [threading.Thread(target=self._person, args=(number,), daemon=True) for number in range(PEOPLE)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._leave.set()
            for thread in threads:
                thread.join()

    def _person(self, number: int) -> None:
        name = name_of(number)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = json.dumps({"username": name, "password": PASSWORD, "bearer": True})
        headers = {"content-type": "application/json", "x-forwarded-for": f"10.1.0.{number}"}
        while not self._leave.is_set():
            connection.request("POST", "/bodhi/v1/session", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 201:
                self.served[name] += 1
            else:
                self.refused[answer.status] += 1
            # Whoever is in makes room as long as whoever is refused: else the same few would get in again and again.
            self._leave.wait(float(answer.getheader("retry-after") or PAUSE))
        connection.close()


@dataclass
class Round:
    """The streams' figures of one round, alone and beside the crowd, and what became of the crowd."""

    alone: tuple[Latency, Latency]
    """Of whole streams, and of the events in them, in microseconds."""
    beside: tuple[Latency, Latency]
    served: int
    refused: dict[int, int]
    people: int
    """How many different people got in."""


def name_of(number: int) -> str:
    """Return the name of one of the people."""
    return f"person-{number}"


def measure_sign_ins(folder: Path, *, rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Round]:
    """Measure in turns, so that a noisy minute falls on both."""
    programs, cores = build_programs(), Cores.available()
    measured: list[Round] = []
    with on_core(cores.others), running_upstream(programs.mock, cores.others) as upstream:
        proxy = set_up_gateway(folder / "bodhi", upstream, cores, SETTINGS)
        asyncio.run(_add_people(folder / "bodhi"))
        running = run(proxy)
        try:
            gauge = Gauge(programs.load, cores, folder, seconds=seconds, warmup=1.0)
            for turn in range(rounds):
                alone = _window(gauge, proxy.address)
                crowd = Crowd(proxy.address.port)
                with crowd.signing_in():
                    beside = _window(gauge, proxy.address)
                served, people = crowd.served.total(), len(crowd.served)
                measured.append(Round(alone, beside, served, dict(crowd.refused), people))
                print(f"round {turn + 1}: {served} sign-ins served, refused {dict(crowd.refused)}", file=sys.stderr)
        finally:
            running.program.stop()
    return measured


async def _add_people(folder: Path) -> None:
    """Put the accounts into the store of the gateway, which does not run yet. One hash does for all."""
    home = await open_home(read_settings({}, home=folder))
    try:
        with contextlib.closing(Passwords()) as passwords:
            password_hash = await passwords.new_hash(Secret(PASSWORD))
        async with home.store.write() as connection:
            for number in range(PEOPLE):
                user = User(new_id(), name_of(number), Role.USER, password_hash, disabled=False, created_at=1.0)
                await insert_user(connection, user)
    finally:
        await home.close()


def _window(gauge: Gauge, address: Address) -> tuple[Latency, Latency]:
    load = gauge.measure(STREAMS, address, None).load
    if load.errors or not load.answers:
        raise CannotRun(f"{load.errors} streams failed, {load.answers} were whole")
    return load.latency, load.event_delay


def p99_ratio(measured: list[Round], which: int) -> float:
    """Return the median over the rounds of the ratio of p99: of whole streams (0), or of events (1)."""
    return statistics.median(each.beside[which].p99 / max(each.alone[which].p99, 1) for each in measured)


def sign_in_table(measured: list[Round]) -> str:
    """Write the figures down."""
    served = [each.served for each in measured]
    lines = [
        f"Streams beside {PEOPLE} people who sign in at once; {len(measured)} rounds, medians.",
        "",
        "| of 8 streams | alone p50 | p99 | beside sign-ins p50 | p99 | ratio of p99 |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for which, title in enumerate(("whole stream, 100 events", "delay of an event")):
        cells = [
            statistics.median(getattr(side[which], name) for side in sides) / 1000
            for sides in ([each.alone for each in measured], [each.beside for each in measured])
            for name in ("p50", "p99")
        ]
        shown = " | ".join(f"{cell:.2f} ms" for cell in cells)
        lines.append(f"| {title} | {shown} | {p99_ratio(measured, which):.2f} |")
    refused: Counter[int] = Counter()
    for each in measured:
        refused.update(each.refused)
    lines += ["", f"Sign-ins served in each round: {', '.join(map(str, served))}; refused for now: {dict(refused)}."]
    return "\n".join(lines)


def keeps_promise(measured: list[Round]) -> bool:
    """Tell whether a streamed call's p99 stayed below twice what it is alone."""
    return p99_ratio(measured, 0) < MOST
