"""Runs what `app` builds: takes the port, serves in one process or several until told to stop, and ends cleanly."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from socket import socket

from bodhi.accounting.refusals import Refusals
from bodhi.app import Server, build
from bodhi.core.audit import Actor
from bodhi.core.credential import Secret
from bodhi.core.errors import BodhiError, StartupError
from bodhi.home import open_home
from bodhi.server.refusals import OF_HOST
from bodhi.server.run import HttpServer, bind_sockets, new_runner
from bodhi.server.workers import Link, Supervisor, Told
from bodhi.settings import Settings

DRAIN_RECORDS_SECONDS = 5.0
END_SECONDS = 30.0
"""What a worker may take to end beside the time that calls get: four queues are drained, and a little goes on top."""
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the command line tells once connections are accepted."""

    host: str
    port: int
    setup_code: Secret | None


async def run(
    settings: Settings,
    sockets: Sequence[socket],
    announce: Callable[[Announcement], None],
    *,
    leash: int | None = None,
) -> None:
    """Serve until a signal to stop.

    Args:
        settings: the effective settings.
        sockets: where connections come in.
        announce: called once, when connections are accepted.
        leash: a file descriptor at whose end the server stops, too.

    Raises:
        StartupError: Bodhi cannot start; nothing is left running.
    """
    home = await open_home(settings)
    try:
        server = await build(home)
        _refuse_open_network(settings, server)
        await run_built(server, sockets, announce, leash=leash)
    finally:
        await home.close()


async def run_built(
    server: Server,
    sockets: Sequence[socket],
    announce: Callable[[Announcement], None],
    *,
    leash: int | None = None,
) -> None:
    """Serve with what `build` made until it is stopped, then write what is queued and close what was opened."""
    settings = server.home.settings
    code = await server.setup.open()
    port = int(sockets[0].getsockname()[1])
    http = HttpServer(
        server.application,
        sockets,
        allowed_hosts=settings.allowed_hosts,
        drain_seconds=settings.drain_timeout,
        ready=lambda: announce(Announcement(settings.host, port, code)),
        lane=server.lane,
        outbox=server.upstream.outbox,
    )
    http.front.on_refused = partial(_note_refused, server.refusals)
    server.stopping.stop = http.stop
    server.stopping.ask = lambda: http.front.draining
    if leash is not None:
        asyncio.get_running_loop().add_reader(leash, _stop_at_end, server, leash)
    try:
        async with asyncio.TaskGroup() as group:
            parts = (server.recorder, server.captures, server.refusals, server.audit_heads, server.upkeep)
            running = [group.create_task(part.run()) for part in parts]
            running.append(group.create_task(server.services.tail.run()))
            running.append(group.create_task(server.directory.watch()))
            await http.run_until_stopped()
            for task in running:
                task.cancel()
    finally:
        await server.recorder.drain(DRAIN_RECORDS_SECONDS)
        await server.captures.drain(DRAIN_RECORDS_SECONDS)
        await server.refusals.drain(DRAIN_RECORDS_SECONDS)
        await server.audit_heads.drain(DRAIN_RECORDS_SECONDS)
        server.duty.close()
        await server.upstream.close()
        server.services.passwords.close()
        if server.services.oidc is not None:
            await server.services.oidc.close()


def serve(settings: Settings, announce: Callable[[Announcement], None]) -> None:
    """Run the server, or several processes of it, until it is told to stop.

    Raises:
        StartupError: Bodhi cannot start.
    """
    with ExitStack() as listening:
        # The port is taken first: whoever started Bodhi twice learns it before anything is opened.
        sockets = bind_sockets(settings.host, settings.port)
        for listener in sockets:
            listening.callback(listener.close)
        if settings.workers == 1:
            with new_runner() as runner:
                runner.run(run(settings, sockets, announce))
            return
        Supervisor(
            settings.workers,
            partial(_work, settings, sockets),
            ready=lambda told: announce(_announcement_of(told)),
            stop_seconds=settings.drain_timeout + END_SECONDS,
        ).run()


def _work(settings: Settings, sockets: Sequence[socket], link: Link) -> int:
    """Be one of several processes that serve, and return its exit status."""

    def announce(announcement: Announcement) -> None:
        code = announcement.setup_code
        link.ready({"host": announcement.host, "port": announcement.port, "setup_code": code and code.reveal()})

    try:
        with new_runner() as runner:
            runner.run(run(settings, sockets, announce, leash=link.leash))
    except StartupError as error:
        return link.refuse(error.message, error.exit_status)
    except BodhiError as error:
        return link.refuse(error.message)
    return 0


def _stop_at_end(server: Server, leash: int) -> None:
    """Stop, since whoever started this process is gone."""
    asyncio.get_running_loop().remove_reader(leash)
    server.stop()


def _announcement_of(told: Told) -> Announcement:
    code = told["setup_code"]
    return Announcement(told["host"], told["port"], None if code is None else Secret(code))


def _refuse_open_network(settings: Settings, server: Server) -> None:
    """Keep a Bodhi without an Admin, or without TLS, off the network: it holds other people's keys."""
    if settings.host in _LOOPBACK:
        return
    if not server.directory.snapshot.has_admin:
        message = (
            f"Bodhi has no Admin yet, so it listens on loopback only, not on {settings.host}. Run `bodhi setup` first."
        )
        raise StartupError(message, exit_status=6)
    if not settings.behind_tls_proxy:
        message = (
            f"Bodhi listens on {settings.host} only behind a proxy that ends TLS, since tokens would travel in clear. "
            "Set BODHI_BEHIND_TLS_PROXY=true once that is so."
        )
        raise StartupError(message, exit_status=6)


def _note_refused(refusals: Refusals, address: str | None, code: str) -> None:
    """Tell the audit trail of requests for another Host: a page elsewhere may try a name that it rebound to us."""
    if code in OF_HOST:
        refusals.note(Actor(address=address), "host.refused", code)
