"""People over HTTP: who sees and changes whom, what ends with it, and that an Admin is always left."""

from typing import Any

import pytest

from bodhi.core.credential import Secret
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.storage.api_models import get_api_model, insert_api_model, provider_key_place, sealed_key
from bodhi.storage.objects import find_object, remember_object
from bodhi.storage.users import User, get_user, insert_user
from tests.fakes.control import PASSWORD, Control, error_of
from tests.fakes.trail import trail_of
from tests.storage.conftest import api_model


@pytest.fixture
async def manager(control: Control, admin: dict[str, str]) -> dict[str, str]:
    """Give the headers of a signed-in Manager, beside an Admin."""
    del admin
    return await control.session_of("mel", Role.MANAGER)


async def ids_of(control: Control, headers: dict[str, str], query: str = "") -> dict[str, str]:
    """Return ids by name."""
    response = await control.call("GET", f"/users{query}", headers)
    assert response.status_code == 200, response.text
    return {each["name"]: each["id"] for each in response.json()["data"]}


async def test_people_are_listed_in_pages_and_by_what_they_are(control: Control, manager: dict[str, str]) -> None:
    for name, role in (("Bob_1", Role.USER), ("bobX1", Role.POWER_USER), ("gus", Role.GUEST)):
        await control.add_user(name, role)
    everybody = ["ada", "mel", "Bob_1", "bobX1", "gus"]
    assert sorted(await ids_of(control, manager)) == sorted(everybody)
    assert list(await ids_of(control, manager, "?query=b_1")) == ["Bob_1"]
    assert list(await ids_of(control, manager, "?query=%25")) == []
    assert list(await ids_of(control, manager, "?role=guest&disabled=false")) == ["gus"]
    assert list(await ids_of(control, manager, "?disabled=true")) == []
    assert error_of(await control.call("GET", "/users?role=root", manager)) == (400, "invalid_field", "role")
    seen, cursor = [], ""
    while True:
        page = (await control.call("GET", f"/users?limit=2{cursor}", manager)).json()
        seen += [each["name"] for each in page["data"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert sorted(seen) == sorted(everybody)


async def test_one_person_is_shown_with_what_they_have(control: Control, manager: dict[str, str]) -> None:
    token = await control.token_of("bob", Role.USER, "user")
    bob = (await ids_of(control, manager))["bob"]
    shown = (await control.call("GET", f"/users/{bob}", manager)).json()
    assert {name: shown[name] for name in ("name", "role", "disabled", "issuer", "has_password")} == {
        "name": "bob", "role": "user", "disabled": False, "issuer": None, "has_password": True,
    }  # fmt: skip
    assert (shown["reads_captures"], shown["live_tokens"], shown["live_sessions"], shown["api_models"]) == (
        False, 1, 0, 0,
    )  # fmt: skip
    assert shown["signed_in_at"] is None
    assert "hash" not in str(shown) + str(token)


@pytest.mark.parametrize("user_id", ["nobody", "%00", "x" * 500])
async def test_a_person_who_is_not_there_is_404_in_every_way(
    control: Control, admin: dict[str, str], user_id: str
) -> None:
    for method, path, body in (
        ("GET", "", None), ("PATCH", "", {"role": "user"}), ("DELETE", "", None), ("POST", "/password-reset", None),
    ):  # fmt: skip
        response = await control.call(method, f"/users/{user_id}{path}", admin, body)
        assert response.status_code == 404, (method, path)


async def test_a_managers_reach_ends_at_managers(control: Control, manager: dict[str, str]) -> None:
    people = await ids_of(control, manager)
    root, peer = people["ada"], (await control.add_user("max", Role.MANAGER)).id
    assert (await control.call("GET", f"/users/{root}", manager)).json()["role"] == "admin"
    for method, path, body in (
        ("PATCH", "", {"role": "user"}),
        ("PATCH", "", {"disabled": True}),
        ("PATCH", "", {"name": "fool"}),
        ("DELETE", "", None),
        ("POST", "/password-reset", None),
    ):
        response = await control.call(method, f"/users/{root}{path}", manager, body)
        assert error_of(response)[:2] == (403, "role_too_low")
        assert "ada is an Admin" in response.json()["error"]["message"]
    for body in ({"role": "admin"}, {"reads_captures": True}):
        assert error_of(await control.call("PATCH", f"/users/{peer}", manager, body))[:2] == (403, "role_too_low")
        own = people["mel"]
        assert error_of(await control.call("PATCH", f"/users/{own}", manager, body))[:2] == (403, "role_too_low")
    assert (await control.call("PATCH", f"/users/{peer}", manager, {"role": "user"})).status_code == 200
    assert (await control.call("PATCH", f"/users/{peer}", manager, {"role": "manager"})).status_code == 200
    refused = [row for row in await trail_of(control) if row["outcome"] == "refused"]
    assert {(row["action"], row["reason"]) for row in refused} == {
        ("user.change", "role_too_low"), ("user.delete", "role_too_low"), ("password_reset.create", "role_too_low"),
    }  # fmt: skip
    assert {row["subject_name"] for row in refused} == {"ada", "max", "mel"}


async def test_a_change_is_told_with_before_and_after(control: Control, admin: dict[str, str]) -> None:
    bob = await control.add_user("bob", Role.USER)
    body = {"role": "power_user", "name": "Bobby", "reads_captures": True, "disabled": False}
    shown = (await control.call("PATCH", f"/users/{bob.id}", admin, body)).json()
    assert (shown["role"], shown["name"], shown["reads_captures"]) == ("power_user", "Bobby", True)
    (row,) = await trail_of(control, "user.change")
    assert row["before"] == {"role": "user", "name": "bob", "reads_captures": False}
    assert row["after"] == {"role": "power_user", "name": "Bobby", "reads_captures": True, "sessions_ended": 0}
    assert (row["user_name"], row["subject_id"], row["address"]) == ("ada", bob.id, "127.0.0.1")
    assert (await control.call("PATCH", f"/users/{bob.id}", admin, body)).status_code == 200
    assert (await control.call("PATCH", f"/users/{bob.id}", admin, {})).status_code == 200
    assert len(await trail_of(control, "user.change")) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"role": "root"}, "role"),
        ({"role": 40}, "role"),
        ({"name": "a b"}, "name"),
        ({"name": ""}, "name"),
        ({"disabled": "yes"}, "disabled"),
        ({"password": "x"}, "password"),
    ],
)
async def test_a_change_that_cannot_be_names_its_field(
    control: Control, admin: dict[str, str], body: dict[str, Any], field: str
) -> None:
    bob = await control.add_user("bob", Role.USER)
    assert error_of(await control.call("PATCH", f"/users/{bob.id}", admin, body)) == (400, "invalid_field", field)
    async with control.store.read() as connection:
        assert await get_user(connection, bob.id) == bob


