"""Signing in and out over HTTP, confirming, changing one's password, and chat tokens."""

import httpx2
import pytest
from sqlalchemy import select, update

from bodhi.core.clock import iso_time
from bodhi.core.principal import Role
from bodhi.core.session import ABSOLUTE_SECONDS, CHAT_TOKEN_SECONDS, CONFIRMED_SECONDS
from bodhi.identity.throttle import LIMITS, PASSWORD_OF_ACCOUNT
from bodhi.storage.tables import audit_log, users
from tests.fakes.control import PASSWORD, Control, error_of

BETTER = "correct zebra stapler battery"


@pytest.fixture(autouse=True)
async def _root(control: Control) -> None:
    """Let there be an Admin, without whom nothing answers."""
    await control.add_user("root", Role.ADMIN)


async def sign_in(control: Control, name: str, password: str, **fields: object) -> httpx2.Response:
    return await control.call("POST", "/session", {}, {"username": name, "password": password, **fields})


async def trail(control: Control) -> list[tuple[object, ...]]:
    """Return the acts so far, those that wait to be written included."""
    await control.services.refusals.flush()
    query = select(audit_log).order_by(audit_log.c.seq)
    async with control.store.read() as connection:
        rows = await connection.execute(query)
        fields = ("action", "outcome", "reason", "subject_name", "count")
        return [tuple(row._mapping[name] for name in fields) for row in rows]


async def test_a_program_gets_a_bearer_session_from_sign_in_to_sign_out(control: Control) -> None:
    await control.add_user("ada", Role.USER)
    response = await sign_in(control, "ada", PASSWORD, bearer=True)
    assert response.status_code == 201
    assert "set-cookie" not in response.headers
    headers = {"authorization": f"Bearer {response.json()['session']}"}
    assert (await control.call("GET", "/session", headers)).json()["username"] == "ada"
    assert (await control.call("DELETE", "/session", headers)).status_code == 204
    assert error_of(await control.call("GET", "/session", headers)) == (401, "session_ended", None)


async def test_a_browser_gets_a_cookie_and_no_secret_to_read(control: Control) -> None:
    await control.add_user("ada", Role.USER)
    response = await sign_in(control, "ada", PASSWORD)
    assert response.json()["session"] is None
    cookie, *rules = response.headers["set-cookie"].split("; ")
    assert rules == ["Path=/", f"Max-Age={int(ABSOLUTE_SECONDS)}", "HttpOnly", "SameSite=Strict"]
    secret = cookie.partition("=")[2]
    assert secret not in response.text
    headers = {"cookie": cookie, "origin": control.url}
    assert (await control.call("GET", "/session", headers)).status_code == 200
    left = await control.call("DELETE", "/session", headers)
    assert left.headers["set-cookie"].startswith("bodhi_session=; Path=/; Max-Age=0")
    assert error_of(await control.call("GET", "/session", headers)) == (401, "session_ended", None)


async def test_a_cookies_secret_is_no_bearer_and_a_bearers_no_cookie(control: Control) -> None:
    await control.add_user("ada", Role.USER)
    cookie = (await control.sign_in_browser("ada"))["cookie"]
    bearer = (await sign_in(control, "ada", PASSWORD, bearer=True)).json()["session"]
    for headers in (
        {"authorization": f"Bearer {cookie.partition('=')[2]}"},
        {"x-api-key": cookie.partition("=")[2]},
        {"cookie": f"bodhi_session={bearer}", "origin": control.url},
    ):
        assert error_of(await control.call("GET", "/session", headers)) == (401, "session_ended", None)


async def test_a_planted_session_is_never_adopted(control: Control) -> None:
    ada, eve = await control.add_user("ada", Role.USER), await control.add_user("eve", Role.USER)
    planted = (await control.sign_in_browser("eve"))["cookie"]
    for cookie in (planted, "bodhi_session=chosen-by-eve", f"{planted}; {planted}"):
        page = {"origin": control.url, "cookie": cookie}
        body = {"username": "ada", "password": PASSWORD}
        response = await control.call("POST", "/session", page, body)
        own = response.headers["set-cookie"].partition(";")[0]
        assert own != planted
        mine = await control.call("GET", "/session", {"cookie": own})
        assert (mine.json()["user_id"], mine.json()["username"]) == (ada.id, "ada")
    eves = await control.call("GET", "/session", {"cookie": planted})
    assert eves.json()["user_id"] == eve.id


