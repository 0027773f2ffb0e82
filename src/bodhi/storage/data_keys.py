"""Repository of data keys, and the opening of the vault at the start. Rotation is in `rotation`.

Wrong or missing root keys are found before anything is written: `check_root_key` runs on the database as it lies
there, before it is migrated, and `open_vault` afterwards.
"""

import hmac
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bodhi.core.clock import SYSTEM_CLOCK, Clock
from bodhi.core.errors import StartupError
from bodhi.core.ids import new_id
from bodhi.storage.engine import CONNECT_TIMEOUT, Store
from bodhi.storage.root_key import (
    EXIT_STATUS,
    RootKeySources,
    adopt_staged_root_key,
    load_root_key,
    staged_root_key,
    write_home_file,
)
from bodhi.storage.store_urls import StoreUrls, sqlite_path
from bodhi.storage.tables import data_keys, deployment
from bodhi.storage.vault import (
    KEY_BYTES,
    CannotOpen,
    DataKey,
    RootKey,
    Vault,
    derive,
    encode,
    length_prefixed,
    unwrap,
    wrap,
)
from bodhi.storage.version import bump_config_version

Purpose = Literal["seal", "derive"]


@dataclass(frozen=True, slots=True)
class StoredDataKey:
    """One row of the table: a data key as it lies in the database."""

    id: str
    purpose: str
    """`seal` for secrets, `derive` for what `Vault.derive` starts from."""
    state: str
    """`active`, `decrypt_only` or `destroyed`."""
    root_key_id: str
    wrapped: str | None
    check_value: str
    created_at: float
    retired_at: float | None


async def deployment_id(connection: AsyncConnection) -> str:
    """Return the id that this deployment's sealed texts are bound to."""
    return str((await connection.execute(select(deployment.c.id))).scalar_one())


async def list_data_keys(connection: AsyncConnection) -> list[StoredDataKey]:
    """Return the data keys, oldest first, the destroyed ones included."""
    query = select(data_keys).order_by(data_keys.c.created_at, data_keys.c.id)
    return [StoredDataKey(**row) for row in (await connection.execute(query)).mappings()]


async def insert_data_key(
    connection: AsyncConnection, root: RootKey, key: DataKey, purpose: Purpose, created_at: float
) -> None:
    """Store a new active data key, wrapped by the root key."""
    deployed = await deployment_id(connection)
    values = {
        "id": key.id,
        "purpose": purpose,
        "state": "active",
        "root_key_id": root.key_id,
        "wrapped": wrap(root, deployed, key),
        "check_value": check_value(deployed, key),
        "created_at": created_at,
    }
    await connection.execute(insert(data_keys).values(values))


def new_data_key(clock: Clock) -> DataKey:
    """Return a fresh data key."""
    return DataKey(new_id(clock), os.urandom(KEY_BYTES))


def check_value(deployed: str, key: DataKey) -> str:
    """Return what a data key must lead to; it tells a damaged row from a wrong root key."""
    return encode(derive(key.key, length_prefixed("bodhi-check", deployed, key.id)))


async def check_root_key(urls: StoreUrls, sources: RootKeySources) -> None:
    """Check that the root key fits the database as it lies there, without writing to it. An empty one needs none.

    Raises:
        StartupError: the root key is missing or wrong (exit status 3), or the database cannot be read.
    """
    found = await _read_as_it_lies(urls)
    if found is not None and found[1]:
        _unlock(*found, sources)


async def open_vault(store: Store, sources: RootKeySources, clock: Clock = SYSTEM_CLOCK) -> Vault:
    """Open the vault of a migrated database; on the very first start, make the root key and the data keys.

    Raises:
        StartupError: the root key is missing or wrong (exit status 3); nothing was written.
        StoreUnavailable: the database did not answer.
    """
    async with store.read() as connection:
        deployed, rows = await deployment_id(connection), await list_data_keys(connection)
    if not rows:
        root = _first_root_key(sources)
        async with store.write() as connection:
            # The version's lock lets one of several first starts make the keys.
            await bump_config_version(connection)
            if not await list_data_keys(connection):
                await insert_data_key(connection, root, new_data_key(clock), "derive", clock.now())
                await insert_data_key(connection, root, new_data_key(clock), "seal", clock.now())
            rows = await list_data_keys(connection)
    vault, staged = _unlock(deployed, rows, sources)
    if staged and sources.home_file is not None:
        # A change of the root key was cut short after the database took the new one: finish it.
        adopt_staged_root_key(sources.home_file)
    vault.read_root = partial(_current_root_key, sources)
    return vault


async def read_vault(connection: AsyncConnection, sources: RootKeySources) -> Vault:
    """Open the vault of a database that is only looked at, such as a backup: makes no keys, and changes no file.

    Raises:
        StartupError: the root key is missing or wrong (exit status 3).
    """
    return _unlock(await deployment_id(connection), await list_data_keys(connection), sources)[0]


