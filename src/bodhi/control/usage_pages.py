"""What the usage page draws and follows: series through time, what there is to filter by, and calls as they come."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from bodhi.accounting.tail import Listener, Tail
from bodhi.control.given import Given
from bodhi.control.guards import Allowed, is_still
from bodhi.control.schemas import Time
from bodhi.control.services import Services
from bodhi.control.usage_shown import UsageQuery, call_shown, owner_of
from bodhi.core.errors import BodhiError, InvalidField
from bodhi.core.principal import Principal
from bodhi.core.usage import cost_usd
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_names import read_names, read_occurring
from bodhi.storage.usage_percentiles import percentiles
from bodhi.storage.usage_series import Part, read_series

router = APIRouter(tags=["usage"])

DAY = 86_400.0
MOST_POINTS = 400
SHOWN_PERCENTILES = (50, 95, 99)
COMMENT = b": still here\n\n"
"""A line that readers of events pass over (html.spec.whatwg.org, server-sent events)."""


class SeriesQuery(UsageQuery):
    """The filters of every list; without times the last 24 hours."""

    points: Annotated[int, Query(ge=1, le=MOST_POINTS, description="Into how many equal parts the window is cut.")] = 48


class FiltersQuery(BaseModel):
    """From when on."""

    since: Annotated[AwareDatetime | None, Query(description="The oldest time wanted (RFC 3339).")] = None


class PartShown(BaseModel):
    """The calls of some stretch of time. Percentiles are right to two significant digits, in microseconds."""

    count: int
    ok: int
    client_errors: int
    """By what the client sent, or because it left."""
    server_errors: int
    """All others: the provider's and Bodhi's."""
    errors: int
    input_tokens: int
    output_tokens: int
    cost_nano: int | None
    """Null where no call's cost is known."""
    first_p50_us: int | None
    """Until the first byte; null where no call had one."""
    first_p95_us: int | None
    first_p99_us: int | None
    total_p50_us: int | None
    total_p95_us: int | None
    total_p99_us: int | None


class PointShown(PartShown):
    """One part of a window."""

    at: Time
    """Its beginning."""


class WindowShown(PartShown):
    """A whole window."""

    cost_usd: str | None
    unpriced: int
    """Calls whose cost is not known."""


class SeriesShown(BaseModel):
    """A window in equal parts, oldest first, those without calls included."""

    bucket_seconds: float
    since: Time
    until: Time
    data: list[PointShown]
    total: WindowShown
    before: WindowShown
    """The window of the same length just before."""


class NamedShown(BaseModel):
    """Something that occurs among calls."""

    id: str
    name: str | None
    """Null where it is gone."""


class FiltersShown(BaseModel):
    """What there is to filter by, the most frequent first, at most 200 of each."""

    models: list[str]
    api_models: list[NamedShown]
    tokens: list[NamedShown]
    users: list[NamedShown]


@router.get("/usage/series")
async def series(principal: Allowed, services: Given, query: Annotated[SeriesQuery, Query()]) -> SeriesShown:
    """Sum calls through time, over the same filters."""
    until = services.clock.now() if query.until is None else query.until.timestamp()
    since = until - DAY if query.since is None else query.since.timestamp()
    if since >= until:
        raise InvalidField("`since` must be before `until`.", param="since")
    wanted = query.wanted(principal, since=since, until=until)
    async with services.store.usage_read() as connection:
        found = await read_series(connection, wanted, points=query.points)
    length = (until - since) / query.points
    return SeriesShown(
        bucket_seconds=length,
        since=since,
        until=until,
        data=[PointShown(at=since + number * length, **_part(part)) for number, part in enumerate(found.parts)],
        total=_window(found.total),
        before=_window(found.before),
    )


