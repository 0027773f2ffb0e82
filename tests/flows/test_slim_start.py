"""What the first answered model call never needs is not loaded by then: memory and start are paid by every worker."""

import json
import subprocess
import sys
from pathlib import Path

from tests.fakes.upstream import UpstreamThread

NOT_FOR_CALLS = frozenset({
    "alembic",
    "bodhi.cli.commands",
    "bodhi.control.api",
    "fastapi",
    "genai_prices",
    "joserfc",
    "pydantic",
    "pydantic_core",
    "rich",
    "starlette",
    "xml",
})  # fmt: skip
"""Modules of the control API, of sign-in with an identity provider, of other commands, of prices, of migrations."""

PROGRAM = """
import json, sys, urllib.request
from pathlib import Path

home, address = sys.argv[1:]
# As `bodhi serve` comes to it, with every option read.
from bodhi import serving
from bodhi.cli.main import command
serving.serve = lambda settings, announce: None
words = ["serve", "--host", "127.0.0.1", "--port", "0", "--workers", "1", "--home", home]
command(words).main(words, "bodhi", standalone_mode=False)
from tests.fakes.gateway import Gateway

def ask(url, token=None, body=None):
    headers = {"content-type": "application/json"}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20) as answer:
        return answer.status

with Gateway(Path(home)) as gateway:
    gateway.add_api_model("openai", address, models=("ok",), key="sk-test")
    call = b'{"model": "ok", "messages": []}'
    statuses = [ask(f"{gateway.url}/v1/chat/completions", gateway.token, call), ask(f"{gateway.url}/readyz")]
    called = sorted(sys.modules)
    statuses.append(ask(f"{gateway.url}/bodhi/v1/health"))
    print(json.dumps([statuses, called, sorted(sys.modules)]))
"""


def test_the_first_model_call_and_probe_load_nothing_that_only_others_need(tmp_path: Path) -> None:
    with UpstreamThread() as upstream:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path), upstream.base_url("openai")],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    statuses, called, controlled = json.loads(ran.stdout)

    assert statuses == [200, 200, 200]
    assert NOT_FOR_CALLS & set(called) == set()
    assert {"fastapi", "bodhi.control.api"} <= set(controlled)
