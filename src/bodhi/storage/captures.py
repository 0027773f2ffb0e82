"""Repository of sealed prompts and completions. What is kept of a call, and who may read it, is decided elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.credential import Secret
from bodhi.storage.insert_new import columns_of, insert_new
from bodhi.storage.tables import captures, data_keys
from bodhi.storage.text import is_storable
from bodhi.storage.vault import Place, Vault


@dataclass(frozen=True, slots=True)
class SealedCapture:
    """One row: what a call said, sealed."""

    call_id: str
    at: float
    user_id: str | None
    data_key_id: str
    request_bytes: int
    """Of the whole request; so is the next of the response."""
    response_bytes: int
    truncated: bool
    """Whether less than the whole of either is kept."""
    sealed_request: str
    sealed_response: str
    sealed_sent: str | None = None
    """What was sent upstream."""


_NAMES = ("request", "response", "sent")
"""The sealed texts of a row, in the order of its columns; the last may be missing."""

_read_columns = attrgetter(*(column.name for column in captures.columns))


def seal_texts(vault: Vault, call_id: str, *texts: str) -> tuple[str, ...]:
    """Seal request, response and, where there is one, what was sent upstream. Takes its time: in a thread.

    Returned are the data key's id and the sealed texts. One data key seals them all, even if another becomes the active
    one between them: counting by it must find every one.
    """
    while True:
        active = vault.active_id
        sealed = [vault.seal(Secret(text), place(call_id, name)) for name, text in zip(_NAMES, texts, strict=False)]
        if all(data_key_of(text) == active for text in sealed):
            return active, *sealed


def open_texts(vault: Vault, row: SealedCapture) -> tuple[str, ...]:
    """Open request, response and, where there is one, what was sent upstream. Takes its time: in a thread.

    Raises:
        CannotOpen: the row is damaged or its data key is gone.
    """
    sealed = [text for text in (row.sealed_request, row.sealed_response, row.sealed_sent) if text is not None]
    return tuple(
        vault.open(text, place(row.call_id, name)).reveal() for name, text in zip(_NAMES, sealed, strict=False)
    )


def place(call_id: str, direction: str) -> Place:
    """Return what a sealed text is bound to: its call, and `request`, `response` or `sent`."""
    return Place("captures", direction, call_id)


def data_key_of(sealed: str) -> str:
    """Return the id of the data key that a text is sealed with."""
    return sealed.partition(".")[2].partition(".")[0]


async def hold_data_key(connection: AsyncConnection, data_key_id: str) -> bool:
    """Tell whether a data key exists still, and keep it from being destroyed until the transaction ends.

    Args:
        connection: in a writing transaction of the main database.
        data_key_id: the key that is about to be needed.
    """
    query = select(data_keys.c.state).where(data_keys.c.id == data_key_id).with_for_update(read=True)
    state = (await connection.execute(query)).scalar_one_or_none()
    return state in {"active", "decrypt_only"}


async def insert_captures(connection: AsyncConnection, rows: Sequence[SealedCapture]) -> None:
    """Store captures. One that is there already stays as it is, so a batch can be retried."""
    columns = columns_of(map(_read_columns, rows), len(captures.columns))
    await insert_new(connection, captures, columns)


async def find_capture(connection: AsyncConnection, call_id: str) -> SealedCapture | None:
    """Return what is kept of a call."""
    if not is_storable(call_id):
        return None
    row = (await connection.execute(select(captures).where(captures.c.call_id == call_id))).mappings().one_or_none()
    return None if row is None else SealedCapture(**{**row, "truncated": bool(row["truncated"])})


async def count_captures(connection: AsyncConnection, *, before: float | None = None) -> int:
    """Count the captures, or those older than a time."""
    query = select(func.count()).select_from(captures)
    if before is not None:
        query = query.where(captures.c.at < before)
    return int((await connection.execute(query)).scalar_one())


async def captures_by_data_key(connection: AsyncConnection) -> dict[str, int]:
    """Count the captures that each data key seals."""
    query = select(captures.c.data_key_id, func.count()).group_by(captures.c.data_key_id)
    return {row[0]: int(row[1]) for row in await connection.execute(query)}


async def purge_captures(connection: AsyncConnection, *, before: float | None, limit: int) -> int:
    """Remove captures, those older than a time or all, at most `limit` of them, and return how many there were."""
    oldest = select(captures.c.call_id).order_by(captures.c.at).limit(limit)
    if before is not None:
        oldest = oldest.where(captures.c.at < before)
    return (await connection.execute(delete(captures).where(captures.c.call_id.in_(oldest)))).rowcount


async def stale_captures(
    connection: AsyncConnection, active_id: str, *, after: str, limit: int
) -> Sequence[SealedCapture]:
    """Return captures that another data key than the active one seals, in the order of their ids."""
    query = (
        select(captures)
        .where(captures.c.data_key_id != active_id, captures.c.call_id > after)
        .order_by(captures.c.call_id)
        .limit(limit)
    )
    return [SealedCapture(**row) for row in (await connection.execute(query)).mappings()]


async def replace_capture(connection: AsyncConnection, old: SealedCapture, data_key_id: str, *sealed: str) -> bool:
    """Put texts sealed anew in place of the old, unless the row has changed meanwhile; tell whether it was done."""
    unchanged = (captures.c.call_id == old.call_id) & (captures.c.data_key_id == old.data_key_id)
    texts = {f"sealed_{name}": text for name, text in zip(_NAMES, sealed, strict=False)}
    statement = update(captures).where(unchanged).values({"data_key_id": data_key_id, **texts})
    return (await connection.execute(statement)).rowcount > 0
