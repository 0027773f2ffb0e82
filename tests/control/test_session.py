"""Signing in and out over HTTP."""

from bodhi.core.principal import Role
from tests.fakes.control import PASSWORD, Control, error_of


async def test_a_session_lasts_from_sign_in_to_sign_out(control: Control) -> None:
    await control.add_user("ada", Role.ADMIN)
    response = await control.call("POST", "/session", {}, {"username": "ada", "password": PASSWORD})
    assert response.status_code == 201
    headers = {"authorization": f"Bearer {response.json()['session']}"}
    assert (await control.call("GET", "/session", headers)).json()["username"] == "ada"
    assert (await control.call("DELETE", "/session", headers)).status_code == 204
    assert error_of(await control.call("GET", "/session", headers))[0] == 401


async def test_a_wrong_password_is_refused_without_repeating_it(control: Control) -> None:
    await control.add_user("ada", Role.ADMIN)
    response = await control.call("POST", "/session", {}, {"username": "ada", "password": "hunter-in-the-dark"})
    assert error_of(response) == (401, "sign_in_failed", None)
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert "hunter" not in response.text


async def test_a_malformed_sign_in_names_the_field_without_repeating_it(control: Control) -> None:
    for password in (12345678, ["secret-in-a-list"], {"secret": "in-an-object"}, None):
        response = await control.call("POST", "/session", {}, {"username": "ada", "password": password})
        assert error_of(response) == (400, "invalid_field", "password")
        assert "secret" not in response.text
        assert "12345678" not in response.text


async def test_a_token_is_told_whose_it_is(control: Control) -> None:
    headers = await control.token_of("ada", Role.ADMIN, "user")
    body = (await control.call("GET", "/session", headers)).json()
    assert (body["username"], body["role"], body["token_name"]) == ("ada", "user", "laptop")
