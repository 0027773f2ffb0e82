"""Cookies, origins, media types and forwarded addresses, as bytes of a request."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.control.browser import MAX_HOPS, Browser, check_content_type, read_address
from bodhi.core.credential import Secret
from bodhi.core.errors import CrossSite, InvalidJson, SessionEnded

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("2001:db8:aa::/48"))
BEHIND = Browser(trusted_proxies=TRUSTED)
PLAIN = Browser()
SECURE = Browser("https://bodhi.example.org", secure=True)


def cookies(*lines: str) -> list[tuple[bytes, bytes]]:
    return [(b"cookie", line.encode()) for line in lines]


def test_a_cookie_is_for_this_site_and_no_script() -> None:
    assert PLAIN.session_cookie(Secret("s3cret"), 60.9) == (
        "bodhi_session=s3cret; Path=/; Max-Age=60; HttpOnly; SameSite=Strict"
    )
    assert SECURE.session_cookie(Secret("s3cret"), 60) == (
        "__Host-bodhi_session=s3cret; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
    )
    assert SECURE.ended_cookie() == "__Host-bodhi_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict; Secure"


def test_the_cookie_of_a_way_to_the_identity_provider_survives_the_way_back() -> None:
    assert "SameSite=Lax" in SECURE.flow_cookie(Secret("s3cret"), 60)
    assert SECURE.flow_of(cookies("__Host-bodhi_oidc=s3cret")) == b"s3cret"
    assert SECURE.flow_of(cookies("__Host-bodhi_oidc=s3cret; __Host-bodhi_oidc=other")) is None
    assert "Max-Age=0" in PLAIN.ended_flow_cookie()


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], None),
        ([""], None),
        (["a=b"], None),
        (["bodhi_session=x"], b"x"),
        (["a=b; bodhi_session=x;c"], b"x"),
        (["a=b;bodhi_session = x ;"], b"x"),
        (["a=b", "bodhi_session=x=="], b"x=="),
        (["Bodhi_Session=x; xbodhi_session=y; bodhi_sessionx=z; bodhi_session"], b""),
        (["__Host-bodhi_session=x"], None),
    ],
    ids=range(9),
)
def test_a_session_is_found_among_other_cookies(lines: list[str], found: bytes | None) -> None:
    if found == b"":
        with pytest.raises(SessionEnded):
            PLAIN.session_of(cookies(*lines))
    else:
        assert PLAIN.session_of(cookies(*lines)) == found


def test_over_https_a_cookie_without_its_prefix_is_not_looked_at() -> None:
    assert SECURE.session_of(cookies("bodhi_session=x")) is None
    assert SECURE.session_of(cookies("bodhi_session=x; __Host-bodhi_session=y")) == b"y"


@pytest.mark.parametrize(
    "lines",
    [
        ["bodhi_session=x; bodhi_session=y"],
        ["bodhi_session=x; bodhi_session=x"],
        ["bodhi_session=x", "bodhi_session=y"],
        ["bodhi_session="],
        ["bodhi_session=" + "x" * 257],
    ],
    ids=range(5),
)
def test_two_sessions_or_one_that_can_be_none_are_refused(lines: list[str]) -> None:
    with pytest.raises(SessionEnded):
        PLAIN.session_of(cookies(*lines))


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_no_cookie_line_confuses_the_reader(lines: list[bytes]) -> None:
    try:
        found = PLAIN.session_of([(b"cookie", line) for line in lines])
    except SessionEnded:
        found = b"refused"
    if found is not None:
        assert any(b"bodhi_session" in line for line in lines)


def page(*fields: tuple[str, str], host: str = "localhost:1135") -> list[tuple[bytes, bytes]]:
    return [(b"host", host.encode()), *((name.encode(), value.encode()) for name, value in fields)]


SITE, ORIGIN = "sec-fetch-site", "origin"


@pytest.mark.parametrize(
    ("browser", "method", "headers", "by_cookie", "passes"),
    [
        (PLAIN, "POST", page((ORIGIN, "http://localhost:1135")), True, True),
        (PLAIN, "POST", page((SITE, "same-origin")), True, True),
        (PLAIN, "POST", page((SITE, "same-origin"), (ORIGIN, "http://localhost:1135")), True, True),
        (PLAIN, "GET", page(), True, True),
        (PLAIN, "GET", page((SITE, "none")), True, True),
        (PLAIN, "POST", page(), False, True),
        (PLAIN, "POST", page(), True, False),
        (PLAIN, "DELETE", page(), True, False),
        (PLAIN, "POST", page((SITE, "none")), False, False),
        (PLAIN, "POST", page((SITE, "")), False, False),
        (PLAIN, "POST", page((SITE, "same-origin"), (SITE, "cross-site")), True, False),
        (PLAIN, "POST", page((SITE, "same-origin"), (ORIGIN, "http://localhost:3000")), True, False),
        (PLAIN, "POST", page((ORIGIN, "http://localhost:1135"), (ORIGIN, "http://evil.example")), True, False),
        (PLAIN, "POST", page((ORIGIN, "https://localhost:1135")), True, False),
        (PLAIN, "POST", page((ORIGIN, "http://localhost")), True, False),
        (PLAIN, "POST", page((ORIGIN, "http://localhost:1135.evil.example")), True, False),
        (PLAIN, "POST", page((ORIGIN, "http://localhost:1135/")), True, False),
        (PLAIN, "POST", page((ORIGIN, "null")), False, False),
        (PLAIN, "POST", page((ORIGIN, "")), False, False),
        (PLAIN, "GET", page((SITE, "cross-site")), False, False),
        (PLAIN, "GET", page((SITE, "same-site")), False, False),
        (PLAIN, "POST", page((ORIGIN, "http://localhost"), host="localhost:80"), True, True),
        (PLAIN, "POST", page((ORIGIN, "http://localhost"), host="LOCALHOST"), True, True),
        (PLAIN, "POST", page((ORIGIN, "http://[::1]:1135"), host="[::1]:1135"), True, True),
        (PLAIN, "POST", page((ORIGIN, "http://["), host="["), True, False),
        (SECURE, "POST", page((ORIGIN, "https://bodhi.example.org"), host="inner:8080"), True, True),
        (SECURE, "POST", page((ORIGIN, "http://bodhi.example.org"), host="bodhi.example.org"), True, False),
        (SECURE, "POST", page((ORIGIN, "https://bodhi.example.org:444")), True, False),
    ],
    ids=range(28),
)
def test_only_our_own_pages_may_change_something(
    browser: Browser, method: str, headers: list[tuple[bytes, bytes]], by_cookie: bool, passes: bool
) -> None:
    try:
        browser.check_page(method, headers, by_cookie=by_cookie)
        passed = True
    except CrossSite:
        passed = False
    assert passed is passes


@pytest.mark.parametrize(
    ("fields", "passes"),
    [
        ([], True),
        ([("content-length", "0")], True),
        ([("content-length", "0"), ("content-type", "text/plain")], True),
        ([("content-length", "2"), ("content-type", "application/json")], True),
        ([("content-length", "2"), ("content-type", "Application/JSON; charset=utf-8")], True),
        ([("transfer-encoding", "chunked"), ("content-type", "application/json")], True),
        ([("content-length", "2")], False),
        ([("transfer-encoding", "chunked")], False),
        ([("content-length", "2"), ("content-type", "text/plain")], False),
        ([("content-length", "10"), ("content-type", "application/x-www-form-urlencoded")], False),
        ([("content-length", "2"), ("content-type", "text/plain; application/json")], False),
        ([("content-length", "2"), ("content-type", "application/jsonx")], False),
        ([("content-length", "2"), ("content-type", "application/json"), ("content-type", "text/plain")], False),
    ],
    ids=range(13),
)
def test_a_body_is_json_or_refused(fields: list[tuple[str, str]], passes: bool) -> None:
    headers = [(name.encode(), value.encode()) for name, value in fields]
    check_content_type("GET", headers)
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        if passes:
            check_content_type(method, headers)
        else:
            with pytest.raises(InvalidJson):
                check_content_type(method, headers)


def forwarded(*lines: str) -> list[tuple[bytes, bytes]]:
    return [(b"x-forwarded-for", line.encode("latin-1")) for line in lines]


@pytest.mark.parametrize(
    ("peer", "lines", "address"),
    [
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9, 192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9, 192.0.2.7, 10.2.3.4"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9", "192.0.2.7,10.2.3.4"], "192.0.2.7"),
        ("10.0.0.1", ["10.9.9.9, 10.2.3.4"], "10.9.9.9"),
        ("10.0.0.1", ["192.0.2.7:51234"], "192.0.2.7"),
        ("10.0.0.1", ["[2001:db8::7]:51234"], "2001:db8::7"),
        ("10.0.0.1", ["2001:db8:0::7"], "2001:db8::7"),
        ("10.0.0.1", ["::ffff:192.0.2.7"], "192.0.2.7"),
        ("::ffff:10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("2001:db8:aa::1", ["192.0.2.7, 2001:db8:aa::2"], "192.0.2.7"),
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.7, unknown"], "10.0.0.1"),
        ("10.0.0.1", ["<script>, 192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["192.0.2.7,"], "10.0.0.1"),
        ("10.0.0.1", ["fe80::1%eth0"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.999"], "10.0.0.1"),
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
        ("127.0.0.1", ["203.0.113.9"], "127.0.0.1"),
        (None, ["203.0.113.9"], None),
        ("a-socket", ["203.0.113.9"], "a-socket"),
        ("10.0.0.1", ["203.0.113.9" + ", 10.0.0.2" * MAX_HOPS], "10.0.0.2"),
    ],
    ids=range(23),
)
def test_the_address_is_what_the_first_trusted_proxy_saw(peer: str | None, lines: list[str], address: str) -> None:
    assert BEHIND.address(peer, forwarded(*lines)) == address


def test_without_trusted_proxies_no_header_counts() -> None:
    assert PLAIN.address("10.0.0.1", forwarded("192.0.2.7")) == "10.0.0.1"


ADDRESSES = st.one_of(st.ip_addresses().map(str), st.sampled_from(["10.1.1.1", "2001:db8:aa::5", "junk", "", "%"]))


PROXIES = st.lists(st.sampled_from(["10.1.1.1", "10.2.2.2"]), max_size=MAX_HOPS - 2)
"""No more than are looked at: what stands before so many is nobody's word."""


