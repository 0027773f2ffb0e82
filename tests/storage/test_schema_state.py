"""The schema's state, as read without Alembic."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from bodhi.storage.engine import Store
from bodhi.storage.migrate import migration_config
from bodhi.storage.schema_state import MAIN_REVISIONS, USAGE_REVISIONS, SchemaState, schema_state
from bodhi.storage.store_urls import StoreUrls

SERVER_MODULES = sorted(
    path.stem
    for path in Path(sys.modules["bodhi.storage.schema_state"].__file__ or "").parent.glob("*.py")
    if path.stem not in ("__init__", "migrate")
)


async def set_revision(store: Store, revision: str) -> None:
    async with store.write() as connection:
        await connection.execute(text("UPDATE schema_version_main SET version_num = :to"), {"to": revision})


async def test_a_migrated_store_is_current(store: Store) -> None:
    assert await schema_state(store) == "current"


async def test_a_new_store_is_empty(empty_urls: StoreUrls) -> None:
    store = await Store.open(empty_urls)
    assert await schema_state(store) == "empty"
    await store.close()


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        ("UPDATE schema_version_main SET version_num = '9999'", "ahead"),
        ("DELETE FROM schema_version_main", "behind"),
        ("DROP TABLE schema_version_main", "behind"),
    ],
)
async def test_one_odd_database_makes_the_state_odd(store: Store, statement: str, state: SchemaState) -> None:
    async with store.write() as connection:
        await connection.execute(text(statement))
    assert await schema_state(store) == state


async def test_an_older_revision_is_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bodhi.storage.schema_state.MAIN_REVISIONS", (*MAIN_REVISIONS, "9999"))
    assert await schema_state(store) == "behind"


@pytest.mark.parametrize(("name", "revisions"), [("main", MAIN_REVISIONS), ("usage", USAGE_REVISIONS)])
def test_the_revisions_are_those_of_the_migrations(name: str, revisions: tuple[str, ...]) -> None:
    scripts = ScriptDirectory.from_config(migration_config(name))
    assert [script.revision for script in scripts.walk_revisions()] == list(reversed(revisions))


def test_nothing_but_migrate_loads_alembic() -> None:
    imports = "".join(f"import bodhi.storage.{name};" for name in SERVER_MODULES)
    program = f"import sys;{imports}sys.exit('alembic' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
