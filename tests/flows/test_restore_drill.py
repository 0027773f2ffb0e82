"""A restore as docs/backup-and-keys.md tells it: its commands, on a backup that was made while people went on working."""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.home import Home, open_home
from bodhi.settings import read_settings
from bodhi.storage.audit_chain import Verdict, verify_chain
from bodhi.storage.backup import back_up
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.store_urls import StoreUrls
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import OPENAI

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "backup-and-keys.md").read_text(encoding="utf-8")
RESTORE = re.findall(
    r"^```sh\n(.*?)^```$", PAGE.partition("\n## Restore\n")[2].partition("\n## ")[0], re.MULTILINE | re.DOTALL
)
KEY = "sk-canary-0123456789abcdef"


@dataclass(frozen=True)
class Disaster:
    """What is left after one: a backup, the root key kept elsewhere, and tokens in people's programs."""

    folder: Path
    backup: Path
    keys: Path
    tokens: list[str]
    root_key_id: str

    def follow(self, *blocks: str) -> subprocess.CompletedProcess[str]:
        """Do what the page says, with this test's folders in place of the page's."""
        script = "\n".join(["set -e", *blocks])
        script = script.replace("/srv/backups/today", str(self.backup)).replace("/media/keys", str(self.keys))
        environment = {"HOME": str(self.folder), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        return subprocess.run(  # the documentation's own commands
            ["/bin/sh", "-c", script], capture_output=True, text=True, env=environment, timeout=60, check=False
        )

    @property
    def home(self) -> Path:
        return self.folder / ".bodhi"


@contextmanager
def changing(gateway: Gateway) -> Iterator[list[str]]:
    """Mint tokens, one after the other, until the block ends."""
    minted: list[str] = []
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            minted.append(gateway.mint())

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield minted
    finally:
        stop.set()
        thread.join()


@pytest.fixture
def disaster(tmp_path: Path, upstream_thread: UpstreamThread) -> Disaster:
    home, backup, keys = tmp_path / ".bodhi", tmp_path / "today", tmp_path / "keys"
    with Gateway(home) as gateway:
        gateway.add_api_model("openai", upstream_thread.base_url("openai"), key=KEY, models=("ok",))
        gateway.mint(gateway.add_user("bob"))
        tokens = [gateway.token, gateway.mint()]
        root_key_id = gateway.server.home.vault.root.key_id
        with changing(gateway) as minted:
            sources = RootKeySources(home_file=home / "root.key")
            made = asyncio.run(back_up(StoreUrls.in_home(home), sources, backup, SYSTEM_CLOCK))
        assert made.root_key_id == root_key_id
        assert minted
    keys.mkdir()
    (home / "root.key").rename(keys / "root.key")
    return Disaster(tmp_path, backup, keys, tokens, root_key_id)


async def verified(home: Path) -> tuple[Verdict, int]:
    """Verify the trail of a home folder, and count its users."""
    opened: Home = await open_home(read_settings({}, home=home))
    try:
        async with opened.store.read() as connection:
            people = (await connection.exec_driver_sql("SELECT count(*) FROM users")).scalar_one()
        return await verify_chain(opened.store.read, opened.audit.keys), int(people)
    finally:
        await opened.close()


def digests(folder: Path) -> dict[str, str]:
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_the_page_restores_tokens_provider_keys_people_and_the_trail(
    disaster: Disaster, upstream_thread: UpstreamThread
) -> None:
    done = disaster.follow(*RESTORE)
    assert done.returncode == 0, done.stderr
    assert "key opens" in done.stdout
    verdict, people = asyncio.run(verified(disaster.home))
    assert (verdict.problem, people) == (None, 2)
    assert verdict.rows >= 3
    with Gateway(disaster.home, set_up=False) as gateway:
        for token in disaster.tokens:
            answer = ask(gateway.port, b"POST", OPENAI.target("ok"), OPENAI.headers(token), OPENAI.body("ok"))
            assert answer.status == 200
            assert dict(upstream_thread.last.headers)[OPENAI.key_header] == OPENAI.key_value(KEY)
        gateway.mint(gateway.admin)
    verdict, _ = asyncio.run(verified(disaster.home))
    assert verdict.problem is None


@pytest.mark.parametrize("key", ["missing", "wrong"])
def test_without_the_right_root_key_a_restored_home_is_refused_and_left_as_it_is(disaster: Disaster, key: str) -> None:
    if key == "missing":
        script = [line for block in RESTORE for line in block.splitlines() if "root.key" not in line]
    else:
        (disaster.keys / "root.key").write_text("A" * 43 + "=\n")
        script = RESTORE
    refused = disaster.follow(*script)
    assert refused.returncode == 3
    assert disaster.root_key_id in refused.stderr
    before = digests(disaster.home)
    serving = disaster.follow("exec bodhi serve --port 0")
    assert serving.returncode == 3
    assert disaster.root_key_id in serving.stderr
    assert digests(disaster.home) == before
    assert {path.rsplit("/", 1)[1] for path in before} - {"root.key"} == {"bodhi.db", "usage.db"}
