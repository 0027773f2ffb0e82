"""Where the two databases are: two SQLite files in a home folder, or one PostgreSQL database. Opens nothing."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from bodhi.core.errors import StartupError

MAIN_FILE = "bodhi.db"
USAGE_FILE = "usage.db"

SQLITE_DRIVER = "sqlite+aiosqlite"
POSTGRESQL_DRIVER = "postgresql+asyncpg"
POSTGRESQL_NAMES = frozenset({"postgres", "postgresql", POSTGRESQL_DRIVER})
SQLITE_NAMES = frozenset({"sqlite", SQLITE_DRIVER})


@dataclass(frozen=True, slots=True)
class StoreUrls:
    """SQLAlchemy URLs of the main and of the usage database; equal on PostgreSQL. They may hold a password."""

    main: str = field(repr=False)
    usage: str = field(repr=False)

    @classmethod
    def in_home(cls, home: Path) -> Self:
        """Name the two SQLite files of a home folder."""
        return cls(_sqlite_url(home / MAIN_FILE), _sqlite_url(home / USAGE_FILE))

    @classmethod
    def from_database_url(cls, text: str) -> Self:
        """Read an operator's URL: `postgresql://…`, or `sqlite:////folder/bodhi.db` with `usage.db` beside it.

        Raises:
            StartupError: the URL cannot be read or names another database system.
        """
        try:
            url = make_url(text.strip())
        except (ArgumentError, ValueError) as error:
            # The text is not repeated, for it may hold a password.
            raise StartupError(
                "The database URL cannot be read. It looks like postgresql://user@host/bodhi."
            ) from error
        if url.drivername in POSTGRESQL_NAMES:
            normal = _postgresql_url(url)
            return cls(normal, normal)
        if url.drivername in SQLITE_NAMES and url.database and url.database != ":memory:":
            main = Path(url.database).absolute()
            return cls(_sqlite_url(main), _sqlite_url(main.with_name(USAGE_FILE)))
        raise StartupError(
            f"The database URL begins with {url.drivername}://. Bodhi stores in PostgreSQL "
            "(postgresql://user@host/bodhi) or in SQLite files (sqlite:////folder/bodhi.db)."
        )

    @property
    def is_sqlite(self) -> bool:
        """Whether the databases are files of this machine."""
        return self.main.startswith(SQLITE_DRIVER)

    def describe(self) -> str:
        """Name the main database for people, without a password."""
        url = make_url(self.main)
        return str(url.database) if self.is_sqlite else url.render_as_string(hide_password=True)


def sqlite_path(url: str) -> Path:
    """Return the file that a SQLite URL names."""
    return Path(make_url(url).database or "")


def _sqlite_url(path: Path) -> str:
    return URL.create(SQLITE_DRIVER, database=str(path.absolute())).render_as_string(hide_password=False)


def _postgresql_url(url: URL) -> str:
    """Choose the driver, and spell libpq's `sslmode` as asyncpg does."""
    query = dict(url.query)
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(drivername=POSTGRESQL_DRIVER, query=query).render_as_string(hide_password=False)
