"""What usage looks like from outside: its filters, calls, groups and sums. No endpoint lives here."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import AwareDatetime, BaseModel, ConfigDict

from bodhi.control.schemas import Time
from bodhi.core.principal import Principal, Role
from bodhi.core.usage import UsageRecord, cost_usd
from bodhi.storage.usage import COLUMNS
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_names import UsageNames
from bodhi.storage.usage_percentiles import Durations, percentiles
from bodhi.storage.usage_sums import GroupBy, UsageSums

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

    def wanted(self, principal: Principal, *, since: float | None = None, until: float | None = None) -> UsageFilter:
        """Return the filter, which for users holds their own calls only; given times stand for missing ones."""
        given = self.model_dump(include=SIMPLE)
        return UsageFilter(
            **given,
            owner_id=owner_of(principal),
            statuses=_statuses(self.status),
            since=since if self.since is None else self.since.timestamp(),
            until=until if self.until is None else self.until.timestamp(),
        )


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
    checked_us: int | None
    """From the call's start on, when the token was known; null where it did not come so far, as the next three."""
    read_us: int | None
    """When the whole request was there."""
    chosen_us: int | None
    """When the api model was chosen and the request to it was made."""
    connected_us: int | None
    """When there was a connection to the provider."""
    finish: str | None
    """Why the answer ended, in the provider's own word."""
    user_name: str | None
    """Null where the user is gone, and for those who see only their own calls."""
    token_name: str | None
    """Null where the token is gone."""
    api_model_name: str | None
    """Null where the api model is gone."""
    format: str | None
    """That of the api model."""


class OneCallShown(CallShown):
    """One call, and those beside it."""

    older: str | None
    """The id of the call before it, of those that one may see."""
    newer: str | None


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
    name: str | None
    """Of the token, user or api model that `key` is the id of; null where it is gone, and for other groups."""
    p95_first_us: int | None
    """What 95 of 100 calls do not exceed until the first byte, to two significant digits."""
    p95_total_us: int | None
    """The same until the end."""


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


def owner_of(principal: Principal) -> str | None:
    """Return whose calls alone somebody may see; None for those who may see all."""
    return None if principal.role >= Role.POWER_USER else principal.user_id


def _statuses(text: str | None) -> range | None:
    if text is None:
        return None
    if text.endswith("xx"):
        return range(int(text[0]) * 100, int(text[0]) * 100 + 100)
    return range(int(text), int(text) + 1)


def call_shown(record: UsageRecord, names: UsageNames, *, with_people: bool) -> CallShown:
    """Show a call.

    Args:
        record: the call.
        names: those behind its ids.
        with_people: whether to tell whose it was by name.
    """
    values = {name: getattr(record, name) for name in COLUMNS}
    return CallShown(
        **values,
        cost_usd=cost_usd(record.cost_nano),
        user_name=names.users.get(record.user_id or "") if with_people else None,
        token_name=names.tokens.get(record.token_id or ""),
        api_model_name=names.api_models.get(record.api_model_id or ""),
        format=names.formats.get(record.api_model_id or ""),
    )


def group_shown(key: str | None, sums: UsageSums, name: str | None, durations: Durations) -> GroupShown:
    """Show a group."""
    return GroupShown(
        key=key,
        name=name,
        p95_first_us=percentiles(durations.first, (95,))[0],
        p95_total_us=percentiles(durations.total, (95,))[0],
        **sums_shown(sums),
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
