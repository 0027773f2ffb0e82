"""Stores for the tests of storage, each on SQLite and on a real PostgreSQL, with the schema that the migrations make."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bodhi.core.api_model import ApiModel
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.storage.engine import Store
from bodhi.storage.migrate import migrate
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.users import User
from tests.fakes.postgres import Postgres


@pytest.fixture(scope="session")
def migrated_database(postgres: Postgres) -> str:
    """Name a migrated PostgreSQL database, to be copied for each test."""
    name = asyncio.run(postgres.new_database())
    migrate(StoreUrls.from_database_url(postgres.url(name)))
    return name


@pytest.fixture(scope="session")
def migrated_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home with migrated SQLite files, to be copied for each test."""
    home = tmp_path_factory.mktemp("migrated")
    migrate(StoreUrls.in_home(home))
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a private home folder."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def sqlite_urls(migrated_home: Path, home: Path) -> StoreUrls:
    """Give migrated SQLite files in the home folder."""
    for file in migrated_home.iterdir():
        shutil.copy2(file, home)
    return StoreUrls.in_home(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_urls(request: pytest.FixtureRequest, home: Path) -> StoreUrls:
    """Give databases without any table."""
    if request.param == "sqlite":
        return StoreUrls.in_home(home)
    server: Postgres = request.getfixturevalue("postgres")
    return StoreUrls.from_database_url(server.url(asyncio.run(server.new_database())))


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest) -> StoreUrls:
    """Give migrated databases of the test's own."""
    if request.param == "sqlite":
        files: StoreUrls = request.getfixturevalue("sqlite_urls")
        return files
    server: Postgres = request.getfixturevalue("postgres")
    template: str = request.getfixturevalue("migrated_database")
    return StoreUrls.from_database_url(server.url(asyncio.run(server.new_database(template))))


@pytest.fixture
async def store(urls: StoreUrls) -> AsyncIterator[Store]:
    """Give an open store on migrated databases."""
    opened = await Store.open(urls)
    yield opened
    await opened.close()


def api_model(**changes: object) -> ApiModel:
    """Return an api model with the given fields."""
    fields: dict[str, object] = {
        "id": new_id(),
        "name": "OpenAI",
        "format": "openai",
        "base_url": "https://api.openai.com/v1",
        "prefix": "",
        "forward_all": False,
        "models": ("gpt-5", "gpt-5-mini"),
        "extra_headers": {"x-team": "blue"},
        "extra_body": {"metadata": {"deep": [1, 2.5, None, "ü"]}},
        "allow_private_network": False,
        "has_key": False,
        "owner_id": None,
        "created_at": 1_800_000_000.25,
        "updated_at": 1_800_000_001.5,
    }
    return ApiModel(**(fields | changes))  # type: ignore[arg-type]  # a test passes what the fields take


def user(**changes: object) -> User:
    """Return a user with the given fields."""
    made = new_id()
    fields: dict[str, object] = {
        "id": made,
        "name": f"user-{made}",
        "role": Role.USER,
        "password_hash": "$argon2id$…",
        "disabled": False,
        "created_at": 1_800_000_000.0,
    }
    return User(**(fields | changes))  # type: ignore[arg-type]  # as above