async def test_a_wrong_password_is_refused_without_repeating_it(control: Control) -> None:
    await control.add_user("ada", Role.ADMIN)
    response = await sign_in(control, "ada", "hunter-in-the-dark")
    assert error_of(response) == (401, "sign_in_failed", None)
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert "hunter" not in response.text
    assert "set-cookie" not in response.headers


async def test_a_malformed_sign_in_names_the_field_without_repeating_it(control: Control) -> None:
    for password in (12345678, ["secret-in-a-list"], {"secret": "in-an-object"}, None):
        response = await control.call("POST", "/session", {}, {"username": "ada", "password": password})
        assert error_of(response) == (400, "invalid_field", "password")
        assert "secret" not in response.text
        assert "12345678" not in response.text


async def test_refused_sign_ins_are_told_with_the_account_that_was_meant_and_nothing_that_was_typed(
    control: Control,
) -> None:
    await control.add_user("ada", Role.ADMIN)
    for name in ("ADA", "ada ", "my-password-in-the-wrong-field", "another-slip"):
        assert (await sign_in(control, name, "wrong")).status_code == 401
    assert await trail(control) == [
        ("session.open", "refused", "sign_in_failed", "ada", 2),
        ("session.open", "refused", "sign_in_failed", None, 2),
    ]


async def test_too_many_guesses_are_told_to_wait_and_leave_one_row(control: Control) -> None:
    await control.add_user("ada", Role.ADMIN)
    burst = LIMITS[PASSWORD_OF_ACCOUNT].burst
    for _ in range(burst):
        await sign_in(control, "ada", "wrong")
    for _ in range(3):
        response = await sign_in(control, "ada", PASSWORD)
        assert error_of(response) == (429, "too_many_attempts", None)
        assert response.headers["retry-after"] == "60"
    assert await trail(control) == [
        ("session.open", "refused", "sign_in_failed", "ada", burst),
        ("session.open", "refused", "too_many_attempts", "ada", 3),
    ]
    control.time.advance(60)
    assert (await sign_in(control, "ada", PASSWORD)).status_code == 201


async def test_a_session_is_told_who_it_is_how_it_began_and_how_long_it_lasts(control: Control) -> None:
    ada = await control.add_user("ada", Role.USER)
    headers = await control.sign_in_browser("ada")
    body = (await control.call("GET", "/session", headers)).json()
    began = control.time.time
    assert body.pop("session_id")
    assert body == {
        "user_id": ada.id,
        "username": "ada",
        "role": "user",
        "token_id": None,
        "token_name": None,
        "scope": None,
        "method": "password",
        "expires_at": iso_time(began + ABSOLUTE_SECONDS),
        "confirmed_until": iso_time(began + CONFIRMED_SECONDS),
        "has_password": True,
        "reads_captures": False,
    }


async def test_a_token_is_told_whose_it_is(control: Control) -> None:
    headers = await control.token_of("ada", Role.ADMIN, "user")
    body = (await control.call("GET", "/session", headers)).json()
    assert (body["username"], body["role"], body["token_name"], body["scope"]) == ("ada", "user", "laptop", "user")
    assert (body["session_id"], body["expires_at"], body["confirmed_until"]) == (None, None, None)


async def test_confirming_in_a_browser_replaces_the_cookie_and_opens_what_needs_it(control: Control) -> None:
    await control.add_user("ada", Role.USER)
    headers = await control.sign_in_browser("ada")
    control.time.advance(CONFIRMED_SECONDS + 1)
    wanted = {"name": "laptop"}
    assert error_of(await control.call("POST", "/tokens", headers, wanted))[:2] == (403, "confirmation_needed")
    response = await control.call("POST", "/session/confirm", headers, {"password": PASSWORD})
    assert (response.status_code, response.json()["session"]) == (200, None)
    renewed = {**headers, "cookie": response.headers["set-cookie"].partition(";")[0]}
    assert (await control.call("POST", "/tokens", renewed, wanted)).status_code == 201
    assert (await control.call("GET", "/session", headers)).status_code == 401


