"""The programs of the real run: llama.cpp's server with a real model, and the gateway as people start it."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from scripts.real_model import RealModel

BODHI = Path(sys.executable).with_name("bodhi")
MODEL = "gemma-3-270m"
EMBEDDING_MODEL = "gemma-3-270m-embedding"
PROMPT = "The capital of France is"

# A base model knows no roles: given the words alone, it goes on with the sentence.
PLAIN_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% endfor %}"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until(is_so: Callable[[], bool], process: subprocess.Popen[bytes], within: float) -> None:
    """Poll until a program is ready, and no longer than it lives."""
    deadline = time.monotonic() + within
    while not is_so():
        if process.poll() is not None:
            raise AssertionError(f"{process.args!r} ended with status {process.returncode}")
        if time.monotonic() > deadline:
            raise AssertionError(f"{process.args!r} was not ready after {within} s")
        time.sleep(0.02)


def answers(url: str) -> bool:
    """Tell whether a URL answers with status 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def running(
    command: list[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program with its output in a file, and end it."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def llama_server(model: RealModel, log: Path, *options: str) -> Iterator[str]:
    """Serve the model with llama.cpp and yield its base URL."""
    port = free_port()
    command = [str(model.server), "--model", str(model.weights), "--host", "127.0.0.1", "--port", str(port)]
    with running([*command, "--ctx-size", "1024", "--threads", "2", "--parallel", "1", *options], log) as process:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"), process, within=50)
        yield f"http://127.0.0.1:{port}/v1"


class Gateway:
    """`bodhi serve` on a home folder of its own, and the commands on that folder."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ready_after = 0.0
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BODHI_")}
        self.environment = {**inherited, "BODHI_HOME": str(home)}

    @contextmanager
    def served(self) -> Iterator["Gateway"]:
        """Start the server and end it."""
        started = time.monotonic()
        command = [str(BODHI), "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        with running(command, self.home / "serve.log", self.environment) as process:
            wait_until(lambda: answers(f"{self.url}/livez"), process, within=30)
            self.ready_after = time.monotonic() - started
            yield self

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Run a command of the command line and return what it prints."""
        command = [str(BODHI), *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=self.environment, timeout=50, check=False
        )
        assert done.returncode == 0, f"{' '.join(arguments)}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def add_api_model(self, name: str, format_name: str, base_url: str, *options: str) -> None:
        """Register a server that wants no key and runs on this machine."""
        where = ["--name", name, "--format", format_name, "--base-url", base_url]
        self.run("api-model", "add", *where, "--no-key", "--allow-private-network", *options, "--json")

    def new_token(self, name: str) -> str:
        """Mint an API token."""
        return str(json.loads(self.run("token", "create", "--name", name, "--json"))["token"])

    def usage(self) -> dict[str, dict[str, Any]]:
        """Return the usage records of the calls that reached an upstream so far, by their id."""
        with closing(sqlite3.connect(f"file:{self.home / 'usage.db'}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return {
                row["id"]: dict(row)
                for row in connection.execute("SELECT * FROM usage_records WHERE api_model_id IS NOT NULL")
            }
