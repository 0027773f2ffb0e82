import asyncio
from collections.abc import Sequence

import pytest

from bodhi.core.api_model import Origin
from bodhi.core.clock import Clock
from bodhi.core.errors import ApiModelUnusable, UpstreamTimeout, UpstreamUnreachable
from bodhi.relay.egress import Egress, EgressPolicy
from tests.relay.raw_server import OK, answering, fetch, new_client, serving

OPEN = EgressPolicy(private_networks=True)
PUBLIC_ONLY = EgressPolicy(private_networks=False)


def fixed(*addresses: str) -> object:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


def new_egress(policy: EgressPolicy, *addresses: str) -> Egress:
    return Egress(policy, resolver=fixed(*addresses))  # type: ignore[arg-type]  # a plain closure


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "017700000001", "localhost",
     "localhost.",
     "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "127.0.0.1."],
)  # fmt: skip
@pytest.mark.parametrize(("policy", "allow"), [(PUBLIC_ONLY, True), (OPEN, False), (PUBLIC_ONLY, False)])
async def test_every_spelling_of_this_machine_needs_permission(host: str, policy: EgressPolicy, allow: bool) -> None:
    with pytest.raises((ApiModelUnusable, UpstreamUnreachable)):
        await Egress(policy).resolve(Origin("http", host, 80), allow)


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "169.16689662", "169.254.43518",
     "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "0", "0.0.0.0", "::", "fec0::1", "fe80::1",
     "168.63.129.16", "100.100.100.200", "fd00:ec2::254", "255.255.255.255", "224.0.0.1"],
)  # fmt: skip
async def test_no_permission_opens_metadata_and_special_addresses(host: str) -> None:
    with pytest.raises(ApiModelUnusable, match="reserved"):
        await Egress(OPEN).resolve(Origin("http", host, 80), True)


async def test_private_address_is_reached_with_both_permissions() -> None:
    assert await new_egress(OPEN, "10.0.0.1").resolve(Origin("http", "lan.test", 80), True) == ["10.0.0.1"]


async def test_refusal_names_host_and_setting() -> None:
    with pytest.raises(ApiModelUnusable, match=r"lan\.test.*Allow private networks"):
        await new_egress(OPEN, "10.0.0.1").resolve(Origin("http", "lan.test", 80), False)


async def test_forbidden_addresses_among_public_ones_are_left_out() -> None:
    egress = new_egress(PUBLIC_ONLY, "169.254.169.254", "1.1.1.1", "10.0.0.1", "2606:4700::1")
    assert await egress.resolve(Origin("https", "mixed.test", 443), True) == ["1.1.1.1", "2606:4700::1"]


@pytest.mark.parametrize("host", ["a..b", "x" * 70, "nothing.invalid", ""])
async def test_name_that_does_not_resolve_is_a_network_error(host: str) -> None:
    with pytest.raises(UpstreamUnreachable, match="Network error: could not resolve"):
        await Egress(PUBLIC_ONLY, resolver=_failing).resolve(Origin("https", host, 443), False)


async def _failing(host: str, port: int) -> Sequence[str]:
    if host:
        raise OSError("no such name")
    return []


async def test_hanging_resolver_is_a_timeout() -> None:
    async def hang(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(UpstreamTimeout, match=r"slow\.test"):
        await Egress(OPEN, resolver=hang, resolve_seconds=0.05).resolve(Origin("https", "slow.test", 443), False)


async def test_last_good_address_bridges_a_short_outage_of_the_resolver() -> None:
    now = [0.0]
    answers: list[Sequence[str]] = [["1.1.1.1"]]

    async def resolve(host: str, port: int) -> Sequence[str]:
        if not answers:
            raise OSError("down")
        return answers.pop()

    egress = Egress(PUBLIC_ONLY, resolver=resolve, clock=Clock(monotonic=lambda: now[0]))
    origin = Origin("https", "api.test", 443)
    for now[0] in (0.0, 59.0):
        assert await egress.resolve(origin, False) == ["1.1.1.1"]
    now[0] = 61.0
    with pytest.raises(UpstreamUnreachable):
        await egress.resolve(origin, False)


async def test_answer_that_flips_after_the_check_is_never_connected_to() -> None:
    asked = 0

    async def flipping(host: str, port: int) -> Sequence[str]:
        nonlocal asked
        asked += 1
        return ["127.0.0.1"] if asked % 2 else ["169.254.169.254"]

    refused = 0
    async with (
        serving(answering(OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))) as server,
        new_client(egress=Egress(OPEN, resolver=flipping)) as client,
    ):
        for _ in range(1000):
            try:
                await fetch(client, server.request(host="rebind.test"))
            except ApiModelUnusable:
                refused += 1
        assert (asked, refused, server.accepted) == (1000, 500, 500)