@given(written=st.text(max_size=40), client=ADDRESSES, proxies=PROXIES)
def test_nobody_chooses_their_address_by_writing_the_header_themselves(
    written: str, client: str, proxies: list[str]
) -> None:
    """What the client wrote comes first; the first trusted proxy appends the client's true address."""
    real = read_address(client)
    entries = [written.encode("latin-1", "replace").decode("latin-1").replace(",", ""), client, *proxies]
    seen = BEHIND.address("10.0.0.1", forwarded(", ".join(entries)))
    if real is None:
        assert seen == "10.0.0.1"
    elif not any(real in network for network in TRUSTED):
        assert seen == str(real)


@given(st.text(max_size=60))
def test_reading_an_address_never_fails(text: str) -> None:
    address = read_address(text)
    assert address is None or read_address(str(address)) == address


@pytest.mark.parametrize(
    ("browser", "host", "url"),
    [
        (Browser("https://Bodhi.example.org:443", secure=True), b"10.0.0.1", "https://bodhi.example.org"),
        (Browser(), b"localhost:1135", "http://localhost:1135"),
        (Browser(secure=True), b"bodhi.example.org", "https://bodhi.example.org"),
        (Browser(), None, "http://localhost"),
    ],
)
def test_links_lead_to_the_configured_address_or_the_one_that_was_asked(
    browser: Browser, host: bytes | None, url: str
) -> None:
    assert browser.pages_url([] if host is None else [(b"host", host)]) == url


def test_of_more_proxies_than_there_can_be_the_nearest_count() -> None:
    assert BEHIND.address("10.0.0.1", forwarded(", ".join(["192.0.2.7", *["10.1.1.1"] * MAX_HOPS]))) == "10.1.1.1"
