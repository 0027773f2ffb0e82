"""Classes of IP addresses: which a provider may live at, by a fixed table.

Names are not classified here: only what they resolve to counts (`relay.egress`).
"""

import enum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address


class AddressClass(enum.Enum):
    """What a connection to an address would reach."""

    PUBLIC = "public"
    PRIVATE = "private"
    LOOPBACK = "loopback"
    FORBIDDEN = "forbidden"
    """Never a provider: link-local, cloud metadata, shared, multicast, reserved, or an IPv4 address in disguise."""


_LOOPBACK = tuple(map(ip_network, ("127.0.0.0/8", "::1/128")))
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))  # RFC 1918, RFC 4193
)
_FORBIDDEN = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # "this network", RFC 1122: Linux connects 0.0.0.0 to the loopback
            "100.64.0.0/10",  # carrier NAT, RFC 6598; holds Alibaba's metadata service 100.100.100.200
            "168.63.129.16/32",  # Azure's host agent
            "169.254.0.0/16",  # link-local, RFC 3927; holds the metadata services of AWS, GCP, Azure and ECS
            "192.0.0.0/24",  # protocol assignments, RFC 6890; holds Oracle's metadata service
            "192.0.2.0/24",  # documentation, RFC 5737
            "192.88.99.0/24",  # 6to4 relays, RFC 7526
            "198.18.0.0/15",  # benchmarks, RFC 2544
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and the broadcast address
            "fd00:ec2::/32",  # AWS's services inside an instance, metadata among them
            "fd20:ce::/64",  # GCP's metadata service over IPv6
            "2001::/23",  # protocol assignments, RFC 2928; holds Teredo and ORCHID
            "2001:db8::/32",  # documentation, RFC 3849
            "2002::/16",  # 6to4, RFC 3056: an IPv4 address in disguise
            "3fff::/20",  # documentation, RFC 9637
        ),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")  # RFC 4291: all other IPv6 space is special, NAT64 and site-local too


def classify_address(text: str) -> AddressClass:
    """Say what the address `text` (as a resolver writes it) is.

    An IPv4-mapped IPv6 address is what the IPv4 address inside is. What cannot be read is forbidden.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return AddressClass.FORBIDDEN
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return AddressClass.FORBIDDEN
        if address.ipv4_mapped is not None:
            return _classify(address.ipv4_mapped)
    return _classify(address)


def _classify(address: Address) -> AddressClass:
    for networks, verdict in (
        (_FORBIDDEN, AddressClass.FORBIDDEN),
        (_LOOPBACK, AddressClass.LOOPBACK),
        (_PRIVATE, AddressClass.PRIVATE),
    ):
        if any(address in network for network in networks):
            return verdict
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return AddressClass.FORBIDDEN
    return AddressClass.PUBLIC
