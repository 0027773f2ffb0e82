"""The getting-started page is followed to the letter: its commands, its curl calls and its Python, on ports of the test."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
SAID = "Hello from the fake upstream"

# What asks at the terminal, needs a provider's key, or is started by this test instead.
RUN_HERE = ("--password-stdin", "--no-key", "practice-key", "token create")


class Follower:
    """Somebody with the page open: a running gateway, a practice provider, a shell, and the token."""

    def __init__(self, environment: dict[str, str], address: str, provider: str) -> None:
        self.environment = environment
        self._address = address
        self._provider = provider

    def typed(self, text: str) -> str:
        """Return what the page says, with this test's ports in place of the page's."""
        return text.replace("localhost:1135", self._address).replace("127.0.0.1:9155", self._provider)

    def is_known(self) -> bool:
        """Tell whether the running gateway has noticed the token, which was the last to be made."""
        token = self.environment["BODHI_TOKEN"]
        answer = httpx2.get(f"http://{self._address}/v1/models", headers={"authorization": f"Bearer {token}"})
        return bool(answer.status_code == 200)

    def run(self, command: list[str]) -> str:
        done = subprocess.run(
            command, capture_output=True, text=True, env=self.environment, cwd=ROOT, timeout=50, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def follower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Follower]:
    home = tmp_path_factory.mktemp("home")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "BODHI_HOME": str(home / "bodhi"),
        "BODHI_PORT": "0",
        "BODHI_DRAIN_TIMEOUT": "1",
    }
    with UpstreamThread() as upstream:
        serving = subprocess.Popen(["bodhi", "serve"], stdout=subprocess.PIPE, text=True, env=environment)
        assert serving.stdout is not None
        try:
            address = re.search(r"ready at http://(\S+)", serving.stdout.readline())
            assert address is not None
            found = Follower(environment, address[1], upstream.url.removeprefix("http://"))
            commands = [text for kind, text in BLOCKS if kind == "sh" and any(mark in text for mark in RUN_HERE)]
            script = found.typed("\n".join(["set -e", *commands, 'echo "token=$BODHI_TOKEN"']))
            environment["BODHI_TOKEN"] = found.run(["sh", "-c", script]).rpartition("token=")[2].strip()
            eventually_in_thread(found.is_known)
            yield found
        finally:
            serving.terminate()
            serving.wait(30)
            serving.stdout.close()


def test_the_page_has_everything_that_this_test_looks_for() -> None:
    shell = "".join(text for kind, text in BLOCKS if kind == "sh")

    assert [mark for mark in RUN_HERE if mark not in shell] == []
    assert (shell.count("curl "), len([1 for kind, _ in BLOCKS if kind == "python"])) == (3, 3)


def test_the_commands_work_as_the_page_shows_them(follower: Follower) -> None:
    listed = json.loads(follower.run(["bodhi", "api-model", "list", "--json"]))

    assert [each["name"] for each in listed] == ["Ollama", "Practice", "Practice Anthropic", "Practice Gemini"]
    assert follower.environment["BODHI_TOKEN"].startswith("bodhi_u_")
    assert "Connection works" in follower.run(["bodhi", "api-model", "test", "Practice"])


@pytest.mark.parametrize("number", range(3))
def test_each_curl_call_of_the_page_is_answered(follower: Follower, number: int) -> None:
    block = [text for kind, text in BLOCKS if kind == "sh" and text.startswith("curl ")][number]
    words = shlex.split(follower.typed(block).replace("$BODHI_TOKEN", follower.environment["BODHI_TOKEN"]))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")

    answer = httpx2.post(words[1], headers=headers, content=words[words.index("-d") + 1])

    assert answer.status_code == 200
    assert SAID in answer.text


@pytest.mark.parametrize("number", range(3))
def test_each_python_example_of_the_page_prints_the_answer(follower: Follower, number: int) -> None:
    example = [text for kind, text in BLOCKS if kind == "python"][number]

    assert SAID in follower.run([sys.executable, "-c", follower.typed(example)])
