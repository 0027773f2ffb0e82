"""How calls and groups look from outside: names where there are any, null where what they name is gone."""

from bodhi.control.usage_shown import UsageQuery
from bodhi.core.principal import Principal, Role
from tests.control.test_usage import a_call, id_of, store_calls
from tests.fakes.control import Control


async def test_calls_have_names_until_what_they_name_is_gone(control: Control, admin: dict[str, str]) -> None:
    body = {"name": "laptop", "scope": "user"}
    token = (await control.call("POST", "/tokens", admin, body)).json()
    model = (
        await control.call(
            "POST",
            "/api-models",
            admin,
            {"name": "Fast", "format": "gemini", "base_url": "https://a.example/v1", "models": ["m"]},
        )
    ).json()
    me = await id_of(control, admin)
    call = a_call(me, 1.0, token_id=token["id"], api_model_id=model["id"], finish="stop", checked_us=3, read_us=4)
    await store_calls(control, call, a_call("gone", 2.0))
    (other, mine) = (await control.call("GET", "/usage", admin)).json()["data"]
    names = ("user_name", "token_name", "api_model_name", "format")
    assert [mine[name] for name in names] == ["ada", "laptop", "Fast", "gemini"]
    assert [other[name] for name in names] == [None] * 4
    assert (mine["finish"], mine["checked_us"], mine["read_us"], mine["connected_us"]) == ("stop", 3, 4, None)
    for group_by, name in (("user", "ada"), ("token", "laptop"), ("api_model", "Fast"), ("model", None)):
        groups = (await control.call("GET", f"/usage/summary?group_by={group_by}", admin)).json()["data"]
        assert name in [group["name"] for group in groups]
    assert (await control.call("DELETE", f"/api-models/{model['id']}", admin)).status_code == 204
    assert (await control.call("GET", f"/usage/{call.id}", admin)).json()["api_model_name"] is None


async def test_users_see_no_names_of_people(control: Control, admin: dict[str, str]) -> None:
    assert admin
    eve = await control.session_of("eve", Role.USER)
    await store_calls(control, a_call(await id_of(control, eve), 1.0))
    assert (await control.call("GET", "/usage", eve)).json()["data"][0]["user_name"] is None
    assert (await control.call("GET", "/usage/summary?group_by=user", eve)).json()["data"][0]["name"] is None


async def test_one_call_names_those_beside_it_that_one_may_see(control: Control, admin: dict[str, str]) -> None:
    eve = await control.session_of("eve", Role.USER)
    eve_id = await id_of(control, eve)
    calls = [a_call(owner, float(at)) for at, owner in enumerate([eve_id, "bob", eve_id, eve_id])]
    await store_calls(control, *calls)
    ids = [call.id for call in calls]
    for headers, expected in ((eve, (ids[0], ids[3])), (admin, (ids[1], ids[3]))):
        shown = (await control.call("GET", f"/usage/{ids[2]}", headers)).json()
        assert (shown["older"], shown["newer"]) == expected
    assert (await control.call("GET", f"/usage/{ids[0]}", eve)).json()["older"] is None
    assert (await control.call("GET", f"/usage/{ids[3]}", eve)).json()["newer"] is None


def test_given_times_stand_only_for_missing_ones() -> None:
    user = Principal("ada", "ada", Role.USER)
    asked = UsageQuery.model_validate({"since": "1970-01-01T00:00:05Z"}).wanted(user, since=1.0, until=9.0)
    assert (asked.owner_id, asked.since, asked.until) == ("ada", 5.0, 9.0)
