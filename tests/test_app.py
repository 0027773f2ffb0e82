"""The composition root: three applications on one port, started and stopped as one."""

import asyncio
import http.client
import socket
from pathlib import Path

import pytest

from bodhi.app import Announcement, run, serve
from bodhi.core.errors import StartupError
from bodhi.settings import Settings, read_settings
from bodhi.storage.version import bump_config_version
from tests.fakes.gateway import Gateway
from tests.fakes.waiting import eventually_in_thread


def settings(home: Path, **overrides: object) -> Settings:
    return read_settings({}, home=home, **{"port": 0, **overrides})


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


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_without_an_admin_it_listens_on_loopback_only(tmp_path: Path, host: str) -> None:
    announced: list[Announcement] = []

    with pytest.raises(StartupError, match="no Admin") as caught:
        await run(settings(tmp_path, host=host), announced.append)

    assert caught.value.exit_status == 6
    assert announced == []


def test_a_port_in_use_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StartupError) as caught:
        serve(settings(tmp_path / "home", port=taken.getsockname()[1]), lambda announcement: None)

    assert "port" in caught.value.message.lower()
    assert not (tmp_path / "home").exists()


async def test_half_a_provider_keeps_it_from_starting(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="BODHI_OIDC_CLIENT_ID is missing") as caught:
        await run(settings(tmp_path, port=0, oidc_issuer="https://id.example"), lambda announcement: None)

    assert caught.value.exit_status == 2


async def test_the_setup_code_is_announced_until_there_is_an_admin(tmp_path: Path) -> None:
    announced: asyncio.Queue[Announcement] = asyncio.Queue()
    async with asyncio.timeout(30):
        task = asyncio.get_running_loop().create_task(run(settings(tmp_path), announced.put_nowait))
        announcement = await announced.get()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert announcement.port > 0
    assert announcement.setup_code is not None
    assert announcement.setup_code.reveal() in (tmp_path / "setup-code").read_text()
