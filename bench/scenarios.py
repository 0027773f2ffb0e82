"""The scenarios as a table: one row is one kind of load."""

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Scenario:
    """One kind of load.

    `rate` is calls a second of an open loop; 0 is a closed loop. An `extra` scenario runs only when it is named. The
    scenarios that are `direct` also run without any proxy: as the mock's own limit, or as what latency is added to.
    `workers` is with how many workers the proxies are started.
    """

    name: str
    model: str
    body_bytes: int = KIB
    connections: int = 32
    rate: int = 0
    streams: bool = False
    direct: bool = False
    extra: bool = False
    workers: int = 1


SCENARIOS = (
    Scenario("json-1k", "json-1k", direct=True),
    Scenario("json-10k", "json-10k", body_bytes=10 * KIB, direct=True),
    Scenario("body-200k", "json-1k", body_bytes=200 * KIB, connections=16, direct=True),
    Scenario("sse-5ms-x50", "sse-5ms", connections=50, streams=True, direct=True),
    Scenario("sse-5ms-x200", "sse-5ms", connections=200, streams=True, direct=True),
    Scenario("rate-20", "json-1k", connections=64, rate=20, direct=True, extra=True),
    Scenario("rate-200", "json-1k", connections=64, rate=200, direct=True),
    Scenario("rate-1000", "json-1k", connections=64, rate=1000, direct=True),
    Scenario("two-workers", "json-1k", connections=64, direct=True, workers=2),
    Scenario("sse-0ms", "sse-0ms", connections=32, streams=True, extra=True),
)


WITH_PEERS = frozenset({"rate-20"})
"""Extra scenarios that run beside peers, some of which hold no higher rate."""


def chosen(names: list[str], *, with_peers: bool = False) -> list[Scenario]:
    """Return the scenarios of these names in the table's order; without names, all that are not extra."""
    if names:
        return [scenario for scenario in SCENARIOS if scenario.name in names]
    return [each for each in SCENARIOS if not each.extra or (with_peers and each.name in WITH_PEERS)]
