"""What a change keeps, and what becomes of the key."""

from typing import Any

import pytest
from sqlalchemy import update

from bodhi.core.principal import Role
from bodhi.storage.tables import api_models
from tests.control.api_models.test_endpoints import KEY, OAUTH_KEY, a_body, an_oauth_body
from tests.fakes.control import Control, error_of, running_control


async def make(control: Control, headers: dict[str, str], body: dict[str, Any]) -> str:
    response = await control.call("POST", "/api-models", headers, body)
    assert response.status_code == 201, response.text
    return f"/api-models/{response.json()['id']}"


def key_of(control: Control, path: str) -> str | None:
    snapshot = control.services.directory.snapshot
    secret = control.services.directory.secret_for(snapshot.table.api_models[path.removeprefix("/api-models/")])
    return secret.reveal() if secret else None


async def test_what_a_patch_leaves_out_stays(control: Control, admin: dict[str, str]) -> None:
    full = a_body(
        prefix="ai/", forward_all=True, extra_headers={"x-a": "1"}, extra_body={"seed": 1}, timeouts={"idle": 5},
        allow_private_network=True, base_url="http://localhost:8000/v1/",
    )  # fmt: skip
    path = await make(control, admin, full)
    before = (await control.call("GET", path, admin)).json()
    assert before["base_url"] == "http://localhost:8000/v1"
    assert before["timeouts"]["idle"] == 5
    assert before["timeouts"]["connect"] == 10
    control.time.advance(5)
    after = (await control.call("PATCH", path, admin, {"name": "renamed"})).json()
    assert after["updated_at"] > before["updated_at"]
    assert {**after, "name": before["name"], "updated_at": before["updated_at"]} == before
    assert key_of(control, path) == KEY


async def test_every_field_can_change(control: Control, admin: dict[str, str]) -> None:
    path = await make(control, admin, a_body())
    changes = {
        "name": "n", "format": "gemini", "base_url": "https://g.example/v1beta", "api_key": "key2", "prefix": "g/",
        "forward_all": True, "models": ["gemini-3"], "extra_headers": {"x-b": "2"}, "extra_body": {"a": [1]},
        "allow_private_network": True,
    }  # fmt: skip
    after = (await control.call("PATCH", path, admin, changes)).json()
    assert after.items() >= {name: value for name, value in changes.items() if name != "api_key"}.items()
    assert key_of(control, path) == "key2"


async def test_null_removes_the_key_and_a_string_replaces_it(control: Control, admin: dict[str, str]) -> None:
    path = await make(control, admin, a_body())
    assert not (await control.call("PATCH", path, admin, {"api_key": None})).json()["has_key"]
    assert key_of(control, path) is None
    assert (await control.call("PATCH", path, admin, {"api_key": "sk-2"})).json()["has_key"]
    assert key_of(control, path) == "sk-2"


@pytest.mark.parametrize(
    "base_url",
    [
        "https://evil.example/v1", "http://api.openai.com/v1", "https://api.openai.com:444/v1",
        "https://api.openai.com.evil.example/v1", "https://127.0.0.1/v1", "https://API.OPENAI.COM:8443",
    ],
)  # fmt: skip
async def test_another_origin_needs_the_key_again(control: Control, admin: dict[str, str], base_url: str) -> None:
    path = await make(control, admin, a_body())
    response = await control.call("PATCH", path, admin, {"base_url": base_url})
    assert error_of(response) == (400, "invalid_field", "api_key")
    assert "enter the key again" in response.json()["error"]["message"]
    assert (await control.call("GET", path, admin)).json()["base_url"] == "https://api.openai.com/v1"
    for trial in ("test-connection", "fetch-models"):
        body = {"id": path.removeprefix("/api-models/"), "base_url": base_url}
        response = await control.call("POST", f"/api-models/{trial}", admin, body)
        assert error_of(response) == (400, "invalid_field", "api_key")
    moved = await control.call("PATCH", path, admin, {"base_url": base_url, "api_key": "sk-2"})
    assert moved.status_code == 200
    assert key_of(control, path) == "sk-2"


@pytest.mark.parametrize(
    "base_url", ["https://api.openai.com/v2", "HTTPS://API.OpenAI.com:443/v1", "https://api.openai.com./v1/"]
)
async def test_another_path_of_the_same_origin_keeps_the_key(
    control: Control, admin: dict[str, str], base_url: str
) -> None:
    path = await make(control, admin, a_body())
    assert (await control.call("PATCH", path, admin, {"base_url": base_url})).status_code == 200
    assert key_of(control, path) == KEY


