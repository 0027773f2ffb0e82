"""When the store does not answer, known tokens are served, unknown ones wait with a 503, and what is lost is counted."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from bodhi.core.audit import Actor, Via
from bodhi.identity.mint import Owner, TokenWish, mint_token
from bodhi.identity.tokens import new_token
from bodhi.storage.engine import Store
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import BY_DIALECT, OPENAI, RESPONSES, Way

TABLES = (
    ("bodhi.db", "config_version"),
    ("bodhi.db", "tokens"),
    ("bodhi.db", "objects"),
    ("usage.db", "usage_records"),
)


@contextmanager
def locked(home: Path) -> Iterator[None]:
    """Hold every lock that another process may take on both databases, as a stuck backup does."""
    held = [sqlite3.connect(home / name, isolation_level=None, timeout=10) for name in ("bodhi.db", "usage.db")]
    for connection in held:
        connection.execute("BEGIN EXCLUSIVE")
    # In WAL mode, which newer versions of SQLite get, such a lock stops writers only.
    hides = held[0].execute("PRAGMA journal_mode").fetchone() == ("wal",)
    if hides:
        held[0].execute("ALTER TABLE config_version RENAME TO config_version_away")
        held[0].execute("COMMIT")
    yield
    if hides:
        held[0].execute("ALTER TABLE config_version_away RENAME TO config_version")
    for connection in held:
        connection.rollback()
        connection.close()


@contextmanager
def broken(home: Path) -> Iterator[None]:
    """Take the tables away, as a restore that went wrong does."""
    for file, name in TABLES:
        _execute(home / file, f"ALTER TABLE {name} RENAME TO {name}_away")
    yield
    for file, name in TABLES:
        _execute(home / file, f"ALTER TABLE {name}_away RENAME TO {name}")


def _execute(file: Path, statement: str) -> None:
    connection = sqlite3.connect(file, timeout=10)
    connection.execute(statement)
    connection.close()


OUTAGES: dict[str, Callable[[Path], AbstractContextManager[None]]] = {"locked": locked, "tables gone": broken}


def call(gateway: Gateway, way: Way, token: str, **more: Any) -> RawAnswer:
    """Make one generating call."""
    return ask(gateway.port, b"POST", way.target("ok"), way.headers(token), way.body("ok", **more))


@pytest.mark.parametrize("outage", OUTAGES)
def test_an_outage_stops_no_known_token_and_refuses_no_unknown_one(
    outage: str, tmp_path: Path, upstream_thread: UpstreamThread, monkeypatch: pytest.MonkeyPatch, has_lane: bool
) -> None:
    # A lock is waited for five seconds ordinarily; that long a test need not take.
    defaults = Store.open.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "busy_timeout", 0.2)
    with Gateway(tmp_path, lane=has_lane) as gateway:
        directory, recorder = gateway.server.directory, gateway.server.recorder
        for way in BY_DIALECT:
            gateway.add_api_model(
                way.format, upstream_thread.base_url(way.format), key=way.provider_key, models=("ok",)
            )
        assert [call(gateway, way, gateway.token).status for way in BY_DIALECT] == [200] * 4
        written = len(gateway.records())

        with OUTAGES[outage](tmp_path):
            # At once, long before the directory's next look: nobody may be told that a token is wrong by a guess.
            assert call(gateway, OPENAI, new_token().reveal()).status == 503
            eventually_in_thread(lambda: directory.stale_since is not None, 20)
            for way in BY_DIALECT:
                served = call(gateway, way, gateway.token)
                assert served.status == 200, served.body
                assert served.complete
                unknown = call(gateway, way, new_token().reveal())
                assert unknown.status == 503
                assert unknown.header(b"x-bodhi-error") == b"store_unavailable"
                assert unknown.header(b"retry-after") is not None
                assert way.message_of(unknown.body)
                assert call(gateway, way, "sk-no-token-of-ours").status == 401
            listed = ask(gateway.port, b"GET", b"/v1/models", OPENAI.headers(gateway.token))
            follow_up = call(gateway, RESPONSES, gateway.token, previous_response_id="resp_1")
            assert (listed.status, follow_up.status) == (200, 503)
            assert RESPONSES.message_of(follow_up.body)
            assert ask(gateway.port, b"GET", b"/readyz").body == b'{"status":"degraded"}'
            eventually_in_thread(lambda: recorder.failures > 0, 20)
            assert recorder.queued == 1 + 4 * 3 + 2

        eventually_in_thread(lambda: directory.stale_since is None, 20)
        assert call(gateway, OPENAI, gateway.mint()).status == 200
        assert len(gateway.records()) == written + 1 + 4 * 3 + 2 + 1
        assert recorder.dropped.total() == 0


def test_a_token_that_another_process_minted_works_at_once(
    tmp_path: Path, upstream_thread: UpstreamThread, has_lane: bool
) -> None:
    with Gateway(tmp_path, lane=has_lane) as gateway:
        gateway.add_api_model(
            OPENAI.format, upstream_thread.base_url(OPENAI.format), key=OPENAI.provider_key, models=("ok",)
        )
        mint, admin = gateway.server.services.mint, gateway.admin
        owner, actor = Owner(admin.id, admin.name, admin.role), Actor(via=Via.HOST, user_name="elsewhere")
        secret, _ = gateway.do(mint_token(mint, actor, owner, TokenWish(name="elsewhere")))

        assert call(gateway, OPENAI, secret.reveal()).status == 200
        assert call(gateway, OPENAI, new_token().reveal()).status == 401
