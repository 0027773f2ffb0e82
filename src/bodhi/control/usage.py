"""The calls that were made, their sums, and exports. Users see their own; what is recorded is decided by the proxy."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from bodhi.control.exports import ExportFormat, Row, stream_export
from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.usage_shown import (
    CallShown,
    OneCallShown,
    SummaryShown,
    SumsShown,
    UsageQuery,
    call_shown,
    group_shown,
    owner_of,
    sums_shown,
)
from bodhi.core.audit import Act
from bodhi.core.clock import iso_time
from bodhi.core.errors import UnknownObject
from bodhi.core.principal import Role
from bodhi.core.usage import UsageRecord, cost_usd
from bodhi.storage.engine import Store
from bodhi.storage.paging import MAX_PAGE
from bodhi.storage.usage import COLUMNS, find_beside, find_usage, list_usage
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_names import read_names, read_names_of
from bodhi.storage.usage_percentiles import Durations, durations_of_groups
from bodhi.storage.usage_sums import GroupBy, sum_usage

router = APIRouter(tags=["usage"])

EXPORTED = (*COLUMNS, "cost_usd")
NAMED = {GroupBy.TOKEN: "tokens", GroupBy.USER: "users", GroupBy.API_MODEL: "api_models"}
"""What has names of its own, as `UsageNames` calls them."""


class PagedQuery(UsageQuery):
    """The same, a page at a time."""

    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = None


class SummaryQuery(UsageQuery):
    """The same, put together by something."""

    group_by: GroupBy = GroupBy.MODEL


class ExportQuery(UsageQuery):
    """The same, as a file."""

    format: ExportFormat = ExportFormat.CSV


@router.get("/usage")
async def list_calls(principal: Allowed, services: Given, query: Annotated[PagedQuery, Query()]) -> Page[CallShown]:
    """List calls, newest first: everybody's for power users and above, one's own for users."""
    wanted = query.wanted(principal)
    async with services.store.usage_read() as connection:
        found = await list_usage(connection, wanted, limit=query.limit + 1, before=query.cursor)
    rows, more = cut(found, query.limit)
    async with services.store.read() as connection:
        names = await read_names_of(connection, rows)
    sees_others = owner_of(principal) is None
    data = [call_shown(row, names, with_people=sees_others) for row in rows]
    return Page(data=data, next_cursor=rows[-1].id if more else None)


@router.get("/usage/summary")
async def summary(principal: Allowed, services: Given, query: Annotated[SummaryQuery, Query()]) -> SummaryShown:
    """Sum calls by group, over the same filters."""
    wanted = query.wanted(principal)
    async with services.store.usage_read() as connection:
        found = await sum_usage(connection, wanted, query.group_by)
        keys = [key for key, _ in found.groups]
        durations = await durations_of_groups(connection, wanted, query.group_by, keys)
    names: dict[str, str] = {}
    if query.group_by in NAMED and (query.group_by is not GroupBy.USER or owner_of(principal) is None):
        async with services.store.read() as connection:
            looked_up = await read_names(connection, **{f"of_{NAMED[query.group_by]}": keys})
        names = getattr(looked_up, NAMED[query.group_by])
    told = principal.role >= Role.MANAGER
    return SummaryShown(
        group_by=query.group_by,
        data=[
            group_shown(key, sums, names.get(key or ""), durations.get(key) or Durations())
            for key, sums in found.groups
        ],
        rest=None if found.rest is None else SumsShown(**sums_shown(found.rest)),
        total=SumsShown(**sums_shown(found.total)),
        dropped=dict(+services.recorder.dropped) if told else None,
        queued=services.recorder.queued if told else None,
    )


@router.get("/usage/export", response_class=StreamingResponse)
async def export(
    principal: Allowed, actor: Acting, services: Given, query: Annotated[ExportQuery, Query()]
) -> StreamingResponse:
    """Export calls, newest first, as CSV or JSON Lines: everybody's for power users and above, one's own for users."""
    act = Act(action="usage.export", after=query.model_dump(mode="json", exclude_none=True))
    async with services.store.write() as connection:
        await services.audit.append(connection, actor, act)
    batches = exported(services.store, query.wanted(principal))
    return await stream_export(query.format, EXPORTED, batches, name="bodhi-usage")


@router.get("/usage/{call_id}")
async def one_call(principal: Allowed, services: Given, call_id: str) -> OneCallShown:
    """Show one call, and which are beside it."""
    owner_id = owner_of(principal)
    async with services.store.usage_read() as connection:
        record = await find_usage(connection, call_id, owner_id)
        if record is None:
            raise UnknownObject("There is no call with this id.")
        older, newer = await find_beside(connection, record, owner_id)
    async with services.store.read() as connection:
        names = await read_names_of(connection, [record])
    shown = call_shown(record, names, with_people=owner_id is None)
    return OneCallShown(**dict(shown), older=older, newer=newer)


async def exported(store: Store, wanted: UsageFilter) -> AsyncIterator[Sequence[Row]]:
    """Yield the rows of an export, newest first; each batch is read by itself: a slow reader holds no connection."""
    before: str | None = None
    while True:
        async with store.usage_read() as connection:
            records = await list_usage(connection, wanted, limit=MAX_PAGE, before=before)
        if records:
            yield [_row(record) for record in records]
        if len(records) < MAX_PAGE:
            return
        before = records[-1].id


def _row(record: UsageRecord) -> Row:
    values = {name: getattr(record, name) for name in COLUMNS}
    return {**values, "at": iso_time(record.at), "cost_usd": cost_usd(record.cost_nano)}
