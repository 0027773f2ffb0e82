"""What this process holds and what it had to drop since its start. Sums over calls are `usage`'s."""

import os

from fastapi import APIRouter
from pydantic import BaseModel

from bodhi.control.given import Given
from bodhi.control.guards import Allowed

router = APIRouter(tags=["usage"])


class QueueShown(BaseModel):
    """Something that waits to be written."""

    waiting: int
    dropped: dict[str, int]
    """How many were lost since the start, by reason."""


class ProviderConnections(BaseModel):
    """Connections to all providers together."""

    in_use: int
    idle: int
    """Kept open for later calls."""


class QueuesShown(BaseModel):
    """Of one process. Where several serve, each tells of itself."""

    pid: int
    records: QueueShown
    """Usage records."""
    captures: QueueShown
    refused_attempts: QueueShown
    """What was refused, for the audit trail; the same attempt again and again is one entry with a count."""
    token_uses_not_noted: int
    """Calls whose tokens were too many to note when each was used last."""
    provider_connections: ProviderConnections


@router.get("/queues")
async def show_queues(_principal: Allowed, services: Given) -> QueuesShown:
    """Show what the process that answers holds, and what it had to drop since its start."""
    recorder, captures, refusals, upstream = services.recorder, services.captures, services.refusals, services.upstream
    return QueuesShown(
        pid=os.getpid(),
        records=QueueShown(waiting=recorder.queued, dropped=dict(+recorder.dropped)),
        captures=QueueShown(waiting=captures.queued, dropped=dict(+captures.dropped)),
        refused_attempts=QueueShown(
            waiting=refusals.waiting, dropped={"not_written": refusals.dropped} if refusals.dropped else {}
        ),
        token_uses_not_noted=recorder.uses_not_noted,
        provider_connections=ProviderConnections(in_use=upstream.in_use, idle=upstream.idle),
    )