async def test_a_name_that_only_looks_like_another_is_taken(control: Control, admin: dict[str, str]) -> None:
    bob = await control.add_user("bob", Role.USER)
    for name in ("ADA", "\uff41\uff44\uff41"):
        response = await control.call("PATCH", f"/users/{bob.id}", admin, {"name": name})
        assert error_of(response) == (409, "conflict", "name")
    assert (await control.call("PATCH", f"/users/{bob.id}", admin, {"name": "BOB"})).status_code == 200


@pytest.mark.parametrize("change", [{"role": "guest"}, {"role": "manager"}, {"disabled": True}])
async def test_another_role_or_disabling_ends_every_session_at_once(
    control: Control, admin: dict[str, str], change: dict[str, Any]
) -> None:
    bob = await control.add_user("bob", Role.USER)
    his = [await control.sign_in_browser("bob"), await control.sign_in(bob)]
    assert (await control.call("PATCH", f"/users/{bob.id}", admin, change)).status_code == 200
    for headers in his:
        assert error_of(await control.call("GET", "/session", headers))[:2] == (401, "session_ended")
    (row,) = await trail_of(control, "user.change")
    assert row["after"]["sessions_ended"] == 2


async def test_a_name_or_a_permission_ends_no_session(control: Control, admin: dict[str, str]) -> None:
    bob = await control.add_user("bob", Role.USER)
    his = await control.sign_in(bob)
    body = {"name": "Bobby", "reads_captures": True}
    assert (await control.call("PATCH", f"/users/{bob.id}", admin, body)).status_code == 200
    me = (await control.call("GET", "/session", his)).json()
    assert (me["username"], me["reads_captures"]) == ("Bobby", True)


