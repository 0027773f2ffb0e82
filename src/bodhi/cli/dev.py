"""`bodhi dev`: the gateway of a checkout, started anew when its code changes, beside Vite for the pages.

What Vite does is web/vite.config.ts's. Nothing here is for serving people.
"""

import os
import signal
import subprocess  # lint: runs-code the command starts the gateway and Vite of the checkout that it is in
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import click

from bodhi.cli.options import home_option
from bodhi.cli.output import print_problem
from bodhi.core.errors import StartupError
from bodhi.settings import read_settings

PACKAGE = Path(__file__).resolve().parents[1]
LOOK_SECONDS = 0.5
PATIENCE = 2.0
"""Seconds that a program gets to end, before it is told again and then killed."""


@click.command("dev")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the gateway.", show_default="1135")
@home_option
def dev(port: int | None, home: Path | None) -> None:
    """Serve a checkout for work on it: restarts when its Python changes; Vite serves the pages at port 1136."""
    web = PACKAGE.parents[1] / "web"
    if not (web / "build.py").is_file():
        raise StartupError("`bodhi dev` works in a checkout of the source code. Use `bodhi serve`.")
    settings = read_settings(port=port, home=home.expanduser() if home else None)
    gateway = Program(
        [sys.executable, "-m", "bodhi", "serve", "--port", str(settings.port), "--home", str(settings.home)]
    )
    build = [sys.executable, str(web / "build.py")]
    beside = []
    if subprocess.run([*build, "--has-node"], check=False).returncode == 0:  # noqa: S603 # this checkout's program
        address = f"BODHI_DEV_URL=http://127.0.0.1:{settings.port}"
        beside = [Program(["/usr/bin/env", address, *build, "--npm", "--silent", "run", "dev"])]
        print_problem("The pages, as they are written: http://localhost:1136/ui/")
    else:
        print_problem("There is no Node.js here. The gateway serves the pages that were built last.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    keep_running(gateway, beside, PACKAGE, threading.Event())


def keep_running(gateway: "Program", beside: Sequence["Program"], watched: Path, ended: threading.Event) -> None:
    """Run programs until told to end; the first is started anew whenever Python code below a folder changes."""
    programs = (gateway, *beside)
    try:
        for program in programs:
            program.start()
        seen = _state(watched)
        while not ended.wait(LOOK_SECONDS):
            now = _state(watched)
            if now != seen:
                seen = now
                print_problem("The code changed: the gateway starts anew.")
                gateway.stop()
                gateway.start()
    finally:
        for program in programs:
            program.stop()


class Program:
    """One program with all that it starts in turn."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, in a group of its own."""
        self._running = subprocess.Popen(self._command, start_new_session=True)  # noqa: S603 # given by `dev`

    def stop(self) -> None:
        """End it and its children: told twice, the gateway does not wait for calls that run; then they are killed."""
        if self._running is None:
            return
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._running.pid, number)
            except ProcessLookupError:
                break
            try:
                self._running.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                continue
        self._running.wait()
        self._running = None


def _state(watched: Path) -> dict[Path, int]:
    """Return when each file of Python code was last written. One that vanishes meanwhile is not counted."""
    found = {}
    for path in watched.rglob("*.py"):
        try:
            found[path] = path.stat().st_mtime_ns
        except FileNotFoundError:
            continue
    return found
