"""Requests for a role over HTTP: a guest asks, somebody answers, and nobody answers above their own role."""

import pytest

from bodhi.core.principal import Role
from tests.fakes.control import Control, error_of
from tests.fakes.trail import trail_of


@pytest.fixture
async def manager(control: Control, admin: dict[str, str]) -> dict[str, str]:
    """Give the headers of a signed-in Manager, beside an Admin."""
    del admin
    return await control.session_of("mel", Role.MANAGER)


async def asked(control: Control, name: str) -> tuple[dict[str, str], str]:
    """Let a guest ask; return their headers and the request's id."""
    headers = await control.session_of(name, Role.GUEST)
    response = await control.call("POST", "/access-requests", headers, {"note": f"I am {name}"})
    assert response.status_code == 201, response.text
    return headers, response.json()["id"]


async def test_a_guest_asks_and_gets_a_role(control: Control, manager: dict[str, str]) -> None:
    guest, request_id = await asked(control, "gus")
    mine = (await control.call("GET", "/access-requests/mine", guest)).json()["request"]
    assert (mine["id"], mine["state"], mine["note"]) == (request_id, "pending", "I am gus")
    (listed,) = (await control.call("GET", "/access-requests?state=pending", manager)).json()["data"]
    assert (listed["id"], listed["user_name"]) == (request_id, "gus")
    response = await control.call("POST", f"/access-requests/{request_id}/approve", manager, {"role": "power_user"})
    decided = response.json()
    assert (decided["state"], decided["role"], decided["decided_by_name"]) == ("approved", "power_user", "mel")
    assert error_of(await control.call("GET", "/session", guest))[:2] == (401, "session_ended")
    again = await control.sign_in_browser("gus")
    assert (await control.call("GET", "/session", again)).json()["role"] == "power_user"
    mine = (await control.call("GET", "/access-requests/mine", again)).json()["request"]
    assert (mine["state"], mine["role"]) == ("approved", "power_user")
    assert (await control.call("GET", "/access-requests?state=pending", manager)).json()["data"] == []
    created, approved = await trail_of(control, "access_request.create", "access_request.approve")
    assert (created["user_name"], created["after"]["note"]) == ("gus", "I am gus")
    assert (approved["user_name"], approved["subject_name"], approved["before"]) == ("mel", "gus", {"role": "guest"})
    assert approved["after"] == {"request": request_id, "role": "power_user", "sessions_ended": 1}


async def test_one_request_waits_at_a_time_and_after_a_no_one_may_ask_again(
    control: Control, manager: dict[str, str]
) -> None:
    guest, request_id = await asked(control, "gus")
    twice = await control.call("POST", "/access-requests", guest, {})
    assert error_of(twice)[:2] == (409, "conflict")
    assert "waiting" in twice.json()["error"]["message"]
    response = await control.call("POST", f"/access-requests/{request_id}/reject", manager)
    assert (response.json()["state"], response.json()["role"]) == ("rejected", None)
    assert (await control.call("GET", "/session", guest)).status_code == 200
    control.time.advance(1)
    assert (await control.call("POST", "/access-requests", guest, {})).status_code == 201
    assert (await control.call("GET", "/access-requests/mine", guest)).json()["request"]["state"] == "pending"
    (row,) = await trail_of(control, "access_request.reject")
    assert (row["subject_name"], row["after"]) == ("gus", {"request": request_id})


async def test_who_has_a_role_need_not_ask(control: Control, manager: dict[str, str]) -> None:
    assert (await control.call("GET", "/access-requests/mine", manager)).json() == {"request": None}
    response = await control.call("POST", "/access-requests", manager, {})
    assert error_of(response)[:2] == (409, "conflict")
    assert "role manager already" in response.json()["error"]["message"]


async def test_a_request_is_decided_once(control: Control, manager: dict[str, str]) -> None:
    _, request_id = await asked(control, "gus")
    path = f"/access-requests/{request_id}"
    assert (await control.call("POST", f"{path}/reject", manager)).status_code == 200
    for what, body in (("approve", {"role": "user"}), ("reject", None)):
        response = await control.call("POST", f"{path}/{what}", manager, body)
        assert error_of(response)[:2] == (409, "conflict")
        assert "rejected before, by mel" in response.json()["error"]["message"]
    for there in ("nothing", "%00"):
        response = await control.call("POST", f"/access-requests/{there}/reject", manager)
        assert error_of(response)[:2] == (404, "object_not_found")


async def test_nobody_approves_above_their_own_role(
    control: Control, manager: dict[str, str], admin: dict[str, str]
) -> None:
    guest, request_id = await asked(control, "gus")
    path = f"/access-requests/{request_id}/approve"
    assert error_of(await control.call("POST", path, manager, {"role": "admin"})) == (403, "role_too_low", "role")
    for role in ("guest", "root", ""):
        assert error_of(await control.call("POST", path, admin, {"role": role})) == (400, "invalid_field", "role")
    assert (await control.call("GET", "/session", guest)).json()["role"] == "guest"
    assert (await control.call("POST", path, admin, {"role": "admin"})).status_code == 200
    refused = [row for row in await trail_of(control, "access_request.approve") if row["outcome"] == "refused"]
    assert [(row["reason"], row["user_name"]) for row in refused] == [("role_too_low", "mel")]


async def test_a_role_given_otherwise_answers_the_request(control: Control, manager: dict[str, str]) -> None:
    _, request_id = await asked(control, "gus")
    (listed,) = (await control.call("GET", "/access-requests", manager)).json()["data"]
    response = await control.call("PATCH", f"/users/{listed['user_id']}", manager, {"role": "user"})
    assert response.status_code == 200
    (listed,) = (await control.call("GET", "/access-requests", manager)).json()["data"]
    assert (listed["id"], listed["state"], listed["role"]) == (request_id, "approved", "user")


async def test_a_guest_sees_and_answers_nobodys_request(control: Control, manager: dict[str, str]) -> None:
    _, request_id = await asked(control, "gus")
    eve, of_eve = await asked(control, "eve")
    answers = []
    for there in (request_id, of_eve, "nothing"):
        for what, body in (("approve", {"role": "user"}), ("reject", None)):
            response = await control.call("POST", f"/access-requests/{there}/{what}", eve, body)
            answers.append((response.status_code, response.json()))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 403
    assert error_of(await control.call("GET", "/access-requests", eve))[:2] == (403, "role_too_low")
    assert (await control.call("GET", "/access-requests/mine", eve)).json()["request"]["id"] == of_eve
    pending = (await control.call("GET", "/access-requests?state=pending", manager)).json()["data"]
    assert {each["id"] for each in pending} == {request_id, of_eve}


async def test_what_cannot_be_asked_names_its_field(control: Control, manager: dict[str, str]) -> None:
    guest = await control.session_of("gus", Role.GUEST)
    for body, field in (({"note": "x" * 501}, "note"), ({"note": "a\x00b"}, "note"), ({"role": "admin"}, "role")):
        response = await control.call("POST", "/access-requests", guest, body)
        assert error_of(response) == (400, "invalid_field", field)
    response = await control.call("GET", "/access-requests?state=old", manager)
    assert error_of(response) == (400, "invalid_field", "state")
