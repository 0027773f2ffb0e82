import errno
import ssl

import pytest

from bodhi.core.api_model import Origin
from bodhi.relay.failures import connect_failure, connect_timeout

ORIGIN = Origin("https", "api.test", 8443)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectionRefusedError("secret"), "Network error: connection refused by api.test:8443."),
        (ConnectionResetError("secret"), "Network error: connection closed by api.test:8443 while connecting."),
        (OSError(errno.ENETUNREACH, "secret"), "Network error: no route to api.test:8443."),
        (OSError("secret"), "Network error: could not connect to api.test:8443."),
        (ssl.SSLError("secret"), "Network error: TLS with api.test:8443 failed."),
    ],
)
def test_connect_failure_names_the_place_and_nothing_else(error: Exception, text: str) -> None:
    assert connect_failure(ORIGIN, error).message == text


def test_connect_timeout_names_the_seconds() -> None:
    assert "api.test:8443 took longer than 2.5 s" in connect_timeout(ORIGIN, 2.5).message
