"""`bodhi serve --workers`: several processes, and nobody who calls them can tell."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PASSWORD, Cli, cli, made_home, new_cli, provider  # noqa: F401 # fixtures
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread

PATIENCE = 30
WORKERS = 3
SEEN_WITHIN = 2.5
"""Seconds: what changes on one worker holds on all after two."""


@dataclass
class Served:
    """A running `bodhi serve --workers 3`."""

    process: subprocess.Popen[str]
    said: str
    port: int

    @property
    def workers(self) -> list[int]:
        """Return the processes that serve."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def ask(self, method: str, path: str, document: Any = None, token: str = "") -> tuple[int, Any]:
        """Send a request over a connection of its own."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
            connection.request(method, path, json.dumps(document), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def call(self, token: str, model: str = "ok") -> int:
        """Ask for a chat completion and return the status."""
        return self.ask("POST", "/v1/chat/completions", {"model": model, "messages": []}, token)[0]

    @contextlib.contextmanager
    def alone(self, worker: int) -> Iterator[None]:
        """Let one worker answer everything."""
        others = [pid for pid in self.workers if pid != worker]
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in others:
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def serving(home: Path) -> Iterator[Served]:
    with subprocess.Popen(
        [sys.executable, "-m", "bodhi", "serve", "--home", str(home), "--port", "0", "--workers", str(WORKERS)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        env=os.environ | {"BODHI_LOG_LEVEL": "warning"},
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = ""
            while "Data" not in said:
                said += (line := process.stdout.readline())
                assert line, process.communicate(timeout=PATIENCE)
            found = re.search(r"http://localhost:(\d+)", said)
            assert found, said
            yield Served(process, said, int(found[1]))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def stop(server: Served, number: signal.Signals = signal.SIGTERM) -> str:
    """Stop the server as an operator does, and return what it logged."""
    server.process.send_signal(number)
    _, err = server.process.communicate(timeout=PATIENCE)
    return err


@pytest.fixture
def token(cli: Cli, provider: UpstreamThread) -> str:  # noqa: F811 # fixtures
    cli.add("one", provider.base_url("openai"), "--model", "ok", "--model", "slow-50ms")
    made: str = cli("token", "create", "--name", "x", "--json").json["token"]
    return made


def test_each_worker_serves_and_hears_of_every_change(cli: Cli, token: str) -> None:  # noqa: F811
    with serving(cli.home) as server:
        workers = server.workers
        statuses = []
        for worker in workers:
            with server.alone(worker):
                statuses.append(server.call(token))
        listed = cli("token", "list", "--json").json
        assert cli("token", "revoke", listed[0]["id"]).status == 0
        for worker in workers:
            with server.alone(worker):
                eventually_in_thread(lambda: server.call(token) == 401, within=SEEN_WITHIN)
        err = stop(server)

    assert len(workers) == WORKERS
    assert statuses == [200] * WORKERS
    assert (server.process.returncode, err) == (0, "")


def test_every_call_is_recorded_whichever_worker_answered(cli: Cli, token: str) -> None:  # noqa: F811
    with serving(cli.home) as server:
        with ThreadPoolExecutor(12) as callers:
            statuses = list(callers.map(lambda _: server.call(token), range(300)))
        stop(server)

    assert statuses == [200] * 300
    assert len(cli("usage", "export", "--format", "jsonl").out.splitlines()) == 300


def test_calls_go_on_when_a_worker_is_killed(cli: Cli, token: str) -> None:  # noqa: F811
    with serving(cli.home) as server:
        killed, *others = server.workers
        os.kill(killed, signal.SIGKILL)
        statuses = [server.call(token) for _ in range(20)]
        eventually_in_thread(lambda: len(server.workers) == WORKERS and killed not in server.workers, within=PATIENCE)
        [new] = set(server.workers) - set(others)
        with server.alone(new):
            statuses.append(server.call(token))
        err = stop(server)

    assert statuses == [200] * 21
    assert "ended (SIGKILL); another starts in 1 s" in err
    assert server.process.returncode == 0


def test_a_stop_lets_streams_end(cli: Cli, token: str) -> None:  # noqa: F811
    with serving(cli.home) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        body = json.dumps({"model": "slow-50ms", "messages": [], "stream": True})
        connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {token}"})
        response = connection.getresponse()
        first = response.read(10)
        server.process.send_signal(signal.SIGTERM)
        streamed = first + response.read()
        connection.close()
        _, err = server.process.communicate(timeout=PATIENCE)

    assert streamed.endswith(b"data: [DONE]\n\n")
    assert (server.process.returncode, err) == (0, "")


def test_nothing_is_left_when_the_first_process_is_killed(cli: Cli) -> None:  # noqa: F811
    with serving(cli.home) as server:
        workers = server.workers
        server.process.kill()
        server.process.communicate(timeout=PATIENCE)
        eventually_in_thread(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), within=PATIENCE)
        with pytest.raises(ConnectionRefusedError):
            server.call("x")


def test_a_setup_code_is_used_once_for_all_workers(new_cli: Cli) -> None:  # noqa: F811
    with serving(new_cli.home) as server:
        code = (new_cli.home / "setup-code").read_text().strip()
        claim = {"code": code, "username": "ada", "password": PASSWORD}
        statuses = []
        for worker in server.workers:
            with server.alone(worker):
                statuses.append(server.ask("POST", "/bodhi/v1/setup", claim)[0])
        stop(server)

    assert statuses[0] in (200, 201)
    assert set(statuses[1:]) <= {400, 409}
    assert not (new_cli.home / "setup-code").exists()


@pytest.mark.parametrize(
    "arguments", [["--workers", "2", "--host", "0.0.0.0"], ["--workers", "1", "--host", "0.0.0.0"]]
)
def test_what_keeps_one_process_from_starting_keeps_several(tmp_path: Path, arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bodhi", "serve", "--home", str(tmp_path), "--port", "0", *arguments],
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.startswith("bodhi: Bodhi has no Admin yet, so it listens on loopback only")
