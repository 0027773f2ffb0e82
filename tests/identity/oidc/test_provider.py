"""The provider's description and keys; what a lying one earns is in tests/control/test_oidc.py."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from bodhi.core.errors import IdentityProviderUnavailable
from bodhi.identity.oidc.fetch import Fetcher
from bodhi.identity.oidc.provider import Provider, read_description
from bodhi.relay.egress import Egress, EgressPolicy
from bodhi.relay.upstream import UpstreamClient
from tests.fakes.clocks import StillClock
from tests.fakes.oidc.hostile import HostileProvider, hostile_provider

ISSUER = "https://id.example.org/realms/main/"
DOCUMENT: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": "https://id.example.org/auth?tenant=1",
    "token_endpoint": "https://login.example.org/token?tenant=1",
    "jwks_uri": "https://keys.example.org/",
}


@pytest.fixture
def hostile() -> Iterator[HostileProvider]:
    with hostile_provider() as running:
        yield running


@pytest.fixture
def time() -> StillClock:
    return StillClock()


@pytest.fixture
async def provider(hostile: HostileProvider, time: StillClock) -> AsyncIterator[Provider]:
    fetcher = Fetcher(UpstreamClient(Egress(EgressPolicy(private_networks=True))))
    yield Provider(hostile.issuer, fetcher, time.clock)
    await fetcher.close()


def test_a_description_needs_little() -> None:
    description = read_description(DOCUMENT, ISSUER)
    assert description.authorization_url == "https://id.example.org/auth?tenant=1"
    assert (description.token.path, str(description.key_set.origin)) == (
        "/token?tenant=1",
        "https://keys.example.org:443",
    )
    assert (description.userinfo, description.names_itself) == (None, False)
    # OpenID Connect Discovery section 3: this is what a provider takes that says nothing.
    assert description.secret_ways == ("client_secret_basic",)


@pytest.mark.parametrize(
    ("change", "ways"),
    [
        ({"token_endpoint_auth_methods_supported": ["client_secret_post", 7]}, ("client_secret_post",)),
        ({"token_endpoint_auth_methods_supported": "client_secret_post"}, ()),
    ],
)
def test_the_ways_to_show_a_secret_are_the_providers(change: dict[str, Any], ways: tuple[str, ...]) -> None:
    assert read_description({**DOCUMENT, **change}, ISSUER).secret_ways == ways


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_a_provider_elsewhere_has_no_business_with_this_machines_ports(name: str) -> None:
    with pytest.raises(IdentityProviderUnavailable, match="without https"):
        read_description({**DOCUMENT, name: "http://127.0.0.1:6379/"}, ISSUER)


async def test_many_who_come_at_once_make_one_fetch(provider: Provider, hostile: HostileProvider) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(provider.description())
            group.create_task(provider.keys())
    assert len(hostile.puppet.requests) == 2


async def test_many_with_an_unknown_key_make_one_fetch_more(
    provider: Provider, hostile: HostileProvider, time: StillClock
) -> None:
    known = await provider.keys()
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(provider.newer_keys(known))
    assert len(hostile.asked("/jwks")) == 2
    newer = await provider.keys()
    assert newer is not known
    assert await provider.newer_keys(known) is newer
    time.advance(59)
    assert await provider.newer_keys(newer) is newer
    time.advance(1)
    assert await provider.newer_keys(newer) is not newer
    assert len(hostile.asked("/jwks")) == 3


async def test_a_failed_fetch_of_newer_keys_leaves_the_known_ones(provider: Provider, hostile: HostileProvider) -> None:
    known = await provider.keys()
    hostile.keys = [{"kty": "oct", "k": "AQAB"}]
    with pytest.raises(IdentityProviderUnavailable):
        await provider.newer_keys(known)
    assert await provider.keys() is known
