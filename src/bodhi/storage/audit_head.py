"""Heads of the audit trail: how far the chain had come at some time, signed, to be kept where the database is not.

Whoever has one can prove that nothing up to it was changed since. Checking a chain against heads is `audit_chain`'s.
"""

import hmac
import json
from dataclasses import asdict, dataclass, fields, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.clock import iso_time
from bodhi.storage.audit import ChainKeys, audit_position
from bodhi.storage.tables import deployment


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last row of the chain, as it was at some time."""

    deployment: str
    seq: int
    mac: str
    """Hexadecimal."""
    at: str
    """RFC 3339, in UTC."""
    signature: str = ""

    def is_signed(self, keys: ChainKeys) -> bool:
        """Tell whether this deployment signed it."""
        return hmac.compare_digest(self.signature.encode(), keys.head_signature(self._document()).encode())

    def signed(self, keys: ChainKeys) -> "Head":
        """Return the same head with its signature."""
        return replace(self, signature=keys.head_signature(self._document()))

    def as_line(self) -> str:
        """Write the head as one line of JSON, without a line break."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def _document(self) -> bytes:
        return json.dumps([self.deployment, self.seq, self.mac, self.at], separators=(",", ":")).encode()


async def signed_head(connection: AsyncConnection, keys: ChainKeys, now: float) -> Head:
    """Return how far the chain has come."""
    seq, mac = await audit_position(connection)
    deployed = await audit_deployment(connection)
    return Head(deployment=deployed, seq=seq, mac=mac.hex(), at=iso_time(now)).signed(keys)


async def audit_deployment(connection: AsyncConnection) -> str:
    """Return the id of the deployment that the trail is of."""
    return str((await connection.execute(select(deployment.c.id))).scalar_one_or_none() or "")


def read_head(line: str) -> Head:
    """Read a head from one line of JSON, its signature unchecked.

    Raises:
        ValueError: this is no head.
    """
    document = json.loads(line)
    if not isinstance(document, dict) or set(document) != {each.name for each in fields(Head)}:
        raise ValueError("this is not a head of the audit trail")
    texts = [document[name] for name in ("deployment", "mac", "at", "signature")]
    if type(document["seq"]) is not int or not all(isinstance(text, str) for text in texts):
        raise ValueError("a field of the head has a value of a wrong kind")
    return Head(**document)
