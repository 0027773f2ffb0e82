"""A name of Bodhi's own on this machine: cookies ignore ports, so other programs on `localhost` would be sent Bodhi's."""

import json
from collections.abc import Iterator

import pytest

from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, ask

PASSWORD = "correct zebra stapler"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Give a gateway with an Admin who has a password."""
    home = tmp_path_factory.mktemp("home")
    with Gateway(home, set_up=False) as running:
        code = (home / "setup-code").read_text().strip()
        claim = {"code": code, "username": "ada", "password": PASSWORD}
        assert post(running, "/setup", claim, host="localhost").status == 201
        yield running


def post(gateway: Gateway, path: str, document: object, *, host: str, origin: str = "", cookie: str = "") -> RawAnswer:
    """Post as a page does that was loaded from `origin`, by default Bodhi's own under that host."""
    headers = [
        (b"Host", f"{host}:{gateway.port}".encode()),
        (b"Origin", f"http://{origin or host}:{gateway.port}".encode()),
        (b"Content-Type", b"application/json"),
        *([(b"Cookie", cookie.encode())] if cookie else []),
    ]
    return ask(gateway.port, b"POST", f"/bodhi/v1{path}".encode(), headers, json.dumps(document).encode())


def sign_in(gateway: Gateway, host: str) -> RawAnswer:
    return post(gateway, "/session", {"username": "ada", "password": PASSWORD}, host=host)


@pytest.mark.parametrize("host", ["localhost", "bodhi.localhost", "127.0.0.1"])
def test_pages_under_each_local_name_can_sign_in_and_act(gateway: Gateway, host: str) -> None:
    signed_in = sign_in(gateway, host)
    assert signed_in.status == 201
    cookie = (signed_in.header(b"set-cookie") or b"").decode()
    # Without a domain the cookie is sent to this very host name, and so to no other program on `localhost`.
    assert "domain" not in cookie.lower()
    minted = post(gateway, "/tokens", {"name": "laptop"}, host=host, cookie=cookie.partition(";")[0])
    assert minted.status == 201


@pytest.mark.parametrize(("host", "origin"), [("bodhi.localhost", "localhost"), ("localhost", "bodhi.localhost")])
def test_one_local_name_is_another_site_than_the_other(gateway: Gateway, host: str, origin: str) -> None:
    cookie = (sign_in(gateway, host).header(b"set-cookie") or b"").decode().partition(";")[0]
    refused = post(gateway, "/tokens", {"name": "laptop"}, host=host, origin=origin, cookie=cookie)
    assert refused.status == 403
    assert json.loads(refused.body)["error"]["code"] == "cross_site_refused"