async def test_disabling_stops_tokens_and_enabling_brings_them_back(control: Control, admin: dict[str, str]) -> None:
    token = await control.token_of("bob", Role.USER, "user")
    bob = (await ids_of(control, admin))["bob"]
    assert (await control.call("GET", "/session", token)).status_code == 200
    assert (await control.call("PATCH", f"/users/{bob}", admin, {"disabled": True})).status_code == 200
    assert (await control.call("GET", "/session", token)).status_code == 401
    sign_in = {"username": "bob", "password": PASSWORD}
    assert error_of(await control.call("POST", "/session", {}, sign_in))[:2] == (401, "sign_in_failed")
    assert (await control.call("PATCH", f"/users/{bob}", admin, {"disabled": False})).status_code == 200
    assert (await control.call("GET", "/session", token)).status_code == 200
    assert (await control.call("POST", "/session", {}, sign_in)).status_code == 201


async def test_a_manager_may_step_down_and_not_up_again(control: Control, manager: dict[str, str]) -> None:
    mel = (await ids_of(control, manager))["mel"]
    assert (await control.call("PATCH", f"/users/{mel}", manager, {"role": "user"})).status_code == 200
    response = await control.call("PATCH", f"/users/{mel}", manager, {"role": "manager"})
    assert error_of(response)[:2] == (401, "session_ended")


@pytest.mark.parametrize("loss", [{"role": "manager"}, {"role": "guest"}, {"disabled": True}, None])
async def test_the_last_admin_cannot_be_lost(
    control: Control, admin: dict[str, str], loss: dict[str, Any] | None
) -> None:
    locked = await control.add_user("old", Role.ADMIN)
    assert (await control.call("PATCH", f"/users/{locked.id}", admin, {"disabled": True})).status_code == 200
    ada = (await ids_of(control, admin))["ada"]
    method = "DELETE" if loss is None else "PATCH"
    response = await control.call(method, f"/users/{ada}", admin, loss)
    assert error_of(response)[:2] == (409, "last_admin")
    assert (await control.call("GET", "/session", admin)).json()["role"] == "admin"
    refused = [row for row in await trail_of(control) if row["outcome"] == "refused"]
    assert [(row["reason"], row["subject_name"]) for row in refused] == [("last_admin", "ada")]


