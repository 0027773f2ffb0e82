"""Captured prompts and completions: whether they are kept, and reading one. Collecting them is the proxy's part."""

import asyncio
import base64
import codecs
import json
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from bodhi.accounting.capture_retention import remove_captures
from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed
from bodhi.control.schemas import Body, Time
from bodhi.control.services import Services, reload
from bodhi.core.audit import Act
from bodhi.core.errors import CapturesNotAllowed, Conflict, NotFound
from bodhi.relay.decode import new_decoder
from bodhi.storage.captures import SealedCapture, count_captures, find_capture, open_texts
from bodhi.storage.policies import (
    LEAST_BYTES,
    MAX_DAYS,
    MOST_BYTES,
    CapturePolicy,
    read_capture_policy,
    write_capture_policy,
)
from bodhi.storage.vault import CannotOpen
from bodhi.storage.version import bump_config_version

router = APIRouter(tags=["capture"])


class CapturePolicyShown(BaseModel):
    """Whether prompts and completions are kept, and for how long."""

    enabled: bool
    days: int
    """After so many days a capture is removed."""
    max_bytes: int
    """Of each request and of each response, no more than this is kept."""
    captures: int
    """How many there are."""


class CapturePolicyWish(Body):
    """What is to be kept from now on. What is left out stays as it is."""

    enabled: bool
    days: int | None = Field(default=None, ge=1, le=MAX_DAYS)
    max_bytes: int | None = Field(default=None, ge=LEAST_BYTES, le=MOST_BYTES)
    purge: bool = False
    """Whether to remove, now, what was captured before."""


class SaidShown(BaseModel):
    """One direction of a call. Either `text` is there or `base64`."""

    content_type: str | None
    content_encoding: str | None = None
    """How `base64` is compressed; `text` never is."""
    text: str | None = None
    base64: str | None = None
    bytes: int
    """Size of the whole, as it was on the wire."""
    truncated: bool
    """Whether only the beginning was kept."""


class ChangeShown(BaseModel):
    """One difference between what the client sent and what was sent upstream."""

    part: Literal["path", "header", "body"]
    name: str
    """`path` or `query`, the header, or the way to the member of the body."""
    before: str | None
    """Null where it was added; of the body, as JSON."""
    after: str | None
    """Null where it was removed."""
    reason: str


class SentShown(BaseModel):
    """What was sent to the provider, and how it answered. Secrets are masked."""

    method: str
    url: str
    request_headers: list[tuple[str, str]]
    """As the client sent them."""
    headers: list[tuple[str, str]]
    """As they were sent upstream."""
    response_status: int | None
    """Null where the provider did not answer."""
    response_headers: list[tuple[str, str]]
    body: SaidShown | None
    """Null where it is the client's, byte for byte."""
    changes: list[ChangeShown]


class CaptureShown(BaseModel):
    """What a call said."""

    call_id: str
    at: Time
    user_id: str | None
    request: SaidShown
    response: SaidShown
    sent: SentShown | None
    """Null where nothing was sent upstream."""


@router.get("/capture")
async def show_policy(_principal: Allowed, services: Given) -> CapturePolicyShown:
    """Tell whether prompts and completions are kept."""
    async with services.store.read() as connection:
        policy = await read_capture_policy(connection)
    return await shown_policy(services, policy)


@router.put("/capture")
async def change_policy(
    _principal: Allowed, actor: Acting, services: Given, body: CapturePolicyWish
) -> CapturePolicyShown:
    """Turn captures on or off, or change how long they are kept. What was captured stays, unless `purge` removes it."""
    wished = {name: value for name, value in body.model_dump().items() if name != "purge" and value is not None}
    async with services.store.write() as connection:
        await bump_config_version(connection)
        before = await read_capture_policy(connection)
        policy = replace(before, **wished)
        await write_capture_policy(connection, policy)
        act = Act(action="capture.change", before=asdict(before), after=asdict(policy))
        await services.audit.append(connection, actor, act)
    await reload(services)
    if body.purge:
        await remove_captures(services.store, services.audit, actor)
    return await shown_policy(services, policy)


@router.get("/usage/{call_id}/capture")
async def read_capture(
    principal: Allowed, actor: Acting, services: Given, call_id: Annotated[str, Path(max_length=64)]
) -> CaptureShown:
    """Read what a call said, if it was captured. Each reading is written into the audit trail before it is shown."""
    if not principal.reads_captures:
        services.refusals.note(actor, "capture.read", CapturesNotAllowed.code, call_id)
        raise CapturesNotAllowed
    async with services.store.usage_read() as connection:
        row = await find_capture(connection, call_id)
    if row is None:
        raise NotFound("There is no capture of this call.")
    async with services.store.write() as connection:
        await services.audit.append(connection, actor, Act(action="capture.read", subject_id=call_id))
    try:
        # In a thread: opening and decompressing megabytes takes longer than a call may wait.
        request, response, sent = await asyncio.to_thread(_opened, services, row)
    except CannotOpen:
        message = "The capture cannot be opened: it is damaged, or the data key that sealed it is gone."
        raise Conflict(message) from None
    return CaptureShown(
        call_id=row.call_id, at=row.at, user_id=row.user_id, request=request, response=response, sent=sent
    )


async def shown_policy(services: Services, policy: CapturePolicy) -> CapturePolicyShown:
    """Show a policy, with the number of captures that there are."""
    async with services.store.usage_read() as connection:
        count = await count_captures(connection)
    return CapturePolicyShown(**asdict(policy), captures=count)


def _opened(services: Services, row: SealedCapture) -> tuple[SaidShown, SaidShown, SentShown | None]:
    """Open a capture. Raises as `open_texts` does; runs in a thread."""
    request, response, *sent = map(json.loads, open_texts(services.vault, row))
    return _said(request), _said(response), _sent(sent[0]) if sent else None


def _sent(document: dict[str, Any]) -> SentShown:
    body = document["body"]
    answer: dict[str, Any] = {"response_status": None, "response_headers": []}
    changes = [dict(zip(ChangeShown.model_fields, change, strict=True)) for change in document["changes"]]
    return SentShown.model_validate({**answer, **document, "body": _said(body) if body else None, "changes": changes})


def _said(document: dict[str, Any]) -> SaidShown:
    """Show one direction as text, decompressed, where that is what it is; otherwise as it was on the wire."""
    shown = {name: document[name] for name in ("content_type", "bytes", "truncated")}
    coding = document["content_encoding"]
    raw = document["text"].encode() if "text" in document else base64.b64decode(document["base64"])
    text = _text(raw, coding, cut=document["truncated"])
    if text is not None:
        return SaidShown(**shown, text=text)
    return SaidShown(**shown, content_encoding=coding, base64=base64.b64encode(raw).decode())


def _text(raw: bytes, coding: str | None, *, cut: bool) -> str | None:
    """Return the text that bytes are, or None. Bytes that were cut off may end within a character."""
    if coding is not None and coding.strip().lower() != "identity":
        decoder = new_decoder(coding.encode("latin-1"))
        if decoder is None:
            return None
        raw = decoder.feed(raw)
        if decoder.given_up:
            return None
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(raw, final=not cut)
    except UnicodeDecodeError:
        return None
