"""The first Admin over HTTP."""

import asyncio

from tests.fakes.control import PASSWORD, Control, error_of


async def code_of(control: Control) -> str:
    code = await control.services.setup.open()
    assert code is not None
    return code.reveal()


async def test_before_setup_nothing_but_setup_and_health_answers(control: Control) -> None:
    for method, path in [("GET", "/api-models"), ("POST", "/tokens"), ("GET", "/formats"), ("GET", "/usage")]:
        assert error_of(await control.call(method, path, {}, {} if method == "POST" else None)) == (
            503, "setup_required", None,
        )  # fmt: skip
    assert (await control.call("GET", "/setup", {})).json() == {"needed": True}


async def test_the_holder_of_the_code_becomes_admin_and_is_signed_in(control: Control) -> None:
    claim = {"code": await code_of(control), "username": "ada", "password": PASSWORD}
    response = await control.call("POST", "/setup", {}, claim)
    assert response.status_code == 201
    headers = {"authorization": f"Bearer {response.json()['session']}"}
    assert (await control.call("GET", "/session", headers)).json()["role"] == "admin"
    assert (await control.call("GET", "/setup", {})).json() == {"needed": False}
    assert error_of(await control.call("POST", "/setup", {}, claim)) == (400, "setup_code_wrong", "code")


async def test_a_wrong_code_and_a_bad_password_name_their_field(control: Control) -> None:
    code = await code_of(control)
    wrong = {"code": "AAAAA", "username": "ada", "password": PASSWORD}
    assert error_of(await control.call("POST", "/setup", {}, wrong)) == (400, "setup_code_wrong", "code")
    weak = {"code": code, "username": "ada", "password": "password"}
    assert error_of(await control.call("POST", "/setup", {}, weak)) == (400, "invalid_field", "password")
    nameless = {"code": code, "username": " ", "password": PASSWORD}
    assert error_of(await control.call("POST", "/setup", {}, nameless)) == (400, "invalid_field", "username")


async def test_of_many_claims_at_once_one_wins(control: Control) -> None:
    code = await code_of(control)
    claims = [
        control.call("POST", "/setup", {}, {"code": code, "username": f"user{n}", "password": PASSWORD})
        for n in range(30)
    ]
    assert [response.status_code for response in await asyncio.gather(*claims)].count(201) == 1
