"""A deployment of the version before people and roles, brought up to date: sessions end, and nothing else is lost."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bodhi.core.credential import Secret
from bodhi.home import open_home
from bodhi.identity.tokens import TokenHasher, new_token
from bodhi.settings import Settings, read_settings
from bodhi.storage import tables
from bodhi.storage.api_models import provider_key_place
from bodhi.storage.audit import AuditLog
from bodhi.storage.data_keys import open_vault
from bodhi.storage.engine import Store
from bodhi.storage.migrate import migration_config
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.schema_state import schema_state
from bodhi.storage.sqlite import create_private_file
from bodhi.storage.store_urls import StoreUrls, sqlite_path
from bodhi.storage.vault import Vault
from tests.fakes.gateway import Gateway
from tests.fakes.postgres import Postgres
from tests.fakes.raw_client import ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import OPENAI

NOW = 1_790_000_000.0
KEY = "sk-canary-0123456789abcdef"
KEPT = {
    "users": 12,
    "tokens": 40,
    "api_models": 6,
    "objects": 25,
    "data_keys": 2,
    "deployment": 1,
}
"""The tables of the first revision whose rows must be there afterwards, and how many the test puts in."""

TOKENS = [new_token().reveal().encode() for _ in range(KEPT["tokens"])]


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Give the settings of a deployment whose databases are empty."""
    url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.url(asyncio.run(server.new_database()))
    return read_settings({}, home=tmp_path, database_url=url)


def urls_of(settings: Settings) -> StoreUrls:
    if settings.database_url:
        return StoreUrls.from_database_url(settings.database_url)
    return StoreUrls.in_home(settings.home)


async def first_schema(urls: StoreUrls) -> None:
    """Make the databases as the version before left them: each at its first revision."""

    def upgrade(connection: Connection, name: str) -> None:
        command.upgrade(migration_config(name, connection), "0001")

    for name, url in (("main", urls.main), ("usage", urls.usage)):
        if urls.is_sqlite:
            create_private_file(sqlite_path(url))
        engine = create_async_engine(url)
        async with engine.begin() as connection:
            await connection.run_sync(upgrade, name)
        await engine.dispose()


