import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.server import refusals
from bodhi.server.refusals import HostList, check_target, read_host, write_refusal

GOOD_TARGETS = [
    b"/", b"/v1/models", b"/v1/models/org%2Fmodel", b"/v1/models/org%2fmodel%3Alatest", b"/v1/models/a/b:c",
    b"/v1beta/models/gemini-2.5-flash:generateContent?key=abc", b"/v1/models/gpt-4.1", b"/v1/x?y=../..",
    b"/v1/models/a..b", b"/v1/models/.hidden", b"/v1/models/...", b"/v1/models/x@1", b"/v1/models/%E4%B8%AD",
    b"/v1/x?include[]=a&b=%20", b"/v1/models/a%25b", b"/v1//x", b"/v1/models/a%2F%2Fb",
]  # fmt: skip
BAD_TARGETS = [
    b"", b"*", b"v1", b"//evil.com/x",
    b"http://evil.com/", b"evil.com:443", b"@evil.com/", b"/..", b"/../x", b"/a/../b",
    b"/a/..", b"/./x", b"/a/.", b"/%2e%2e/x", b"/%2E%2E/x", b"/.%2e/x", b"/%252e%252e/x", b"/a%2f..%2fb",
    b"/a%2F%2e%2e",
    b"/a%252f%252e%252e%252fb", b"/a\\b", b"/a%5cb", b"/a%5Cb", b"/a%255cb", b"/%00", b"/a%00b", b"/a%2500",
    b"/x?y=%00",
    b"/a%0d%0ab", b"/a%0Ab", b"/a%1fb", b"/a%7f", b"/a%250a", b"/a#b", b"/\xc3\xa4", b"/a b", b"/a\tb", b"/a\x01b",
    b"/%",
    b"/%zz", b"/a%2", b"/%2f/evil.com", b"/%2Fevil.com", b"/..;/x", b"/%2e%2e%3b/x", b"/x?y=\\", b"/x?\xff",
]  # fmt: skip


@pytest.mark.parametrize("target", GOOD_TARGETS)
def test_an_ordinary_target_passes(target: bytes) -> None:
    assert check_target(target) is None


@pytest.mark.parametrize("target", BAD_TARGETS)
def test_a_hostile_target_is_refused(target: bytes) -> None:
    assert check_target(target) is refusals.TARGET_REFUSED


@given(
    st.lists(st.sampled_from([b"a", b".", b"/", b"%2e", b"%252e", b"%2f", b"\\", b"%5c", b";", b"%2525"]), max_size=9)
)
def test_no_accepted_target_holds_a_dot_segment_after_any_number_of_decodings(parts: list[bytes]) -> None:
    target = b"/" + b"".join(parts)
    if check_target(target) is not None:
        return
    seen = target.lower()
    for _ in range(4):
        assert not {b".", b".."} & set(seen.replace(b"\\", b"/").split(b"/")[1:])
        assert b"\\" not in seen
        seen = seen.replace(b"%2e", b".").replace(b"%2f", b"/").replace(b"%5c", b"\\").replace(b"%25", b"%")


GOOD_HOSTS = [
    b"localhost", b"localhost:1135", b"LOCALHOST", b"LocalHost:80", b"localhost.", b"127.0.0.1", b"127.0.0.1:1135",
    b"[::1]", b"[::1]:1135", b"[0:0:0:0:0:0:0:1]", b"bodhi.localhost", b"a.b.localhost:1", b"gate.example.org",
    b"GATE.example.org:443", b"x.inner.example", b"x.y.inner.example:8080", b"[2001:db8::5]:9",
]  # fmt: skip
BAD_HOSTS = [
    b"", b" ", b"evil.com", b"evil.com:1135", b"localhost.evil.com", b"127.0.0.1.evil.com", b"127.0.0.2", b"127.1",
    b"0",
    b"0.0.0.0", b"2130706433", b"0x7f000001", b"0177.0.0.1", b"[::]", b"[::2]", b"::1", b"[::1", b"::1]", b"[::1]x",
    b"[::ffff:127.0.0.1]", b"localhost:", b"localhost:x", b"localhost:99999", b"localhost:80:80", b"user@localhost",
    b"localhost/admin", b"localhost?x", b"localhost#x", b"localhost,evil.com", b"localhost evil.com", b"http://localhost",
    b"xlocalhost", b"inner.example", b"evilinner.example", b"example.org", b"x.gate.example.org", b"..", b".localhost",
    b"a..localhost", b"\xc3\xa4.localhost", b"localhost\x00", b"[fe80::1%25eth0]", b"%6cocalhost", b"a" * 300,
]  # fmt: skip


@pytest.fixture
def hosts() -> HostList:
    return HostList(["gate.example.org", "*.inner.example", "[2001:db8::5]"])


@pytest.mark.parametrize("value", GOOD_HOSTS)
def test_an_own_host_is_served_on_any_port(hosts: HostList, value: bytes) -> None:
    assert hosts.allows(value)
    assert hosts.allows(value)


@pytest.mark.parametrize("value", BAD_HOSTS)
def test_a_foreign_or_malformed_host_is_not_served(hosts: HostList, value: bytes) -> None:
    assert not hosts.allows(value)


def test_a_star_takes_every_well_formed_host() -> None:
    hosts = HostList(["*"])
    assert hosts.allows(b"anything.example:9")
    assert not hosts.allows(b"user@anything.example")


@given(st.binary(max_size=40))
def test_reading_a_host_never_fails(value: bytes) -> None:
    name = read_host(value)
    assert name is None or name == name.lower()


def test_remembered_hosts_are_bounded() -> None:
    hosts = HostList(["*.example"])
    assert all(hosts.allows(b"n%d.example" % number) for number in range(1000))
    assert len(hosts._known) <= 256


def test_every_refusal_can_be_written() -> None:
    every = [value for value in vars(refusals).values() if isinstance(value, refusals.Refusal)]
    assert len(every) > 10
    for refusal in every:
        head, _, body = write_refusal(refusal).partition(b"\r\n\r\n")
        assert b"content-length: %d" % len(body) in head
        assert b"connection: close" in head
        assert refusal.code.encode() in body
