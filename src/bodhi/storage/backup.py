"""A backup of SQLite databases: copied while servers write, verified, and only then given its name.

The root key is never part of it. PostgreSQL has tools of its own for this.
"""

import asyncio
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bodhi import __version__
from bodhi.core.clock import Clock, iso_time
from bodhi.core.errors import InvalidField, StartupError
from bodhi.storage.api_models import provider_key_place
from bodhi.storage.audit import audit_position
from bodhi.storage.captures import SealedCapture, open_texts
from bodhi.storage.data_keys import check_root_key, deployment_id, read_vault
from bodhi.storage.root_key import RootKeySources
from bodhi.storage.sqlite import create_private_file
from bodhi.storage.store_urls import MAIN_FILE, USAGE_FILE, StoreUrls, sqlite_path
from bodhi.storage.tables import api_models, audit_head, captures
from bodhi.storage.vault import CannotOpen, Vault

NOTE_FILE = "backup.json"
LOCK_SECONDS = 60.0
"""How long to wait for a writer, who in turn waits for the copy of a page to be read."""
SAMPLE = 200
"""So many provider keys, and so many captures, are opened to see that they do."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a verified backup holds, as its note tells."""

    made_at: str
    version: str
    """Of Bodhi."""
    deployment_id: str
    root_key_id: str
    """Which root key opens it: 8 hexadecimal digits."""
    opened: int
    """Sealed texts that were opened to see that they do."""
    unopened: int
    """Those that did not, as they do not in the database itself."""
    audit_seq: int | None
    """The audit trail's last row; None for a database from before there was one."""
    audit_mac: str | None


async def back_up(urls: StoreUrls, sources: RootKeySources, folder: Path, clock: Clock) -> Backup:
    """Copy both databases into a new folder, verify the copy, and write a note beside it. Does not migrate.

    Raises:
        InvalidField: the folder is there already, and not empty.
        StartupError: there is nothing to back up, the root key is wrong or missing (exit status 3), the folder cannot
            be written, or the copy does not verify. Nothing is left behind.
    """
    for url in (urls.main, urls.usage):
        if not sqlite_path(url).exists():
            raise StartupError(f"There is nothing to back up: {sqlite_path(url)} does not exist.")
    await check_root_key(urls, sources)
    partial = _new_partial(folder)
    try:
        made = await _fill(urls, sources, partial, clock)
        await asyncio.to_thread(_settle, partial, folder)
    except (DBAPIError, OSError, TimeoutError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StartupError(f"The backup could not be made: {reason}. Nothing was kept.") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made


def _new_partial(folder: Path) -> Path:
    """Make a private folder beside, named so that an unfinished backup is never taken for one. Raises as `back_up`."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InvalidField(f"{folder} is there already. Name a folder that does not exist yet.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
    except OSError as error:
        raise StartupError(f"{folder} cannot be made: {error.strerror}.") from error


async def _fill(urls: StoreUrls, sources: RootKeySources, partial: Path, clock: Clock) -> Backup:
    """Copy, verify and write the note."""
    # The usage database first: its captures need data keys, which the main database keeps long after they are needed.
    await _copy(urls.usage, partial / USAGE_FILE)
    await _copy(urls.main, partial / MAIN_FILE)
    made = await _verified(partial, sources, clock)
    note = partial / NOTE_FILE
    create_private_file(note)
    note.write_text(json.dumps(asdict(made), indent=2) + "\n")
    return made


async def _copy(url: str, to: Path) -> None:
    """Write what a database holds at one moment into a file; what was deleted does not come along.

    The statement reads in one transaction of its own (sqlite.org/lang_vacuum.html), so no writer can tear the copy.
    """
    create_private_file(to)
    engine = _plain_engine(sqlite_path(url), "rw")
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql("VACUUM INTO ?", (str(to),))
    finally:
        await engine.dispose()


async def _verified(partial: Path, sources: RootKeySources, clock: Clock) -> Backup:
    """Look whether the copy is whole and opens.

    Raises:
        StartupError: it is not, or does not.
    """
    await check_root_key(StoreUrls.in_home(partial), sources)
    main, usage = (_plain_engine(partial / name, "ro") for name in (MAIN_FILE, USAGE_FILE))
    try:
        async with main.connect() as connection, usage.connect() as usage_connection:
            for each in (connection, usage_connection):
                await _check_whole(each)
            vault = await read_vault(connection, sources)
            trail = await connection.run_sync(_has_table, audit_head.name)
            seq, mac = await audit_position(connection) if trail else (None, None)
            opened, unopened = await _try_open(connection, usage_connection, vault)
            return Backup(
                made_at=iso_time(clock.now()),
                version=__version__,
                deployment_id=await deployment_id(connection),
                root_key_id=vault.root.key_id,
                opened=opened,
                unopened=unopened,
                audit_seq=seq,
                audit_mac=None if mac is None else mac.hex(),
            )
    finally:
        await main.dispose()
        await usage.dispose()


async def _check_whole(connection: AsyncConnection) -> None:
    verdict = (await connection.execute(text("PRAGMA integrity_check(1)"))).scalar_one()
    astray = (await connection.execute(text("PRAGMA foreign_key_check"))).first()
    if verdict != "ok" or astray is not None:
        found = verdict if verdict != "ok" else f"a row of {astray[0] if astray else ''} names one that is gone"
        raise StartupError(f"The copy is damaged ({found}), and so may be the database. Nothing was kept.")


async def _try_open(main: AsyncConnection, usage: AsyncConnection, vault: Vault) -> tuple[int, int]:
    """Open a sample of sealed texts, and return how many did and did not."""
    sealed = select(api_models.c.id, api_models.c.base_url, api_models.c.sealed_key)
    keys = (await main.execute(sealed.where(api_models.c.sealed_key.is_not(None)).limit(SAMPLE))).all()
    verdicts = [_key_opens(vault, row.id, row.base_url, row.sealed_key) for row in keys]
    if await usage.run_sync(_has_table, captures.name):
        newest = select(captures).order_by(captures.c.at.desc()).limit(SAMPLE)
        async with usage.stream(newest) as rows:
            verdicts += [_capture_opens(vault, SealedCapture(*row)) async for row in rows]
    if verdicts and not any(verdicts):
        raise StartupError("None of the sealed texts in the copy opens. Nothing was kept. Look with: bodhi check")
    return sum(verdicts), len(verdicts) - sum(verdicts)


def _key_opens(vault: Vault, api_model_id: str, base_url: str, sealed: str) -> bool:
    try:
        vault.open(sealed, provider_key_place(api_model_id, base_url))
    except (CannotOpen, InvalidField):
        return False
    return True


def _capture_opens(vault: Vault, capture: SealedCapture) -> bool:
    try:
        open_texts(vault, capture)
    except CannotOpen:
        return False
    return True


def _plain_engine(path: Path, mode: str) -> AsyncEngine:
    """Make an engine that begins no transactions of its own, on a file that must be there."""
    name = path.absolute().as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    url = make_url("sqlite+aiosqlite://").set(database=f"file:{name}", query={"mode": mode, "uri": "true"})
    return create_async_engine(
        url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args={"timeout": LOCK_SECONDS}
    )


def _has_table(connection: Connection, name: str) -> bool:
    return inspect(connection).has_table(name)


def _settle(partial: Path, folder: Path) -> None:
    """Give the backup its name when all of it is on the disk."""
    for path in (*partial.iterdir(), partial):
        _sync(path)
    # Replaces an empty folder, and fails where another process filled it meanwhile.
    partial.rename(folder)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
