"""Reads the audit trail of a control API under test, the refusals that wait to be written included."""

import json
from typing import Any

from sqlalchemy import select

from bodhi.storage.tables import audit_log
from tests.fakes.control import Control


async def trail_of(control: Control, *actions: str) -> list[dict[str, Any]]:
    """Return the rows so far, oldest first; where actions are named, only theirs."""
    await control.services.refusals.flush()
    async with control.store.read() as connection:
        rows = await connection.execute(select(audit_log).order_by(audit_log.c.seq))
        found = [dict(row._mapping) for row in rows]
    read = [{**row, "before": json.loads(row["before"]), "after": json.loads(row["after"])} for row in found]
    return [row for row in read if not actions or row["action"] in actions]
