"""The audit trail over HTTP: for Admins, with filters, by pages, exported."""

import csv
import io
import json
from typing import Any

import pytest

from bodhi.control import audit
from bodhi.control.audit import read_moment
from bodhi.core.audit import Act, Actor, Outcome
from bodhi.core.errors import InvalidField
from bodhi.core.principal import Role
from bodhi.storage.audit_chain import verify_chain
from bodhi.storage.audit_head import Head
from tests.fakes.control import Control, error_of

EVE = Actor(user_id="u-eve", user_name="=cmd()", address="192.0.2.66")


async def write(control: Control, *acts: Act) -> None:
    async with control.store.write() as connection:
        for act in acts:
            await control.services.audit.append(connection, EVE, act)


async def listed(control: Control, admin: dict[str, str], query: str = "") -> list[dict[str, Any]]:
    response = await control.call("GET", f"/audit{query}", admin)
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.json()["data"]
    return rows


@pytest.mark.parametrize("path", ["/audit", "/audit/head", "/audit/export"])
@pytest.mark.usefixtures("admin")
async def test_only_admins_see_the_trail_and_no_token_does(control: Control, path: str) -> None:
    manager = await control.session_of("mia", Role.MANAGER)
    assert error_of(await control.call("GET", path, manager))[:2] == (403, "role_too_low")
    token = await control.token_of("pia", Role.ADMIN, "power_user")
    assert error_of(await control.call("GET", path, token))[:2] == (403, "session_needed")


async def test_a_row_says_who_from_where_what_and_how_it_went(control: Control, admin: dict[str, str]) -> None:
    act = Act(
        action="user.change", subject_id="u2", subject_name="bob", before={"role": "user"}, after={"role": "admin"},
        outcome=Outcome.REFUSED, reason="role_too_low", count=3,
    )  # fmt: skip
    await write(control, act)
    row = (await listed(control, admin))[0]
    assert len(row.pop("mac")) == 64
    assert row.pop("at").endswith("Z")
    assert row == {
        "seq": row["seq"], "action": "user.change", "outcome": "refused", "reason": "role_too_low", "count": 3,
        "via": "api", "user_id": "u-eve", "user_name": "=cmd()", "token_id": None, "session_id": None,
        "address": "192.0.2.66", "subject_id": "u2", "subject_name": "bob", "before": {"role": "user"},
        "after": {"role": "admin"},
    }  # fmt: skip


async def test_texts_that_no_answer_can_hold_are_answered_all_the_same(control: Control, admin: dict[str, str]) -> None:
    await write(control, Act(action="user.change", subject_name="\ud800\x00", after={"\ud800": "\udfff\x00"}))
    assert (await listed(control, admin))[0]["subject_name"] == "?\ufffd"


