"""Does memory grow? Very many requests of every kind against a real gateway, whose memory is read when all is quiet.

What is asked is `leak_calls`' part. What is left of a single call, in tasks and pools, the tests count.
"""

import asyncio
import contextlib
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import uvloop

from bench.cpu import PROC
from bench.leak_calls import (
    BAD_PREFIX,
    CLOSED_PREFIX,
    KINDS,
    NEW_MODEL,
    NEW_PATH,
    Client,
    Crew,
    Kind,
    ask_while_away,
    read_at_once,
    take_turn,
)
from bench.leak_upstream import bad_upstream
from bench.programs import CannotRun, build_programs
from bench.proxies import Proxy, run, set_up_gateway
from bench.topology import Cores, free_port, on_core
from bench.upstream import running_upstream
from bench.usage import summary
from bodhi.core.api_model import ApiModel
from bodhi.core.audit import Actor, Via
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.ids import new_id
from bodhi.home import open_home
from bodhi.identity.mint import Mint, Owner, TokenWish, mint_token
from bodhi.identity.tokens import TokenHasher
from bodhi.settings import read_settings
from bodhi.storage.api_models import insert_api_model
from bodhi.storage.users import User, find_user

REQUESTS, QUICK_REQUESTS = 300_000, 30_000
ROUNDS = 30
"""So often all is quiet, and memory is read."""
WARM_UP = 10
"""Rounds before the slope counts: caches fill up to their bounds, threads start, the allocator finds its size."""
FILLING = 2
"""Rounds in which most requests bring a new name, so that caches are full before memory is judged."""
OUTAGES = (5, 14, 23)
"""The rounds in which the store does not answer for a while. The first is part of the warm-up: a full queue is warm."""
OUTAGE_SECONDS = 8.0
CALLERS_WHILE_AWAY = 20
READERS_AT_ONCE = 64
"""More than the control API has threads."""
CLIENTS = 16
TOKENS, LIMITED_TOKENS = 150, 3
SETTLE_SECONDS = 40.0
STEADY_SECONDS = 3.0
NEVER = "9000-01-01T00:00:00Z"
"""A time since which nothing was called."""
READY = 200
LIMIT, QUICK_LIMIT = 0.5, 25.0
"""MB per 100,000 requests. A short run ends before the caches are full, so it only finds what grows fast."""
MB = 1_000_000


@dataclass(frozen=True)
class Sample:
    """What the gateway held at a quiet moment."""

    requests: int
    rss: int
    """Bytes."""
    anonymous: int
    """Bytes of it that belong to no file."""
    descriptors: int
    threads: int
    queued: int
    """Records that were neither written nor dropped, although there was time."""
    outage: bool = False


@dataclass
class Found:
    """What a run found."""

    samples: list[Sample] = field(default_factory=list)
    records: int = 0
    written: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def measured(self) -> list[Sample]:
        """The samples after the warm-up."""
        return self.samples[WARM_UP - 1 :]


@dataclass
class Site:
    """The gateway under test: its process, its home, and who asks it."""

    pid: int
    home: Path
    crew: Crew
    random: Random = field(default_factory=lambda: Random(1))

    def written(self) -> int:
        """Count the usage records in the store, without the gateway's help."""
        with contextlib.closing(sqlite3.connect(self.home / "usage.db", timeout=30)) as connection:
            return int(connection.execute("SELECT count(*) FROM usage_records").fetchone()[0])

    def dropped(self) -> dict[str, int]:
        """Ask the gateway which records it had to drop."""
        # Summing the calls themselves would fill page caches, the more the longer the run is: nothing is summed.
        found: dict[str, int] = summary(self.crew.address, 0, since=NEVER)["dropped"]
        return found


def slope(samples: Sequence[Sample]) -> float:
    """Return by how many MB memory grows with 100,000 requests: the line with the least squares."""
    if len(samples) < 2:
        return 0.0
    middle = sum(each.requests for each in samples) / len(samples)
    mean = sum(each.rss for each in samples) / len(samples)
    spread = sum((each.requests - middle) ** 2 for each in samples)
    together = sum((each.requests - middle) * (each.rss - mean) for each in samples)
    return together / spread * 100_000 / MB if spread else 0.0


def measure_leak(folder: Path, *, quick: bool = False) -> bool:
    """Make the requests, print what memory did, and tell whether it stayed."""
    requests, limit = (QUICK_REQUESTS, QUICK_LIMIT) if quick else (REQUESTS, LIMIT)
    cores = Cores.available()
    with on_core(cores.others), asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found, crew = runner.run(_search(folder, requests, cores))
    return show(found, crew, limit)