async def insert_all(connection: AsyncConnection, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows into a table of the first revision, which `storage.tables` does not describe any more."""
    names = ", ".join(rows[0])
    values = ", ".join(f":{name}" for name in rows[0])
    await connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), rows)  # own names


async def fill(store: Store, vault: Vault, base_url: str) -> None:
    """Store people, tokens, sessions, api models and objects, disabled and revoked ones among them."""
    people = [
        {"id": f"u{n}", "name": f"Person {n}", "name_key": f"person {n}", "role": ("admin", "user")[n > 0],
         "password_hash": "$argon2id$…", "disabled": n == 5, "created_at": NOW + n}
        for n in range(KEPT["users"])
    ]  # fmt: skip
    hasher = TokenHasher(vault.derive("token-mac/v1"))
    tokens = [
        {"id": f"t{n}", "name": f"token {n}", "mac": hasher.mac(TOKENS[n]), "owner_id": f"u{n % 5}", "scope": "user",
         "allowed_models": json.dumps(["ok"] if n % 2 else []), "created_at": NOW, "expires_at": None,
         "revoked_at": NOW if n == 7 else None, "last_used_at": NOW if n == 8 else None}
        for n in range(KEPT["tokens"])
    ]  # fmt: skip
    sessions = [
        {"mac": bytes([n] * 32), "user_id": f"u{n}", "created_at": NOW, "expires_at": NOW + 10**9} for n in range(3)
    ]
    api_models = [
        {"id": f"m{n}", "name": f"Model {n}", "format": "openai", "base_url": base_url, "prefix": f"p{n}/" if n else "",
         "forward_all": False, "models": '["ok"]', "extra_headers": '{"x-team":"blue"}', "extra_body": "{}",
         "timeouts": "null", "allow_private_network": True,
         "sealed_key": vault.seal(Secret(KEY), provider_key_place(f"m{n}", base_url)) if n % 2 == 0 else None,
         "owner_id": f"u{n}" if n else None, "created_at": NOW, "updated_at": NOW}
        for n in range(KEPT["api_models"])
    ]  # fmt: skip
    objects = [
        {"object_id": f"resp_{n}", "api_model_id": f"m{n % 6}", "owner_id": f"u{n % 5}", "created_at": NOW}
        for n in range(KEPT["objects"])
    ]
    async with store.write() as connection:
        await insert_all(connection, "users", people)
        await insert_all(connection, "tokens", tokens)
        await insert_all(connection, "sessions", sessions)
        await insert_all(connection, "api_models", api_models)
        await insert_all(connection, "objects", objects)
    call = {"id": "call-1", "at": NOW, "endpoint": "chat", "status": 200, "stream": False, "total_us": 5, "bytes_in": 1}
    async with store.usage_write() as connection:
        await insert_all(connection, "usage_records", [{**call, "bytes_out": 2, "input_tokens": 3}])


async def rows_of(store: Store, columns: dict[str, list[str]] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Return every row of the tables that must stay, all of its columns or those named."""
    found = {}
    for table in [*KEPT, "usage_records"]:
        lending = store.usage_read if table == "usage_records" else store.read
        wanted = ", ".join(columns[table]) if columns else "*"
        async with lending() as connection:
            result = await connection.execute(text(f"SELECT {wanted} FROM {table} ORDER BY 1, 2"))  # own names
            found[table] = [dict(row) for row in result.mappings()]
    return found


@pytest.fixture
async def before(settings: Settings, upstream_thread: UpstreamThread) -> dict[str, list[dict[str, Any]]]:
    """Make a deployment of the version before, and give its rows."""
    urls = urls_of(settings)
    await first_schema(urls)
    store = await Store.open(urls)
    vault = await open_vault(store, RootKeySources(home_file=settings.home / "root.key"))
    await fill(store, vault, upstream_thread.base_url("openai"))
    rows = await rows_of(store)
    assert await schema_state(store) == "behind"
    await store.close()
    return rows


async def test_everything_but_the_sessions_is_there_afterwards(
    settings: Settings, before: dict[str, list[dict[str, Any]]]
) -> None:
    assert {table: len(rows) for table, rows in before.items()} == {**KEPT, "usage_records": 1}
    home = await open_home(settings)
    try:
        assert await schema_state(home.store) == "current"
        after = await rows_of(home.store, {table: list(rows[0]) for table, rows in before.items()})
        assert after == before
        async with home.store.read() as connection:
            assert (await connection.execute(text("SELECT count(*) FROM sessions"))).scalar_one() == 0
            assert await connection.run_sync(differences) == []
            if urls_of(settings).is_sqlite:
                assert (await connection.execute(text("PRAGMA foreign_key_check"))).all() == []
                assert (await connection.execute(text("PRAGMA integrity_check"))).scalar_one() == "ok"
        assert isinstance(home.audit, AuditLog)
    finally:
        await home.close()


def differences(connection: Connection) -> list[object]:
    def is_of_this_database(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in tables.main.tables

    options = {"compare_type": True, "compare_server_default": True, "include_name": is_of_this_database}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.main))


async def test_deleting_a_person_afterwards_takes_their_tokens_and_nobody_elses(
    settings: Settings, before: dict[str, list[dict[str, Any]]]
) -> None:
    home = await open_home(settings)
    try:
        async with home.store.write() as connection:
            await connection.execute(text("UPDATE api_models SET owner_id = NULL"))
            await connection.execute(text("DELETE FROM users WHERE id = 'u1'"))
            query = text("SELECT owner_id, count(*) AS tokens FROM tokens GROUP BY owner_id")
            left = (await connection.execute(query)).all()
        assert {row.owner_id: row.tokens for row in left} == dict.fromkeys(["u0", "u2", "u3", "u4"], 8)
    finally:
        await home.close()
    assert len(before["tokens"]) == 40


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_the_tokens_of_before_still_call_models(
    settings: Settings, before: dict[str, list[dict[str, Any]]], upstream_thread: UpstreamThread
) -> None:
    assert before["api_models"][0]["sealed_key"]
    assert await asyncio.to_thread(statuses, settings.home, (0, 1, 7)) == {0: 200, 1: 200, 7: 401}
    assert dict(upstream_thread.last.headers)[OPENAI.key_header] == OPENAI.key_value(KEY)


def statuses(home: Path, numbers: tuple[int, ...]) -> dict[int, int]:
    """Call a model with some of the tokens, through a gateway that brings the home folder up to date."""
    with Gateway(home, set_up=False) as gateway:
        return {
            number: ask(
                gateway.port, b"POST", OPENAI.target("ok"), OPENAI.headers(TOKENS[number].decode()), OPENAI.body("ok")
            ).status
            for number in numbers
        }
