"""The calls that were made, newest first. Users see their own; what is recorded is decided by the proxy."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from bodhi.control.guards import Allowed
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.schemas import Time
from bodhi.control.services import Given
from bodhi.core.principal import Role
from bodhi.core.usage import UsageRecord
from bodhi.storage.usage import list_usage

router = APIRouter(tags=["usage"])


class CallShown(BaseModel):
    """One proxied call. Durations are in microseconds, sizes in bytes."""

    id: str
    at: Time
    user_id: str | None
    token_id: str | None
    api_model_id: str | None
    model_asked: str | None
    model_sent: str | None
    endpoint: str
    status: int
    error: str | None
    stream: bool
    first_byte_us: int | None
    total_us: int
    bytes_in: int
    bytes_out: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None


Filter = Annotated[str | None, Query(max_length=256)]


@router.get("/usage")
async def list_calls(
    principal: Allowed,
    services: Given,
    api_model_id: Filter = None,
    token_id: Filter = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[CallShown]:
    """List calls, newest first: everybody's for power users and above, one's own for users."""
    own = None if principal.role >= Role.POWER_USER else principal.user_id
    wanted = {"user_id": own, "api_model_id": api_model_id, "token_id": token_id}
    filters: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    async with services.store.usage_read() as connection:
        rows, more = cut(await list_usage(connection, limit=limit + 1, before=cursor, **filters), limit)
    return Page(data=[_shown(row) for row in rows], next_cursor=rows[-1].id if more else None)


def _shown(record: UsageRecord) -> CallShown:
    return CallShown.model_validate(record, from_attributes=True)
