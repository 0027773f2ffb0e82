"""Who may call what."""

import pytest

from bodhi.control.access import ROWS
from bodhi.control.api import create_control_api, guarded_endpoints
from bodhi.control.browser import SAFE_METHODS
from bodhi.core.principal import Role
from tests.fakes.control import PASSWORD, Control, error_of


def served(control: Control) -> set[tuple[str, str]]:
    """Return the endpoints that there are, by method and path."""
    return {endpoint for endpoint, _ in guarded_endpoints(create_control_api(control.services))}


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
    assert (await control.call("GET", "/api-models", {"cookie": f"bodhi_session={token}"})).status_code == 401


async def test_a_session_beside_a_token_is_a_conflict(control: Control, admin: dict[str, str]) -> None:
    token = (await control.token_of("eve", Role.USER, "user"))["authorization"].removeprefix("Bearer ")
    response = await control.call("GET", "/api-models", {**admin, "x-api-key": token})
    assert error_of(response) == (400, "tokens_conflict", None)


async def test_beside_a_token_a_cookie_is_not_looked_at(control: Control, admin: dict[str, str]) -> None:
    headers = await control.token_of("eve", Role.USER, "user")
    await control.add_user("ben", Role.ADMIN)
    cookie = (await control.sign_in_browser("ben"))["cookie"]
    for sent in (cookie, "bodhi_session=junk", f"{cookie}; {cookie}"):
        me = await control.call("GET", "/session", {**headers, "cookie": sent})
        assert me.json()["username"] == "eve"


@pytest.mark.parametrize(
    "sent",
    ["bodhi_session=", "bodhi_session=junk", "bodhi_session=" + "x" * 9000, "{0}; {0}", "{0}x", "{0}; bodhi_session=x"],
    ids=range(6),
)
async def test_a_junk_cookie_ends_in_a_clear_error(control: Control, admin: dict[str, str], sent: str) -> None:
    await control.add_user("ben", Role.ADMIN)
    cookie = (await control.sign_in_browser("ben"))["cookie"]
    response = await control.call("GET", "/session", {"cookie": sent.format(cookie)})
    assert error_of(response) == (401, "session_ended", None)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
async def test_every_endpoint_that_changes_something_refuses_a_body_that_is_not_json(
    control: Control, admin: dict[str, str], content_type: str | None
) -> None:
    headers = admin if content_type is None else {**admin, "content-type": content_type}
    for row in ROWS:
        if row.method in SAFE_METHODS or (row.method, row.path) not in served(control):
            continue
        url = control.url + row.path.replace("{", "").replace("}", "")
        response = await control.client.request(row.method, url, headers=headers, content=b"{}")
        assert error_of(response)[:2] == (400, "invalid_json"), row


async def test_a_clock_that_was_set_back_makes_no_proof_of_identity_last(
    control: Control, admin: dict[str, str]
) -> None:
    control.time.advance(-86_400)
    response = await control.call("POST", "/tokens", admin, {"name": "laptop"})
    assert error_of(response)[:2] == (403, "confirmation_needed")
    confirmed = await control.call("POST", "/session/confirm", admin, {"password": PASSWORD})
    headers = {"authorization": f"Bearer {confirmed.json()['session']}"}
    assert (await control.call("POST", "/tokens", headers, {"name": "laptop"})).status_code == 201


async def test_a_clock_that_ran_ahead_ends_sessions_only_for_as_long(control: Control, admin: dict[str, str]) -> None:
    control.time.advance(86_400)
    assert error_of(await control.call("GET", "/session", admin))[:2] == (401, "session_ended")
    control.time.advance(-86_400)
    assert (await control.call("POST", "/tokens", admin, {"name": "laptop"})).status_code == 201


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
