"""Requests for hosts that Bodhi does not serve, as after DNS rebinding: refused on the wire, and told in the trail."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from bodhi.storage.tables import audit_log
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawClient, ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import OPENAI

FOREIGN = [
    b"evil.example", b"evil.example:1135", b"EVIL.example", b"evil.example.", b"www.evil.example", b"xn--bcher-kva.example",
    b"localhost.evil.example", b"127.0.0.1.evil.example", b"127.0.0.1.nip.io", b"7f000001.evil.example",
    b"a.localhost.evil.example", b"xlocalhost", b"localhos", b"localhostx", b"local-host", b"localhost.localdomain",
    b"inner.example", b"x.gate.example.org", b"gate.example.orgx", b"xgate.example.org", b"example.org", b"org",
    b"127.0.0.2", b"127.1", b"0", b"0.0.0.0", b"2130706433", b"0x7f000001", b"0177.0.0.1", b"127.0.0.1.1", b"10.0.0.1",
    b"192.168.1.1", b"169.254.169.254", b"[::]", b"[::2]", b"[::ffff:127.0.0.1]", b"[::ffff:7f00:1]", b"[fe80::1]",
    b"[2001:db8::1]", b"metadata.google.internal", b"host.docker.internal", b"_.example",
]  # fmt: skip
MALFORMED = [
    b"", b"user@localhost", b"user:secret@localhost:1135", b"localhost@evil.example", b"localhost/admin", b"localhost?x",
    b"localhost#x", b"localhost,evil.example", b"localhost evil.example", b"http://localhost", b"//localhost",
    b"localhost:", b"localhost:x", b"localhost:99999", b"localhost:80:80", b"localhost:-1", b"[::1", b"::1]", b"[::1]x",
    b"::1", b"[::1%25lo]", b"[]", b"..", b".localhost", b"a..localhost", b"%6cocalhost", b"\xc3\xa4.localhost",
    b"loc\xadalhost", b"localhost\\", b"*", b"*.localhost", b"'localhost'", b'"localhost"', b"<localhost>", b"a" * 300,
]  # fmt: skip
TARGETS = (b"/bodhi/v1/session", b"/v1/models", b"/ui/", b"/livez")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("home"), allowed_hosts=("gate.example.org",), lane=has_lane) as gateway:
        yield gateway


def told(gateway: Gateway) -> list[tuple[object, ...]]:
    """Return what the audit trail says of refused hosts."""

    async def read() -> list[tuple[object, ...]]:
        await gateway.server.refusals.flush()
        columns = audit_log.c.outcome, audit_log.c.reason, audit_log.c.address, audit_log.c.count
        query = select(*columns).where(audit_log.c.action == "host.refused").order_by(audit_log.c.seq)
        async with gateway.server.home.store.read() as connection:
            return [tuple(row) for row in await connection.execute(query)]

    return gateway.do(read())


def test_there_are_enough_hosts_to_refuse() -> None:
    assert len(set(FOREIGN + MALFORMED)) >= 60


@pytest.mark.parametrize("host", [*FOREIGN, *MALFORMED], ids=repr)
def test_a_host_that_is_not_served_reaches_nothing_and_is_told(gateway: Gateway, host: bytes) -> None:
    known = len(told(gateway))
    cookie = b"bodhi_session=" + gateway.open_session().encode()
    credentials = [(b"host", host), (b"cookie", cookie), OPENAI.credential(gateway.token)]
    status, code = (421, b"host_not_allowed") if host in FOREIGN else (400, b"host_malformed")
    for target in TARGETS:
        answer = ask(gateway.port, b"GET", target, credentials)
        assert (answer.status, answer.header(b"x-bodhi-error")) == (status, code)
        assert answer.complete
        assert not answer.all(b"set-cookie")
    rows = told(gateway)[known:]
    assert {row[:3] for row in rows} == {("refused", code.decode(), "127.0.0.1")}
    assert sum(int(str(row[3])) for row in rows) == len(TARGETS)


@pytest.mark.parametrize("count", [0, 2])
def test_no_host_or_two_are_refused_and_told(gateway: Gateway, count: int) -> None:
    known = len(told(gateway))
    with RawClient(gateway.port) as client:
        client.socket.sendall(b"GET /livez HTTP/1.1\r\n" + b"host: localhost\r\n" * count + b"\r\n")
        assert client.answer().status == 400
    assert told(gateway)[known:] == [("refused", "host_count", "127.0.0.1", 1)]


@pytest.mark.parametrize("host", [b"localhost\x00", b"local\x01host", b"localhost\x7f"], ids=repr)
def test_what_is_no_http_at_all_is_refused_before(gateway: Gateway, host: bytes) -> None:
    assert ask(gateway.port, b"GET", b"/livez", [(b"host", host)]).status == 400


@pytest.mark.parametrize(
    "host",
    [
        b"localhost",
        b"LOCALHOST:1",
        b"127.0.0.1",
        b"[::1]:80",
        b"app.localhost",
        b"gate.example.org",
        b"localhost.",
        b"127.0.0.1.",
    ],
)
def test_an_own_host_is_served(gateway: Gateway, host: bytes) -> None:
    known = len(told(gateway))
    assert ask(gateway.port, b"GET", b"/livez", [(b"host", host)]).status == 200
    assert len(told(gateway)) == known


def test_a_flood_of_refused_hosts_is_one_row_and_slows_nobody(
    gateway: Gateway, upstream_thread: UpstreamThread
) -> None:
    known = len(told(gateway))
    for number in range(200):
        assert ask(gateway.port, b"GET", b"/livez", [(b"host", b"n%d.evil.example" % number)]).status == 421
    rows = told(gateway)[known:]
    assert sum(int(str(row[3])) for row in rows) == 200
    assert len(rows) <= 3
    assert ask(gateway.port, b"GET", b"/livez").status == 200