async def test_another_origin_without_a_key_needs_none(control: Control, admin: dict[str, str]) -> None:
    path = await make(control, admin, a_body(api_key=None))
    moved = await control.call("PATCH", path, admin, {"base_url": "https://elsewhere.example"})
    assert moved.status_code == 200
    keyed = await make(control, admin, a_body())
    moved = await control.call("PATCH", keyed, admin, {"base_url": "https://elsewhere.example", "api_key": None})
    assert (moved.status_code, moved.json()["has_key"]) == (200, False)


async def test_the_whole_stays_whole_after_a_patch(control: Control, admin: dict[str, str]) -> None:
    path = await make(control, admin, a_body(prefix="ai/", forward_all=True))
    assert error_of(await control.call("PATCH", path, admin, {"prefix": ""}))[2] == "prefix"
    narrowed = {"forward_all": False, "models": []}
    assert error_of(await control.call("PATCH", path, admin, narrowed))[2] == "models"
    assert error_of(await control.call("PATCH", path, admin, {"name": None}))[2] == "name"


async def test_an_oauth_token_must_have_its_shape(control: Control, admin: dict[str, str]) -> None:
    response = await control.call("POST", "/api-models", admin, an_oauth_body(api_key="sk-ant-api03-x"))
    assert error_of(response) == (400, "invalid_field", "api_key")
    assert "sk-ant-oat01-" in response.json()["error"]["message"]


async def test_one_persons_key_never_becomes_everybodys(control: Control, admin: dict[str, str]) -> None:
    private = await make(control, admin, an_oauth_body())
    response = await control.call("PATCH", private, admin, {"format": "anthropic"})
    assert error_of(response) == (400, "invalid_field", "api_key")
    shared = await make(control, admin, a_body(format="anthropic", api_key=OAUTH_KEY))
    response = await control.call("PATCH", shared, admin, {"format": "anthropic_oauth"})
    assert error_of(response) == (400, "invalid_field", "api_key")


async def test_who_makes_an_api_model_private_owns_it(control: Control, admin: dict[str, str]) -> None:
    shared = await make(control, admin, a_body(format="anthropic"))
    eve = await control.session_of("eve", Role.POWER_USER)
    change = {"format": "anthropic_oauth", "api_key": OAUTH_KEY}
    assert (await control.call("PATCH", shared, eve, change)).status_code == 200
    assert (await control.call("GET", shared, eve)).json()["private"]
    assert error_of(await control.call("GET", shared, admin))[0] == 404


async def test_a_key_that_cannot_be_opened_is_shown_and_can_be_entered_again(
    control: Control, admin: dict[str, str]
) -> None:
    first, second = await make(control, admin, a_body()), await make(control, admin, a_body())
    async with control.store.write() as connection:
        await connection.exec_driver_sql(
            "UPDATE api_models SET sealed_key = (SELECT sealed_key FROM api_models WHERE id = ?) WHERE id = ?",
            (first.removeprefix("/api-models/"), second.removeprefix("/api-models/")),
        )
    await control.services.directory.reload()
    assert (await control.call("GET", first, admin)).json()["broken"] is None
    assert (await control.call("GET", second, admin)).json()["broken"]
    response = await control.call("POST", f"{second}/test-connection", admin, {})
    assert error_of(response) == (400, "api_model_unusable", "api_key")
    assert (await control.call("PATCH", second, admin, {"api_key": "sk-2"})).json()["broken"] is None


async def test_private_networks_need_the_installations_leave(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with running_control(tmp_path_factory.mktemp("home"), private_networks=False) as control:
        admin = await control.session_of("ada")
        response = await control.call("POST", "/api-models", admin, a_body(allow_private_network=True))
        assert error_of(response) == (400, "invalid_field", "allow_private_network")


@pytest.mark.parametrize("address", ["http://somebody@evil.example/v1", "not an address"])
async def test_a_record_whose_stored_address_cannot_be_read_can_be_mended_and_removed(
    control: Control, admin: dict[str, str], address: str
) -> None:
    paths = [await make(control, admin, a_body(prefix=prefix)) for prefix in ("a/", "b/")]
    async with control.store.write() as connection:
        await connection.execute(update(api_models).values(base_url=address))

    mended = await control.call("PATCH", paths[0], admin, {"base_url": "https://ok.example/v1", "api_key": "sk-2"})
    removed = await control.call("DELETE", paths[1], admin)

    assert (mended.status_code, removed.status_code) == (200, 204), mended.text
    assert key_of(control, paths[0]) == "sk-2"
