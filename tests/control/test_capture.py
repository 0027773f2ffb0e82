"""Turning captures on and off, and reading one."""

import base64
import gzip
import json
from typing import Any

import brotli
import pytest
import zstandard
from sqlalchemy import select

from bodhi.core.errors import StoreUnavailable
from bodhi.core.principal import Role
from bodhi.core.session import CONFIRMED_SECONDS
from bodhi.storage import tables
from bodhi.storage.captures import SealedCapture, insert_captures, seal_texts
from tests.fakes.control import Control, error_of

pytestmark = pytest.mark.usefixtures("admin")


async def acts(control: Control) -> list[dict[str, Any]]:
    """Return what the audit trail holds of captures, refusals included."""
    await control.services.refusals.flush()
    async with control.store.read() as connection:
        query = select(tables.audit_log).where(tables.audit_log.c.action.like("capture.%"))
        rows = (await connection.execute(query.order_by(tables.audit_log.c.seq))).mappings()
        return [{**row, "before": json.loads(row["before"]), "after": json.loads(row["after"])} for row in rows]


async def add(
    control: Control, call_id: str, body: bytes, *, sent: dict[str, Any] | None = None, **fields: Any
) -> None:
    """Store a capture whose response is `body`."""
    said = {"content_type": "application/json", "content_encoding": None, "bytes": len(body), "truncated": False}
    request = json.dumps({**said, "text": "Say hello."})
    response = json.dumps({**said, "base64": base64.b64encode(body).decode(), **fields})
    texts = [request, response] if sent is None else [request, response, json.dumps(sent)]
    key, *sealed = seal_texts(control.services.vault, call_id, *texts)
    async with control.store.usage_write() as connection:
        row = SealedCapture(call_id, 5.0, "u1", key, 10, len(body), False, *sealed)
        await insert_captures(connection, [row])


async def reader(control: Control, name: str = "rita", role: Role = Role.USER) -> dict[str, str]:
    """Sign somebody in who may read captures."""
    headers = await control.session_of(name, role)
    async with control.store.write() as connection:
        await connection.execute(tables.users.update().where(tables.users.c.name == name).values(reads_captures=True))
    return headers


async def test_captures_are_off_until_an_admin_turns_them_on(control: Control, admin: dict[str, str]) -> None:
    shown = await control.call("GET", "/capture", admin)
    assert shown.json() == {"enabled": False, "days": 7, "max_bytes": 262144, "captures": 0}
    assert not control.services.directory.snapshot.capture.enabled
    version = control.services.directory.snapshot.version
    changed = await control.call("PUT", "/capture", admin, {"enabled": True, "days": 3})
    assert changed.json() == {"enabled": True, "days": 3, "max_bytes": 262144, "captures": 0}
    snapshot = control.services.directory.snapshot
    assert (snapshot.capture.enabled, snapshot.capture.days, snapshot.version > version) == (True, 3, True)
    act = (await acts(control))[-1]
    assert (act["action"], act["user_name"]) == ("capture.change", "ada")
    assert act["before"] == {"enabled": False, "days": 7, "max_bytes": 262144}
    assert act["after"] == {"enabled": True, "days": 3, "max_bytes": 262144}


async def test_turning_captures_off_keeps_what_is_there_unless_it_is_to_go(
    control: Control, admin: dict[str, str]
) -> None:
    await control.call("PUT", "/capture", admin, {"enabled": True, "max_bytes": 1024})
    await add(control, "call-1", b"{}")
    kept = await control.call("PUT", "/capture", admin, {"enabled": False})
    assert kept.json() == {"enabled": False, "days": 7, "max_bytes": 1024, "captures": 1}
    gone = await control.call("PUT", "/capture", admin, {"enabled": False, "purge": True})
    assert gone.json()["captures"] == 0
    act = (await acts(control))[-1]
    assert (act["action"], act["before"]) == ("capture.purge", {"captures": 1})


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "enabled"),
        ({"enabled": "yes"}, "enabled"),
        ({"enabled": True, "days": 0}, "days"),
        ({"enabled": True, "days": 366}, "days"),
        ({"enabled": True, "max_bytes": 10}, "max_bytes"),
        ({"enabled": True, "max_bytes": 2**30}, "max_bytes"),
        ({"enabled": True, "forever": True}, "forever"),
    ],
)
async def test_a_policy_that_makes_no_sense_changes_nothing(
    control: Control, admin: dict[str, str], body: dict[str, Any], param: str
) -> None:
    status, _, at_fault = error_of(await control.call("PUT", "/capture", admin, body))
    assert (status, at_fault) == (400, param)
    assert (await control.call("GET", "/capture", admin)).json()["enabled"] is False
    assert [act["action"] for act in await acts(control)] == []


