"""Does usage add up? 100,000 real calls with every outcome, and what the gateway says of them afterwards.

What is expected comes from what the clients did and saw, never from a record.
"""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from bench.calls import MODEL_PREFIX, Address, new_body
from bench.programs import CannotRun, build_programs
from bench.proxies import Proxy, run, set_up_gateway
from bench.topology import Cores, Program
from bench.upstream import running_upstream

CALLS = 100_000
CLIENTS = 8
SETTLE_SECONDS = 20.0
INPUT, OUTPUT = 11, 99
"""What the mock reports for each completion."""
COST_NANO = INPUT * 3_000 + OUTPUT * 12_000
"""At 3 and 12 dollars for a million tokens, as the list has it for PRICED."""
PRICED = "computer-use/"
PASSWORD = "a long password of the bench"


@dataclass(frozen=True)
class Kind:
    """A kind of call, and what becomes of it."""

    name: str
    model: str
    status: int
    counted: bool = False
    priced: bool = False
    streams: bool = False
    leaves: bool = False
    token: str | None = None


KINDS: tuple[tuple[Kind, int], ...] = (
    (Kind("answered, priced", f"{PRICED}json-1k", 200, counted=True, priced=True), 40),
    (Kind("answered, without a price", "json-1k", 200, counted=True), 20),
    (Kind("streamed, priced", f"{PRICED}sse-0ms", 200, counted=True, priced=True, streams=True), 10),
    (Kind("left by the client", "sse-endless", 200, streams=True, leaves=True), 2),
    (Kind("refused by the provider", "nobody-has-this", 404), 10),
    (Kind("token unknown", "json-1k", 401, token="bodhi_t_unknown"), 10),
    (Kind("model unknown", "/json-1k", 404), 8),
)
"""Each kind, and how many of a hundred calls are of it."""


@dataclass
class Made:
    """What the clients did."""

    kinds: Counter[Kind] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def expected(self) -> dict[str, int]:
        """Return what the sums must be."""
        counted = sum(count for kind, count in self.kinds.items() if kind.counted)
        priced = sum(count for kind, count in self.kinds.items() if kind.priced)
        made = self.kinds.total()
        return {
            "count": made,
            "input_tokens": counted * INPUT,
            "output_tokens": counted * OUTPUT,
            "cost_nano": priced * COST_NANO,
            "unpriced": made - priced,
        }


def measure_usage(folder: Path, calls: int = CALLS) -> bool:
    """Make the calls, print what was made and what was recorded, and tell whether both are the same."""
    programs, cores = build_programs(), Cores.available()
    with running_upstream(programs.mock, cores.others) as upstream:
        proxy = set_up_gateway(folder / "bodhi", upstream, cores)
        environment = {"BODHI_HOME": str(folder / "bodhi"), "BODHI_PORT": str(proxy.address.port)}
        command = [sys.executable, "-m", "bench.priced"]
        log = folder / "output.log"
        running = run(Proxy(proxy.address, lambda: Program(command, cores.proxy, log, environment)))
        try:
            before = summary(proxy.address, 1)
            made = make_calls(proxy.address, calls)
            found = summary(proxy.address, before["total"]["count"] + calls)
        finally:
            running.program.stop()
    return show(made, before, found)


def make_calls(address: Address, calls: int) -> Made:
    """Let several clients make calls at a time, each on a connection that it keeps."""
    pattern = [kind for kind, share in KINDS for _ in range(share)]
    Random(1).shuffle(pattern)
    made = [Made() for _ in range(CLIENTS)]
    threads = [
        threading.Thread(target=_client, args=(address, pattern, range(number, calls, CLIENTS), made[number]))
        for number in range(CLIENTS)
    ]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = Made(seconds=time.perf_counter() - started)
    for each in made:
        together.kinds += each.kinds
        together.unexpected += each.unexpected
    return together


def _client(address: Address, pattern: list[Kind], turns: range, made: Made) -> None:
    bodies = {kind: _body(kind) for kind, _ in KINDS}
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=30)
    for turn in turns:
        kind = pattern[turn % len(pattern)]
        headers = dict(address.headers)
        if kind.token is not None:
            headers["Authorization"] = f"Bearer {kind.token}"
        connection.request("POST", address.path, bodies[kind], headers)
        answer = connection.getresponse()
        if kind.leaves:
            answer.read(64)
            answer.close()
            connection.close()
        else:
            answer.read()
        made.kinds[kind] += 1
        if answer.status != kind.status:
            made.unexpected[f"{kind.name}: {answer.status}"] += 1


def _body(kind: Kind) -> bytes:
    body = new_body(kind.model, 600, stream=kind.streams)
    # A leading slash stands for a model without the api model's prefix.
    return body.replace(f"{MODEL_PREFIX}/".encode(), b"nowhere/", 1)


def summary(address: Address, count: int, *, since: str = "") -> dict[str, Any]:
    """Ask the gateway for its sums, as a person would, until it has recorded so many calls or a while is over.

    Args:
        address: where it answers.
        count: so many calls, of those that are summed.
        since: the oldest time that is summed (RFC 3339); empty for all.
    """
    opened = _ask(address, "POST", "/session", {"username": "bench", "password": PASSWORD, "bearer": True})
    session = next(value for value in _texts(opened) if value.startswith("bodhi_s_"))
    path = "/usage/summary?group_by=status" + (f"&since={since}" if since else "")
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        found = _ask(address, "GET", path, None, session)
        if found["total"]["count"] >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.25)


def _ask(address: Address, method: str, path: str, body: Any, session: str = "") -> dict[str, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {session}"} if session else {})
    connection.request(method, f"/bodhi/v1{path}", None if body is None else json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status not in (200, 201):
        raise CannotRun(f"{method} {path} was answered {answer.status}")
    document: dict[str, Any] = json.loads(text)
    return document


def _texts(document: dict[str, Any]) -> list[str]:
    return [value for value in document.values() if isinstance(value, str)]


def show(made: Made, before: dict[str, Any], found: dict[str, Any]) -> bool:
    """Print both sides, and tell whether they are the same."""
    for kind, count in sorted(made.kinds.items(), key=lambda each: -each[1]):
        print(f"{count:>9,}  {kind.name}")
    print(f"\n{made.kinds.total():,} calls in {made.seconds:.1f} s, by {CLIENTS} clients")
    dropped = sum(found["dropped"].values())
    lines = differences(made, before["total"], found["total"])
    for name, expected, recorded in lines:
        print(
            f"{name:>14}: made {expected:,}, recorded {recorded:,}: {'equal' if expected == recorded else 'NOT EQUAL'}"
        )
    print(f"{'dropped':>14}: {dropped:,}")
    for what, count in made.unexpected.items():
        print(f"{count:>9,}  unexpectedly {what}")
    return not made.unexpected and not dropped and all(expected == recorded for _, expected, recorded in lines)


def differences(made: Made, before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Return each sum by name: what it must have grown by, and what it has grown by."""
    expected = made.expected()
    return [(name, value, (after[name] or 0) - (before[name] or 0)) for name, value in expected.items()]