async def test_a_removed_person_takes_what_is_private_and_leaves_what_is_shared(
    control: Control, admin: dict[str, str]
) -> None:
    token = await control.token_of("bob", Role.POWER_USER, "power_user")
    bob = (await ids_of(control, admin))["bob"]
    url, vault = "https://api.anthropic.com/v1", control.services.vault
    shared = api_model(name="shared", owner_id=bob, prefix="s/", has_key=True)
    private = api_model(name="mine", owner_id=bob, format="anthropic_oauth", base_url=url, prefix="p/", has_key=True)
    other = api_model(name="other", format="anthropic_oauth", base_url=url, prefix="o/", has_key=True)
    async with control.store.write() as connection:
        for each in (shared, private, other):
            sealed = vault.seal(Secret("sk-canary"), provider_key_place(each.id, each.base_url))
            await insert_api_model(connection, each, sealed)
        await remember_object(connection, "resp_1", shared.id, bob, 1.0)
        await remember_object(connection, "resp_2", shared.id, "eve", 1.0)
    assert (await control.call("DELETE", f"/users/{bob}", admin)).status_code == 204
    async with control.store.read() as connection:
        kept = await get_api_model(connection, shared.id)
        assert kept is not None
        assert kept.owner_id is None
        assert await sealed_key(connection, shared.id)
        assert await get_api_model(connection, private.id) is None
        assert await get_api_model(connection, other.id) == other
        assert await find_object(connection, "resp_1", bob) is None
        assert await find_object(connection, "resp_2", "eve") == shared.id
    assert (await control.call("GET", "/session", token)).status_code == 401
    assert (await control.call("GET", f"/users/{bob}", admin)).status_code == 404
    gone, deleted = await trail_of(control, "api_model.delete", "user.delete")
    assert (gone["action"], gone["subject_id"], gone["before"]["owner"]) == ("api_model.delete", private.id, "bob")
    assert deleted["after"] == {"sessions_ended": 0, "api_models_removed": 1, "api_models_left_to_all": 1}
    assert shared.id in control.services.directory.snapshot.table.api_models


async def test_changes_of_people_ask_for_a_recent_proof(control: Control, admin: dict[str, str]) -> None:
    bob = await control.add_user("bob", Role.USER)
    control.time.advance(601)
    for method, path, body in (
        ("PATCH", "", {"role": "manager"}), ("DELETE", "", None), ("POST", "/password-reset", None),
    ):  # fmt: skip
        response = await control.call(method, f"/users/{bob.id}{path}", admin, body)
        assert error_of(response)[:2] == (403, "confirmation_needed")
    assert (await control.call("GET", f"/users/{bob.id}", admin)).json()["role"] == "user"


async def test_who_manages_nobody_sees_and_changes_nobody(control: Control, admin: dict[str, str]) -> None:
    del admin
    bob, eve = await control.add_user("bob", Role.POWER_USER), await control.add_user("eve", Role.POWER_USER)
    headers = await control.sign_in(eve)
    answers = []
    for user_id in (bob.id, eve.id, "nobody"):
        for method, path, body in (
            ("GET", "", None), ("PATCH", "", {"name": "x"}), ("DELETE", "", None), ("POST", "/password-reset", None),
        ):  # fmt: skip
            response = await control.call(method, f"/users/{user_id}{path}", headers, body)
            answers.append((response.status_code, response.json()))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 403


async def test_a_reset_link_carries_its_code_in_the_fragment_and_the_store_not_at_all(
    control: Control, admin: dict[str, str]
) -> None:
    bob = await control.add_user("bob", Role.USER)
    made = (await control.call("POST", f"/users/{bob.id}/password-reset", admin)).json()
    url, _, code = made["link"].partition("#")
    assert url == f"{control.url}/ui/password-reset/"
    assert code.startswith("bodhi_x_")
    (row,) = await trail_of(control, "password_reset.create")
    assert (row["subject_name"], code in str(row)) == ("bob", False)


async def test_who_signs_in_elsewhere_or_is_disabled_gets_no_reset_link(
    control: Control, admin: dict[str, str]
) -> None:
    bob = await control.add_user("bob", Role.USER)
    assert (await control.call("PATCH", f"/users/{bob.id}", admin, {"disabled": True})).status_code == 200
    response = await control.call("POST", f"/users/{bob.id}/password-reset", admin)
    assert error_of(response)[:2] == (409, "conflict")
    assert "Enable" in response.json()["error"]["message"]
    elsewhere = User(
        new_id(), "olga", Role.USER, None, disabled=False, created_at=1.0, issuer="https://id.example", subject="1"
    )
    async with control.store.write() as connection:
        await insert_user(connection, elsewhere)
    response = await control.call("POST", f"/users/{elsewhere.id}/password-reset", admin)
    assert error_of(response)[:2] == (409, "conflict")
    assert "identity provider" in response.json()["error"]["message"]
