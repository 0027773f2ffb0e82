"""What the whole program does about the trail at its stop."""

import asyncio
import http.client
import json
import sqlite3
from pathlib import Path

from bodhi.accounting.audit_heads import FILE, read_heads
from bodhi.home import open_home
from bodhi.storage.audit_chain import verify_chain
from bodhi.storage.audit_head import Head
from tests.fakes.gateway import Gateway


def test_refusals_and_a_head_are_written_before_the_end(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
        body = json.dumps({"username": "nobody", "password": "wrong zebra stapler"})
        for _ in range(2):
            connection.request("POST", "/bodhi/v1/session", body, {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
            assert response.status == 401
        connection.close()
    with sqlite3.connect(tmp_path / "bodhi.db") as database:
        refused = database.execute(
            "SELECT action, count, subject_name, address FROM audit_log WHERE outcome = 'refused'"
        )
        assert refused.fetchall() == [("session.open", 2, None, "127.0.0.1")]
        last = database.execute("SELECT max(seq) FROM audit_log").fetchone()[0]
    database.close()
    heads, _ = read_heads((tmp_path / FILE).read_text().splitlines(keepends=True))
    assert heads[-1].seq == last
    asyncio.run(_verify(gateway, heads))


async def _verify(gateway: Gateway, heads: list[Head]) -> None:
    home = await open_home(gateway.settings)
    try:
        assert (await verify_chain(home.store.read, home.audit.keys, heads)).problem is None
    finally:
        await home.close()
