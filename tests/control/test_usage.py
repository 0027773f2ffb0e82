"""Recorded calls over HTTP: whose may be seen, filters, sums, exports."""

import csv
import io
import json
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.core.usage import UsageRecord
from bodhi.storage.tables import audit_log
from bodhi.storage.usage import insert_usage
from tests.fakes.control import Control, error_of


def a_call(user_id: str, at: float, **changes: Any) -> UsageRecord:
    call = UsageRecord(
        new_id(), at, user_id, "t1", "m1", "gpt", "gpt", "openai.chat_completions", 200, None, False, 1, 2, 3, 4, 5, 6,
        None, None,
    )  # fmt: skip
    return replace(call, **changes)


async def store_calls(control: Control, *calls: UsageRecord) -> None:
    async with control.store.usage_write() as connection:
        await insert_usage(connection, calls)


async def id_of(control: Control, headers: dict[str, str]) -> str:
    user_id: str = (await control.call("GET", "/session", headers)).json()["user_id"]
    return user_id


async def test_users_see_their_own_calls_and_power_users_all(control: Control, admin: dict[str, str]) -> None:
    eve = await control.session_of("eve", Role.USER)
    eve_id = await id_of(control, eve)
    await store_calls(control, mine := a_call(eve_id, 1.0), other := a_call("somebody", 2.0))
    assert [row["user_id"] for row in (await control.call("GET", "/usage", eve)).json()["data"]] == [eve_id]
    assert (await control.call("GET", "/usage?user_id=somebody", eve)).json()["data"] == []
    assert (await control.call("GET", "/usage/summary", eve)).json()["total"]["count"] == 1
    assert (await control.call("GET", f"/usage/{mine.id}", eve)).json()["id"] == mine.id
    assert error_of(await control.call("GET", f"/usage/{other.id}", eve))[0] == 404
    power = await control.session_of("pia", Role.POWER_USER)
    for headers in (admin, power):
        rows = (await control.call("GET", "/usage", headers)).json()["data"]
        assert [row["user_id"] for row in rows] == ["somebody", eve_id]
        assert rows[0]["at"] == "1970-01-01T00:00:02.000Z"
        assert (await control.call("GET", f"/usage/{other.id}", headers)).json()["user_id"] == "somebody"


async def test_calls_are_paged_newest_first(control: Control, admin: dict[str, str]) -> None:
    await store_calls(control, *(a_call("u", float(n)) for n in range(5)))
    first = (await control.call("GET", "/usage?limit=3", admin)).json()
    second = (await control.call("GET", f"/usage?limit=3&cursor={first['next_cursor']}", admin)).json()
    assert (len(first["data"]), len(second["data"])) == (3, 2)
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("", 2),
        ("status=4xx", 1),
        ("status=404", 1),
        ("status=5xx", 0),
        ("failed=true", 1),
        ("error=not_found", 1),
        ("stream=false", 2),
        ("model=gpt%25", 1),
        ("model=g%25", 0),
        ("model=" + "%25" * 500, 0),
        ("endpoint=unknown&user_id=u", 1),
        ("token_id=t1&api_model_id=m1", 2),
        ("since=2027-01-15T08:00:00Z", 1),
        ("since=2027-01-15T09:00:00%2B01:00", 1),
        ("until=2027-01-15T08:00:00Z", 1),
    ],
)
async def test_filters_hold_for_lists_sums_and_exports(
    control: Control, admin: dict[str, str], query: str, count: int
) -> None:
    odd = a_call("u", 1.0, status=404, error="not_found", endpoint="unknown", model_asked="gpt%")
    await store_calls(control, odd, a_call("u", 1_800_000_000.0))
    assert len((await control.call("GET", f"/usage?{query}", admin)).json()["data"]) == count
    summary = (await control.call("GET", f"/usage/summary?{query}", admin)).json()
    assert summary["total"]["count"] == count
    exported = await control.call("GET", f"/usage/export?format=jsonl&{query}", admin)
    assert len(exported.text.splitlines()) == count


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=9xx", "status"),
        ("status=20", "status"),
        ("since=yesterday", "since"),
        ("since=2027-01-15T08:00:00", "since"),
        ("model=" + "%25" * 1_000, "model"),
        ("colour=red", "colour"),
        ("limit=0", "limit"),
    ],
)
async def test_a_filter_that_cannot_be_read_is_named(
    control: Control, admin: dict[str, str], query: str, field: str
) -> None:
    assert error_of(await control.call("GET", f"/usage?{query}", admin)) == (400, "invalid_field", field)


