"""A plug-in that refuses connections beyond this machine: a test that needs the internet proves nothing twice."""

import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest


class LeftTheMachineError(AssertionError):
    """A test tried to connect to an address that is not loopback."""


def check_loopback(family: int, address: Any) -> None:
    """Refuse an address that is not loopback. Unix sockets pass, and so do names, which were resolved before."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = str(address[0]).split("%")[0]
    if host in ("", "localhost"):
        return
    try:
        is_local = ip_address(host).is_loopback or ip_address(host).is_unspecified
    except ValueError:
        is_local = False
    if not is_local:
        raise LeftTheMachineError(f"tests may use loopback only, not {host}")


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Watch every connect and datagram of the test's own process."""
    patch = pytest.MonkeyPatch()

    def watched(name: str, address_at: int) -> None:
        original = getattr(socket.socket, name)

        def checked(self: socket.socket, *args: Any) -> Any:
            check_loopback(self.family, args[address_at])
            return original(self, *args)

        patch.setattr(socket.socket, name, checked)

    watched("connect", 0)
    watched("connect_ex", 0)
    watched("sendto", -1)
    yield
    patch.undo()
