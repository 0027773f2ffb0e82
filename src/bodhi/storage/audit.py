"""The audit trail's rows: written in the transaction of the change they tell of, chained by a keyed MAC.

One chain serves the whole deployment: every change already waits for the database's write lock, so that a chain per
process would save nothing and could not prove the order between processes. Verifying it is `audit_chain`'s.
"""

import hmac
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.audit import Act, Actor, Outcome, Via
from bodhi.core.clock import Clock
from bodhi.storage.tables import audit_head, audit_log
from bodhi.storage.text import storable

PURPOSE = "audit/v1"
"""What the chain's key is derived for."""
MAX_TEXT = 256
MAX_CHANGE = 8_192
MAX_NAMED = 50
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


class ChainKeys:
    """What is signed in the trail, by a key of its own for each purpose, so that no MAC can pass for another's.

    Args:
        key: derived from the root key, so that somebody who can write the database cannot continue the chain.
    """

    def __init__(self, key: bytes) -> None:
        self._rows, self._heads, self._secrets = (
            hmac.digest(key, purpose, "sha256") for purpose in (b"rows", b"heads", b"fingerprints")
        )

    def row_mac(self, previous: bytes, values: Mapping[str, Any]) -> bytes:
        """Compute a row's MAC from the MAC of the row before, which is empty for the first, and its columns' values.

        Raises:
            TypeError, ValueError: a value is of a kind that no row is written with.
        """
        # A list of fixed length in which JSON tells every value and its kind apart: no two rows are signed alike.
        # A float reads back as it was written on both databases, and JSON writes it so that it can be told exactly.
        fields = [values[name] for name in _SIGNED]
        signed = json.dumps(fields, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        return hmac.digest(self._rows, len(previous).to_bytes(1, "big") + previous + signed.encode(), "sha256")

    def head_signature(self, document: bytes) -> str:
        """Sign what says how far the chain has come."""
        return hmac.digest(self._heads, document, "sha256").hex()

    def fingerprint(self, secret: str) -> str:
        """Return what stands for a secret in the trail: the same for the same secret, and of no use to anybody."""
        signed = hmac.digest(self._secrets, secret.encode("utf-8", "surrogatepass"), "sha256")
        return signed.hex()[:FINGERPRINT_HEX]


class AuditLog:
    """Appends to the trail. One exists per process; all of them continue the same chain.

    Args:
        key: see `ChainKeys`.
        clock: for the rows' times.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        self.keys = ChainKeys(key)
        self._clock = clock

    async def append(self, connection: AsyncConnection, actor: Actor, act: Act) -> AuditRow:
        """Write one act, in the transaction of the change that it tells of; nothing may follow it but the commit.

        It is the last statement so that every writer takes the configuration's lock before the chain's.
        """
        statement = update(audit_head).values(seq=audit_head.c.seq + 1).returning(audit_head.c.seq, audit_head.c.mac)
        head = (await connection.execute(statement)).one()
        values: dict[str, Any] = {
            "seq": int(head.seq),
            # What is signed here must be of the kinds that the databases give back: 5 and 5.0
            # are written differently, and so is a negative nought, which becomes a plain one.
            "at": float(self._clock.now()) + 0.0,
            "action": act.action,
            "outcome": Outcome(act.outcome).value,
            "reason": _text(act.reason),
            "count": int(act.count),
            "via": Via(actor.via).value,
            "user_id": _text(actor.user_id),
            "user_name": _text(actor.user_name),
            "token_id": _text(actor.token_id),
            "session_id": _text(actor.session_id),
            "address": _text(actor.address),
            "subject_id": _text(act.subject_id),
            "subject_name": _text(act.subject_name),
            "before": _document(act.before),
            "after": _document(act.after),
        }
        values["mac"] = self.keys.row_mac(bytes(head.mac), values)
        await connection.execute(insert(audit_log).values(values))
        await connection.execute(update(audit_head).values(mac=values["mac"]))
        return AuditRow(**values)

    def fingerprint(self, secret: str) -> str:
        """Return what stands for a secret in the trail: the same for the same secret, and of no use to anybody."""
        return self.keys.fingerprint(secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which rows of the trail are asked for; what is None does not matter."""

    action: str | None = None
    """An action, or with a dot at its end all that begin so."""
    outcome: str | None = None
    user_id: str | None = None
    subject_id: str | None = None
    via: str | None = None
    since: float | None = None
    until: float | None = None
    """Rows before this time."""


ANY = Wanted()


async def list_audit(
    connection: AsyncConnection,
    wanted: Wanted = ANY,
    *,
    limit: int,
    before: int | None = None,
    after: int | None = None,
    upto: int | None = None,
) -> list[AuditRow]:
    """Return rows of the trail, newest first; with `after`, oldest first and only those that follow that number."""
    query = select(audit_log).where(*_conditions(wanted)).limit(limit)
    if before is not None:
        query = query.where(audit_log.c.seq < before)
    if upto is not None:
        query = query.where(audit_log.c.seq <= upto)
    if after is not None:
        query = query.where(audit_log.c.seq > after).order_by(audit_log.c.seq)
    else:
        query = query.order_by(audit_log.c.seq.desc())
    return [AuditRow(**row._asdict()) for row in await connection.execute(query)]


async def purge_rows(connection: AsyncConnection, through: int) -> None:
    """Remove the rows up to a number. Whoever does so appends, in the same transaction, who vouches for the rest."""
    await connection.execute(delete(audit_log).where(audit_log.c.seq <= through))


async def audit_position(connection: AsyncConnection) -> tuple[int, bytes]:
    """Return the number and the MAC of the chain's last row; 0 and nothing where there is none."""
    head = (await connection.execute(select(audit_head.c.seq, audit_head.c.mac))).one()
    return int(head.seq), bytes(head.mac)


def read_change(document: str) -> dict[str, Any]:
    """Return `before` or `after` of a row as an object; what somebody spoiled in the database yields an empty one."""
    try:
        change = json.loads(document)
    except (TypeError, ValueError, RecursionError):
        return {}
    return change if isinstance(change, dict) else {}


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    column = audit_log.c
    found = [
        column[name] == value
        for name in ("outcome", "user_id", "subject_id", "via")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.action is not None:
        prefix = wanted.action.endswith(".")
        found.append(
            column.action.startswith(wanted.action, autoescape=True) if prefix else column.action == wanted.action
        )
    if wanted.since is not None:
        found.append(column.at >= wanted.since)
    if wanted.until is not None:
        found.append(column.at < wanted.until)
    return found


def _text(text: str | None) -> str | None:
    return None if text is None else storable(text, MAX_TEXT)


def _document(change: Mapping[str, Any]) -> str:
    """Write a change as JSON; what is too long is cut down to the names of what changed."""
    document = _json({name: _plain(value) for name, value in change.items()})
    if len(document) > MAX_CHANGE:
        names = sorted(storable(str(name), 64) for name in change)
        document = _json({"too_long": names[:MAX_NAMED]})
    return document


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"), sort_keys=True, allow_nan=False)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, without what could not be read back or answered later."""
    if isinstance(value, bool | int | None):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {storable(str(name), MAX_TEXT): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return storable(str(value), MAX_CHANGE)