async def test_only_admins_see_or_change_the_policy(control: Control, admin: dict[str, str]) -> None:
    manager = await control.session_of("max", Role.MANAGER)
    for method, body in (("GET", None), ("PUT", {"enabled": True})):
        assert error_of(await control.call(method, "/capture", manager, body))[:2] == (403, "role_too_low")
    control.time.advance(CONFIRMED_SECONDS + 1)
    answer = await control.call("PUT", "/capture", admin, {"enabled": True})
    assert error_of(answer)[:2] == (403, "confirmation_needed")
    assert not control.services.directory.snapshot.capture.enabled


async def test_a_capture_is_shown_to_whom_an_admin_allows_it_and_to_nobody_else(
    control: Control, admin: dict[str, str]
) -> None:
    await add(control, "call-1", '{"greeting": "Grüße"}'.encode())
    rita = await reader(control)
    shown = await control.call("GET", "/usage/call-1/capture", rita)
    assert shown.status_code == 200
    assert shown.json() == {
        "call_id": "call-1",
        "at": "1970-01-01T00:00:05.000Z",
        "user_id": "u1",
        "request": {
            "content_type": "application/json",
            "content_encoding": None,
            "text": "Say hello.",
            "base64": None,
            "bytes": 23,
            "truncated": False,
        },
        "response": {
            "content_type": "application/json",
            "content_encoding": None,
            "text": '{"greeting": "Grüße"}',
            "base64": None,
            "bytes": 23,
            "truncated": False,
        },
        "sent": None,
    }
    # Not even Admins, who could allow it to themselves; not what is there, either.
    for call_id in ("call-1", "call-2"):
        refused = await control.call("GET", f"/usage/{call_id}/capture", admin)
        assert error_of(refused)[:2] == (403, "captures_not_allowed")
    told = [(act["action"], act["outcome"], act["reason"], act["user_name"]) for act in await acts(control)]
    assert told == [
        ("capture.read", "done", None, "rita"),
        ("capture.read", "refused", "captures_not_allowed", "ada"),
        ("capture.read", "refused", "captures_not_allowed", "ada"),
    ]


async def test_reading_takes_a_session_confirmed_lately(control: Control) -> None:
    await add(control, "call-1", b"{}")
    rita = await reader(control)
    control.time.advance(CONFIRMED_SECONDS + 1)
    refused = await control.call("GET", "/usage/call-1/capture", rita)
    assert error_of(refused)[:2] == (403, "confirmation_needed")
    token = await control.token_of("tom", Role.ADMIN, "power_user")
    async with control.store.write() as connection:
        await connection.execute(tables.users.update().values(reads_captures=True))
    refused = await control.call("GET", "/usage/call-1/capture", token)
    assert error_of(refused)[:2] == (403, "session_needed")


