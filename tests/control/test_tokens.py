"""API tokens over HTTP."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from bodhi.core.clock import iso_time
from bodhi.core.principal import Role
from bodhi.identity.tokens import looks_like_token
from bodhi.storage.tables import audit_log
from bodhi.storage.users import User, find_user
from tests.fakes.control import PASSWORD, Control, error_of


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


async def test_tokens_cannot_mint_or_change_tokens(control: Control) -> None:
    headers = await control.token_of("ada", Role.ADMIN, "power_user")
    for method, path, body in (
        ("POST", "/tokens", {"name": "more"}),
        ("PATCH", "/tokens/x", {"name": "other"}),
        ("POST", "/tokens/x/rotate", {}),
        ("DELETE", "/tokens/x", None),
    ):
        assert error_of(await control.call(method, path, headers, body)) == (403, "session_needed", None)


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


async def mint(control: Control, headers: dict[str, str], **fields: Any) -> Any:
    response = await control.call("POST", "/tokens", headers, {"name": "laptop", **fields})
    assert response.status_code == 201, response.text
    return response.json()


async def state_of(control: Control, token: str) -> str:
    """Return the code of the error that a token meets, or nothing."""
    response = await control.call("GET", "/session", {"x-api-key": token})
    return "" if response.status_code == 200 else error_of(response)[1]


async def acts(control: Control, action: str) -> list[tuple[Any, Any]]:
    """Return before and after of each act of a kind."""
    async with control.store.read() as connection:
        query = select(audit_log).where(audit_log.c.action == action).order_by(audit_log.c.seq)
        return [(json.loads(row.before), json.loads(row.after)) for row in await connection.execute(query)]


async def test_a_token_is_changed_by_its_owner_and_the_trail_tells_what_changed(control: Control) -> None:
    await control.add_user("root", Role.ADMIN)
    user = await control.session_of("eve", Role.USER)
    made = await mint(control, user, allowed_models=["gpt-*", "o1"])
    path = f"/tokens/{made['id']}"

    named = await control.call("PATCH", path, user, {"name": " desk "})
    assert (named.status_code, named.json()["name"]) == (200, "desk")
    assert named.json() == {**{k: v for k, v in made.items() if k != "token"}, "name": "desk"}
    narrowed = await control.call("PATCH", path, user, {"allowed_models": ["o1"], "expires_in_days": 1})
    assert narrowed.json()["allowed_models"] == ["o1"]
    assert (await control.call("PATCH", path, user, {})).json() == narrowed.json()

    changes = await acts(control, "token.change")
    assert changes[0] == ({"name": "laptop"}, {"name": "desk"})
    assert [set(after) for _, after in changes] == [{"name"}, {"allowed_models", "expires_at"}]
    assert changes[1][0]["allowed_models"] == ["gpt-*", "o1"]


async def test_a_disabled_token_works_again_once_it_is_enabled(control: Control, admin: dict[str, str]) -> None:
    made = await mint(control, admin)
    path = f"/tokens/{made['id']}"
    disabled = (await control.call("PATCH", path, admin, {"disabled": True})).json()
    assert (disabled["state"], disabled["disabled_at"] is None) == ("disabled", False)
    assert await state_of(control, made["token"]) == "token_disabled"
    control.time.advance(5)
    assert (await control.call("PATCH", path, admin, {"disabled": True})).json() == disabled
    enabled = (await control.call("PATCH", path, admin, {"disabled": False})).json()
    assert (enabled["state"], enabled["disabled_at"]) == ("active", None)
    assert await state_of(control, made["token"]) == ""


async def test_what_somebody_else_disabled_its_owner_does_not_enable(control: Control, admin: dict[str, str]) -> None:
    eve = await control.session_of("eve", Role.USER)
    manager = await control.session_of("mia", Role.MANAGER)
    path = f"/tokens/{(await mint(control, eve))['id']}"
    assert (await control.call("PATCH", path, manager, {"disabled": True})).status_code == 200

    refused = await control.call("PATCH", path, eve, {"disabled": False})
    twice = await control.call("PATCH", path, eve, {"disabled": True})
    still = await control.call("PATCH", path, eve, {"disabled": False})

    assert error_of(refused)[:2] == error_of(still)[:2] == (403, "role_too_low")
    assert twice.json()["state"] == "disabled"
    assert (await control.call("PATCH", path, manager, {"disabled": False})).json()["state"] == "active"
    for disabled in (True, False):
        assert (await control.call("PATCH", path, eve, {"disabled": disabled})).status_code == 200


@pytest.mark.parametrize(
    ("body", "needs"),
    [
        ({"expires_in_days": 30}, True),
        ({"expires_in_days": None}, True),
        ({"allowed_models": ["gpt-*", "o1", "o3"]}, True),
        ({"allowed_models": ["*"]}, True),
        ({"allowed_models": []}, True),
        ({"expires_in_days": 1}, False),
        ({"allowed_models": ["o1"]}, False),
        ({"allowed_models": ["o1", "gpt-*", "o1"]}, False),
        ({"name": "n"}, False),
        ({"disabled": True}, False),
        ({"disabled": False}, False),
    ],
)
async def test_what_makes_a_token_wider_needs_a_recent_sign_in(
    control: Control, admin: dict[str, str], body: dict[str, Any], needs: bool
) -> None:
    made = await mint(control, admin, expires_in_days=7, allowed_models=["gpt-*", "o1"])
    fresh = {"authorization": admin["authorization"]}
    control.time.advance(601)
    late = await control.call("PATCH", f"/tokens/{made['id']}", fresh, body)
    if not needs:
        assert late.status_code == 200, late.text
        return
    assert error_of(late) == (403, "confirmation_needed", None)
    proof = {"password": PASSWORD}
    again = (await control.call("POST", "/session/confirm", fresh, proof)).json()["session"]
    confirmed = {"authorization": f"Bearer {again}"}
    assert (await control.call("PATCH", f"/tokens/{made['id']}", confirmed, body)).status_code == 200


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"disabled": None}, "disabled"),
        ({"disabled": 1}, "disabled"),
        ({"allowed_models": None}, "allowed_models"),
        ({"allowed_models": [""]}, "allowed_models"),
        ({"allowed_models": ["m"] * 51}, "allowed_models"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 3651}, "expires_in_days"),
        ({"scope": "power_user"}, "scope"),
        ({"owner_id": "x"}, "owner_id"),
    ],
)
async def test_a_malformed_change_names_its_field_and_changes_nothing(
    control: Control, admin: dict[str, str], body: dict[str, Any], param: str
) -> None:
    made = await mint(control, admin)
    response = await control.call("PATCH", f"/tokens/{made['id']}", admin, body)
    assert error_of(response) == (400, "invalid_field", param)
    assert await acts(control, "token.change") == []


async def test_rotation_gives_a_new_secret_and_the_old_one_works_until_the_overlap_ends(
    control: Control, admin: dict[str, str]
) -> None:
    made = await mint(control, admin, expires_in_days=10)
    control.time.advance(300)
    rotated = await control.call("POST", f"/tokens/{made['id']}/rotate", admin, {"overlap_seconds": 60})
    assert rotated.status_code == 200
    body = rotated.json()
    assert (body["id"], body["token"] == made["token"]) == (made["id"], False)
    listed = await control.call("GET", "/tokens", admin)
    assert body["token"] not in listed.text
    assert listed.json()["data"][0]["previous_until"] == body["previous_until"]
    assert iso_time(control.time.time + 10 * 86_400) == body["expires_at"]
    control.time.advance(59)
    assert [await state_of(control, each["token"]) for each in (made, body)] == ["", ""]
    control.time.advance(1)
    assert [await state_of(control, each["token"]) for each in (made, body)] == ["token_expired", ""]
    assert (await control.call("GET", "/tokens", admin)).json()["data"][0]["previous_until"] is None

    ((before, after),) = await acts(control, "token.rotate")
    assert set(before) == set(after) == {"secret", "expires_at", "previous_until"}
    assert before["secret"] != after["secret"]
    assert len(after["secret"]) == 12


async def test_a_second_rotation_ends_the_oldest_secret(control: Control, admin: dict[str, str]) -> None:
    first = await mint(control, admin)
    path = f"/tokens/{first['id']}/rotate"
    second, third = [(await control.call("POST", path, admin, {})).json() for _ in range(2)]
    states = [await state_of(control, each["token"]) for each in (first, second, third)]
    assert states == ["token_invalid", "", ""]
    assert third["expires_at"] == second["expires_at"]
    revoked = await control.call("DELETE", f"/tokens/{first['id']}", admin)
    assert revoked.status_code == 204
    assert [await state_of(control, each["token"]) for each in (second, third)] == ["token_revoked"] * 2


async def test_an_overlap_lengthens_no_secrets_life(control: Control, admin: dict[str, str]) -> None:
    made = await mint(control, admin, expires_in_days=1)
    await control.call("POST", f"/tokens/{made['id']}/rotate", admin, {"overlap_seconds": 604_800})
    control.time.advance(86_400)
    assert await state_of(control, made["token"]) == "token_expired"


@pytest.mark.parametrize("overlap", [-1, 604_801, "60", 1.5, None])
async def test_an_overlap_out_of_range_is_refused(control: Control, admin: dict[str, str], overlap: Any) -> None:
    made = await mint(control, admin)
    response = await control.call("POST", f"/tokens/{made['id']}/rotate", admin, {"overlap_seconds": overlap})
    assert error_of(response) == (400, "invalid_field", "overlap_seconds")
    assert await state_of(control, made["token"]) == ""


async def test_what_is_over_is_never_brought_back(control: Control, admin: dict[str, str]) -> None:
    ended, gone = await mint(control, admin, expires_in_days=1), await mint(control, admin)
    await control.call("DELETE", f"/tokens/{gone['id']}", admin)
    control.time.advance(86_400)
    again = await control.sign_in(await the_user(control, "ada"))
    for method, rest, body in (("PATCH", "", {"expires_in_days": 9}), ("POST", "/rotate", {})):
        late = await control.call(method, f"/tokens/{ended['id']}{rest}", again, body)
        assert error_of(late) == (409, "conflict", None)
        late = await control.call(method, f"/tokens/{gone['id']}{rest}", again, body)
        assert error_of(late) == (404, "object_not_found", None)
    assert [await state_of(control, each["token"]) for each in (ended, gone)] == ["token_expired", "token_revoked"]


async def test_managers_switch_and_end_tokens_of_people_up_to_manager_only(
    control: Control, admin: dict[str, str]
) -> None:
    boss = await control.session_of("max", Role.MANAGER)
    user = await control.session_of("eve", Role.USER)
    of_user, of_admin = await mint(control, user), await mint(control, admin)

    path = f"/tokens/{of_user['id']}"
    assert (await control.call("PATCH", path, boss, {"disabled": True})).json()["state"] == "disabled"
    assert (await control.call("PATCH", path, boss, {"disabled": False})).json()["state"] == "active"
    for body in ({"name": "x"}, {"expires_in_days": 1}, {"disabled": True, "allowed_models": ["x"]}):
        assert error_of(await control.call("PATCH", path, boss, body))[:2] == (403, "role_too_low")
    for headers in (boss, admin):
        assert error_of(await control.call("POST", f"{path}/rotate", headers, {}))[:2] == (403, "role_too_low")
    assert (await control.call("PATCH", path, admin, {"name": "theirs", "expires_in_days": None})).status_code == 200
    assert (await control.call("DELETE", path, boss)).status_code == 204

    path = f"/tokens/{of_admin['id']}"
    assert error_of(await control.call("PATCH", path, boss, {"disabled": True}))[:2] == (403, "role_too_low")
    assert error_of(await control.call("DELETE", path, boss))[:2] == (403, "role_too_low")
    assert await state_of(control, of_admin["token"]) == ""

    await control.services.refusals.flush()
    async with control.store.read() as connection:
        query = select(audit_log.c.action, audit_log.c.user_name).where(audit_log.c.reason == "role_too_low")
        noted = {tuple(row) for row in await connection.execute(query)}
    assert noted == {("token.change", "max"), ("token.rotate", "max"), ("token.rotate", "ada"), ("token.revoke", "max")}


async def test_only_admins_let_a_token_last_for_ever(control: Control) -> None:
    await control.add_user("root", Role.ADMIN)
    user = await control.session_of("eve", Role.USER)
    made = await mint(control, user)
    response = await control.call("PATCH", f"/tokens/{made['id']}", user, {"expires_in_days": None})
    assert error_of(response) == (403, "role_too_low", "expires_in_days")


async def test_the_list_is_filtered(control: Control, admin: dict[str, str]) -> None:
    boss = await control.session_of("max", Role.MANAGER)
    user = await control.add_user("eve", Role.USER)
    hers = await control.sign_in(user)
    live, disabled = await mint(control, hers, name="Laptop"), await mint(control, hers, name="desk")
    await control.call("PATCH", f"/tokens/{disabled['id']}", hers, {"disabled": True})
    await mint(control, admin, name="laptop of ada")

    async def ids(headers: dict[str, str], query: str) -> set[str]:
        response = await control.call("GET", f"/tokens?{query}", headers)
        assert response.status_code == 200, response.text
        return {row["name"] for row in response.json()["data"]}

    assert await ids(hers, "state=active") == {"Laptop"}
    assert await ids(hers, "state=disabled") == {"desk"}
    assert await ids(hers, "state=owner_disabled") == set()
    assert await ids(hers, "query=LAP") == {"Laptop"}
    assert await ids(hers, f"owner_id={user.id}&query=%25") == set()
    assert await ids(boss, f"owner_id={user.id}") == {"Laptop", "desk"}
    assert await ids(boss, "all_owners=true&query=laptop") == {"Laptop", "laptop of ada"}
    refused = await control.call("GET", "/tokens?owner_id=somebody", hers)
    assert error_of(refused) == (403, "role_too_low", "owner_id")
    for query in ("state=asleep", "query=%00", "owner_id=%00", "cursor=%00"):
        refused = await control.call("GET", f"/tokens?{query}", boss)
        assert error_of(refused) == (400, "invalid_field", query.partition("=")[0])
    assert live["state"] == "active"


async def test_a_pages_chat_token_is_nobodys_to_list_or_to_change(control: Control, admin: dict[str, str]) -> None:
    chat = (await control.call("POST", "/session/chat-token", admin)).json()["token"]
    (grant,) = control.services.directory.snapshot.grants.values()
    assert (await control.call("GET", "/tokens?all_owners=true", admin)).json()["data"] == []
    for method, rest, body in (("PATCH", "", {"name": "n"}), ("POST", "/rotate", {}), ("DELETE", "", None)):
        assert (await control.call(method, f"/tokens/{grant.id}{rest}", admin, body)).status_code == 404
    for path in ("/session", "/tokens", "/usage", "/api-models"):
        refused = await control.call("GET", path, {"x-api-key": chat})
        assert error_of(refused)[:2] == (403, "scope_too_narrow")


async def the_user(control: Control, name: str) -> User:
    async with control.store.read() as connection:
        user = await find_user(connection, name)
    assert user is not None
    return user
