"""Who may call what."""

import pytest

from bodhi.core.principal import Role
from tests.fakes.control import Control, error_of


async def test_without_a_credential_every_guarded_endpoint_says_401(control: Control, admin: dict[str, str]) -> None:
    document = (await control.call("GET", "/openapi.json", admin)).json()
    tried = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if operation.get("security"):
                response = await control.client.request(method, control.url + path.replace("{", "").replace("}", ""))
                assert error_of(response)[:2] == (401, "token_missing"), (method, path)
                tried += 1
    assert tried >= 15


@pytest.mark.parametrize("header", ["x-api-key", "x-goog-api-key"])
async def test_a_token_counts_in_the_vendors_headers(control: Control, header: str) -> None:
    token = (await control.token_of("ada", Role.ADMIN, "power_user"))["authorization"].removeprefix("Bearer ")
    assert (await control.call("GET", "/api-models", {header: token})).status_code == 200


async def test_a_token_in_the_query_or_a_cookie_counts_for_nothing(control: Control) -> None:
    token = (await control.token_of("ada", Role.ADMIN, "power_user"))["authorization"].removeprefix("Bearer ")
    assert (await control.call("GET", f"/api-models?key={token}", {})).status_code == 401
    assert (await control.call("GET", "/api-models", {"cookie": f"session={token}"})).status_code == 401


async def test_a_session_beside_a_token_is_a_conflict(control: Control, admin: dict[str, str]) -> None:
    token = (await control.token_of("eve", Role.USER, "user"))["authorization"].removeprefix("Bearer ")
    response = await control.call("GET", "/api-models", {**admin, "x-api-key": token})
    assert error_of(response) == (400, "tokens_conflict", None)


@pytest.mark.parametrize(
    ("role", "scope", "status"),
    [
        (Role.USER, "user", 403),
        (Role.USER, "power_user", 403),
        (Role.ADMIN, "user", 403),
        (Role.POWER_USER, "power_user", 201),
        (Role.ADMIN, "power_user", 201),
    ],
)
async def test_a_token_never_exceeds_its_owner_or_its_scope(
    control: Control, role: Role, scope: str, status: int
) -> None:
    await control.add_user("root", Role.ADMIN)
    headers = await control.token_of("eve", role, scope)
    body = {"name": "n", "format": "openai", "models": ["m"]}
    assert (await control.call("POST", "/api-models", headers, body)).status_code == status


async def test_a_lowered_owner_lowers_the_token_at_once(control: Control) -> None:
    await control.add_user("root", Role.ADMIN)
    headers = await control.token_of("eve", Role.POWER_USER, "power_user")
    async with control.store.write() as connection:
        await connection.exec_driver_sql("UPDATE users SET role = 'user' WHERE name = 'eve'")
    await control.services.directory.reload()
    body = {"name": "n", "format": "openai", "models": ["m"]}
    assert error_of(await control.call("POST", "/api-models", headers, body)) == (403, "role_too_low", None)
