"""The measured proxies, each set up as its documentation says: nginx, which is the limit, and the gateway.

Other gateways, which are measured on request, are in `peers.py`.
"""

import getpass
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench.calls import MODEL_PREFIX, Address, call
from bench.programs import CannotRun
from bench.topology import Cores, Program, free_port
from bench.upstream import Upstream

READY_SECONDS = 30.0
POLL_SECONDS = 0.005
PROVIDER_KEY = "bench-provider-key"
GATEWAY = Path(sys.executable).with_name("bodhi")

NGINX_CONFIGURATION = """\
{user}worker_processes {workers};
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
events {{ worker_connections 4096; }}
http {{
    access_log {folder}/access.log combined buffer=64k flush=1s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    client_max_body_size 64m;
    client_body_buffer_size 1m;
    keepalive_requests 100000000;
    tcp_nodelay on;
    upstream provider {{
        server 127.0.0.1:{upstream_port};
        keepalive 512;
        keepalive_requests 100000000;
    }}
    server {{
        listen 127.0.0.1:{port} backlog=2048;
        location / {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_set_header Connection "";
            proxy_set_header Authorization "Bearer {key}";
        }}
    }}
}}
"""


@dataclass(frozen=True)
class Proxy:
    """A proxy that is set up: where it answers, and how it is started."""

    address: Address
    start: Callable[[], Program]
    ready_seconds: float = READY_SECONDS


@dataclass
class Running:
    """A started proxy, and how long it took from its start to its first answer."""

    proxy: Proxy
    program: Program
    startup_seconds: float


def run(proxy: Proxy) -> Running:
    """Start a proxy and wait for its first answer."""
    program = proxy.start()
    while time.perf_counter() - program.started_at < proxy.ready_seconds and not program.has_ended:
        try:
            status, _ = call(proxy.address, "json-1k")
        except OSError:
            time.sleep(POLL_SECONDS)
            continue
        if status == 200:
            return Running(proxy, program, time.perf_counter() - program.started_at)
        time.sleep(POLL_SECONDS)
    program.stop()
    raise CannotRun(f"{proxy.address.name} does not answer:\n{program.log_tail()}")


def set_up_nginx(folder: Path, upstream: Upstream, cores: Cores, workers: int = 1) -> Proxy:
    """Write a configuration that only proxies: kept connections, headers rewritten, a buffered access log."""
    program = _find_nginx()
    port = free_port()
    folder.mkdir()
    configuration = folder / "nginx.conf"
    # As root nginx would change to a user who cannot enter the temporary folder.
    user = f"user {getpass.getuser()};\n" if os.geteuid() == 0 else ""
    configuration.write_text(
        NGINX_CONFIGURATION.format(
            user=user, folder=folder, port=port, upstream_port=upstream.port, key=PROVIDER_KEY, workers=workers
        )
    )
    command = [program, "-p", str(folder), "-c", str(configuration), "-e", str(folder / "error.log")]
    return Proxy(
        Address("nginx", port, token="not-checked"),
        start=lambda: Program(command, cores.of_proxy(workers), folder / "output.log"),
    )


def _find_nginx() -> str:
    places = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = shutil.which("nginx", path=places)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing nginx-light from Debian ...", file=sys.stderr)
        for arguments in (["update", "-q"], ["install", "-q", "-y", "--no-install-recommends", "nginx-light"]):
            subprocess.run(["apt-get", *arguments], check=False, stdout=subprocess.DEVNULL)
        found = shutil.which("nginx", path=places)
    if found is None:
        raise CannotRun("nginx is the measure of this bench: apt-get install --no-install-recommends nginx-light")
    return found


def set_up_gateway(
    folder: Path,
    upstream: Upstream,
    cores: Cores,
    settings: Mapping[str, str] = MappingProxyType({}),
    workers: int = 1,
) -> Proxy:
    """Set the gateway up as its documentation tells a user: an Admin, one api model, one token."""
    program = str(GATEWAY)
    port = free_port()
    environment = {"BODHI_HOME": str(folder), **settings}

    def bodhi(arguments: Sequence[str], typed: str = "") -> str:
        done = subprocess.run(
            [program, *arguments],
            input=typed,
            capture_output=True,
            text=True,
            env={**os.environ, **environment},
            check=False,
        )
        if done.returncode != 0:
            raise CannotRun(f"bodhi {' '.join(arguments)} failed:\n{done.stderr or done.stdout}")
        return done.stdout

    bodhi(["setup", "--username", "bench", "--password-stdin"], typed="a long password of the bench\n")
    upstream_url = f"http://127.0.0.1:{upstream.port}/v1"
    named = ["--name", "bench", "--format", "openai", "--base-url", upstream_url, "--allow-private-network"]
    bodhi(
        ["api-model", "add", *named, "--prefix", MODEL_PREFIX, "--forward-all", "--api-key-stdin"],
        typed=f"{PROVIDER_KEY}\n",
    )
    token = str(json.loads(bodhi(["token", "create", "--name", "bench", "--json"]))["token"])
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port)]
    if workers > 1:
        command += ["--workers", str(workers)]
    return Proxy(
        Address("bodhi", port, token=token),
        start=lambda: Program(command, cores.of_proxy(workers), folder / "bench-output.log", environment),
    )


def gateway_has_workers() -> bool:
    """Tell whether this version of the gateway can be started with several workers."""
    shown = subprocess.run([str(GATEWAY), "serve", "--help"], capture_output=True, text=True, check=False)
    return "--workers" in shown.stdout