async def refresh_vault(connection: AsyncConnection, vault: Vault) -> None:
    """Take over data keys that another process added. Call it after reading sealed texts, in the same transaction."""
    keys: dict[str, DataKey] = {}
    active: DataKey | None = None
    rows = await list_data_keys(connection)
    if any(not vault.knows(row.id) and row.wrapped and row.root_key_id != vault.root.key_id for row in rows):
        # Known data keys outlive a change of the root key; one that was added since needs the new root key.
        vault.root = vault.read_root() or vault.root
    for row in rows:
        if row.purpose != "seal" or row.wrapped is None:
            continue
        key = vault.data_key(row.id) or _unwrapped(vault.root, vault.deployment_id, row)
        if key is not None:
            keys[key.id] = key
            active = key if row.state == "active" else active
    if active is not None:
        vault.replace_data_keys(active, keys.values())


def _current_root_key(sources: RootKeySources) -> RootKey | None:
    """Read the root key anew; None where it cannot be read now, which leaves only new data keys unopened."""
    try:
        return load_root_key(sources)
    except StartupError:
        return None


def _first_root_key(sources: RootKeySources) -> RootKey:
    root = load_root_key(sources)
    if root is None and sources.home_file is not None:
        write_home_file(sources.home_file, RootKey.generate())
        root = load_root_key(sources)
    if root is None:
        raise StartupError(
            f"There is no root key to encrypt secrets with. Tried: {sources.describe()}. "
            "Make one with: openssl rand -base64 32",
            EXIT_STATUS,
        )
    return root


def _unlock(deployed: str, rows: Sequence[StoredDataKey], sources: RootKeySources) -> tuple[Vault, bool]:
    """Unwrap the data keys, and tell whether it took the staged root key. Writes nothing."""
    live = [row for row in rows if row.state != "destroyed"]
    expected = {row.root_key_id for row in live}
    root = load_root_key(sources)
    staged = False
    if sources.home_file is not None and sources.is_home_file and (root is None or root.key_id not in expected):
        waiting = staged_root_key(sources.home_file)
        if waiting is not None and waiting.key_id in expected:
            root, staged = waiting, True
    if root is None or {root.key_id} != expected:
        raise _wrong_root_key(sources, root, expected)
    keys = {row.id: _unwrapped(root, deployed, row) for row in live}
    active = _active(live, keys, "seal")
    derivation = _active(live, keys, "derive")
    others = [key for row in live if row.purpose == "seal" and (key := keys[row.id]) is not None]
    return Vault(deployed, root, derivation=derivation.key, active=active, others=others), staged


def _active(rows: Sequence[StoredDataKey], keys: dict[str, DataKey | None], purpose: Purpose) -> DataKey:
    for row in rows:
        if row.purpose == purpose and row.state == "active" and (key := keys[row.id]) is not None:
            return key
    raise StartupError(
        f"The root key is right, but the database's active data key ({purpose}) is damaged or missing. "
        "Nothing was changed. Restore the database from a backup.",
        EXIT_STATUS,
    )


def _unwrapped(root: RootKey, deployed: str, row: StoredDataKey) -> DataKey | None:
    """Unwrap one data key; None when its row is damaged, which leaves what it sealed unopened and nothing else."""
    try:
        key = unwrap(root, deployed, row.id, row.wrapped or "")
    except CannotOpen:
        return None
    return key if hmac.compare_digest(check_value(deployed, key), row.check_value) else None


def _wrong_root_key(sources: RootKeySources, root: RootKey | None, expected: set[str]) -> StartupError:
    found = "No root key was found" if root is None else f"The root key found has the id {root.key_id}"
    return StartupError(
        f"{found}, but this database needs the root key with the id {', '.join(sorted(expected)) or '(none left)'}.\n"
        f"Tried, in this order: {sources.describe()}.\n"
        "Nothing was changed. To recover, do one of these and start again:\n"
        "  - put the right root.key back from your backup:  install -m 600 <backup>/root.key "
        f"{sources.home_file or '<home>/root.key'}\n"
        "  - or pass it:  BODHI_ENCRYPTION_KEY_FILE=<file with the key> bodhi serve\n"
        "  - or, when the key is lost, begin anew: move the database away; its provider keys cannot be recovered.",
        EXIT_STATUS,
    )


async def _read_as_it_lies(urls: StoreUrls) -> tuple[str, list[StoredDataKey]] | None:
    """Read deployment and data keys by a connection that cannot write; None where there are no tables yet."""
    url: Any = urls.main
    arguments: dict[str, Any] = {"timeout": CONNECT_TIMEOUT}
    if urls.is_sqlite:
        path = sqlite_path(urls.main)
        if not path.exists():
            return None
        url = f"sqlite+aiosqlite:///file:{_quoted(path.as_posix())}?mode={_least_mode(path)}&uri=true"
    engine = create_async_engine(url, pool_size=1, max_overflow=0, connect_args=arguments)
    try:
        async with engine.connect() as connection:
            if not await connection.run_sync(_has_keys_table):
                return None
            rows = await list_data_keys(connection)
            return (await deployment_id(connection), rows) if rows else None
    except (DBAPIError, OSError, TimeoutError) as error:
        reason = error.orig if isinstance(error, DBAPIError) else error
        raise StartupError(f"The database {urls.describe()} cannot be read: {reason}") from error
    finally:
        await engine.dispose()


def _has_keys_table(connection: Connection) -> bool:
    return inspect(connection).has_table(data_keys.name)


def _least_mode(path: Path) -> str:
    """Choose read-only, unless a crash left a journal that SQLite must play back before anyone can read."""
    journal = path.with_name(f"{path.name}-journal")
    return "rw" if journal.exists() and journal.stat().st_size else "ro"


def _quoted(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
