"""Change of keys while the gateway runs: the root key by wrapping data keys anew, data keys by sealing rows anew.

Each step is one transaction, so a process killed at any moment leaves a store that opens.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor
from bodhi.core.clock import SYSTEM_CLOCK, Clock
from bodhi.core.errors import Conflict, InvalidField
from bodhi.storage.api_models import provider_key_place
from bodhi.storage.audit import AuditLog
from bodhi.storage.captures import (
    SealedCapture,
    captures_by_data_key,
    data_key_of,
    open_texts,
    replace_capture,
    seal_texts,
    stale_captures,
)
from bodhi.storage.chat_rotation import chats_by_data_key, reseal_chats
from bodhi.storage.data_keys import insert_data_key, list_data_keys, new_data_key, refresh_vault
from bodhi.storage.engine import Store
from bodhi.storage.root_key import adopt_staged_root_key, stage_root_key
from bodhi.storage.tables import api_models, data_keys
from bodhi.storage.vault import VERSION, CannotOpen, RootKey, Vault, unwrap, wrap
from bodhi.storage.version import bump_config_version

BATCH = 100
CAPTURES_BATCH = 8
"""Captures are large, and whoever serves meanwhile needs the memory."""


@dataclass(frozen=True, slots=True)
class DataKeyStatus:
    """What may be shown of a data key."""

    id: str
    purpose: str
    state: str
    root_key_id: str
    created_at: float
    retired_at: float | None
    rows: int
    """How many provider keys, captures, chats and messages of chats need it."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """What sealing anew came to."""

    moved: int
    """Provider keys."""
    failed: int
    """Rows of any kind that do not open, and so stay as they are."""
    captures: int = 0
    chats: int = 0
    """Chats, and messages of chats."""


async def status(store: Store) -> list[DataKeyStatus]:
    """Return ids, states, ages and row counts of the data keys; never key material.

    Raises:
        StoreUnavailable: a database does not answer.
    """
    async with store.read() as connection:
        counts = await _counts(connection, store)
        return [
            DataKeyStatus(
                id=key.id,
                purpose=key.purpose,
                state=key.state,
                root_key_id=key.root_key_id,
                created_at=key.created_at,
                retired_at=key.retired_at,
                rows=counts.get(key.id, 0),
            )
            for key in await list_data_keys(connection)
        ]


async def rotate_root(store: Store, vault: Vault, new: RootKey, audit: AuditLog, actor: Actor) -> None:
    """Wrap every data key by a new root key, in one transaction. Sealed texts, tokens and sessions stay valid.

    Raises:
        Conflict: another process changed the root key meanwhile.
    """
    async with store.write() as connection:
        await bump_config_version(connection)
        for key in await list_data_keys(connection):
            if key.wrapped is None:
                continue
            if key.root_key_id != vault.root.key_id:
                raise Conflict("The root key was changed by another process. Restart Bodhi with the current one.")
            try:
                wrapped = wrap(new, vault.deployment_id, unwrap(vault.root, vault.deployment_id, key.id, key.wrapped))
            except CannotOpen:
                # A damaged data key stays damaged; it must not keep the others from moving.
                wrapped = key.wrapped
            await connection.execute(
                update(data_keys).where(data_keys.c.id == key.id).values(wrapped=wrapped, root_key_id=new.key_id)
            )
        before, after = {"root_key": vault.root.key_id}, {"root_key": new.key_id}
        act = Act(action="keys.rotate_root", subject_id=new.key_id, before=before, after=after)
        await audit.append(connection, actor, act)
    vault.root = new


async def rotate_root_file(store: Store, vault: Vault, home_file: Path, audit: AuditLog, actor: Actor) -> RootKey:
    """Change the root key that the home folder keeps: written beside, taken by the database, then put in place.

    A start after a crash in between finds the staged key and finishes the change. The old key stays as
    `root.key.<id>`, for backups of the database made before.

    Raises:
        StartupError: the folder cannot be written.
        Conflict: another process changed the root key meanwhile.
    """
    new = stage_root_key(home_file)
    await rotate_root(store, vault, new, audit, actor)
    adopt_staged_root_key(home_file)
    return new


async def rotate_data(
    store: Store, vault: Vault, audit: AuditLog, actor: Actor, clock: Clock = SYSTEM_CLOCK, *, resume: bool = False
) -> Resealed:
    """Make a new data key active and seal every provider key, capture and chat anew under it.

    Repeating it is safe: it makes another key, and moves whatever an earlier rotation that was cut short left behind.

    Args:
        store: the store.
        vault: the open vault; it seals with the new key afterwards.
        audit: the trail that is told, in the transaction that makes the new key active.
        actor: who rotates.
        clock: the time for the keys' ages.
        resume: finish an earlier rotation that was cut short, without another new key.

    Raises:
        Conflict: another process changed the root key meanwhile.
    """
    if not resume:
        await _start(store, vault, audit, actor, clock)
    resealed = await _reseal(store, vault)
    captures, failed = await _reseal_captures(store, vault)
    chats, failed_chats = await reseal_chats(store, vault)
    return Resealed(resealed.moved, resealed.failed + failed + failed_chats, captures, chats)


async def destroy_retired(store: Store, audit: AuditLog, actor: Actor, retired_before: float) -> list[str]:
    """Remove the retired data keys that no row needs any more, and return their ids.

    Args:
        store: the store.
        audit: the trail that is told.
        actor: who has them removed.
        retired_before: only keys retired before this time; leave time for other processes to notice a rotation.
    """
    destroyed: list[str] = []
    async with store.write() as connection:
        await bump_config_version(connection)
        # Locked before the rows are counted: whoever is about to store a capture or a chat holds the key that it needs.
        await connection.execute(select(data_keys.c.id).with_for_update())
        counts = await _counts(connection, store)
        for key in await list_data_keys(connection):
            unused = key.state == "decrypt_only" and key.retired_at is not None and key.retired_at < retired_before
            if unused and not counts.get(key.id):
                statement = update(data_keys).where(data_keys.c.id == key.id)
                await connection.execute(statement.values(state="destroyed", wrapped=None))
                destroyed.append(key.id)
        if destroyed:
            await audit.append(connection, actor, Act(action="keys.rotate_data", after={"destroyed": destroyed}))
    return destroyed


async def _start(store: Store, vault: Vault, audit: AuditLog, actor: Actor, clock: Clock) -> None:
    async with store.write() as connection:
        # Running servers see the new version, reload, and learn the new key with it.
        await bump_config_version(connection)
        for key in await list_data_keys(connection):
            if key.wrapped is not None and key.root_key_id != vault.root.key_id:
                raise Conflict("The root key was changed by another process. Restart Bodhi with the current one.")
        await connection.execute(
            update(data_keys)
            .where(data_keys.c.purpose == "seal", data_keys.c.state == "active")
            .values(state="decrypt_only", retired_at=clock.now())
        )
        fresh = new_data_key(clock)
        await insert_data_key(connection, vault.root, fresh, "seal", clock.now())
        before, after = {"active": vault.active_id}, {"active": fresh.id}
        act = Act(action="keys.rotate_data", subject_id=fresh.id, before=before, after=after)
        await audit.append(connection, actor, act)
    async with store.read() as connection:
        await refresh_vault(connection, vault)


async def _reseal(store: Store, vault: Vault) -> Resealed:
    moved = failed = 0
    after = ""
    current = f"{VERSION}.{vault.active_id}."
    stale = select(api_models.c.id, api_models.c.base_url, api_models.c.sealed_key).where(
        api_models.c.sealed_key.is_not(None), api_models.c.sealed_key.not_like(current + "%")
    )
    while True:
        async with store.write() as connection:
            batch = stale.where(api_models.c.id > after).order_by(api_models.c.id).limit(BATCH)
            rows = (await connection.execute(batch)).all()
            if not rows:
                break
            for row in rows:
                fresh = _sealed_anew(vault, row.id, row.base_url, row.sealed_key)
                failed += fresh is None
                if fresh is not None:
                    # Compare and set: a key that someone entered meanwhile is never overwritten by the older one.
                    unchanged = (api_models.c.id == row.id) & (api_models.c.sealed_key == row.sealed_key)
                    done = await connection.execute(update(api_models).where(unchanged).values(sealed_key=fresh))
                    moved += done.rowcount
            await bump_config_version(connection)
            after = rows[-1].id
    return Resealed(moved, failed)


def _sealed_anew(vault: Vault, api_model_id: str, base_url: str, sealed: str) -> str | None:
    try:
        place = provider_key_place(api_model_id, base_url)
        return vault.seal(vault.open(sealed, place), place)
    except (CannotOpen, InvalidField):
        return None


async def _reseal_captures(store: Store, vault: Vault) -> tuple[int, int]:
    """Seal captures anew, batch by batch, and return how many moved and how many do not open."""
    moved = failed = 0
    after = ""
    while True:
        async with store.usage_read() as connection:
            rows = await stale_captures(connection, vault.active_id, after=after, limit=CAPTURES_BATCH)
        if not rows:
            return moved, failed
        # In a thread: a batch of long texts takes longer than a call may wait.
        fresh = await asyncio.to_thread(_captures_anew, vault, rows)
        async with store.usage_write() as connection:
            for old, sealed in fresh:
                moved += await replace_capture(connection, old, *sealed)
        failed += len(rows) - len(fresh)
        after = rows[-1].call_id


def _captures_anew(vault: Vault, rows: Sequence[SealedCapture]) -> list[tuple[SealedCapture, tuple[str, ...]]]:
    fresh = []
    for row in rows:
        try:
            texts = open_texts(vault, row)
        except CannotOpen:
            continue
        fresh.append((row, seal_texts(vault, row.call_id, *texts)))
    return fresh


async def _counts(connection: AsyncConnection, store: Store) -> Counter[str]:
    """Count what each data key seals, by its id: in the main database by the connection, and in the usage database."""
    counts: Counter[str] = Counter()
    sealed = select(api_models.c.sealed_key).where(api_models.c.sealed_key.is_not(None))
    counts.update(data_key_of(text) for text in (await connection.execute(sealed)).scalars())
    counts.update(await chats_by_data_key(connection))
    async with store.usage_read() as usage:
        counts.update(await captures_by_data_key(usage))
    return counts
