"""The composition root: three applications on one port, and what they share."""

import http.client
from pathlib import Path

import pytest

from bodhi.storage.version import bump_config_version
from tests.fakes.gateway import Gateway
from tests.fakes.waiting import eventually_in_thread


def get(gateway: Gateway, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "status", "part"),
    [
        ("/livez", 200, b""),
        ("/bodhi/v1/openapi.json", 200, b"openapi"),
        ("/", 308, b""),
        ("/ui/", 200, b"<!doctype html>"),
        ("/v1/models", 401, b"token"),
        ("/v1beta/models", 401, b"token"),
        ("/nothing", 401, b"token"),
    ],
)
def test_each_path_reaches_its_own_part(tmp_path: Path, path: str, status: int, part: bytes) -> None:
    with Gateway(tmp_path) as gateway:
        got, body = get(gateway, path)

    assert got == status
    assert part in body.lower()


def test_what_was_recorded_is_written_at_the_stop(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        get(gateway, "/v1/models")

    with Gateway(tmp_path) as again:
        assert [record.error for record in again.records()] == ["token_missing"]


def test_after_the_stop_nothing_listens(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        get(gateway, "/livez")

    with pytest.raises(ConnectionRefusedError):
        get(gateway, "/livez")


def test_a_running_server_notices_what_another_process_wrote(tmp_path: Path) -> None:
    with Gateway(tmp_path / "one") as gateway:
        version = gateway.server.directory.snapshot.version
        gateway.do(_bump(gateway))
        eventually_in_thread(lambda: gateway.server.directory.snapshot.version > version, within=5)


async def _bump(gateway: Gateway) -> None:
    store = gateway.server.home.store
    async with store.write() as connection:
        await bump_config_version(connection)