async def test_nothing_is_shown_that_cannot_be_written_into_the_audit_trail(
    control: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add(control, "call-1", b"{}")
    rita = await reader(control)

    async def fails(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(control.services.audit, "append", fails)
    answer = await control.call("GET", "/usage/call-1/capture", rita)
    assert error_of(answer)[:2] == (503, "store_unavailable")
    assert "hello" not in answer.text


async def test_a_call_without_a_capture_is_not_found(control: Control) -> None:
    rita = await reader(control)
    for call_id in ("call-1", "%00", "../x"):
        answer = await control.call("GET", f"/usage/{call_id}/capture", rita)
        assert answer.status_code == 404
    assert error_of(await control.call("GET", f"/usage/{'x' * 65}/capture", rita))[0] == 400


async def test_a_capture_that_does_not_open_is_told_after_its_audit_row(control: Control) -> None:
    await add(control, "call-1", b"{}")
    async with control.store.usage_write() as connection:
        await connection.execute(tables.captures.update().values(sealed_response="v1.k1.AAAA"))
    answer = await control.call("GET", "/usage/call-1/capture", await reader(control))
    assert error_of(answer)[:2] == (409, "conflict")
    assert [act["action"] for act in await acts(control)] == ["capture.read"]


PLAIN = json.dumps({"said": "hello " * 50}).encode()


@pytest.mark.parametrize(
    ("coding", "packed"),
    [("gzip", gzip.compress(PLAIN)), ("br", brotli.compress(PLAIN)), ("zstd", zstandard.compress(PLAIN))],
    ids=["gzip", "br", "zstd"],
)
async def test_compressed_answers_are_shown_as_text(control: Control, coding: str, packed: bytes) -> None:
    await add(control, "whole", packed, content_encoding=coding)
    rita = await reader(control)
    said = (await control.call("GET", "/usage/whole/capture", rita)).json()["response"]
    assert (said["text"].encode(), said["base64"], said["content_encoding"]) == (PLAIN, None, None)
    await add(control, "cut", packed[:-4], content_encoding=coding, truncated=True, bytes=len(packed))
    said = (await control.call("GET", "/usage/cut/capture", rita)).json()["response"]
    assert PLAIN.decode().startswith(said["text"])
    assert (said["truncated"], said["bytes"]) == (True, len(packed))


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (None, b"\x89PNG\xff"),
        ("gzip", b"no gzip at all"),
        ("gzip", gzip.compress(b"\xff\xfe")),
        ("snappy", b"unknown"),
        ("br", brotli.compress(bytes(64 * 1024 * 1024))),
    ],
    ids=["no text", "not gzip", "no text in gzip", "unknown coding", "bomb"],
)
async def test_what_is_no_text_or_too_much_is_shown_as_it_was_on_the_wire(
    control: Control, coding: str | None, body: bytes
) -> None:
    await add(control, "call-1", body, content_encoding=coding)
    said = (await control.call("GET", "/usage/call-1/capture", await reader(control))).json()["response"]
    assert (base64.b64decode(said["base64"]), said["content_encoding"], said["text"]) == (body, coding, None)


async def test_text_cut_within_a_character_is_still_text(control: Control) -> None:
    await add(control, "call-1", "Grüß".encode()[:-1], truncated=True)
    rita = await reader(control)
    said = (await control.call("GET", "/usage/call-1/capture", rita)).json()["response"]
    assert said["text"] == "Grü"


async def test_what_was_sent_upstream_is_shown_with_the_reason_for_each_change(control: Control) -> None:
    body: dict[str, Any] = {
        "content_type": "application/json",
        "content_encoding": None,
        "bytes": 9,
        "truncated": True,
        "text": "{",
    }
    sent: dict[str, Any] = {
        "method": "POST", "url": "https://api.example/v1/x?key=•••", "request_headers": [["a", "b"]],
        "headers": [["authorization", "•••"]], "body": body,
        "changes": [["header", "authorization", None, "•••", "provider key added"]],
    }  # fmt: skip
    await add(control, "broken", b"{}", sent=sent)
    await add(
        control, "whole", b"{}", sent={**sent, "body": None, "response_status": 200, "response_headers": [["c", "d"]]}
    )
    rita = await reader(control)
    shown = (await control.call("GET", "/usage/broken/capture", rita)).json()["sent"]
    assert shown == {
        **sent,
        "response_status": None,
        "response_headers": [],
        "body": {**body, "base64": None},
        "changes": [
            {"part": "header", "name": "authorization", "before": None, "after": "•••", "reason": "provider key added"}
        ],
    }
    shown = (await control.call("GET", "/usage/whole/capture", rita)).json()["sent"]
    assert (shown["body"], shown["response_status"], shown["response_headers"]) == (None, 200, [["c", "d"]])
