"""What holds for every endpoint: errors, bounds, headers, guards, the description."""

import pytest

from bodhi.control.envelope import MAX_BODY
from bodhi.core.principal import Role
from tests.fakes.control import Control, error_of


async def test_unknown_paths_and_methods_have_the_one_error_body(control: Control, admin: dict[str, str]) -> None:
    assert error_of(await control.call("GET", "/nowhere", admin)) == (404, "endpoint_not_found", None)
    refused = await control.call("PUT", "/tokens", admin)
    assert error_of(refused) == (405, "method_not_allowed", None)
    assert refused.headers["allow"]
    assert error_of(await control.call("GET", "/docs", admin))[0] == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff", b"null", b"1" * 5000, b"[" * 100_000])
async def test_what_is_no_json_object_is_refused(control: Control, admin: dict[str, str], body: bytes) -> None:
    headers = {**admin, "content-type": "application/json"}
    response = await control.client.post(f"{control.url}/bodhi/v1/api-models", headers=headers, content=body)
    assert error_of(response) == (400, "invalid_json", None)


async def test_a_body_over_the_limit_is_refused(control: Control, admin: dict[str, str]) -> None:
    response = await control.call("POST", "/api-models", admin, {"name": "x" * MAX_BODY})
    assert error_of(response) == (413, "body_too_large", None)


async def test_nothing_is_cached_or_sniffed(control: Control, admin: dict[str, str]) -> None:
    for path in ["/api-models", "/nowhere"]:
        response = await control.call("GET", path, admin)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


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


async def test_the_description_is_true_of_errors_and_credentials(control: Control, admin: dict[str, str]) -> None:
    document = (await control.call("GET", "/openapi.json", admin)).json()
    assert set(document["components"]["securitySchemes"]) == {"bearer", "api_key"}
    for operations in document["paths"].values():
        for operation in operations.values():
            assert "422" not in operation["responses"]
            assert "400" in operation["responses"]
    assert "security" not in document["paths"]["/bodhi/v1/setup"]["post"]
    assert "security" not in document["paths"]["/bodhi/v1/session"]["post"]
    assert document["paths"]["/bodhi/v1/tokens"]["get"]["security"] == [{"bearer": []}, {"api_key": []}]


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