@router.get("/usage/filters")
async def filters(principal: Allowed, services: Given, query: Annotated[FiltersQuery, Query()]) -> FiltersShown:
    """Tell which models, api models, tokens and users occur among calls."""
    owner_id = owner_of(principal)
    since = None if query.since is None else query.since.timestamp()
    async with services.store.usage_read() as connection:
        found = await read_occurring(connection, UsageFilter(owner_id=owner_id, since=since))
    async with services.store.read() as connection:
        names = await read_names(
            connection, of_users=found.users, of_tokens=found.tokens, of_api_models=found.api_models
        )
    return FiltersShown(
        models=found.models,
        api_models=[NamedShown(id=each, name=names.api_models.get(each)) for each in found.api_models],
        tokens=[NamedShown(id=each, name=names.tokens.get(each)) for each in found.tokens],
        users=[NamedShown(id=each, name=names.users.get(each)) for each in found.users],
    )


class TailResponse(StreamingResponse):
    """A stream that gives its place among the listeners back, whatever ends it."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[bytes], tail: Tail, listener: Listener) -> None:
        # Proxies that gather answers before they pass them on are asked not to (nginx.org, X-Accel-Buffering).
        super().__init__(content, headers={"x-accel-buffering": "no"})
        self._leave = partial(tail.leave, listener)

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._leave()


@router.get("/usage/tail", response_class=StreamingResponse)
async def tail(
    request: Request, principal: Allowed, services: Given, query: Annotated[UsageQuery, Query()]
) -> TailResponse:
    """Stream calls as they are recorded, over the same filters, as server-sent events.

    `call` holds a call as the list shows it; `dropped` how many were left out because the reader, or Bodhi, could
    not keep up; `end` says that the session has ended or the server stops.
    """
    listener = await services.tail.listen(query.wanted(principal))
    return TailResponse(_told(request, services, principal, listener), services.tail, listener)


async def _told(request: Request, services: Services, principal: Principal, listener: Listener) -> AsyncIterator[bytes]:
    sees_others = owner_of(principal) is None
    clock, pause = services.clock.monotonic, services.tail.heartbeat_seconds
    yield COMMENT
    checked_at = clock()
    while not listener.ended:
        await listener.wait(max(0.0, checked_at + pause - clock()))
        told, dropped = listener.take()
        written = [_event("dropped", f'{{"count": {dropped}}}')] if dropped else []
        for record, names in told:
            shown = call_shown(record, names, with_people=sees_others)
            written.append(_event("call", shown.model_dump_json()))
        if written:
            yield b"".join(written)
        if clock() - checked_at >= pause:
            if not await _may_go_on(request, services, principal):
                break
            checked_at = clock()
            yield COMMENT
    yield _event("end", "{}")


async def _may_go_on(request: Request, services: Services, principal: Principal) -> bool:
    """Tell whether somebody may still listen to what they began to listen to."""
    try:
        return await is_still(request, services, principal)
    except BodhiError:
        return False


def _event(name: str, text: str) -> bytes:
    return f"event: {name}\ndata: {text}\n\n".encode()


def _part(part: Part) -> dict[str, Any]:
    sums, durations = part.sums, part.durations
    return {
        "count": sums.count,
        "ok": sums.count - sums.errors,
        "client_errors": part.client_errors,
        "server_errors": sums.errors - part.client_errors,
        "errors": sums.errors,
        "input_tokens": sums.input_tokens,
        "output_tokens": sums.output_tokens,
        "cost_nano": sums.cost_nano if sums.priced else None,
        **_percentiles("first", durations.first),
        **_percentiles("total", durations.total),
    }


def _percentiles(name: str, counts: dict[int, int]) -> dict[str, int | None]:
    found = percentiles(counts, SHOWN_PERCENTILES)
    return {f"{name}_p{each}_us": value for each, value in zip(SHOWN_PERCENTILES, found, strict=True)}


def _window(part: Part) -> WindowShown:
    sums = part.sums
    cost = cost_usd(sums.cost_nano if sums.priced else None)
    return WindowShown(**_part(part), cost_usd=cost, unpriced=sums.count - sums.priced)
