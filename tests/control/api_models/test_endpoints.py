"""Api models over HTTP: shapes, guards, lists, and what never comes out."""

import asyncio
from typing import Any

import pytest

from bodhi.core.principal import Role
from tests.fakes.control import Control, error_of
from tests.fakes.upstream import UpstreamThread

KEY = "sk-canary-0123456789abcdef"
OAUTH_KEY = "sk-ant-oat01-canary-0123456789"


def a_body(**fields: Any) -> dict[str, Any]:
    return {"name": "OpenAI", "format": "openai", "api_key": KEY, "models": ["gpt-5"]} | fields


def an_oauth_body(**fields: Any) -> dict[str, Any]:
    return a_body(format="anthropic_oauth", api_key=OAUTH_KEY, models=["claude"]) | fields


async def test_a_new_api_model_takes_the_formats_base_url_and_is_routable_at_once(
    control: Control, admin: dict[str, str]
) -> None:
    response = await control.call("POST", "/api-models", admin, a_body(prefix="ai/", api_key=f"  {KEY}\n"))
    assert response.status_code == 201
    body = response.json()
    assert body["base_url"] == "https://api.openai.com/v1"
    assert body["has_key"]
    snapshot = control.services.directory.snapshot
    secret = control.services.directory.secret_for(snapshot.table.api_models[body["id"]])
    assert secret is not None
    assert secret.reveal() == KEY
    assert (await control.call("GET", f"/api-models/{body['id']}", admin)).json() == body
    assert (await control.call("GET", "/api-models", admin)).json() == {"data": [body], "next_cursor": None}


async def test_the_key_never_comes_out(control: Control, admin: dict[str, str]) -> None:
    created = await control.call("POST", "/api-models", admin, a_body(prefix="ai/"))
    path = f"/api-models/{created.json()['id']}"
    answers = [
        created,
        await control.call("GET", path, admin),
        await control.call("GET", "/api-models", admin),
        await control.call("PATCH", path, admin, {"api_key": KEY, "name": "again"}),
        await control.call("POST", "/api-models", admin, a_body(prefix="ai/")),
        await control.call("POST", "/api-models", admin, a_body(api_key=[KEY])),
        await control.call("POST", "/api-models", admin, a_body(api_key={KEY: KEY})),
        await control.call("POST", "/api-models", admin, a_body(api_key=f"{KEY} {KEY}")),
        await control.call("POST", "/api-models", admin, an_oauth_body(api_key=KEY)),
        await control.call("PATCH", path, admin, {"base_url": "https://elsewhere.example"}),
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 409, 400, 400, 400, 400, 400]
    assert not any("canary" in answer.text for answer in answers)
    for file in control.home.iterdir():
        assert b"canary" not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": 7}, "name"),
        ({"name": None}, "name"),
        ({"format": "telepathy"}, "format"),
        ({"base_url": "ftp://x"}, "base_url"),
        ({"base_url": "https://user:pw@x"}, "base_url"),
        ({"base_url": "https://x/?q=1"}, "base_url"),
        ({"base_url": "x"}, "base_url"),
        ({"api_key": ""}, "api_key"),
        ({"api_key": "a b"}, "api_key"),
        ({"api_key": "a\r\nx-evil: 1"}, "api_key"),
        ({"api_key": "x" * 4097}, "api_key"),
        ({"prefix": "a b"}, "prefix"),
        ({"prefix": "x" * 33}, "prefix"),
        ({"prefix": "../"}, "prefix"),
        ({"forward_all": True}, "prefix"),
        ({"forward_all": "true"}, "forward_all"),
        ({"models": []}, "models"),
        ({"models": [f"m{n}" for n in range(51)]}, "models"),
        ({"models": ["a b"]}, "models"),
        ({"models": [7]}, "models.0"),
        ({"models": "gpt-5"}, "models"),
        ({"extra_headers": ["x"]}, "extra_headers"),
        ({"extra_headers": {"Authorization": "Bearer x"}}, "extra_headers"),
        ({"extra_headers": {"X_API_Key": "x"}}, "extra_headers"),
        ({"extra_headers": {"proxy-connection": "x"}}, "extra_headers"),
        ({"extra_headers": {"x-a": "1\r\nhost: evil"}}, "extra_headers"),
        ({"extra_headers": {"x-a": 1}}, "extra_headers"),
        ({"extra_body": "{}"}, "extra_body"),
        ({"extra_body": {"model": "x"}}, "extra_body"),
        ({"extra_body": {"stream": True}}, "extra_body"),
        ({"extra_body": {"a": "x" * 17_000}}, "extra_body"),
        ({"timeouts": {"idle": 0}}, "timeouts.idle"),
        ({"timeouts": {"idel": 1}}, "timeouts.idel"),
        ({"allow_private_network": 1}, "allow_private_network"),
        ({"prefx": "x"}, "prefx"),
        ({"id": "chosen"}, "id"),
        ({"owner_id": "somebody"}, "owner_id"),
    ],
)
async def test_a_malformed_field_is_named(
    control: Control, admin: dict[str, str], fields: dict[str, Any], param: str
) -> None:
    response = await control.call("POST", "/api-models", admin, a_body(**fields))
    assert error_of(response) == (400, "invalid_field", param)
    assert (await control.call("GET", "/api-models", admin)).json()["data"] == []