async def test_a_summary_tells_sums_and_what_is_not_known(control: Control, admin: dict[str, str]) -> None:
    await store_calls(
        control,
        a_call("u", 1.0, cost_nano=1_500_000_001, total_us=10),
        a_call("u", 2.0, cost_nano=None, total_us=30, error="upstream_500", status=500),
        a_call("u", 3.0, model_sent="free", cost_nano=0),
        a_call("u", 4.0, model_sent=None, model_asked=None, input_tokens=None, output_tokens=None),
    )
    control.services.recorder.dropped["queue_full"] += 3
    answer = (await control.call("GET", "/usage/summary?group_by=model", admin)).json()
    groups = {group["key"]: group for group in answer["data"]}
    assert groups["gpt"] == {
        "key": "gpt", "count": 2, "errors": 1, "unpriced": 1, "input_tokens": 10, "output_tokens": 12,
        "cached_tokens": 0, "reasoning_tokens": 0, "cache_write_tokens": 0, "cost_nano": 1_500_000_001,
        "cost_usd": "1.500000001", "mean_us": 20, "longest_us": 30, "first": "1970-01-01T00:00:01.000Z",
        "last": "1970-01-01T00:00:02.000Z", "name": None, "p95_first_us": 1, "p95_total_us": 30,
    }  # fmt: skip
    assert (groups["free"]["cost_nano"], groups["free"]["cost_usd"]) == (0, "0.000000000")
    assert (groups[None]["cost_nano"], groups[None]["cost_usd"], groups[None]["unpriced"]) == (None, None, 1)
    assert (answer["rest"], answer["dropped"], answer["queued"]) == (None, {"queue_full": 3}, 0)


@pytest.mark.usefixtures("admin")
async def test_what_was_dropped_is_for_managers(control: Control) -> None:
    power = await control.session_of("pia", Role.POWER_USER)
    boss = await control.session_of("bo", Role.MANAGER)
    assert (await control.call("GET", "/usage/summary", power)).json()["dropped"] is None
    assert (await control.call("GET", "/usage/summary", boss)).json()["dropped"] == {}


@pytest.mark.usefixtures("admin")
async def test_an_export_is_one_s_own_and_told_in_the_audit_trail(control: Control) -> None:
    eve = await control.session_of("eve", Role.USER)
    eve_id = await id_of(control, eve)
    calls = [a_call(eve_id, float(n), model_asked="=1+1", cost_nano=5) for n in range(1_003)]
    await store_calls(control, *calls, a_call("somebody", 2.0))
    answer = await control.call("GET", "/usage/export?format=csv&model=%3D1%2B1", eve)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["id"] for row in rows] == [call.id for call in reversed(calls)]
    assert (rows[0]["model_asked"], rows[0]["cost_usd"], rows[0]["error"]) == ("'=1+1", "0.000000005", "")
    lines = (await control.call("GET", "/usage/export?format=jsonl", eve)).text.splitlines()
    assert (len(lines), json.loads(lines[0])["cost_nano"]) == (1_003, 5)
    async with control.store.read() as connection:
        trail = (await connection.execute(select(audit_log).where(audit_log.c.action == "usage.export"))).all()
    assert [(row.user_id, json.loads(row.after)["format"]) for row in trail] == [(eve_id, "csv"), (eve_id, "jsonl")]
