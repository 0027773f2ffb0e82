import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bodhi.core.errors import StartupError
from bodhi.server.run import HttpServer, bind_sockets
from tests.fakes.waiting import eventually
from tests.server.serving import serving


def test_loopback_listens_on_both_addresses_with_one_port() -> None:
    sockets = bind_sockets("localhost", 0)
    try:
        assert len({each.getsockname()[1] for each in sockets}) == 1
        assert [each.getsockname()[0] for each in sockets] in (["127.0.0.1", "::1"], ["127.0.0.1"])
        assert all(each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in sockets)
    finally:
        for each in sockets:
            each.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_taken_port_is_named_with_what_to_do(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError) as caught:
            bind_sockets(host, port)
        assert caught.value.exit_status == 4
        assert f"Port {port}" in caught.value.message
        assert "--port" in caught.value.message


def test_a_port_taken_on_the_other_loopback_address_is_an_error() -> None:
    try:
        taken = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        return
    with taken, pytest.raises(StartupError, match="already in use"):
        bind_sockets("127.0.0.1", taken.getsockname()[1])


@pytest.mark.parametrize(("host", "port"), [("192.0.2.1", 0), ("no.such.host.invalid", 0), ("127.0.0.1", 70000)])
def test_an_address_that_cannot_be_had_is_a_startup_error(host: str, port: int) -> None:
    with pytest.raises(StartupError) as caught:
        bind_sockets(host, port)
    assert caught.value.exit_status == 4


async def test_an_application_that_fails_to_start_is_a_startup_error() -> None:
    async def broken(_scope: object, _receive: object, _send: object) -> None:
        raise RuntimeError("cannot start")

    server = HttpServer(broken, bind_sockets("127.0.0.1", 0))
    with pytest.raises(StartupError):
        await server.run_until_stopped()


async def test_stopping_lets_a_call_finish_and_accepts_no_other() -> None:
    async with serving(drain_seconds=5) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nabc")
        await eventually(lambda: running.app.scopes)
        running.server.stop()
        await eventually(lambda: running.server.front.draining)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"def")
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer
        writer.close()
        await asyncio.wait_for(running.task, 5)


async def test_stopping_closes_idle_connections_at_once() -> None:
    async with serving(drain_seconds=30) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"}")
        running.server.stop()
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        await asyncio.wait_for(running.task, 5)


async def test_after_the_drain_time_a_stream_is_cut_and_its_call_told() -> None:
    async with serving(drain_seconds=0.1) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /stream-hang HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"first")
        running.server.stop()
        rest = await asyncio.wait_for(reader.read(), 5)
        assert b"0\r\n\r\n" not in rest
        await asyncio.wait_for(running.task, 5)
        assert running.app.told == 1
        writer.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_with_status_0(number: signal.Signals) -> None:
    program = """
        from bodhi.server.run import HttpServer, bind_sockets, new_runner
        from tests.server.serving import Scripted
        server = HttpServer(Scripted(), bind_sockets("127.0.0.1", 0), ready=lambda: print("ready", flush=True))
        with new_runner() as runner:
            runner.run(server.run_until_stopped())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        assert child.wait(10) == 0
        assert child.stderr is not None
        assert child.stderr.read() == b""
