"""The server as a process of its own: what it says, what it notices, and how it ends."""

import contextlib
import http.client
import json
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import KEY, PASSWORD, Cli
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread

PATIENCE = 30


@dataclass
class Served:
    """A running `bodhi serve` and what it said when it was ready."""

    process: subprocess.Popen[str]
    said: str
    port: int

    def post(self, token: str, model: str = "ok") -> int:
        """Ask for a chat completion and return the status."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            body = json.dumps({"model": model, "messages": []})
            connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {token}"})
            return connection.getresponse().status


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bodhi", "serve", "--home", str(home), *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextlib.contextmanager
def serving(home: Path, lines: int) -> Iterator[Served]:
    with started(home, "--port", "0") as process:
        try:
            assert process.stdout is not None
            said = "".join(process.stdout.readline() for _ in range(lines))
            found = re.search(r"http://localhost:(\d+)", said)
            assert found, said
            yield Served(process, said, int(found[1]))
        finally:
            process.kill()


def refused(home: Path, *arguments: str) -> tuple[int, str, str]:
    with started(home, *arguments) as process:
        try:
            out, err = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return process.returncode, out, err


def contents(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.iterdir()}


def test_from_the_first_start_to_the_first_answer(new_cli: Cli, provider: UpstreamThread) -> None:
    with serving(new_cli.home, 4) as server:
        code = (new_cli.home / "setup-code").read_text().strip()
        setup = new_cli("setup", "--username", "ada", "--password-stdin", stdin=PASSWORD)
        new_cli.add("one", provider.base_url("openai"), "--model", "ok")
        token = new_cli("token", "create", "--name", "x", "--json").json
        eventually_in_thread(lambda: server.post(token["token"]) == 200, within=PATIENCE)
        key_sent = provider.last.header("authorization")
        revoked = new_cli("token", "revoke", token["id"])
        eventually_in_thread(lambda: server.post(token["token"]) == 401, within=PATIENCE)
        server.process.send_signal(signal.SIGTERM)
        out, err = server.process.communicate(timeout=PATIENCE)

    assert f"Data   {new_cli.home}" in server.said
    assert f"/ui/setup#code={code}" in server.said
    assert stat.S_IMODE((new_cli.home).stat().st_mode) == 0o700
    assert setup.status == revoked.status == 0
    assert key_sent == f"Bearer {KEY}"
    assert (server.process.returncode, out) == (0, "")
    assert not [secret for secret in (KEY, PASSWORD, token["token"], code) if secret in err]
    assert not (new_cli.home / "setup-code").exists()


def test_a_running_server_follows_rotations_and_removals(cli: Cli, provider: UpstreamThread) -> None:
    made = cli.add("one", provider.base_url("openai"), "--model", "ok")
    token = cli("token", "create", "--name", "x", "--json").json["token"]
    with serving(cli.home, 2) as server:
        statuses = [server.post(token)]
        assert cli("keys", "rotate", "--data", "--root").status == 0
        later = cli.add("two", provider.base_url("openai"), "--prefix", "two/", "--model", "ok")
        eventually_in_thread(lambda: server.post(token, "two/ok") == 200, within=PATIENCE)
        statuses.append(server.post(token))
        cli("api-model", "remove", made["id"])
        eventually_in_thread(lambda: server.post(token) == 404, within=PATIENCE)
        statuses.append(server.post(token, "two/ok"))
        server.process.send_signal(signal.SIGINT)
        _, err = server.process.communicate(timeout=PATIENCE)

    assert later["has_key"]
    assert statuses == [200, 200, 200]
    assert "setup" not in server.said.lower()
    assert server.process.returncode == 0
    assert KEY not in err


def test_a_port_in_use_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, out, err = refused(tmp_path / "home", "--port", str(port))

    assert (status, out) == (4, "")
    assert f"Port {port} on 127.0.0.1 is already in use" in err
    assert "--port" in err
    assert not (tmp_path / "home").exists()


def test_a_wrong_root_key_stops_the_start_and_nothing_is_written(cli: Cli, new_cli: Cli) -> None:
    cli.add("one", "https://api.example.com/v1", "--model", "m")
    new_cli("keys", "status")
    shutil.copy(new_cli.home / "root.key", cli.home / "root.key")
    before = contents(cli.home)
    status, out, err = refused(cli.home, "--port", "0")

    assert (status, out) == (3, "")
    assert "this database needs the root key with the id" in err
    assert "BODHI_ENCRYPTION_KEY_FILE" in err
    assert contents(cli.home) == before


@pytest.mark.parametrize("below", ["file", "file/home"])
def test_a_home_that_cannot_be_written_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    status, out, err = refused(tmp_path / below, "--port", "0")

    assert (status, out) == (5, "")
    assert str(tmp_path / below) in err
    assert "BODHI_HOME" in err


def test_without_an_admin_nothing_beyond_loopback_is_served(tmp_path: Path) -> None:
    status, out, err = refused(tmp_path, "--port", "0", "--host", "0.0.0.0")

    assert (status, out) == (6, "")
    assert "bodhi setup" in err
    assert "Traceback" not in err


def test_without_tls_in_front_nothing_beyond_loopback_is_served(cli: Cli) -> None:
    status, _, err = refused(cli.home, "--port", "0", "--host", "0.0.0.0")

    assert status == 6
    assert "BODHI_BEHIND_TLS_PROXY" in err
