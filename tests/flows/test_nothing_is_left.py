"""What ended leaves nothing behind: no task, object, connection, open file or queue entry, however it ended.

Whether memory grows over very many calls is `bench/leak.py`'s to measure.
"""

import asyncio
import gc
import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from bodhi.accounting.capture import Capture, Said
from bodhi.formats.taps import BodyTap, EventTap
from bodhi.proxy.inbound import Call
from bodhi.proxy.lane import Admission, LaneCall
from bodhi.relay.connection import Connection
from bodhi.relay.tap import DecodingTap
from bodhi.relay.upstream import UpstreamResponse
from bodhi.server.exchange import Exchange
from bodhi.server.protocol import GuardedProtocol
from bodhi.storage.policies import CapturePolicy, write_capture_policy
from tests.fakes.gateway import Gateway
from tests.fakes.puppet import Puppet, RawRequest, Reply, write_reply
from tests.fakes.raw_client import RawClient, write_request
from tests.fakes.waiting import eventually_in_thread

OF_A_CALL = (
    Exchange,
    Call,
    LaneCall,
    Admission,
    UpstreamResponse,
    EventTap,
    BodyTap,
    DecodingTap,
    Capture,
    Said,
    Connection,
    GuardedProtocol,
)
CALLS = 300
WITHIN = 20.0
JSON = (b"content-type", b"application/json")
EVENTS = (b"content-type", b"text/event-stream")
USAGE = b'{"usage":{"prompt_tokens":3,"completion_tokens":5}}'
EVENT = b'data: {"choices":[{"delta":{"content":"word"}}]}\n\n'
REPLIES = {
    "ok": write_reply(200, [JSON], [USAGE]),
    "streams": write_reply(200, [EVENTS], [EVENT] * 20 + [b"data: [DONE]\n\n"], "chunked"),
    "ends": write_reply(200, [EVENTS], [EVENT] * 5, "close"),
    "breaks": Reply((b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                     b"%x\r\n%s\r\n" % (len(EVENT), EVENT),), close=True),
    "cuts": Reply((b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",), close=True),
    "closes": Reply((), close=True),
    "garbles": Reply((b"220 mail.example.org ESMTP\r\n\r\n",), close=True),
    "refuses": write_reply(429, [JSON], [b'{"error":{"message":"Not now."}}']),
    "fails": write_reply(500, [JSON], [b'{"error":{"message":"Broken."}}']),
}  # fmt: skip


@dataclass
class Site:
    """A gateway, its provider, and what clients do to it."""

    gateway: Gateway
    home: Path
    random: Random

    def request(self, model: str, *, token: str | None = None) -> bytes:
        stream = model in ("streams", "ends", "breaks")
        body = json.dumps({"model": model, "stream": stream, "messages": []}).encode()
        return self.post(b"/v1/chat/completions", body, token=token)

    def post(self, target: bytes, body: bytes, *, token: str | None = None) -> bytes:
        shown = (token or self.gateway.token).encode()
        return write_request(self.gateway.port, b"POST", target, [(b"authorization", b"Bearer " + shown), JSON], body)

    def ask(self, request: bytes) -> None:
        """Ask, and read as much of an answer as comes."""
        with RawClient(self.gateway.port) as client:
            client.socket.sendall(request)
            self.read(client)

    def read(self, client: RawClient) -> None:
        try:
            client.answer()
        except ConnectionError:
            # Some answers end before their head does: nothing is asked of them but to be forgotten.
            return

    def model(self, *models: str) -> Callable[[], None]:
        return lambda: self.ask(self.request(self.random.choice(models)))

    def pipeline(self) -> None:
        with RawClient(self.gateway.port) as client:
            client.socket.sendall(b"".join(self.request(model) for model in ("ok", "streams", "fails", "ok")))
            for _ in range(4):
                self.read(client)

    def leave_in_request(self) -> None:
        request = self.request(self.random.choice(("ok", "streams")))
        with RawClient(self.gateway.port) as client:
            client.socket.sendall(request[: self.random.randrange(1, len(request))])

    def leave_in_answer(self) -> None:
        with RawClient(self.gateway.port) as client:
            client.socket.sendall(self.request(self.random.choice(("ok", "streams", "ends", "breaks"))))
            client.socket.recv(self.random.randrange(1, 2_000))

    def leave_at_once(self) -> None:
        with RawClient(self.gateway.port) as client:
            client.socket.sendall(self.request("streams") * self.random.randrange(1, 4))
            # Unread bytes and no linger make it a reset, the rudest way to leave.
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    def be_refused(self) -> None:
        port = self.gateway.port
        large = write_request(port, b"POST", b"/v1/chat/completions", [(b"content-length", b"999999999999")], None)
        self.ask(
            self.random.choice(
                (
                    self.request("nobody-has-this"),
                    self.request("ok", token="sk-nonsense"),
                    self.post(b"/v1/chat/completions", b'{"model": "ok", "messages": [}'),
                    self.post(b"/v1/nothing/here", b"{}"),
                    large,
                    write_request(port, b"GET", b"/v1/models", [(b"x-large", b"x" * 40_000)], None),
                    write_request(port, b"GET", b"/v1/models", [(b"host", b"elsewhere.example")], None),
                    b"NO HTTP AT ALL\r\n\r\n",
                )
            )
        )

    def read_control(self) -> None:
        target = self.random.choice((b"/livez", b"/readyz", b"/bodhi/v1/api-models", b"/v1/models"))
        self.ask(
            write_request(
                self.gateway.port, b"GET", target, [(b"authorization", b"Bearer " + self.gateway.token.encode())], None
            )
        )

    def kinds(self) -> list[Callable[[], None]]:
        """Return all that is done to a gateway here, but for `leave_at_once`."""
        return [
            self.model("ok"),
            self.model("streams", "ends"),
            self.model("breaks", "cuts", "closes", "garbles"),
            self.model("refuses", "fails"),
            self.model("closed/any"),
            self.pipeline,
            self.leave_in_request,
            self.leave_in_answer,
            self.be_refused,
            self.read_control,
        ]

    def round(self, *more: Callable[[], None]) -> None:
        """Do a few hundred things in an order of their own, the same in every run."""
        kinds = (*self.kinds(), *more)
        for _ in range(CALLS):
            self.random.choice(kinds)()

    def settle(self) -> None:
        """Wait until all is over, and close the connections that are kept for later calls."""
        server = self.gateway.server
        eventually_in_thread(lambda: self.gateway.do(self._is_quiet()), WITHIN)
        eventually_in_thread(lambda: not server.recorder.queued and not server.captures.queued, WITHIN)
        self.gateway.do(self._close_idle())
        eventually_in_thread(lambda: not sum(objects().values()), WITHIN)

    async def _is_quiet(self) -> bool:
        pools = self.gateway.server.upstream._pools.values()
        return all(not (pool.in_use or pool.busy or pool._waiting) for pool in pools)

    async def _close_idle(self) -> None:
        for pool in self.gateway.server.upstream._pools.values():
            assert pool.idle <= self.gateway.settings.max_connections
            pool.prune(float("inf"))

    async def _count_tasks(self) -> Counter[str]:
        here = asyncio.current_task()
        return Counter(str(task.get_coro()).split(" at ")[0] for task in asyncio.all_tasks() if task is not here)

    def tasks(self) -> Counter[str]:
        return self.gateway.do(self._count_tasks())

    def descriptors(self) -> int:
        """Count what is open, but for the files of the store, which keeps connections of its own."""
        found = 0
        for each in Path("/proc/self/fd").iterdir():
            try:
                found += not str(each.readlink()).startswith(str(self.home))
            except FileNotFoundError:
                continue
        return found


def objects() -> dict[str, int]:
    """Count the objects of calls that are alive, and no garbage."""
    gc.collect()
    return objects_with_garbage()


def objects_with_garbage() -> dict[str, int]:
    """Count the objects of calls that take memory."""
    found = Counter(type(each) for each in gc.get_objects() if type(each) in OF_A_CALL)
    return {each.__name__: found[each] for each in OF_A_CALL}


def reply_to(request: RawRequest) -> Reply:
    model = json.loads(request.body)["model"]
    return REPLIES[model]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def capture_all(gateway: Gateway) -> None:
    async with gateway.server.home.store.write() as connection:
        await write_capture_policy(connection, CapturePolicy(enabled=True))
    await gateway.server.directory.reload()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    with Puppet() as puppet, Gateway(home, lane=has_lane) as gateway:
        puppet.replier = reply_to
        gateway.add_api_model("openai", f"{puppet.url}/v1", key="sk-left", models=tuple(REPLIES))
        gateway.add_api_model("openai", f"http://127.0.0.1:{closed_port()}/v1", prefix="closed/", forward_all=True)
        gateway.do(capture_all(gateway))
        site = Site(gateway, home, Random(7))
        site.round(site.leave_at_once)
        site.settle()
        yield site


def test_calls_ended_in_every_way(site: Site) -> None:
    records = site.gateway.records()

    assert {200, 400, 401, 404, 429, 499, 500, 502} <= {record.status for record in records}
    assert {None, "client_left"} < {record.error for record in records}


def test_no_object_task_or_open_file_is_left_of_calls_that_ended(site: Site) -> None:
    descriptors, tasks = site.descriptors(), site.tasks()

    site.round(site.leave_at_once)
    site.settle()

    assert objects() == dict.fromkeys((each.__name__ for each in OF_A_CALL), 0)
    eventually_in_thread(lambda: site.descriptors() <= descriptors, WITHIN)
    eventually_in_thread(lambda: site.tasks() <= tasks, WITHIN)


def test_nothing_of_a_call_waits_for_the_collector(site: Site) -> None:
    # But for who leaves in the moment of connecting: that connection is then in a cycle with the event loop's own.
    site.settle()
    gc.disable()
    try:
        site.round()
        eventually_in_thread(lambda: site.gateway.do(site._is_quiet()), WITHIN)
        site.gateway.do(site._close_idle())
        eventually_in_thread(lambda: not sum(objects_with_garbage().values()), WITHIN)
    finally:
        gc.enable()


def test_no_queue_keeps_anything_once_all_is_written(site: Site) -> None:
    site.round(site.leave_at_once)
    site.settle()
    server = site.gateway.server
    site.gateway.do(server.refusals.flush())

    assert (server.recorder.queued, server.captures.queued, server.refusals.waiting) == (0, 0, 0)
    assert server.captures.held == 0
    assert not +server.recorder.dropped
    assert not +server.captures.dropped


def test_no_connection_to_the_provider_is_left_in_use(site: Site) -> None:
    site.round(site.leave_at_once)
    site.settle()

    assert [pool.in_use for pool in site.gateway.server.upstream._pools.values() if not pool.is_empty] == []


def test_calls_under_way_are_seen_by_these_tests(site: Site) -> None:
    with RawClient(site.gateway.port) as client:
        client.socket.sendall(site.request("ok")[:-1])
        eventually_in_thread(lambda: objects()["GuardedProtocol"] == 1)
        eventually_in_thread(lambda: objects()["Exchange"] == 1)
    site.settle()
