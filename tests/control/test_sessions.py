"""One's own sessions over HTTP: what is listed, and that nobody sees or ends anybody else's."""

import pytest
from sqlalchemy import func, select

from bodhi.core.principal import Role
from bodhi.core.session import ABSOLUTE_SECONDS, IDLE_SECONDS
from bodhi.storage.tables import audit_log
from tests.fakes.control import Control, error_of


@pytest.fixture(autouse=True)
async def _people(control: Control) -> None:
    """Let there be an Admin and two users."""
    await control.add_user("root", Role.ADMIN)
    await control.add_user("ada", Role.USER)
    await control.add_user("eve", Role.USER)


async def listed(control: Control, headers: dict[str, str]) -> list[dict[str, object]]:
    response = await control.call("GET", "/sessions", headers)
    assert response.status_code == 200
    data: list[dict[str, object]] = response.json()["data"]
    return data


async def acts(control: Control) -> int:
    async with control.store.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(audit_log))).scalar_one())


async def test_ones_own_sessions_are_listed_newest_first_with_where_they_are(control: Control) -> None:
    first = await control.sign_in_browser("ada")
    control.time.advance(1)
    second = await control.sign_in_browser("ada")
    await control.sign_in_browser("eve")
    newer, older = await listed(control, second)
    assert (newer["current"], older["current"]) == (True, False)
    assert (newer["method"], newer["carried_by"], newer["address"]) == ("password", "cookie", "127.0.0.1")
    assert "httpx" in str(newer["user_agent"])
    assert set(newer) == {
        "id", "current", "method", "carried_by", "created_at", "seen_at", "expires_at", "address", "user_agent",
    }  # fmt: skip
    assert [each["current"] for each in await listed(control, first)] == [False, True]


async def test_what_has_ended_is_not_listed(control: Control) -> None:
    await control.sign_in_browser("ada")
    control.time.advance(IDLE_SECONDS)
    current = await control.sign_in_browser("ada")
    assert len(await listed(control, current)) == 1
    control.time.advance(ABSOLUTE_SECONDS)
    assert (await control.call("GET", "/sessions", current)).status_code == 401


async def test_one_other_session_of_ones_own_can_be_ended(control: Control) -> None:
    lost, current = await control.sign_in_browser("ada"), await control.sign_in_browser("ada")
    (other,) = [each["id"] for each in await listed(control, current) if not each["current"]]
    assert (await control.call("DELETE", f"/sessions/{other}", current)).status_code == 204
    assert (await control.call("GET", "/session", lost)).status_code == 401
    assert error_of(await control.call("DELETE", f"/sessions/{other}", current)) == (404, "object_not_found", None)


async def test_the_session_of_somebody_else_looks_like_none(control: Control) -> None:
    eves, adas = await control.sign_in_browser("eve"), await control.sign_in_browser("ada")
    (hers,) = [each["id"] for each in await listed(control, eves)]
    before = await acts(control)
    missing = await control.call("DELETE", "/sessions/01JUNK", adas)
    for there in (hers, "%00", "x" * 1000):
        response = await control.call("DELETE", f"/sessions/{there}", adas)
        assert response.status_code in (400, 404)
        if there == hers:
            assert response.json() == missing.json()
    assert (await control.call("GET", "/session", eves)).status_code == 200
    assert await acts(control) == before


async def test_all_others_end_at_once(control: Control) -> None:
    others = [await control.sign_in_browser("ada") for _ in range(3)]
    eves, current = await control.sign_in_browser("eve"), await control.sign_in_browser("ada")
    assert (await control.call("DELETE", "/sessions", current)).status_code == 204
    assert [(await control.call("GET", "/session", each)).status_code for each in others] == [401, 401, 401]
    assert (await control.call("GET", "/session", current)).status_code == 200
    assert (await control.call("GET", "/session", eves)).status_code == 200
    before = await acts(control)
    assert (await control.call("DELETE", "/sessions", current)).status_code == 204
    assert await acts(control) == before


async def test_an_ended_session_ends_its_chat_tokens_at_once(control: Control) -> None:
    lost, current = await control.sign_in_browser("ada"), await control.sign_in_browser("ada")
    token = (await control.call("POST", "/session/chat-token", lost)).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert error_of(await control.call("GET", "/session", headers))[0] == 403
    assert (await control.call("DELETE", "/sessions", current)).status_code == 204
    assert error_of(await control.call("GET", "/session", headers))[:2] == (401, "token_invalid")


async def test_an_api_token_sees_and_ends_no_session(control: Control) -> None:
    headers = await control.token_of("ann", Role.ADMIN, "power_user")
    for method, path in (("GET", "/sessions"), ("DELETE", "/sessions"), ("DELETE", "/sessions/x")):
        assert error_of(await control.call(method, path, headers))[:2] == (403, "session_needed")
