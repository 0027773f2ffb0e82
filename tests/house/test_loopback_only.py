import socket

import pytest

from tests.loopback_only import LeftTheMachineError, check_loopback


def test_a_connection_beyond_this_machine_is_refused() -> None:
    with socket.socket() as connection, pytest.raises(LeftTheMachineError, match=r"198\.51\.100\.7"):
        connection.connect(("198.51.100.7", 80))


def test_a_connection_over_loopback_is_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as connection:
        connection.connect(server.getsockname())


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost"])
def test_loopback_addresses_pass(host: str) -> None:
    check_loopback(socket.AF_INET, (host, 1))


def test_loopback_passes_in_version_six() -> None:
    check_loopback(socket.AF_INET6, ("::1", 1, 0, 0))
    with pytest.raises(LeftTheMachineError):
        check_loopback(socket.AF_INET6, ("2001:db8::1", 1, 0, 0))


def test_names_are_refused_since_they_could_resolve_to_anything() -> None:
    with pytest.raises(LeftTheMachineError):
        check_loopback(socket.AF_INET, ("api.example.com", 443))
