"""The calls that were made, their sums, and exports. Users see their own; what is recorded is decided by the proxy."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict

from bodhi.control.exports import ExportFormat, Row, stream_export
from bodhi.control.guards import Acting, Allowed
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.schemas import Time
from bodhi.control.services import Given, Services
from bodhi.core.audit import Act
from bodhi.core.errors import UnknownObject
from bodhi.core.principal import Principal, Role
from bodhi.core.usage import UsageRecord, cost_usd
from bodhi.storage.engine import Store
from bodhi.storage.paging import MAX_PAGE
from bodhi.storage.usage import COLUMNS, find_usage, list_usage
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_sums import GroupBy, Summary, UsageSums, sum_usage

router = APIRouter(tags=["usage"])

EXPORTED = (*COLUMNS, "cost_usd")
SIMPLE = {"user_id", "token_id", "api_model_id", "model", "endpoint", "error", "failed", "stream"}
"""The filters that are passed on as they come."""


class UsageQuery(BaseModel):
    """Which calls are wanted; without any filter all that one may see."""

    model_config = ConfigDict(extra="forbid")

    user_id: Annotated[str | None, Query(max_length=64)] = None
    token_id: Annotated[str | None, Query(max_length=64)] = None
    api_model_id: Annotated[str | None, Query(max_length=64)] = None
    model: Annotated[str | None, Query(max_length=512, description="Asked for or sent, exactly.")] = None
    endpoint: Annotated[str | None, Query(max_length=64)] = None
    status: Annotated[
        str | None, Query(pattern=r"^([1-5]xx|[1-5][0-9]{2})$", description="Such as 429, or a class such as 4xx.")
    ] = None
    error: Annotated[str | None, Query(max_length=64, description="An error code, exactly.")] = None
    failed: Annotated[bool | None, Query(description="Whether there was any error.")] = None
    stream: bool | None = None
    since: Annotated[AwareDatetime | None, Query(description="The oldest time wanted (RFC 3339).")] = None
    until: Annotated[AwareDatetime | None, Query(description="The time before which calls are wanted.")] = None

    def wanted(self, principal: Principal) -> UsageFilter:
        """Return the filter, which for users holds their own calls only."""
        given = self.model_dump(include=SIMPLE)
        return UsageFilter(
            **given,
            owner_id=_owner(principal),
            statuses=_statuses(self.status),
            since=None if self.since is None else self.since.timestamp(),
            until=None if self.until is None else self.until.timestamp(),
        )


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
    cache_write_tokens: int | None
    cost_nano: int | None
    """In billionths of a US dollar; null where it is not known."""
    cost_usd: str | None
    """The same in US dollars, with nine decimals."""


class SumsShown(BaseModel):
    """The sums of some calls. Tokens are those that were reported; a cost is the sum of those that are known."""

    count: int
    errors: int
    unpriced: int
    """Calls whose cost is not known, and which no sum contains."""
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cache_write_tokens: int
    cost_nano: int | None
    """Null where no call's cost is known."""
    cost_usd: str | None
    mean_us: int | None
    """The mean of the durations, in microseconds."""
    longest_us: int | None
    first: Time | None
    last: Time | None


class GroupShown(SumsShown):
    """The sums of one group."""

    key: str | None
    """What its calls have in common; null for those that have nothing there, such as a model."""


class SummaryShown(BaseModel):
    """Sums by group, those with most calls first."""

    group_by: GroupBy
    data: list[GroupShown]
    rest: SumsShown | None
    """What is beyond the 200 groups with most calls."""
    total: SumsShown
    dropped: dict[str, int] | None
    """For Managers and above: records that this process lost since its start, by reason."""
    queued: int | None
    """For Managers and above: records that wait to be written."""


@router.get("/usage")
async def list_calls(principal: Allowed, services: Given, query: Annotated[PagedQuery, Query()]) -> Page[CallShown]:
    """List calls, newest first: everybody's for power users and above, one's own for users."""
    wanted = query.wanted(principal)
    async with services.store.usage_read() as connection:
        found = await list_usage(connection, wanted, limit=query.limit + 1, before=query.cursor)
    rows, more = cut(found, query.limit)
    return Page(data=[_shown(row) for row in rows], next_cursor=rows[-1].id if more else None)


@router.get("/usage/summary")
async def summary(principal: Allowed, services: Given, query: Annotated[SummaryQuery, Query()]) -> SummaryShown:
    """Sum calls by group, over the same filters."""
    async with services.store.usage_read() as connection:
        found = await sum_usage(connection, query.wanted(principal), query.group_by)
    return _summary_shown(query.group_by, found, services if principal.role >= Role.MANAGER else None)


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
async def one_call(principal: Allowed, services: Given, call_id: str) -> CallShown:
    """Show one call."""
    async with services.store.usage_read() as connection:
        record = await find_usage(connection, call_id, _owner(principal))
    if record is None:
        raise UnknownObject("There is no call with this id.")
    return _shown(record)


async def exported(store: Store, wanted: UsageFilter) -> AsyncIterator[Sequence[Row]]:
    """Yield the rows of an export, newest first; each batch is read by itself: a slow reader holds no connection."""
    before: str | None = None
    while True:
        async with store.usage_read() as connection:
            records = await list_usage(connection, wanted, limit=MAX_PAGE, before=before)
        if records:
            yield [_shown(record).model_dump(mode="json") for record in records]
        if len(records) < MAX_PAGE:
            return
        before = records[-1].id


def _owner(principal: Principal) -> str | None:
    return None if principal.role >= Role.POWER_USER else principal.user_id


def _statuses(text: str | None) -> range | None:
    if text is None:
        return None
    if text.endswith("xx"):
        return range(int(text[0]) * 100, int(text[0]) * 100 + 100)
    return range(int(text), int(text) + 1)


def _shown(record: UsageRecord) -> CallShown:
    values = {name: getattr(record, name) for name in COLUMNS}
    return CallShown(**values, cost_usd=cost_usd(record.cost_nano))


def _summary_shown(group_by: GroupBy, found: Summary, services: Services | None) -> SummaryShown:
    """Show a summary; what the recorder lost is shown where its services are given."""
    return SummaryShown(
        group_by=group_by,
        data=[GroupShown(key=key, **sums_shown(sums)) for key, sums in found.groups],
        rest=None if found.rest is None else SumsShown(**sums_shown(found.rest)),
        total=SumsShown(**sums_shown(found.total)),
        dropped=None if services is None else dict(+services.recorder.dropped),
        queued=None if services is None else services.recorder.queued,
    )


def sums_shown(sums: UsageSums) -> dict[str, Any]:
    """Return the values of `SumsShown`."""
    cost = sums.cost_nano if sums.priced else None
    return {
        "count": sums.count,
        "errors": sums.errors,
        "unpriced": sums.count - sums.priced,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        "cached_tokens": sums.cached_tokens,
        "reasoning_tokens": sums.reasoning_tokens,
        "cache_write_tokens": sums.cache_write_tokens,
        "cost_nano": cost,
        "cost_usd": cost_usd(cost),
        "mean_us": sums.total_us // sums.count if sums.count else None,
        "longest_us": sums.longest_us if sums.count else None,
        "first": sums.first,
        "last": sums.last,
    }
