"""Migrations: they make the schema of `tables`, twice as well as once, and all or nothing."""

import asyncio
import io
import shutil
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, inspect, text

from bodhi.core.errors import StartupError
from bodhi.storage import migrate as module
from bodhi.storage import tables
from bodhi.storage.engine import Store
from bodhi.storage.migrate import main, migrate
from bodhi.storage.schema_state import MAIN_REVISIONS, MAIN_VERSION_TABLE, USAGE_VERSION_TABLE, schema_state
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.version import config_version
from tests.storage.test_schema_state import set_revision


async def migrate_apart(urls: StoreUrls) -> tuple[int | None, str]:
    """Migrate as the server does, in a process of its own; return its exit status and what it said."""
    pipe = asyncio.subprocess.PIPE
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bodhi.storage.migrate", stdin=pipe, stderr=pipe
    )
    _, said = await program.communicate(f"{urls.main}\n{urls.usage}\n".encode())
    return program.returncode, said.decode()


def differences(connection: Connection, metadata: MetaData) -> list[object]:
    def is_of_this_database(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or name in metadata.tables

    options = {"compare_type": True, "compare_server_default": True, "include_name": is_of_this_database}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def tables_of(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def test_the_migrated_schema_is_the_one_on_the_page(store: Store, urls: StoreUrls) -> None:
    async with store.read() as connection:
        assert await connection.run_sync(differences, tables.main) == []
        found = await connection.run_sync(tables_of)
    async with store.usage_read() as connection:
        assert await connection.run_sync(differences, tables.usage) == []
        found |= await connection.run_sync(tables_of)
    expected = tables.main.tables.keys() | tables.usage.tables.keys() | {MAIN_VERSION_TABLE, USAGE_VERSION_TABLE}
    assert found == expected


async def test_migrating_again_changes_nothing(store: Store, urls: StoreUrls) -> None:
    async def rows() -> list[object]:
        async with store.read() as connection:
            deployed = (await connection.execute(text("SELECT id, created_at FROM deployment"))).all()
            return [*deployed, await config_version(connection)]

    before = await rows()
    await asyncio.to_thread(migrate, urls)
    assert await rows() == before
    assert await schema_state(store) == "current"


async def test_processes_that_migrate_at_once_take_turns(empty_urls: StoreUrls) -> None:
    assert await asyncio.gather(*(migrate_apart(empty_urls) for _ in range(3))) == [(0, "")] * 3
    store = await Store.open(empty_urls)
    async with store.read() as connection:
        assert len((await connection.execute(text("SELECT id FROM deployment"))).all()) == 1
    await store.close()


BREAKING = """
from alembic import op
import sqlalchemy as sa

revision = "next"
down_revision = "{last}"


def upgrade() -> None:
    op.create_table("halfway", sa.Column("id", sa.Text()))
    op.execute("UPDATE config_version SET version = version + 1000")
    {end}
"""


@pytest.fixture
def with_next_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a copy of the migrations with room for a revision that fails."""
    scripts = tmp_path / "migrations"
    shutil.copytree(module.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(module, "SCRIPTS", scripts)
    return scripts / "main" / "versions" / "next_breaking.py"


async def test_a_migration_that_breaks_off_leaves_no_trace(
    store: Store, urls: StoreUrls, with_next_revision: Path
) -> None:
    with_next_revision.write_text(
        BREAKING.format(last=MAIN_REVISIONS[-1], end='op.execute("INSERT INTO no_such_table VALUES (1)")')
    )
    async with store.read() as connection:
        before = await config_version(connection)
    with pytest.raises(StartupError, match="Nothing was changed"):
        await asyncio.to_thread(migrate, urls)
    async with store.read() as connection:
        assert await config_version(connection) == before
        assert "halfway" not in await connection.run_sync(tables_of)
    with_next_revision.write_text(BREAKING.format(last=MAIN_REVISIONS[-1], end="pass"))
    await asyncio.to_thread(migrate, urls)
    async with store.read() as connection:
        assert await config_version(connection) == before + 1000


KILLED = """
import os, sys
from pathlib import Path
from bodhi.storage import migrate
from bodhi.storage.store_urls import StoreUrls
migrate.SCRIPTS = Path(sys.argv[1])
migrate.migrate(StoreUrls(sys.argv[2], sys.argv[3]))
"""


async def test_a_migration_killed_in_the_middle_is_done_by_the_next_start(
    store: Store, urls: StoreUrls, with_next_revision: Path
) -> None:
    with_next_revision.write_text(BREAKING.format(last=MAIN_REVISIONS[-1], end="import os; os._exit(137)"))
    scripts = str(with_next_revision.parents[2])
    program = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, scripts, urls.main, urls.usage)
    assert await program.wait() == 137
    assert await schema_state(store) == "current"
    with_next_revision.write_text(BREAKING.format(last=MAIN_REVISIONS[-1], end="pass"))
    await asyncio.to_thread(migrate, urls)
    async with store.read() as connection:
        assert "halfway" in await connection.run_sync(tables_of)


async def test_a_newer_schema_is_left_alone(store: Store, urls: StoreUrls) -> None:
    await set_revision(store, "9999")
    with pytest.raises(StartupError, match="newer version of Bodhi"):
        await asyncio.to_thread(migrate, urls)
    status, said = await migrate_apart(urls)
    assert (status, "newer version of Bodhi" in said, "Traceback" in said) == (1, True, False)
    assert await schema_state(store) == "ahead"


def test_files_are_private_whatever_the_umask(home: Path) -> None:
    migrate(StoreUrls.in_home(home))
    assert {path.name: path.stat().st_mode & 0o777 for path in home.iterdir() if path.suffix == ".db"} == {
        "bodhi.db": 0o600,
        "usage.db": 0o600,
    }


def test_the_command_reads_urls_from_standard_input(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    urls = StoreUrls.in_home(home)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{urls.main}\n{urls.usage}\n"))
    assert main() == 0
    missing = StoreUrls.in_home(home / "missing")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{missing.main}\n{missing.usage}\n"))
    assert main() == 1
    assert "cannot be created" in capsys.readouterr().err


def test_a_server_that_does_not_answer_is_said_plainly(tmp_path: Path) -> None:
    urls = StoreUrls.from_database_url(f"postgresql://me:hunter2@/bodhi?host={tmp_path}")
    with pytest.raises(StartupError, match="cannot be migrated") as caught:
        migrate(urls)
    assert "hunter2" not in caught.value.message
