"""The scenarios as a table: one row is one kind of load."""

from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Scenario:
    """One kind of load.

    `rate` is calls a second of an open loop; 0 is a closed loop. An `extra` scenario runs only when it is named. The
    scenarios that are `direct` also run without any proxy: as the mock's own limit, or as what latency is added to.
    """

    name: str
    model: str
    body_bytes: int = KIB
    connections: int = 32
    rate: int = 0
    streams: bool = False
    direct: bool = False
    extra: bool = False


SCENARIOS = (
    Scenario("json-1k", "json-1k", direct=True),
    Scenario("json-10k", "json-10k", body_bytes=10 * KIB),
    Scenario("body-200k", "json-1k", body_bytes=200 * KIB, connections=16),
    Scenario("sse-5ms-x50", "sse-5ms", connections=50, streams=True, direct=True),
    Scenario("rate-200", "json-1k", connections=64, rate=200, direct=True),
    Scenario("rate-1000", "json-1k", connections=64, rate=1000, direct=True),
    Scenario("sse-5ms-x200", "sse-5ms", connections=200, streams=True, extra=True),
    Scenario("sse-0ms", "sse-0ms", connections=32, streams=True, extra=True),
)


def chosen(names: list[str]) -> list[Scenario]:
    """Return the scenarios of these names in the table's order; without names, all that are not extra."""
    return [scenario for scenario in SCENARIOS if (scenario.name in names if names else not scenario.extra)]
