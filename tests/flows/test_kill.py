"""kill -9 at random moments of administrative changes: nothing acknowledged is lost, nothing changes without its act."""

import asyncio
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.killing import faults, prepare

KILLS = 100
SEED = 20_260_131
PATIENCE = 280


@pytest.mark.timeout(PATIENCE + 20)
def test_a_hundred_kills_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.flows.killing", str(tmp_path), str(KILLS), str(SEED)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr[-2_000:]
    told = json.loads(done.stdout)
    assert (told["kills"], told["faults"]) == (KILLS, [])
    assert told["acknowledged"] >= KILLS // 2


def test_what_the_test_looks_for_would_be_found(tmp_path: Path) -> None:
    world = asyncio.run(prepare(tmp_path))
    assert faults(world) == []
    world.known["token", "t1"] = {"name": "lost"}
    assert "lost" in faults(world)[0]
    world.known.clear()
    with sqlite3.connect(tmp_path / "home" / "bodhi.db") as connection:
        connection.execute(
            "INSERT INTO api_models (id, name, format, base_url, prefix, forward_all, models, extra_headers, extra_body,"
            " timeouts, allow_private_network, created_at, updated_at)"
            " VALUES ('m1', 'x', 'openai', 'https://example.org', 'x/', 1, '[]', '{}', '{}', 'null', 0, 1, 1)"
        )
    connection.close()
    assert faults(world) == ["no row of the trail tells of api_model m1"]
    with sqlite3.connect(tmp_path / "home" / "bodhi.db") as connection:
        connection.execute("DELETE FROM api_models")
        connection.execute("DELETE FROM audit_log")
    connection.close()
    assert len(faults(world)) == 1
