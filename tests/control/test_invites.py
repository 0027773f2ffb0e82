"""One-time links over HTTP: made, looked at, used once, and refused in one way whatever is wrong."""

import asyncio
from typing import Any

import pytest

from bodhi.core.principal import Role
from bodhi.identity.throttle import LIMITS, LINK
from bodhi.identity.tokens import new_token
from bodhi.storage.users import list_users
from tests.fakes.control import PASSWORD, Control, error_of
from tests.fakes.trail import trail_of

DAY = 86_400.0


@pytest.fixture
async def manager(control: Control, admin: dict[str, str]) -> dict[str, str]:
    """Give the headers of a signed-in Manager, beside an Admin."""
    del admin
    return await control.session_of("mel", Role.MANAGER)


async def invited(control: Control, headers: dict[str, str], **body: Any) -> dict[str, Any]:
    response = await control.call("POST", "/invites", headers, {"role": "user", **body})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def acceptance(code: str, name: str = "bob", **more: Any) -> dict[str, Any]:
    return {"code": code, "username": name, "password": PASSWORD, **more}


async def names(control: Control) -> list[str]:
    async with control.store.read() as connection:
        return sorted(user.name for user in await list_users(connection))


async def test_an_invite_makes_an_account_and_signs_in(control: Control, manager: dict[str, str]) -> None:
    made = await invited(control, manager, role="power_user", note="for Bob")
    assert made["link"] == f"{control.url}/ui/invite/#{made['code']}"
    seen = await control.call("POST", "/invites/look", {}, {"code": made["code"]})
    assert seen.json() == {"role": "power_user", "invited_by": "mel", "expires_at": made["expires_at"]}
    response = await control.call("POST", "/invites/accept", {}, acceptance(made["code"]))
    assert (response.status_code, response.json()["session"]) == (201, None)
    page = {"cookie": response.headers["set-cookie"].partition(";")[0], "origin": control.url}
    me = (await control.call("GET", "/session", page)).json()
    assert (me["username"], me["role"], me["method"]) == ("bob", "power_user", "invite")
    await control.sign_in_browser("bob")
    (created,) = await trail_of(control, "invite.create")
    (accepted,) = await trail_of(control, "invite.accept")
    opened = next(row for row in await trail_of(control, "session.open") if row["user_name"] == "bob")
    assert (created["user_name"], created["after"]["role"]) == ("mel", "power_user")
    assert (accepted["subject_id"], accepted["user_name"], accepted["after"]["by"]) == (made["id"], "bob", "mel")
    assert opened["after"] == {"method": "invite", "carried_by": "cookie"}
    assert made["code"] not in str(await trail_of(control))


async def test_a_program_may_accept_too(control: Control, manager: dict[str, str]) -> None:
    made = await invited(control, manager)
    response = await control.call("POST", "/invites/accept", {}, acceptance(made["code"], bearer=True))
    assert "set-cookie" not in response.headers
    headers = {"authorization": f"Bearer {response.json()['session']}"}
    assert (await control.call("GET", "/session", headers)).json()["role"] == "user"


async def test_invites_are_listed_without_their_codes_and_tell_their_state(
    control: Control, manager: dict[str, str], admin: dict[str, str]
) -> None:
    short, used, revoked, waiting = [await invited(control, manager, days=days) for days in (1, 2, 2, 30)]
    assert (await control.call("POST", "/invites/accept", {}, acceptance(used["code"]))).status_code == 201
    assert (await control.call("DELETE", f"/invites/{revoked['id']}", manager)).status_code == 204
    control.time.advance(DAY)
    mel = await control.sign_in_browser("mel")
    listed = (await control.call("GET", "/invites", mel)).json()
    states = {each["id"]: each["state"] for each in listed["data"]}
    assert states == {
        short["id"]: "expired", used["id"]: "used", revoked["id"]: "revoked", waiting["id"]: "open",
    }  # fmt: skip
    assert "bodhi_x_" not in str(listed)
    first = (await control.call("GET", "/invites?limit=3", mel)).json()
    rest = (await control.call("GET", f"/invites?limit=3&cursor={first['next_cursor']}", mel)).json()
    assert (len(first["data"]), len(rest["data"]), rest["next_cursor"]) == (3, 1, None)
    del admin


async def test_what_cannot_be_invited_names_its_field(control: Control, manager: dict[str, str]) -> None:
    for body, field in (
        ({"role": "guest"}, "role"),
        ({"role": "root"}, "role"),
        ({"role": "user", "days": 0}, "days"),
        ({"role": "user", "days": 31}, "days"),
        ({"role": "user", "note": "x" * 501}, "note"),
        ({"role": "user", "note": "a\nb"}, "note"),
        ({}, "role"),
    ):
        assert error_of(await control.call("POST", "/invites", manager, body)) == (400, "invalid_field", field)
    response = await control.call("POST", "/invites", manager, {"role": "admin"})
    assert error_of(response) == (403, "role_too_low", "role")
    assert (await control.call("GET", "/invites", manager)).json()["data"] == []


