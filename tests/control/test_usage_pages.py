"""What the usage page asks for: series, what there is to filter by, and calls as they come."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from bodhi.accounting.tail import MOST_LISTENERS
from bodhi.core.principal import Role
from bodhi.storage.usage_filter import EVERYTHING
from tests.control.test_usage import a_call, id_of, store_calls
from tests.fakes.control import Control, error_of
from tests.fakes.waiting import eventually

Event = tuple[str, Any]
NOTHING = {
    "count": 0, "ok": 0, "client_errors": 0, "server_errors": 0, "errors": 0, "input_tokens": 0, "output_tokens": 0,
    "cost_nano": None, "first_p50_us": None, "first_p95_us": None, "first_p99_us": None, "total_p50_us": None,
    "total_p95_us": None, "total_p99_us": None,
}  # fmt: skip


def moment(seconds: float) -> str:
    return quote(datetime.fromtimestamp(seconds, UTC).isoformat())


@asynccontextmanager
async def following(control: Control, headers: dict[str, str], query: str = "") -> AsyncIterator[AsyncIterator[str]]:
    """Open the stream; what is given yields its blocks, of which the first, a comment, has come."""
    url = f"{control.url}/bodhi/v1/usage/tail{query}"
    async with control.client.stream("GET", url, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        blocks = _blocks(response)
        assert (await anext(blocks)).startswith(":")
        yield blocks


async def _blocks(response: httpx2.Response) -> AsyncIterator[str]:
    held = ""
    async for text in response.aiter_text():
        *whole, held = (held + text).split("\n\n")
        for block in whole:
            yield block


async def next_event(blocks: AsyncIterator[str]) -> Event:
    """Return the next event, comments passed over."""
    async for block in blocks:
        if not block.startswith(":"):
            name, text = block.split("\n")
            return name.removeprefix("event: "), json.loads(text.removeprefix("data: "))
    raise AssertionError("the stream ended")


async def test_a_series_has_every_part_and_the_window_before(control: Control, admin: dict[str, str]) -> None:
    now = control.time.time
    await store_calls(
        control,
        a_call("u", now - 3_600, total_us=1_249, first_byte_us=995, cost_nano=1_500_000_000),
        a_call("u", now - 1, total_us=5, status=404, error="x"),
        a_call("u", now - 1, total_us=5, status=502, error="y", first_byte_us=None),
        a_call("u", now - 5_400, total_us=77),
    )
    query = f"since={moment(now - 3_600)}&until={moment(now)}&points=4"
    answer = (await control.call("GET", f"/usage/series?{query}", admin)).json()
    assert (answer["bucket_seconds"], answer["since"]) == (900.0, "2027-01-15T07:00:00.000Z")
    first, *empty, last = answer["data"]
    assert empty == [{**NOTHING, "at": f"2027-01-15T07:{minute}:00.000Z"} for minute in (15, 30)]
    assert (first["count"], first["ok"], first["total_p50_us"], first["first_p99_us"]) == (1, 1, 1_200, 1_000)
    assert (last["count"], last["ok"], last["client_errors"], last["server_errors"]) == (2, 0, 1, 1)
    assert (last["first_p50_us"], last["cost_nano"]) == (1, None)
    total, before = answer["total"], answer["before"]
    assert (total["count"], total["errors"], total["cost_usd"], total["unpriced"]) == (3, 2, "1.500000000", 2)
    assert (before["count"], before["total_p99_us"], before["unpriced"]) == (1, 77, 1)


async def test_without_times_a_series_is_of_the_last_day(control: Control, admin: dict[str, str]) -> None:
    await store_calls(control, a_call("u", control.time.time - 86_399), a_call("u", control.time.time - 86_401))
    answer = (await control.call("GET", "/usage/series", admin)).json()
    assert (len(answer["data"]), answer["bucket_seconds"]) == (48, 1_800.0)
    assert (answer["total"]["count"], answer["before"]["count"], answer["data"][0]["count"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [("points=0", "points"), ("points=401", "points"), ("since=2030-01-01T00:00:00Z", "since"), ("x=1", "x")],
)
async def test_a_series_that_cannot_be_is_refused(
    control: Control, admin: dict[str, str], query: str, field: str
) -> None:
    assert error_of(await control.call("GET", f"/usage/series?{query}", admin)) == (400, "invalid_field", field)


@pytest.mark.usefixtures("admin")
async def test_users_see_series_and_filters_of_their_own(control: Control) -> None:
    eve = await control.session_of("eve", Role.USER)
    eve_id = await id_of(control, eve)
    at = control.time.time - 1
    await store_calls(control, a_call(eve_id, at, model_sent="hers"), a_call("bob", at, model_sent="his"))
    assert (await control.call("GET", "/usage/series", eve)).json()["total"]["count"] == 1
    filters = (await control.call("GET", "/usage/filters", eve)).json()
    assert filters == {
        "models": ["hers"],
        "api_models": [{"id": "m1", "name": None}],
        "tokens": [{"id": "t1", "name": None}],
        "users": [{"id": eve_id, "name": "eve"}],
    }
    power = await control.session_of("pia", Role.POWER_USER)
    users = (await control.call("GET", "/usage/filters?since=2020-01-01T00:00:00Z", power)).json()["users"]
    assert sorted(users, key=str) == sorted([{"id": eve_id, "name": "eve"}, {"id": "bob", "name": None}], key=str)
    later = (await control.call("GET", f"/usage/filters?since={moment(at + 10)}", power)).json()
    assert later == {"models": [], "api_models": [], "tokens": [], "users": []}


async def test_calls_are_told_as_they_come_to_those_who_may_see_them(control: Control, admin: dict[str, str]) -> None:
    eve = await control.session_of("eve", Role.USER)
    eve_id = await id_of(control, eve)
    async with following(control, eve) as to_eve, following(control, admin, "?failed=true") as to_admin:
        await store_calls(
            control,
            other := a_call("bob", control.time.time, error="x", status=500),
            mine := a_call(eve_id, control.time.time + 1, error="y", status=500),
            a_call("bob", control.time.time + 2),
        )
        await control.services.tail.poll()
        name, told = await next_event(to_eve)
        assert (name, told["id"], told["user_name"]) == ("call", mine.id, None)
        events = [await next_event(to_admin), await next_event(to_admin)]
        assert [(name, told["id"], told["user_name"]) for name, told in events] == [
            ("call", other.id, None), ("call", mine.id, "eve"),
        ]  # fmt: skip
        listed = (await control.call("GET", f"/usage/{mine.id}", admin)).json()
        assert events[1][1] == {name: value for name, value in listed.items() if name not in ("older", "newer")}
    await eventually(lambda: control.services.tail.listeners == 0)


async def test_who_cannot_keep_up_learns_how_much_they_missed(control: Control, admin: dict[str, str]) -> None:
    async with following(control, admin) as blocks:
        await store_calls(control, *(a_call("u", control.time.time) for _ in range(503)))
        await control.services.tail.poll()
        assert await next_event(blocks) == ("dropped", {"count": 3})
        assert (await next_event(blocks))[0] == "call"


@pytest.mark.parametrize("ended_by", ["session", "role", "age"])
async def test_the_stream_ends_with_the_session_or_the_rights_it_began_with(control: Control, ended_by: str) -> None:
    boss = await control.session_of("boss", Role.ADMIN)
    person = await control.add_user("eve", Role.POWER_USER)
    eve = await control.sign_in(person)
    control.services.tail.heartbeat_seconds = 0.02
    async with following(control, eve) as blocks:
        control.time.advance(1)
        assert (await anext(blocks)).startswith(":")
        if ended_by == "session":
            await control.call("DELETE", "/session", eve)
        elif ended_by == "role":
            path = f"/users/{person.id}"
            assert (await control.call("PATCH", path, boss, {"role": "user"})).status_code == 200
        control.time.advance(1 if ended_by != "age" else 13 * 3_600)
        assert await next_event(blocks) == ("end", {})


async def test_listening_is_no_use_of_a_session(control: Control, admin: dict[str, str]) -> None:
    control.services.tail.heartbeat_seconds = 0.02
    async with following(control, admin) as blocks:
        for _ in range(3):
            control.time.advance(3.5 * 3_600)
            assert (await anext(blocks)).startswith(":")
        control.time.advance(3.5 * 3_600)
        assert await next_event(blocks) == ("end", {})


async def test_too_many_who_listen_are_refused(control: Control, admin: dict[str, str]) -> None:
    for _ in range(MOST_LISTENERS):
        await control.services.tail.listen(EVERYTHING)
    assert error_of(await control.call("GET", "/usage/tail", admin))[:2] == (503, "overloaded")


async def test_a_token_may_listen_too(control: Control, admin: dict[str, str]) -> None:
    assert admin
    token = await control.token_of("prog", Role.USER, "user")
    owner = await id_of(control, token)
    async with following(control, token, "?stream=false") as blocks:
        await store_calls(control, a_call(owner, control.time.time))
        await control.services.tail.poll()
        assert (await next_event(blocks))[1]["user_id"] == owner
