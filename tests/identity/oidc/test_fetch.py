"""Asking the provider: bounded, in time, never elsewhere."""

import socket
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.errors import IdentityProviderUnavailable
from bodhi.identity.oidc.fetch import MAX_ANSWER, Fetcher, is_this_machine, read_endpoint, read_object
from bodhi.relay.egress import Egress, EgressPolicy
from bodhi.relay.upstream import UpstreamClient
from tests.fakes.puppet import Puppet, write_reply

JSON = [(b"Content-Type", b"application/json")]


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(UpstreamClient(Egress(EgressPolicy(private_networks=True))), seconds=5)
    yield fetcher
    await fetcher.close()


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://id.example.org", "https://id.example.org:443", "/"),
        ("https://id.example.org:8443/a/b?p=1", "https://id.example.org:8443", "/a/b?p=1"),
        ("http://[::1]:8080/x", "http://[::1]:8080", "/x"),
        ("https://id.example.org?p=1", "https://id.example.org:443", "/?p=1"),
    ],
)
def test_an_address_is_taken_apart(url: str, origin: str, path: str) -> None:
    endpoint = read_endpoint(url)
    assert (str(endpoint.origin), endpoint.path) == (origin, path)


@pytest.mark.parametrize(
    "url",
    [
        "", "id.example.org", "//id.example.org", "http://id.example.org", "ftp://id.example.org", "https://",
        "https://a b", "https://a\n.example", "https://a#b", "https://a\\b", "https://u@a.example", "https://a:0/",
        "https://a:x/", "https://[::1", "https://ä.example", "https://a.example/" + "x" * 2_048, "http://localhost.evil/",
        "http://127.0.0.1.evil/", "javascript:alert(1)", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_provider_is_refused(url: str) -> None:
    with pytest.raises(IdentityProviderUnavailable):
        read_endpoint(url)


@given(st.text())
def test_reading_an_address_never_fails_otherwise(url: str) -> None:
    try:
        read_endpoint(url)
    except IdentityProviderUnavailable:
        return


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_this_machine_is_known_by_its_spelling(host: str) -> None:
    assert is_this_machine(host)
    assert not is_this_machine(f"{host}.example.org")


@pytest.mark.parametrize("text", [b"", b"[]", b"1", b"{", b'{"a": NaN}', b'{"a": -Infinity}', b"\xff", b"[" * 50_000])
def test_what_is_no_json_object_is_refused(text: bytes) -> None:
    with pytest.raises(IdentityProviderUnavailable):
        read_object(text)


async def test_a_form_is_sent_and_an_object_read(fetcher: Fetcher) -> None:
    with Puppet() as puppet:
        puppet.reply = write_reply(400, [(b"Content-Type", b"application/problem+json; charset=utf-8")], [b'{"a": 1}'])
        answer = await fetcher.post(read_endpoint(f"{puppet.url}/t?x=1"), {"a b": "c&d"}, (b"x-more", b"1"))
        assert (answer.status, answer.members) == (400, {"a": 1})
        asked = puppet.last
        assert (asked.method, asked.target, asked.body) == (b"POST", b"/t?x=1", b"a+b=c%26d")
        assert asked.all(b"x-more") == [b"1"]
        assert asked.all(b"content-type") == [b"application/x-www-form-urlencoded"]


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize(("size", "passes"), [(MAX_ANSWER, True), (MAX_ANSWER + 1, False)])
async def test_an_answer_is_bounded_however_it_is_framed(
    fetcher: Fetcher, framing: str, size: int, passes: bool
) -> None:
    with Puppet() as puppet:
        puppet.reply = write_reply(200, JSON, [b"{}", b" " * (size - 2)], framing)
        if passes:
            assert (await fetcher.get(read_endpoint(puppet.url))).members == {}
        else:
            with pytest.raises(IdentityProviderUnavailable, match="more than 64 KiB"):
                await fetcher.get(read_endpoint(puppet.url))


async def test_a_redirect_is_not_followed(fetcher: Fetcher) -> None:
    with Puppet() as elsewhere, Puppet() as puppet:
        puppet.reply = write_reply(307, [*JSON, (b"Location", elsewhere.url.encode())], [b"{}"])
        with pytest.raises(IdentityProviderUnavailable, match="redirect"):
            await fetcher.get(read_endpoint(puppet.url))
        assert elsewhere.connections_made == 0


async def test_nobody_there_is_told_as_the_provider_being_away(fetcher: Fetcher) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(IdentityProviderUnavailable, match="could not be asked"):
            await fetcher.get(read_endpoint(f"http://127.0.0.1:{nobody.getsockname()[1]}"))


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200"])
async def test_a_clouds_metadata_is_out_of_reach(fetcher: Fetcher, host: str) -> None:
    with pytest.raises(IdentityProviderUnavailable, match="never connects to"):
        await fetcher.get(read_endpoint(f"https://{host}/latest"))
