"""The audit trail for Admins: listed with filters, exported, and its head to keep elsewhere. Storage writes it."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from bodhi.control.exports import ExportFormat, Row, stream_export
from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.schemas import Time
from bodhi.core.audit import ACTIONS, Act, Outcome, Via
from bodhi.core.clock import iso_time
from bodhi.core.errors import InvalidField
from bodhi.storage.audit import AuditRow, Wanted, list_audit, read_change
from bodhi.storage.audit_head import signed_head
from bodhi.storage.engine import Store
from bodhi.storage.text import is_storable

EXPORT_BATCH = 1_000
MAX_CURSOR_DIGITS = 18

router = APIRouter(tags=["audit"])


class ActShown(BaseModel):
    """One act. `before` and `after` hold what changed, with fingerprints in the place of secrets."""

    seq: int
    """From 1, without gaps."""
    at: Time
    action: str
    outcome: str
    """`done` or `refused`."""
    reason: str | None
    """The error code of a refusal."""
    count: int
    """How many refusals of the same kind this row stands for."""
    via: str
    """`api`, `host` for the command line, or `gateway` for Bodhi by itself."""
    user_id: str | None
    user_name: str | None
    token_id: str | None
    session_id: str | None
    address: str | None
    subject_id: str | None
    subject_name: str | None
    before: dict[str, Any]
    after: dict[str, Any]
    mac: str
    """Hexadecimal; each is made over the one before, too."""


class HeadShown(BaseModel):
    """How far the trail has come, signed. Keep it elsewhere, and `bodhi audit verify --head` checks against it."""

    deployment: str
    seq: int
    mac: str
    at: str
    signature: str


COLUMNS = tuple(ActShown.model_fields)
Filter = Annotated[str | None, Query(max_length=256)]
Moment = Annotated[str | None, Query(max_length=40, description="RFC 3339, such as 2026-01-31T00:00:00Z.")]


def wanted(  # noqa: PLR0913 # one argument a filter
    *,
    action: Annotated[
        str | None, Query(max_length=256, description="An action, or all of a kind with a dot: `user.`")
    ] = None,
    outcome: Outcome | None = None,
    user_id: Filter = None,
    subject_id: Filter = None,
    via: Via | None = None,
    since: Moment = None,
    until: Moment = None,
) -> Wanted:
    """Read the filters of a query.

    Raises:
        InvalidField: naming the filter.
    """
    for name, text in (("user_id", user_id), ("subject_id", subject_id)):
        if text is not None and not is_storable(text):
            raise InvalidField("No id has such characters.", param=name)
    return Wanted(
        action=check_action(action),
        outcome=outcome,
        user_id=user_id,
        subject_id=subject_id,
        via=via,
        since=read_moment(since, "since"),
        until=read_moment(until, "until"),
    )


Filters = Annotated[Wanted, Depends(wanted)]


@router.get("/audit")
async def list_acts(
    _principal: Allowed, services: Given, filters: Filters, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ActShown]:
    """List administrative acts and refused attempts, newest first."""
    before = _read_cursor(cursor)
    async with services.store.read() as connection:
        rows, more = cut(await list_audit(connection, filters, limit=limit + 1, before=before), limit)
    shown = [ActShown.model_validate({**told(row), "at": row.at}) for row in rows]
    return Page(data=shown, next_cursor=str(rows[-1].seq) if more else None)


@router.get("/audit/head")
async def read_head(_principal: Allowed, services: Given) -> HeadShown:
    """Read how far the trail has come, signed, to be kept where the database is not."""
    async with services.store.read() as connection:
        head = await signed_head(connection, services.audit.keys, services.clock.now())
    return HeadShown.model_validate(head, from_attributes=True)


@router.get("/audit/export", response_class=StreamingResponse)
async def export(
    _principal: Allowed,
    actor: Acting,
    services: Given,
    filters: Filters,
    export_format: Annotated[ExportFormat, Query(alias="format")] = ExportFormat.JSONL,
) -> StreamingResponse:
    """Export acts, oldest first, as JSON Lines or CSV. The export is itself an act, written before the first byte."""
    asked = {name: getattr(filters, name) for name in Wanted.__dataclass_fields__ if getattr(filters, name) is not None}
    async with services.store.write() as connection:
        act = Act(action="audit.export", after={"format": export_format.value, **asked})
        row = await services.audit.append(connection, actor, act)
    return await stream_export(export_format, COLUMNS, exported(services.store, filters, row.seq), name="bodhi-audit")


async def exported(store: Store, filters: Wanted, upto: int) -> AsyncIterator[Sequence[Row]]:
    """Yield rows up to a number, oldest first, a thousand at a time, each lot from a short transaction of its own."""
    after = 0
    while True:
        async with store.read() as connection:
            rows = await list_audit(connection, filters, limit=EXPORT_BATCH, after=after, upto=upto)
        if rows:
            yield [told(row) for row in rows]
        if len(rows) < EXPORT_BATCH:
            return
        after = rows[-1].seq


def told(row: AuditRow) -> dict[str, Any]:
    """Return a row as it is shown and exported."""
    shown: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
    return shown | {
        "at": iso_time(row.at),
        "before": read_change(row.before),
        "after": read_change(row.after),
        "mac": row.mac.hex(),
    }


def check_action(action: str | None) -> str | None:
    """Return what acts are filtered by.

    Raises:
        InvalidField: there is no such action, and none that begins so.
    """
    if action is None or action in ACTIONS or (action.endswith(".") and any(map(_begins(action), ACTIONS))):
        return action
    raise InvalidField("There is no such action. Use a documented one, or a beginning with a dot.", param="action")


def read_moment(text: str | None, name: str) -> float | None:
    """Read a time; one without a zone is in UTC.

    Raises:
        InvalidField: this is no time.
    """
    if text is None:
        return None
    try:
        # A plus sign that was not escaped in a query arrives as a blank.
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise InvalidField("Write a time as RFC 3339, such as 2026-01-31T00:00:00Z.", param=name) from None


def _begins(start: str) -> Any:
    return lambda action: action.startswith(start)


def _read_cursor(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= MAX_CURSOR_DIGITS):
        raise InvalidField("Use the `next_cursor` of the page before.", param="cursor")
    return int(cursor)
