"""API tokens over HTTP."""

import pytest

from bodhi.core.principal import Role
from bodhi.identity.tokens import looks_like_token
from tests.fakes.control import Control, error_of


async def test_a_minted_token_works_at_once_and_is_shown_once(control: Control, admin: dict[str, str]) -> None:
    response = await control.call("POST", "/tokens", admin, {"name": "laptop"})
    assert response.status_code == 201
    token = response.json()["token"]
    assert looks_like_token(token.encode())
    me = await control.call("GET", "/session", {"authorization": f"Bearer {token}"})
    assert me.json()["token_name"] == "laptop"
    listed = await control.call("GET", "/tokens", admin)
    assert [row["name"] for row in listed.json()["data"]] == ["laptop"]
    assert token not in listed.text


async def test_a_token_expires_in_ninety_days_unless_asked_otherwise(control: Control, admin: dict[str, str]) -> None:
    token = (await control.call("POST", "/tokens", admin, {"name": "laptop"})).json()["token"]
    control.time.advance(90 * 86_400)
    response = await control.call("GET", "/session", {"x-api-key": token})
    assert error_of(response) == (401, "token_expired", None)


async def test_a_revoked_token_is_refused_at_once(control: Control, admin: dict[str, str]) -> None:
    minted = (await control.call("POST", "/tokens", admin, {"name": "laptop"})).json()
    assert (await control.call("DELETE", f"/tokens/{minted['id']}", admin)).status_code == 204
    response = await control.call("GET", "/session", {"x-api-key": minted["token"]})
    assert error_of(response) == (401, "token_revoked", None)
    assert error_of(await control.call("DELETE", f"/tokens/{minted['id']}", admin))[0] == 404


async def test_tokens_cannot_mint_or_revoke_tokens(control: Control) -> None:
    headers = await control.token_of("ada", Role.ADMIN, "power_user")
    assert error_of(await control.call("POST", "/tokens", headers, {"name": "more"})) == (403, "forbidden", None)
    assert error_of(await control.call("DELETE", "/tokens/x", headers)) == (403, "forbidden", None)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": "n", "scope": "admin"}, "scope"),
        ({"name": "n", "expires_in_days": 0}, "expires_in_days"),
        ({"name": "n", "expires_in_days": "90"}, "expires_in_days"),
        ({"name": "n", "allowed_models": "gpt-*"}, "allowed_models"),
        ({"name": "n", "allowed_models": [""]}, "allowed_models"),
        ({"name": "n", "allowed_models": ["a b"]}, "allowed_models"),
        ({"name": "n", "allowed_models": ["m"] * 51}, "allowed_models"),
        ({"name": "n", "colour": "blue"}, "colour"),
    ],
)
async def test_a_malformed_token_names_its_field(
    control: Control, admin: dict[str, str], body: dict[str, object], param: str
) -> None:
    assert error_of(await control.call("POST", "/tokens", admin, body)) == (400, "invalid_field", param)


async def test_a_user_mints_no_wider_scope_and_no_endless_token(control: Control, admin: dict[str, str]) -> None:
    user = await control.session_of("eve", Role.USER)
    wide = {"name": "n", "scope": "power_user"}
    assert error_of(await control.call("POST", "/tokens", user, wide)) == (403, "role_too_low", "scope")
    endless = {"name": "n", "expires_in_days": None}
    assert error_of(await control.call("POST", "/tokens", user, endless)) == (403, "role_too_low", "expires_in_days")
    assert (await control.call("POST", "/tokens", admin, endless)).json()["expires_at"] is None


async def test_users_see_and_revoke_only_their_own_tokens(control: Control, admin: dict[str, str]) -> None:
    user = await control.session_of("eve", Role.USER)
    mine = (await control.call("POST", "/tokens", admin, {"name": "mine"})).json()["id"]
    theirs = (await control.call("POST", "/tokens", user, {"name": "theirs"})).json()["id"]
    assert [row["id"] for row in (await control.call("GET", "/tokens", user)).json()["data"]] == [theirs]
    assert error_of(await control.call("GET", "/tokens?all_owners=true", user))[0] == 403
    assert error_of(await control.call("DELETE", f"/tokens/{mine}", user))[0] == 404
    everybodys = (await control.call("GET", "/tokens?all_owners=true", admin)).json()["data"]
    assert {row["id"] for row in everybodys} == {mine, theirs}
    assert (await control.call("DELETE", f"/tokens/{theirs}", admin)).status_code == 204


async def test_the_list_is_paged_by_cursor(control: Control, admin: dict[str, str]) -> None:
    for number in range(5):
        control.time.advance(1)
        await control.call("POST", "/tokens", admin, {"name": str(number)})
    seen, path = [], "/tokens?limit=2"
    while path:
        page = (await control.call("GET", path, admin)).json()
        seen += [row["name"] for row in page["data"]]
        path = f"/tokens?limit=2&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    assert seen == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=" + "x" * 65])
async def test_a_malformed_query_names_its_parameter(control: Control, admin: dict[str, str], query: str) -> None:
    response = await control.call("GET", f"/tokens?{query}", admin)
    assert error_of(response) == (400, "invalid_field", query.partition("=")[0])
