"""Repository of what each person chose for the pages, one JSON document. What may be in it is decided elsewhere."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import preferences, users


async def read_preferences(connection: AsyncConnection, user_id: str) -> dict[str, Any]:
    """Return what somebody chose; empty where there is nothing, or nothing that can be understood."""
    text = (await connection.execute(select(preferences.c.value).where(preferences.c.user_id == user_id))).scalar()
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        value = {}
    return value if isinstance(value, dict) else {}


async def change_preferences(
    connection: AsyncConnection, user_id: str, changes: Mapping[str, Any], at: float
) -> dict[str, Any] | None:
    """Take over somebody's changes, and return the whole; None if the person is gone.

    Args:
        connection: in a transaction that may write.
        user_id: whose.
        changes: the fields to replace, as JSON has them.
        at: when.
    """
    # The lock makes two changes of different fields take turns; weaker than a full one, so that others go on.
    held = select(users.c.id).where(users.c.id == user_id).with_for_update(key_share=True)
    if (await connection.execute(held)).scalar_one_or_none() is None:
        return None
    whole = {**await read_preferences(connection, user_id), **changes}
    values = {"value": json.dumps(whole, allow_nan=False), "updated_at": at}
    changed = await connection.execute(update(preferences).where(preferences.c.user_id == user_id).values(values))
    if not changed.rowcount:
        await connection.execute(insert(preferences).values(user_id=user_id, **values))
    return whole