async def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(control: Control, manager: dict[str, str]) -> None:
    used, revoked, old = [await invited(control, manager, days=2 - (i == 2)) for i in range(3)]
    mel = (await control.call("GET", "/session", manager)).json()["user_id"]
    assert (await control.call("POST", "/invites/accept", {}, acceptance(used["code"]))).status_code == 201
    assert (await control.call("DELETE", f"/invites/{revoked['id']}", manager)).status_code == 204
    good = await invited(control, manager)
    control.time.advance(DAY)
    again = await control.sign_in_browser("ada")
    reset = (await control.call("POST", f"/users/{mel}/password-reset", again)).json()["link"].partition("#")[2]
    wrong = {
        "used": used["code"],
        "revoked": revoked["code"],
        "expired": old["code"],
        "foreign": new_token("x").reveal(),
        "cut": good["code"][:-1],
        "changed": good["code"][:-1] + ("a" if good["code"][-1] != "a" else "b"),
        "reset": reset,
        "token": new_token("u").reveal(),
        "empty": "",
        "junk": "' OR 1=1 --",
        "nul": "bodhi_x_\x00",
    }
    people, answers = await names(control), {}
    for what, code in wrong.items():
        for path, body in (("/invites/look", {"code": code}), ("/invites/accept", acceptance(code, "carl"))):
            response = await control.call("POST", path, {}, body)
            answers[what, path] = (response.status_code, response.json())
    for what in ("used", "foreign", "reset"):
        code = good["code"] if what == "reset" else wrong[what]
        body = {"code": code, "password": PASSWORD}
        response = await control.call("POST", "/password-resets/accept", {}, body)
        answers[what, "/password-resets/accept"] = (response.status_code, response.json())
    first = answers["used", "/invites/look"]
    assert first[1]["error"]["code"] == "link_invalid"
    assert {what: answer for what, answer in answers.items() if answer != first} == {}
    assert await names(control) == people
    refused = [row for row in await trail_of(control) if row["outcome"] == "refused"]
    assert {(row["action"], row["reason"], row["count"]) for row in refused} == {
        ("invite.accept", "link_invalid", 2 * len(wrong)), ("password_reset.accept", "link_invalid", 3),
    }  # fmt: skip
    assert (await control.call("POST", "/invites/look", {}, {"code": good["code"]})).status_code == 200


async def test_guessing_is_limited_by_address(control: Control, manager: dict[str, str]) -> None:
    made, burst = await invited(control, manager), LIMITS[LINK].burst
    for _ in range(burst):
        assert (await control.call("POST", "/invites/look", {}, {"code": "x"})).status_code == 400
    for path, body in (
        ("/invites/look", {"code": made["code"]}),
        ("/invites/accept", acceptance(made["code"])),
        ("/password-resets/accept", {"code": made["code"], "password": PASSWORD}),
    ):
        response = await control.call("POST", path, {}, body)
        assert error_of(response)[:2] == (429, "too_many_attempts")
        assert int(response.headers["retry-after"]) > 0
    control.time.advance(LIMITS[LINK].seconds)
    assert (await control.call("POST", "/invites/accept", {}, acceptance(made["code"]))).status_code == 201


async def test_a_bad_name_or_password_leaves_the_invite_valid(control: Control, manager: dict[str, str]) -> None:
    made = await invited(control, manager)
    for body, outcome in (
        (acceptance(made["code"], "a b"), (400, "invalid_field", "username")),
        (acceptance(made["code"], "MEL"), (409, "conflict", "username")),
        ({**acceptance(made["code"]), "password": "password"}, (400, "invalid_field", "password")),
    ):
        assert error_of(await control.call("POST", "/invites/accept", {}, body)) == outcome
    assert await names(control) == ["ada", "mel"]
    assert (await control.call("POST", "/invites/accept", {}, acceptance(made["code"]))).status_code == 201


async def test_of_25_at_once_one_gets_the_account(control: Control, manager: dict[str, str]) -> None:
    made = await invited(control, manager)
    calls = [control.call("POST", "/invites/accept", {}, acceptance(made["code"], f"bob{i}")) for i in range(25)]
    statuses = sorted(response.status_code for response in await asyncio.gather(*calls))
    assert statuses == [201, *[400] * 24]
    assert len(await names(control)) == 3
    assert len([row for row in await trail_of(control, "invite.accept") if row["outcome"] == "done"]) == 1


@pytest.mark.parametrize("fate", [{"role": "user"}, {"disabled": True}, None])
async def test_an_invite_is_worth_no_more_than_who_made_it(
    control: Control, manager: dict[str, str], admin: dict[str, str], fate: dict[str, Any] | None
) -> None:
    made = await invited(control, manager)
    mel = made["created_by"]
    method = "PATCH" if fate else "DELETE"
    assert (await control.call(method, f"/users/{mel}", admin, fate)).status_code in (200, 204)
    response = await control.call("POST", "/invites/accept", {}, acceptance(made["code"]))
    assert error_of(response) == (400, "link_invalid", "code")
    assert "bob" not in await names(control)