@pytest.mark.parametrize("text", ['{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}'])
async def test_an_extra_body_that_json_cannot_carry_is_refused(
    control: Control, admin: dict[str, str], text: str
) -> None:
    content = f'{{"name": "n", "format": "openai", "models": ["m"], "extra_body": {text}}}'
    headers = {**admin, "content-type": "application/json"}
    response = await control.client.post(f"{control.url}/bodhi/v1/api-models", headers=headers, content=content)
    assert error_of(response) == (400, "invalid_field", "extra_body")


async def test_a_taken_prefix_is_a_conflict_that_names_its_field(control: Control, admin: dict[str, str]) -> None:
    await control.call("POST", "/api-models", admin, a_body(prefix="ai/"))
    assert error_of(await control.call("POST", "/api-models", admin, a_body(prefix="ai/"))) == (
        409, "conflict", "prefix",
    )  # fmt: skip
    other = (await control.call("POST", "/api-models", admin, a_body())).json()["id"]
    response = await control.call("PATCH", f"/api-models/{other}", admin, {"prefix": "ai/"})
    assert error_of(response) == (409, "conflict", "prefix")


async def test_many_api_models_may_have_no_prefix(control: Control, admin: dict[str, str]) -> None:
    for _ in range(3):
        assert (await control.call("POST", "/api-models", admin, a_body())).status_code == 201


async def test_users_may_look_but_neither_change_nor_see_the_extras(control: Control, admin: dict[str, str]) -> None:
    created = await control.call("POST", "/api-models", admin, a_body(extra_headers={"x-team": "canary"}))
    path = f"/api-models/{created.json()['id']}"
    user = await control.session_of("eve", Role.USER)
    assert (await control.call("GET", path, user)).json()["extra_headers"] is None
    assert "canary" not in (await control.call("GET", "/api-models", user)).text
    for method, tried, body in [
        ("POST", "/api-models", a_body()),
        ("PATCH", path, {}),
        ("DELETE", path, None),
        ("POST", f"{path}/test-connection", {}),
        ("POST", f"{path}/fetch-models", None),
        ("POST", "/api-models/test-connection", a_body()),
        ("POST", "/api-models/fetch-models", a_body()),
    ]:
        assert error_of(await control.call(method, tried, user, body)) == (403, "role_too_low", None)


async def test_a_private_api_model_exists_only_for_its_owner(control: Control, admin: dict[str, str]) -> None:
    owner = await control.session_of("eve", Role.POWER_USER)
    created = await control.call("POST", "/api-models", owner, an_oauth_body())
    assert created.json()["private"]
    path = f"/api-models/{created.json()['id']}"
    assert (await control.call("GET", path, owner)).status_code == 200
    assert (await control.call("GET", "/api-models", admin)).json()["data"] == []
    for method, tried, body in [
        ("GET", path, None),
        ("PATCH", path, {"name": "mine"}),
        ("DELETE", path, None),
        ("POST", f"{path}/test-connection", {}),
        ("POST", f"{path}/fetch-models", None),
        ("POST", "/api-models/test-connection", {"id": created.json()["id"]}),
    ]:
        assert error_of(await control.call(method, tried, admin, body)) == (404, "object_not_found", None)


async def test_the_list_is_paged_by_cursor(control: Control, admin: dict[str, str]) -> None:
    for number in range(5):
        control.time.advance(1)
        await control.call("POST", "/api-models", admin, a_body(name=str(number)))
    seen, path = [], "/api-models?limit=2"
    while path:
        page = (await control.call("GET", path, admin)).json()
        seen += [row["name"] for row in page["data"]]
        path = f"/api-models?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == ["0", "1", "2", "3", "4"]
    assert (await control.call("GET", "/api-models?cursor=gone", admin)).json()["data"] == []


