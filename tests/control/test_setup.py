"""The first Admin over HTTP."""

import asyncio

from sqlalchemy import select

from bodhi.identity.throttle import LIMITS, SETUP_CODE
from bodhi.storage.tables import audit_log
from bodhi.storage.users import list_users
from tests.fakes.control import PASSWORD, Control, error_of


async def code_of(control: Control) -> str:
    code = await control.services.setup.open()
    assert code is not None
    return code.reveal()


async def trail(control: Control) -> list[tuple[object, ...]]:
    """Return the acts so far, those that wait to be written included."""
    await control.services.refusals.flush()
    fields = ("action", "outcome", "reason", "address", "count")
    async with control.store.read() as connection:
        rows = await connection.execute(select(audit_log).order_by(audit_log.c.seq))
        return [tuple(row._mapping[name] for name in fields) for row in rows]


async def test_the_holder_of_the_code_becomes_admin_and_is_signed_in(control: Control) -> None:
    assert (await control.call("GET", "/setup", {})).json() == {"needed": True}
    claim = {"code": await code_of(control), "username": "ada", "password": PASSWORD}
    response = await control.call("POST", "/setup", {}, claim)
    assert (response.status_code, response.json()["session"]) == (201, None)
    headers = {"cookie": response.headers["set-cookie"].partition(";")[0], "origin": control.url}
    me = (await control.call("GET", "/session", headers)).json()
    assert (me["role"], me["method"]) == ("admin", "setup")
    assert (await control.call("GET", "/setup", {})).json() == {"needed": False}
    assert error_of(await control.call("POST", "/setup", {}, claim)) == (400, "setup_code_wrong", "code")
    assert (await control.call("POST", "/tokens", headers, {"name": "laptop"})).status_code == 201


async def test_a_program_may_set_up_too(control: Control) -> None:
    claim = {"code": await code_of(control), "username": "ada", "password": PASSWORD, "bearer": True}
    response = await control.call("POST", "/setup", {}, claim)
    assert "set-cookie" not in response.headers
    headers = {"authorization": f"Bearer {response.json()['session']}"}
    assert (await control.call("GET", "/session", headers)).json()["role"] == "admin"


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
    statuses = [response.status_code for response in await asyncio.gather(*claims)]
    assert statuses.count(201) == 1
    assert set(statuses) <= {201, 400, 409, 429}
    async with control.store.read() as connection:
        assert len(await list_users(connection)) == 1


async def test_guessed_codes_are_counted_told_and_change_nothing(control: Control) -> None:
    code = await code_of(control)
    guess = {"code": "AAAAA-AAAAA", "username": "eve", "password": PASSWORD}
    limit = LIMITS[SETUP_CODE]
    for _ in range(limit.burst):
        assert error_of(await control.call("POST", "/setup", {}, guess)) == (400, "setup_code_wrong", "code")
    right = {"code": code, "username": "ada", "password": PASSWORD}
    for body in (guess, right):
        response = await control.call("POST", "/setup", {}, body)
        assert error_of(response) == (429, "too_many_attempts", None)
        assert response.headers["retry-after"] == "30"
    assert await trail(control) == [
        ("setup.claim", "refused", "setup_code_wrong", "127.0.0.1", limit.burst),
        ("setup.claim", "refused", "too_many_attempts", "127.0.0.1", 2),
    ]
    async with control.store.read() as connection:
        assert await list_users(connection) == []
    control.time.advance(limit.seconds)
    assert (await control.call("POST", "/setup", {}, right)).status_code == 201
    assert [row[0] for row in await trail(control)][-2:] == ["setup.claim", "session.open"]