async def _search(folder: Path, requests: int, cores: Cores) -> tuple[Found, Crew]:
    home = folder / "bodhi"
    programs = build_programs()
    with running_upstream(programs.mock, cores.others) as upstream:
        async with bad_upstream() as bad_port:
            proxy = set_up_gateway(home, upstream, cores)
            tokens = await _furnish(home, {BAD_PREFIX: bad_port, CLOSED_PREFIX: free_port()})
            async with _running(proxy, home, tokens) as site:
                return await _all_rounds(site, requests), site.crew


async def _furnish(folder: Path, bad_ports: Mapping[str, int]) -> list[str]:
    """Put more api models and tokens into the store of the gateway, which does not run yet; return the tokens."""
    home = await open_home(read_settings({}, home=folder))
    try:
        async with home.store.write() as connection:
            user = await find_user(connection, "bench")
            if user is None:
                raise CannotRun("The gateway has no user to mint tokens for.")
            for prefix, port in bad_ports.items():
                await insert_api_model(connection, _api_model(prefix, port, user), None)
        mint = Mint(home.store, TokenHasher(home.vault.derive("token-mac/v1")), home.audit, SYSTEM_CLOCK)
        owner, actor = Owner(user.id, user.name, user.role), Actor(via=Via.HOST, user_name="bench")
        minted = []
        for number in range(TOKENS):
            models = ("*",) if number >= TOKENS - LIMITED_TOKENS else ()
            secret, _ = await mint_token(mint, actor, owner, TokenWish(name=f"bench-{number}", allowed_models=models))
            minted.append(secret.reveal())
        return minted
    finally:
        await home.close()


def _api_model(prefix: str, port: int, owner: User) -> ApiModel:
    now = SYSTEM_CLOCK.now()
    return ApiModel(
        id=new_id(SYSTEM_CLOCK),
        name=prefix,
        format="openai",
        base_url=f"http://127.0.0.1:{port}/v1",
        prefix=prefix,
        forward_all=True,
        models=(),
        extra_headers={},
        extra_body={},
        has_key=False,
        allow_private_network=True,
        owner_id=owner.id,
        created_at=now,
        updated_at=now,
    )


@contextlib.asynccontextmanager
async def _running(proxy: Proxy, home: Path, tokens: list[str]) -> AsyncIterator[Site]:
    running = await asyncio.to_thread(run, proxy)
    try:
        site = Site(running.program.pid, home, Crew(proxy.address, tokens, read_settings({}).max_body_bytes))
        site.crew.records = 1  # Of the call that showed that the gateway answers.
        yield site
    finally:
        await asyncio.to_thread(running.program.stop)