async def test_confirming_by_a_program_answers_the_new_secret(control: Control) -> None:
    headers = await control.session_of("ada", Role.USER)
    response = await control.call("POST", "/session/confirm", headers, {"password": PASSWORD})
    assert "set-cookie" not in response.headers
    renewed = {"authorization": f"Bearer {response.json()['session']}"}
    assert (await control.call("GET", "/session", renewed)).status_code == 200


async def test_a_wrong_confirmation_is_told_in_the_trail(control: Control) -> None:
    headers = await control.session_of("ada", Role.USER)
    response = await control.call("POST", "/session/confirm", headers, {"password": "wrong"})
    assert error_of(response) == (401, "sign_in_failed", None)
    assert (await trail(control))[-1] == ("session.confirm", "refused", "sign_in_failed", "ada", 1)
    assert (await control.call("GET", "/session", headers)).status_code == 200


async def test_who_signs_in_at_a_provider_is_sent_there_to_confirm(control: Control) -> None:
    headers = await control.session_of("ada", Role.USER)
    async with control.store.write() as connection:
        await connection.execute(update(users).values(password_hash=None))
    for path, body in (
        ("/session/confirm", {"password": PASSWORD}),
        ("/session/password", {"current_password": PASSWORD, "new_password": BETTER}),
    ):
        response = await control.call("POST", path, headers, body)
        assert error_of(response)[:2] == (403, "confirmation_needed")
        assert "identity provider" in response.text
    assert (await control.call("GET", "/session", headers)).json()["has_password"] is False


async def test_a_changed_password_ends_ones_other_sessions_and_renews_this_one(control: Control) -> None:
    await control.add_user("ada", Role.USER)
    headers, elsewhere = await control.sign_in_browser("ada"), await control.sign_in_browser("ada")
    body = {"current_password": PASSWORD, "new_password": BETTER}
    response = await control.call("POST", "/session/password", headers, body)
    renewed = {**headers, "cookie": response.headers["set-cookie"].partition(";")[0]}
    assert (await control.call("GET", "/session", renewed)).status_code == 200
    for ended in (headers, elsewhere):
        assert (await control.call("GET", "/session", ended)).status_code == 401
    assert (await sign_in(control, "ada", PASSWORD)).status_code == 401
    assert (await sign_in(control, "ada", BETTER)).status_code == 201


@pytest.mark.parametrize("bad", ["short", "password", "ada", "aaaaaaaaaaaa", ""])
async def test_a_new_password_that_is_not_good_enough_names_its_field(control: Control, bad: str) -> None:
    headers = await control.session_of("ada", Role.USER)
    body = {"current_password": PASSWORD, "new_password": bad}
    response = await control.call("POST", "/session/password", headers, body)
    assert error_of(response) == (400, "invalid_field", "new_password")


async def test_a_chat_token_calls_models_and_nothing_of_the_control_api(control: Control) -> None:
    await control.add_user("ada", Role.ADMIN)
    headers = await control.sign_in_browser("ada")
    response = await control.call("POST", "/session/chat-token", headers)
    assert response.status_code == 201
    assert response.json()["expires_at"] == iso_time(control.time.time + CHAT_TOKEN_SECONDS)
    credential = {"authorization": f"Bearer {response.json()['token']}"}
    token = control.services.authenticator.principal([(b"authorization", credential["authorization"].encode())])
    assert (token.scope, token.role, token.token_name) == ("chat", Role.USER, "chat")
    for method, path in (("GET", "/session"), ("GET", "/formats"), ("GET", "/tokens"), ("POST", "/session/chat-token")):
        answer = await control.call(method, path, credential)
        assert error_of(answer)[1] in ("scope_too_narrow", "session_needed"), path


async def test_a_guest_gets_no_chat_token(control: Control) -> None:
    headers = await control.session_of("ada", Role.GUEST)
    assert error_of(await control.call("POST", "/session/chat-token", headers))[:2] == (403, "role_too_low")
