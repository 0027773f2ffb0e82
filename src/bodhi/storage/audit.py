"""The audit trail's rows: written in the transaction of the change they tell of, chained by a keyed MAC.

One chain serves the whole deployment: every change already waits for the database's write lock, so that a chain per
process would save nothing and could not prove the order between processes. Verifying it is `audit_chain`'s.
"""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor, Outcome, Via
from bodhi.core.clock import Clock
from bodhi.storage.tables import audit_head, audit_log
from bodhi.storage.text import storable

PURPOSE = "audit/v1"
"""What the chain's key is derived for."""
MAX_TEXT = 256
MAX_CHANGE = 8_192
FINGERPRINT_HEX = 12


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of the trail, as stored."""

    seq: int
    """From 1, without gaps."""
    at: float
    action: str
    outcome: str
    reason: str | None
    count: int
    via: str
    user_id: str | None
    user_name: str | None
    token_id: str | None
    session_id: str | None
    address: str | None
    subject_id: str | None
    subject_name: str | None
    before: str
    """A JSON object."""
    after: str
    mac: bytes
    """HMAC-SHA-256 over the MAC of the row before and every other field of this one."""


COLUMNS = tuple(column.name for column in audit_log.columns)
_SIGNED = COLUMNS[:-1]


class AuditLog:
    """Appends to the trail. One exists per process; all of them continue the same chain.

    Args:
        key: derived from the root key, so that somebody who can write the database cannot continue the chain.
        clock: for the rows' times.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    async def append(self, connection: AsyncConnection, actor: Actor, act: Act) -> AuditRow:
        """Write one act, in the transaction of the change that it tells of; nothing may follow it but the commit.

        It is the last statement so that every writer takes the configuration's lock before the chain's.
        """
        statement = update(audit_head).values(seq=audit_head.c.seq + 1).returning(audit_head.c.seq, audit_head.c.mac)
        head = (await connection.execute(statement)).one()
        values: dict[str, Any] = {
            "seq": head.seq,
            "at": self._clock.now(),
            "action": act.action,
            "outcome": Outcome(act.outcome).value,
            "reason": act.reason,
            "count": act.count,
            "via": Via(actor.via).value,
            "user_id": actor.user_id,
            "user_name": _text(actor.user_name),
            "token_id": actor.token_id,
            "session_id": actor.session_id,
            "address": _text(actor.address),
            "subject_id": _text(act.subject_id),
            "subject_name": _text(act.subject_name),
            "before": _document(act.before),
            "after": _document(act.after),
        }
        values["mac"] = chain_mac(self._key, bytes(head.mac), values)
        await connection.execute(insert(audit_log).values(values))
        await connection.execute(update(audit_head).values(mac=values["mac"]))
        return AuditRow(**values)

    def fingerprint(self, secret: str) -> str:
        """Return what stands for a secret in the trail: the same for the same secret, and of no use to anybody."""
        return hmac.digest(self._key, b"fingerprint\x00" + secret.encode(), "sha256").hex()[:FINGERPRINT_HEX]


def chain_mac(key: bytes, previous: bytes, values: Mapping[str, Any]) -> bytes:
    """Compute a row's MAC from the MAC of the row before, which is empty for the first, and its columns' values."""
    fields = [values[name] for name in _SIGNED]
    # A float reads back as it was written on both databases, and JSON writes it so that it can be told exactly.
    signed = json.dumps(fields, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hmac.digest(key, len(previous).to_bytes(1, "big") + previous + signed.encode(), "sha256")


async def audit_position(connection: AsyncConnection) -> tuple[int, bytes]:
    """Return the number and the MAC of the chain's last row; 0 and nothing where there is none."""
    head = (await connection.execute(select(audit_head.c.seq, audit_head.c.mac))).one()
    return int(head.seq), bytes(head.mac)


def _text(text: str | None) -> str | None:
    return None if text is None else storable(text, MAX_TEXT)


def _document(change: Mapping[str, Any]) -> str:
    """Write a change as JSON; what is too long is cut down to the names of what changed."""
    document = json.dumps(dict(change), ensure_ascii=True, separators=(",", ":"), sort_keys=True, default=str)
    if len(document) > MAX_CHANGE:
        document = json.dumps({"too_long": sorted(change)}, ensure_ascii=True)[:MAX_CHANGE]
    return document