async def test_a_lowered_admin_invites_no_admin(control: Control, admin: dict[str, str]) -> None:
    made = await invited(control, admin, role="admin")
    second = await control.session_of("root", Role.ADMIN)
    assert (await control.call("PATCH", f"/users/{made['created_by']}", second, {"role": "manager"})).status_code == 200
    response = await control.call("POST", "/invites/accept", {}, acceptance(made["code"]))
    assert error_of(response) == (400, "link_invalid", "code")


async def test_a_withdrawn_invite_is_withdrawn_once(
    control: Control, manager: dict[str, str], admin: dict[str, str]
) -> None:
    made, of_admin = await invited(control, manager), await invited(control, admin, role="admin")
    assert error_of(await control.call("DELETE", f"/invites/{of_admin['id']}", manager))[:2] == (403, "role_too_low")
    assert (await control.call("DELETE", f"/invites/{made['id']}", admin)).status_code == 204
    for there in (made["id"], "nothing", "%00"):
        response = await control.call("DELETE", f"/invites/{there}", admin)
        assert error_of(response)[:2] == (404, "object_not_found")
    assert (await control.call("POST", "/invites/look", {}, {"code": of_admin["code"]})).status_code == 200
    (row,) = [row for row in await trail_of(control, "invite.revoke") if row["outcome"] == "done"]
    assert (row["subject_id"], row["before"]["created_by"]) == (made["id"], "mel")


async def test_who_manages_nobody_sees_and_makes_no_invite(control: Control, manager: dict[str, str]) -> None:
    made = await invited(control, manager)
    eve = await control.session_of("eve", Role.POWER_USER)
    for method, path, body in (
        ("GET", "/invites", None),
        ("POST", "/invites", {"role": "user"}),
        ("DELETE", f"/invites/{made['id']}", None),
        ("DELETE", "/invites/nothing", None),
    ):
        assert error_of(await control.call(method, path, eve, body))[:2] == (403, "role_too_low")
    assert (await control.call("POST", "/invites/look", {}, {"code": made["code"]})).status_code == 200


async def test_a_reset_sets_the_password_ends_sessions_and_other_links_and_signs_in_nobody(
    control: Control, manager: dict[str, str]
) -> None:
    bob = await control.add_user("bob", Role.USER)
    his = await control.sign_in_browser("bob")
    path = f"/users/{bob.id}/password-reset"
    codes = [(await control.call("POST", path, manager)).json()["link"].partition("#")[2] for _ in range(2)]
    body = {"code": codes[0], "password": "another zebra stapler"}
    weak = await control.call("POST", "/password-resets/accept", {}, {**body, "password": "short"})
    assert error_of(weak) == (400, "invalid_field", "password")
    response = await control.call("POST", "/password-resets/accept", {}, body)
    assert (response.status_code, response.json()) == (200, {"username": "bob"})
    assert "set-cookie" not in response.headers
    assert (await control.call("GET", "/session", his)).status_code == 401
    for code in codes:
        again = await control.call("POST", "/password-resets/accept", {}, {**body, "code": code})
        assert error_of(again) == (400, "link_invalid", "code")
    old = await control.call("POST", "/session", {}, {"username": "bob", "password": PASSWORD})
    assert error_of(old)[:2] == (401, "sign_in_failed")
    await control.sign_in_browser("bob", "another zebra stapler")
    (row,) = [row for row in await trail_of(control, "password_reset.accept") if row["outcome"] == "done"]
    assert (row["subject_name"], row["after"]["by"]) == ("bob", "mel")
    assert (row["after"]["sessions_ended"], row["after"]["links_withdrawn"]) == (1, 1)


async def test_a_reset_link_works_for_a_day_and_only_while_its_maker_may_make_it(
    control: Control, manager: dict[str, str], admin: dict[str, str]
) -> None:
    bob, carl = await control.add_user("bob", Role.USER), await control.add_user("carl", Role.USER)
    codes = {}
    for user in (bob, carl):
        made = (await control.call("POST", f"/users/{user.id}/password-reset", manager)).json()
        codes[user.id] = made["link"].partition("#")[2]
    assert (await control.call("PATCH", f"/users/{bob.id}", admin, {"role": "admin"})).status_code == 200
    body = {"password": "another zebra stapler"}
    taken = await control.call("POST", "/password-resets/accept", {}, {**body, "code": codes[bob.id]})
    assert error_of(taken) == (400, "link_invalid", "code")
    control.time.advance(DAY)
    late = await control.call("POST", "/password-resets/accept", {}, {**body, "code": codes[carl.id]})
    assert error_of(late) == (400, "link_invalid", "code")
    await control.sign_in_browser("carl")
