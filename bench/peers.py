"""Other gateways that a registry ships, measured on request: how each is installed, and set up for production.

They are installed below `bench/build/` when they are asked for, and only then. Removing that folder makes the next run
install what is newest by then.
"""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.calls import MODEL_PREFIX, Address
from bench.programs import BUILD, CannotRun
from bench.proxies import PROVIDER_KEY, Proxy
from bench.topology import Cores, Program, free_port
from bench.upstream import Upstream

ROOT = Path(__file__).parent.parent
UV = ROOT / ".tools" / "uv" / "bin" / "uv"
INSTALL_SECONDS = 600
READY_SECONDS = 120.0
REASON_LENGTH = 300
MASTER_KEY = "sk-bench-master-key"
MODELS = ("json-1k", "json-10k", "sse-0ms", "sse-5ms")

LITELLM_CONFIGURATION = {
    "model_list": [
        {
            "model_name": f"{MODEL_PREFIX}{model}",
            "litellm_params": {
                "model": f"openai/{model}",
                "api_base": f"{{upstream}}/{model}/v1",
                "api_key": PROVIDER_KEY,
            },
        }
        for model in MODELS
    ],
    "general_settings": {"master_key": MASTER_KEY},
    "litellm_settings": {"telemetry": False, "num_retries": 0, "request_timeout": 60, "set_verbose": False},
}
"""YAML is a superset of JSON. A master key, no database, no callbacks. The model is in the path, too: LiteLLM writes it
at the end of the body, where the mock does not look."""
LITELLM_ENVIRONMENT = {
    "LITELLM_LOG": "ERROR",
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "NO_PROXY": "*",
}

PORTKEY_PACKAGE = "@portkey-ai/gateway"
PORTKEY_FAULT = ",this.updateHeaders(i,n.cacheStatus,o),"
PORTKEY_REPAIR = f",this.context.isStreaming&&(i=new Response(i.body,i)){PORTKEY_FAULT}"
"""As installed, each stream is answered 500 ("TypeError: immutable", Portkey-AI/gateway, issues 1389 and 1550): the
headers of a response that fetch() returned cannot be changed, those of a copy can."""


class Peer(msgspec.Struct, frozen=True):
    """What was installed, as the report says it."""

    name: str
    version: str
    set_up: str

    def line(self) -> str:
        """Return the description as one sentence."""
        return f"{self.name} is {self.version}: {self.set_up}."


@dataclass(frozen=True)
class Kind:
    """A peer that can be asked for: how it is installed, how it is set up, and whether it can have several workers."""

    install: Callable[[], Peer]
    set_up: Callable[[Path, Upstream, Cores, int], Proxy]
    has_workers: bool


def install_litellm(folder: Path = BUILD / "litellm") -> Peer:
    """Install the newest LiteLLM proxy from PyPI into a virtual environment of its own."""
    python = folder / "bin" / "python"
    if not (folder / "bin" / "litellm").exists():
        print("Installing LiteLLM from PyPI ...", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=not UV.exists())
        pip = [str(UV), "pip", "install", "-q", "--python"] if UV.exists() else []
        install = [*pip, str(python)] if pip else [str(python), "-m", "pip", "install", "-q"]
        _run("LiteLLM", [*install, "litellm[proxy]"])
    ask = "import importlib.metadata as m; print(m.version('litellm'))"
    version = _run("LiteLLM", [str(python), "-c", ask]).strip()
    return Peer("litellm", f"LiteLLM proxy {version}", "a master key, production mode, no database, no debug logs")


def set_up_litellm(folder: Path, upstream: Upstream, cores: Cores, workers: int = 1) -> Proxy:
    """Write a configuration with the bench's models, and return how the proxy is started."""
    folder.mkdir()
    port = free_port()
    configuration = folder / "litellm.yaml"
    text = json.dumps(LITELLM_CONFIGURATION, indent=1).replace("{upstream}", f"http://127.0.0.1:{upstream.port}")
    configuration.write_text(text)
    program = str(BUILD / "litellm" / "bin" / "litellm")
    places = ["--config", str(configuration), "--host", "127.0.0.1", "--port", str(port)]
    command = [program, *places, "--num_workers", str(workers)]
    if workers > 1:
        # Uvicorn takes a worker for dead that is not up after five seconds, which LiteLLM is not.
        command += ["--timeout_worker_healthcheck", str(int(READY_SECONDS))]
    return Proxy(
        Address("litellm", port, token=MASTER_KEY),
        start=lambda: Program(command, cores.of_proxy(workers), folder / "output.log", LITELLM_ENVIRONMENT),
        ready_seconds=READY_SECONDS,
    )


def install_portkey(folder: Path = BUILD / "portkey") -> Peer:
    """Install the newest Portkey gateway from npm, and repair its streams where they are as we know them."""
    package = folder / "node_modules" / PORTKEY_PACKAGE
    if not package.exists():
        if shutil.which("npm") is None:
            raise CannotRun("Portkey needs Node.js with npm")
        print("Installing Portkey from npm ...", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--silent"]
        _run("Portkey", ["npm", "install", "--prefix", str(folder), *quiet, PORTKEY_PACKAGE])
    version = json.loads((package / "package.json").read_text())["version"]
    program = package / "build" / "start-server.js"
    text = program.read_text()
    repaired = repair_portkey(text)
    if repaired != text:
        program.write_text(repaired)
    streams = "one line changed so that it streams" if PORTKEY_REPAIR in repaired else "unchanged"
    return Peer("portkey", f"Portkey {version}", f"as from npm, {streams}, no tokens, no records")


def repair_portkey(text: str) -> str:
    """Return the program with the headers of streams made changeable; unchanged when it is not as expected."""
    if PORTKEY_REPAIR in text or text.count(PORTKEY_FAULT) != 1:
        return text
    return text.replace(PORTKEY_FAULT, PORTKEY_REPAIR)


def set_up_portkey(folder: Path, upstream: Upstream, cores: Cores, workers: int = 1) -> Proxy:
    """Return how the gateway is started; each call tells it where the upstream is."""
    assert workers == 1, "Portkey is one process"
    folder.mkdir()
    port = free_port()
    program = BUILD / "portkey" / "node_modules" / PORTKEY_PACKAGE / "build" / "start-server.js"
    command = ["node", str(program), "--headless", f"--port={port}"]
    # Without the second one it refuses an upstream on this machine.
    environment = {"NODE_ENV": "production", "PORT": str(port), "TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
    headers = (
        ("x-portkey-provider", "openai"),
        ("x-portkey-custom-host", f"http://127.0.0.1:{upstream.port}/v1"),
    )
    return Proxy(
        Address("portkey", port, token=PROVIDER_KEY, extra_headers=headers),
        start=lambda: Program(command, cores.proxy, folder / "output.log", environment),
        ready_seconds=READY_SECONDS,
    )


PEERS = {
    "litellm": Kind(install_litellm, set_up_litellm, has_workers=True),
    "portkey": Kind(install_portkey, set_up_portkey, has_workers=False),
}


def short_reason(error: Exception) -> str:
    """Return why a peer could not be measured, on one line, without the paths of this machine."""
    text = " ".join(str(error).replace(str(ROOT), "").replace(str(Path.home()), "~").split())
    return text if len(text) <= REASON_LENGTH else f"{text[:60]} ... {text[60 - REASON_LENGTH :]}"


def _run(name: str, command: Sequence[str]) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "VIRTUAL_ENV": ""},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRun(f"{name} could not be installed: {error}") from error
    if done.returncode != 0:
        raise CannotRun(f"{name} could not be installed: {done.stderr or done.stdout}")
    return done.stdout
