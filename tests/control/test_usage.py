"""Recorded calls over HTTP."""

from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.core.usage import UsageRecord
from bodhi.storage.usage import insert_usage
from tests.fakes.control import Control


def a_call(user_id: str, at: float) -> UsageRecord:
    return UsageRecord(
        new_id(), at, user_id, "t1", "m1", "gpt", "gpt", "openai.chat_completions", 200, None, False, 1, 2, 3, 4, 5, 6,
        None, None,
    )  # fmt: skip


async def test_users_see_their_own_calls_and_power_users_all(control: Control, admin: dict[str, str]) -> None:
    eve = await control.session_of("eve", Role.USER)
    eve_id = (await control.call("GET", "/session", eve)).json()["user_id"]
    async with control.store.usage_write() as connection:
        await insert_usage(connection, [a_call(eve_id, 1.0), a_call("somebody", 2.0)])
    assert [row["user_id"] for row in (await control.call("GET", "/usage", eve)).json()["data"]] == [eve_id]
    rows = (await control.call("GET", "/usage", admin)).json()["data"]
    assert [row["user_id"] for row in rows] == ["somebody", eve_id]
    assert rows[0]["at"] == "1970-01-01T00:00:02.000Z"


async def test_calls_are_paged_newest_first(control: Control, admin: dict[str, str]) -> None:
    async with control.store.usage_write() as connection:
        await insert_usage(connection, [a_call("u", float(n)) for n in range(5)])
    first = (await control.call("GET", "/usage?limit=3", admin)).json()
    second = (await control.call("GET", f"/usage?limit=3&cursor={first['next_cursor']}", admin)).json()
    assert (len(first["data"]), len(second["data"])) == (3, 2)
    assert second["next_cursor"] is None