async def test_the_trail_is_paged_newest_first_while_it_grows(control: Control, admin: dict[str, str]) -> None:
    await write(control, *(Act(action="user.change", subject_id=str(number)) for number in range(5)))
    first = (await control.call("GET", "/audit?action=user.change&limit=3", admin)).json()
    await write(control, Act(action="user.change", subject_id="later"))
    cursor = first["next_cursor"]
    second = (await control.call("GET", f"/audit?action=user.change&limit=3&cursor={cursor}", admin)).json()
    assert [row["subject_id"] for row in first["data"] + second["data"]] == ["4", "3", "2", "1", "0"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ("?action=user.delete", ["user.delete"]),
        ("?action=user.", ["user.delete", "user.create"]),
        ("?user_id=u-eve", ["user.delete", "user.create"]),
        ("?user_id=nobody", []),
        ("?subject_id=s-9", ["user.delete"]),
        ("?outcome=refused", ["user.delete"]),
        ("?via=api&action=user.create", ["user.create"]),
        ("?via=host", []),
        ("?user_id=u-eve&since=2027-01-15T09:00:00%2B01:00", ["user.delete"]),
        ("?user_id=u-eve&since=2027-01-15T09:00:00+01:00", ["user.delete"]),
        ("?user_id=u-eve&until=2027-01-15T08:00:00Z", ["user.create"]),
    ],
)
async def test_rows_are_found_by_filters(
    control: Control, admin: dict[str, str], query: str, actions: list[str]
) -> None:
    now, control.time.time = control.time.time, 1_799_999_999.0
    await write(control, Act(action="user.create"))
    control.time.time = 1_800_000_000.0
    await write(control, Act(action="user.delete", subject_id="s-9", outcome=Outcome.REFUSED))
    control.time.time = now
    assert [row["action"] for row in await listed(control, admin, query)] == actions


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("action=user", "action"),
        ("action=nothing.", "action"),
        ("action=.", "action"),
        ("since=yesterday", "since"),
        ("until=9999999999999999-01-01", "until"),
        ("cursor=x", "cursor"),
        ("cursor=-1", "cursor"),
        ("cursor=%D9%A1", "cursor"),
        ("cursor=" + "9" * 40, "cursor"),
        ("outcome=maybe", "outcome"),
        ("via=ether", "via"),
        ("user_id=%00", "user_id"),
        ("limit=0", "limit"),
    ],
)
async def test_a_wrong_filter_is_named(control: Control, admin: dict[str, str], query: str, param: str) -> None:
    assert error_of(await control.call("GET", f"/audit?{query}", admin))[::2] == (400, param)


async def test_the_head_is_signed_and_verifies_the_trail(control: Control, admin: dict[str, str]) -> None:
    head = Head(**(await control.call("GET", "/audit/head", admin)).json())
    assert head.is_signed(control.services.audit.keys)
    verdict = await verify_chain(control.store.read, control.services.audit.keys, [head])
    assert (verdict.problem, verdict.heads) == (None, 1)


async def test_an_export_has_every_row_and_is_itself_one(
    control: Control, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "EXPORT_BATCH", 3)
    await write(control, *(Act(action="user.change", after={"n": number}) for number in range(7)))
    lines = await control.call("GET", "/audit/export", admin)
    assert lines.headers["content-type"] == "application/x-ndjson"
    assert lines.headers["content-disposition"] == 'attachment; filename="bodhi-audit.jsonl"'
    rows = [json.loads(line) for line in lines.text.splitlines()]
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert (rows[-1]["action"], rows[-1]["after"]) == ("audit.export", {"format": "jsonl"})
    sheet = await control.call("GET", "/audit/export?format=csv&action=user.change", admin)
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    cells = list(csv.DictReader(io.StringIO(sheet.text, newline="")))
    assert [json.loads(row["after"])["n"] for row in cells] == list(range(7))
    assert {row["user_name"] for row in cells} == {"'=cmd()"}
    newest = (await listed(control, admin))[0]
    assert (newest["action"], newest["user_name"]) == ("audit.export", "ada")
    assert newest["after"] == {"format": "csv", "action": "user.change"}


async def test_an_export_needs_a_recent_proof_of_identity(control: Control, admin: dict[str, str]) -> None:
    control.time.time += 601
    assert error_of(await control.call("GET", "/audit/export", admin))[:2] == (403, "confirmation_needed")


async def test_an_export_that_cannot_be_told_is_not_made(control: Control, admin: dict[str, str]) -> None:
    async with control.store.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE audit_head RENAME TO elsewhere")
    assert error_of(await control.call("GET", "/audit/export", admin))[:2] == (503, "store_unavailable")


def test_a_time_without_a_zone_is_in_utc() -> None:
    assert read_moment("2027-01-15T08:00:00", "since") == read_moment("2027-01-15T08:00:00Z", "since")
    assert read_moment("2027-01-15", "since") == read_moment("2027-01-15 00:00:00", "since") == 1_799_971_200.0
    assert read_moment(None, "since") is None
    with pytest.raises(InvalidField):
        read_moment("", "since")