async def test_a_removed_api_model_is_gone_with_its_key(control: Control, admin: dict[str, str]) -> None:
    made = (await control.call("POST", "/api-models", admin, a_body())).json()["id"]
    assert (await control.call("DELETE", f"/api-models/{made}", admin)).status_code == 204
    assert error_of(await control.call("GET", f"/api-models/{made}", admin))[0] == 404
    assert error_of(await control.call("DELETE", f"/api-models/{made}", admin))[0] == 404
    assert control.services.directory.snapshot.sealed == {}
    assert not control.services.directory.snapshot.table.api_models


async def test_changes_at_once_do_not_undo_one_another(control: Control, admin: dict[str, str]) -> None:
    made = (await control.call("POST", "/api-models", admin, a_body())).json()["id"]
    changes: list[dict[str, Any]] = [
        {"name": "renamed"}, {"models": ["a", "b"]}, {"prefix": "p/"}, {"extra_body": {"seed": 1}}, {"api_key": "sk-2"},
    ]  # fmt: skip
    await asyncio.gather(*(control.call("PATCH", f"/api-models/{made}", admin, change) for change in changes))
    body = (await control.call("GET", f"/api-models/{made}", admin)).json()
    assert (body["name"], body["models"], body["prefix"], body["extra_body"], body["has_key"]) == (
        "renamed", ["a", "b"], "p/", {"seed": 1}, True,
    )  # fmt: skip


async def a_tested_one(control: Control, headers: dict[str, str], upstream: UpstreamThread, script: str) -> str:
    """Create an api model at the fake provider, test it, and return its path."""
    body = a_body(base_url=upstream.base_url("openai", script), models=["ok"], allow_private_network=True)
    path = f"/api-models/{(await control.call('POST', '/api-models', headers, body)).json()['id']}"
    assert (await control.call("GET", path, headers)).json()["last_test"] is None
    control.time.advance(5)
    assert (await control.call("POST", f"{path}/test-connection", headers)).status_code == 200
    return path


async def test_the_last_test_stays_with_the_api_model(
    control: Control, admin: dict[str, str], upstream: UpstreamThread
) -> None:
    path = await a_tested_one(control, admin, upstream, "429")
    body = (await control.call("GET", path, admin)).json()
    last = body["last_test"]
    assert last.pop("detail")
    assert last == {
        "at": "2027-01-15T08:00:05.000Z", "ok": False, "model": "ok", "message": "Rate limit exceeded", "status": 429,
        "duration_ms": 0,
    }  # fmt: skip
    assert body["origin"] == f"http://{upstream.last.header('host')}"
    listed = (await control.call("GET", "/api-models", admin)).json()["data"]
    assert [each["last_test"]["status"] for each in listed] == [429]
    user = await control.session_of("eve", Role.USER)
    assert (await control.call("GET", path, user)).json()["last_test"] is None
    assert (await control.call("GET", "/api-models", user)).json()["data"][0]["last_test"] is None


@pytest.mark.parametrize(
    ("change", "stays"),
    [
        ({"name": "other"}, True),
        ({"models": ["a"], "prefix": "p/"}, True),
        ({"extra_headers": {}}, True),
        ({"extra_headers": {"x-team": "blue"}}, False),
        ({"extra_body": {"seed": 1}}, False),
        ({"format": "openai_responses"}, False),
        ({"base_url": "https://api.openai.com/v1", "api_key": KEY}, False),
        ({"api_key": KEY}, False),
        ({"api_key": None}, False),
    ],
)
async def test_a_test_holds_until_what_it_tested_changes(
    control: Control, admin: dict[str, str], upstream: UpstreamThread, change: dict[str, Any], stays: bool
) -> None:
    path = await a_tested_one(control, admin, upstream, "ok")
    changed = await control.call("PATCH", path, admin, change)
    assert changed.status_code == 200, changed.text
    assert (changed.json()["last_test"] is not None) == stays
    assert (await control.call("GET", path, admin)).json() == changed.json()


async def test_a_try_of_values_that_are_not_stored_is_not_the_last_test(
    control: Control, admin: dict[str, str], upstream: UpstreamThread
) -> None:
    path = await a_tested_one(control, admin, upstream, "ok")
    before = (await control.call("GET", path, admin)).json()["last_test"]
    trial = {"id": path.rpartition("/")[2], "base_url": upstream.base_url("openai", "500")}
    assert not (await control.call("POST", "/api-models/test-connection", admin, trial)).json()["ok"]
    assert (await control.call("GET", path, admin)).json()["last_test"] == before
