"""Repository of what Admins decide for everybody, one JSON document by name. What follows from it is others' part."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import policies

CAPTURE = "capture"

MAX_DAYS = 365
LEAST_BYTES = 1024
MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class CapturePolicy:
    """Whether prompts and completions are kept, for how many days, and how many bytes of each direction."""

    enabled: bool = False
    days: int = 7
    max_bytes: int = 256 * 1024


NO_CAPTURE = CapturePolicy()


async def read_capture_policy(connection: AsyncConnection, *, held: bool = False) -> CapturePolicy:
    """Return the policy of captures; off where there is none, or none that can be understood.

    Args:
        connection: in a transaction of the main database.
        held: whether it must stay as it is until the transaction ends.
    """
    stored = await _read_policy(connection, CAPTURE, held=held)
    return CapturePolicy(**stored) if _is_sane(stored) else NO_CAPTURE


async def write_capture_policy(connection: AsyncConnection, policy: CapturePolicy) -> None:
    """Store the policy of captures. The configuration's version must have been bumped before, for its lock."""
    value = json.dumps(asdict(policy))
    # Updated in place: whoever waits for the row's lock sees the new value, and never that there is none.
    changed = await connection.execute(update(policies).where(policies.c.name == CAPTURE).values(value=value))
    if not changed.rowcount:
        await connection.execute(insert(policies).values(name=CAPTURE, value=value))


async def _read_policy(connection: AsyncConnection, name: str, *, held: bool) -> Mapping[str, Any]:
    query = select(policies.c.value).where(policies.c.name == name)
    if held:
        # A share lock on PostgreSQL; SQLite's transactions that may write exclude each other anyway.
        query = query.with_for_update(read=True)
    text = (await connection.execute(query)).scalar_one_or_none()
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        value = {}
    return value if isinstance(value, dict) else {}


def _is_sane(stored: Mapping[str, Any]) -> bool:
    """Tell whether a stored policy is one that could have been set: a damaged one must turn nothing on."""
    return (
        {name: type(value) for name, value in stored.items()} == {"enabled": bool, "days": int, "max_bytes": int}
        and 1 <= stored["days"] <= MAX_DAYS
        and LEAST_BYTES <= stored["max_bytes"] <= MOST_BYTES
    )
