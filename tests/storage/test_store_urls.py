"""Store URLs: what operators write, normalised; passwords stay unseen."""

from pathlib import Path

import pytest

from bodhi.core.errors import StartupError
from bodhi.storage.store_urls import StoreUrls, sqlite_path


def test_a_home_holds_two_files() -> None:
    urls = StoreUrls.in_home(Path("/srv/odd name?#%41"))
    assert sqlite_path(urls.main) == Path("/srv/odd name?#%41/bodhi.db")
    assert sqlite_path(urls.usage) == Path("/srv/odd name?#%41/usage.db")
    assert urls.is_sqlite


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_spelling_of_postgresql_gets_the_same_driver(scheme: str) -> None:
    urls = StoreUrls.from_database_url(f"{scheme}://me:pw@db.local:5433/bodhi")
    assert urls.main == urls.usage == "postgresql+asyncpg://me:pw@db.local:5433/bodhi"
    assert not urls.is_sqlite


def test_sslmode_is_spelled_as_the_driver_does() -> None:
    urls = StoreUrls.from_database_url("postgres://db/bodhi?sslmode=verify-full&host=/run/pg")
    assert "ssl=verify-full" in urls.main
    assert "sslmode" not in urls.main


def test_a_sqlite_url_keeps_usage_beside_it() -> None:
    urls = StoreUrls.from_database_url("sqlite:////data/my.db")
    assert sqlite_path(urls.main) == Path("/data/my.db")
    assert sqlite_path(urls.usage) == Path("/data/usage.db")


@pytest.mark.parametrize(
    "text", ["", "bodhi.db", "mysql://root:hunter2@db/x", "sqlite://", "sqlite:///:memory:", "://"]
)
def test_other_urls_are_refused(text: str) -> None:
    with pytest.raises(StartupError) as caught:
        StoreUrls.from_database_url(text)
    assert "hunter2" not in caught.value.message


def test_a_password_is_neither_in_the_repr_nor_in_the_description() -> None:
    urls = StoreUrls.from_database_url("postgres://me:hunter2@db/bodhi")
    assert "hunter2" not in repr(urls) + urls.describe()