async def _all_rounds(site: Site, requests: int) -> Found:
    clients = [Client(site.crew) for _ in range(CLIENTS)]
    found, began = Found(), time.perf_counter()
    for number in range(1, ROUNDS + 1):
        outage = number in OUTAGES
        pattern = _pattern(site.random, requests * number // ROUNDS - site.crew.made.total(), filling=number <= FILLING)
        if number <= FILLING:
            await read_at_once(site.crew, READERS_AT_ONCE)
        if outage:
            await _through_outage(site, clients, pattern)
        else:
            await _take_turns(clients, pattern)
        sample = await _when_quiet(site, outage=outage)
        found.samples.append(sample)
        print(_line(sample, counts=number >= WARM_UP), file=sys.stderr)
    for client in clients:
        client.leave()
    found.seconds = time.perf_counter() - began
    found.records, found.written, found.dropped = site.crew.records, site.written(), site.dropped()
    return found


def _pattern(random: Random, requests: int, *, filling: bool) -> list[Kind]:
    """Choose what is asked in a round, in an order of its own that is the same in every run."""
    kinds = [NEW_MODEL] * 55 + [NEW_PATH] * 30 + list(KINDS) if filling else list(KINDS)
    weights = [1 if filling else kind.share for kind in kinds]
    pattern: list[Kind] = []
    while requests > 0:
        kind = random.choices(kinds, weights)[0]
        pattern.append(kind)
        requests -= kind.requests
    return pattern


async def _take_turns(clients: list[Client], pattern: list[Kind]) -> None:
    """Let the clients take turns until all is asked; each takes what is next as soon as it is ready."""
    rest = iter(pattern)

    async def work(client: Client) -> None:
        for kind in rest:
            await take_turn(client, kind)

    async with asyncio.TaskGroup() as group:
        for client in clients:
            group.create_task(work(client))


async def _through_outage(site: Site, clients: list[Client], pattern: list[Kind]) -> None:
    """Keep asking while another program holds both databases, as a stuck backup does."""
    async with asyncio.TaskGroup() as group:
        with _locked(site.home):
            group.create_task(ask_while_away(site.crew, CALLERS_WHILE_AWAY))
            over = time.perf_counter() + OUTAGE_SECONDS
            await _take_turns(clients, [kind for kind in pattern if not kind.needs_store])
            await asyncio.sleep(max(0.0, over - time.perf_counter()))
    await _until_ready(site)
    await _take_turns(clients, [kind for kind in pattern if kind.needs_store])


async def _until_ready(site: Site) -> None:
    """Wait until the gateway has noticed that the store answers: until then, 503 is the right answer to some."""
    client = Client(site.crew)
    deadline = time.perf_counter() + SETTLE_SECONDS
    while time.perf_counter() < deadline:
        await client.send(site.crew.get("/readyz"))
        if await client.answer() == READY:
            break
        await asyncio.sleep(0.05)
    client.leave()


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for name in ("bodhi.db", "usage.db"):
            held = sqlite3.connect(home / name, isolation_level=None, timeout=10)
            stack.enter_context(contextlib.closing(held))
            held.execute("BEGIN EXCLUSIVE")
        yield


async def _when_quiet(site: Site, *, outage: bool) -> Sample:
    """Wait until every record is written, or told to be dropped, and read what the process holds."""
    due = site.crew.records
    queued = due
    before, since = -1, time.perf_counter()
    deadline = since + SETTLE_SECONDS
    while queued and time.perf_counter() < deadline:
        written = site.written()
        queued = due - written
        if written != before:
            before, since = written, time.perf_counter()
        elif queued and time.perf_counter() - since > STEADY_SECONDS:
            # The gateway is asked only when there is a reason: to be asked is work, too.
            queued -= sum((await asyncio.to_thread(site.dropped)).values())
            since = time.perf_counter()
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)
    fields = _fields(PROC / str(site.pid) / "smaps_rollup")
    return Sample(
        requests=site.crew.made.total(),
        rss=fields["Rss"] * 1024,
        anonymous=fields["Anonymous"] * 1024,
        descriptors=len(list((PROC / str(site.pid) / "fd").iterdir())),
        threads=_fields(PROC / str(site.pid) / "status")["Threads"],
        queued=queued,
        outage=outage,
    )


def _fields(file: Path) -> dict[str, int]:
    """Read the numbers out of a file of `Name:  number kB` lines (proc(5))."""
    found = {}
    for line in file.read_text().splitlines():
        name, _, value = line.partition(":")
        words = value.split()
        if words and words[0].isdigit():
            found[name] = int(words[0])
    return found


def _line(sample: Sample, *, counts: bool) -> str:
    shown = f"{sample.requests:>9,} {sample.rss / MB:>8.2f} {sample.anonymous / MB:>10.2f}"
    counted = f"{sample.descriptors:>5} {sample.threads:>8} {sample.queued:>7}"
    remarks = ["" if counts else "warm-up", "store away meanwhile" if sample.outage else ""]
    return f"{shown} {counted}  {', '.join(filter(None, remarks))}".rstrip()


def show(found: Found, crew: Crew, limit: float) -> bool:
    """Print what was asked and what memory did, and tell whether it stayed within the limit and nothing was lost."""
    for name, count in crew.made.most_common():
        print(f"{count:>9,}  {name}")
    print(f"\n{crew.made.total():,} requests in {found.seconds:.0f} s, by {CLIENTS} clients\n")
    print(f"{'requests':>9} {'RSS (MB)':>8} {'not files':>10} {'files':>5} {'threads':>8} {'queued':>7}")
    for number, sample in enumerate(found.samples, 1):
        print(_line(sample, counts=number >= WARM_UP))
    for what, count in crew.unexpected.items():
        print(f"{count:>9,}  unexpectedly {what}")
    lost = found.records - found.written - sum(found.dropped.values())
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in found.dropped.items()) or "none"
    print(f"\nRecords: made {found.records:,}, written {found.written:,}, dropped {dropped}; unaccounted for {lost:,}.")
    growth = slope(found.measured)
    start, verdict = found.measured[0].requests, "stays" if growth <= limit else "GROWS"
    print(f"Memory {verdict}: {growth:+.2f} MB per 100,000 requests after the first {start:,}; at most {limit}.")
    return growth <= limit and not lost and not crew.unexpected
