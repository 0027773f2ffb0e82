"""A server from its start to its end: what keeps it from starting, and what it announces."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from bodhi.core.errors import StartupError
from bodhi.server.run import bind_sockets
from bodhi.serving import Announcement, run, serve
from bodhi.settings import Settings, read_settings


def settings(home: Path, **overrides: object) -> Settings:
    return read_settings({}, home=home, **{"port": 0, **overrides})


async def run_on_a_free_port(settings: Settings, announce: Callable[[Announcement], None]) -> None:
    sockets = bind_sockets(settings.host, settings.port)
    try:
        await run(settings, sockets, announce)
    finally:
        for listener in sockets:
            listener.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
async def test_without_an_admin_it_listens_on_loopback_only(tmp_path: Path, host: str) -> None:
    announced: list[Announcement] = []

    with pytest.raises(StartupError, match="no Admin") as caught:
        await run_on_a_free_port(settings(tmp_path, host=host), announced.append)

    assert caught.value.exit_status == 6
    assert announced == []


def test_a_port_in_use_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StartupError) as caught:
        serve(settings(tmp_path / "home", port=taken.getsockname()[1]), lambda announcement: None)

    assert "port" in caught.value.message.lower()
    assert not (tmp_path / "home").exists()


async def test_half_a_provider_keeps_it_from_starting(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="BODHI_OIDC_CLIENT_ID is missing") as caught:
        await run_on_a_free_port(settings(tmp_path, oidc_issuer="https://id.example"), lambda announcement: None)

    assert caught.value.exit_status == 2


async def test_the_setup_code_is_announced_until_there_is_an_admin(tmp_path: Path) -> None:
    announced: asyncio.Queue[Announcement] = asyncio.Queue()
    async with asyncio.timeout(30):
        task = asyncio.get_running_loop().create_task(run_on_a_free_port(settings(tmp_path), announced.put_nowait))
        announcement = await announced.get()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert announcement.port > 0
    assert announcement.setup_code is not None
    assert announcement.setup_code.reveal() in (tmp_path / "setup-code").read_text()
