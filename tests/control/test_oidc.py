"""Signing in with OpenID Connect over HTTP, at a provider that lies as it is told: what must come of it, and what not."""

import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select, update

from bodhi.core.principal import Role
from bodhi.identity.throttle import LIMITS, OIDC_START, Limit
from bodhi.storage.identities import find_identity
from bodhi.storage.tables import audit_log, oidc_flows, sessions, users
from bodhi.storage.users import User, get_user, list_users
from tests.fakes.canaries import Canary, LogHeap
from tests.fakes.control import Control, error_of, running_control
from tests.fakes.oidc.hostile import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    CODE,
    NOW,
    HostileProvider,
    Visit,
    form_of,
    hostile_provider,
    json_reply,
    oidc_config,
    session_cookie,
    signing_key,
)
from tests.fakes.oidc.mischief import AT_THE_START, ON_THE_WAY_BACK, Scene

ADMINS = {"admins": Role.ADMIN, "devs": Role.POWER_USER}


@pytest.fixture
def provider() -> Iterator[HostileProvider]:
    with hostile_provider() as running:
        yield running


@pytest.fixture
async def control(tmp_path: Path, provider: HostileProvider) -> AsyncIterator[Control]:
    """Give a control API that is set up, and signs in with the provider."""
    async with running_control(tmp_path, oidc=oidc_config(provider.issuer)) as running:
        await running.add_user("root", Role.ADMIN)
        yield running


@pytest.fixture(scope="module")
async def long_lived(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Control, HostileProvider]]:
    """Give one provider and one control API for all cases that must change nothing."""
    with hostile_provider() as provider:
        async with running_control(tmp_path_factory.mktemp("oidc"), oidc=oidc_config(provider.issuer)) as running:
            await running.add_user("root", Role.ADMIN)
            running.services.throttle._limits = {OIDC_START: Limit(burst=1_000_000, seconds=1)}
            yield running, provider


@pytest.fixture(scope="module")
async def earlier_nonce(long_lived: tuple[Control, HostileProvider]) -> str:
    """Give the nonce of a sign-in that was begun before the others."""
    return (await begin(*long_lived)).out["nonce"]


@pytest.fixture
async def scene(long_lived: tuple[Control, HostileProvider]) -> tuple[Control, HostileProvider]:
    """Give the same with what the case before left taken away, except in the audit trail and among users."""
    control, before = long_lived
    provider = HostileProvider(before.puppet)
    provider.puppet.replier = provider.reply
    provider.puppet.requests.clear()
    control.time.time = NOW
    assert control.services.oidc
    known = control.services.oidc.exchange.provider
    known._known = known._failed = known._refetched = None
    return control, provider


@pytest.fixture
async def mapped(tmp_path: Path, provider: HostileProvider) -> AsyncIterator[Control]:
    """Give the same with roles by claims."""
    config = oidc_config(provider.issuer, roles=ADMINS, default_role=Role.GUEST)
    async with running_control(tmp_path, oidc=config) as running:
        await running.add_user("root", Role.ADMIN)
        yield running


async def begin(control: Control, provider: HostileProvider, **body: Any) -> Visit:
    visit = await Visit.begin(control.client, f"{control.url}/bodhi/v1", provider.issuer, **body)
    provider.nonce = visit.out["nonce"]
    return visit


async def sign_in(control: Control, provider: HostileProvider, **body: Any) -> dict[str, str]:
    """Sign in, and return the headers of the browser that did."""
    response = await (await begin(control, provider, **body)).come_back()
    assert response.status_code == 303, response.text
    return {"cookie": f"bodhi_session={session_cookie(response)}", "sec-fetch-site": "same-origin"}


async def known(control: Control, subject: str = "subject-1") -> User:
    issuer = control.services.oidc.exchange.config.issuer if control.services.oidc else ""
    async with control.store.read() as connection:
        user = await find_identity(connection, issuer, subject)
    assert user is not None
    return user


async def count(control: Control, table: Any) -> int:
    async with control.store.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def acts(control: Control) -> list[tuple[str, str, str | None]]:
    await control.services.refusals.flush()
    async with control.store.read() as connection:
        rows = await connection.execute(select(audit_log).order_by(audit_log.c.seq))
        return [(row.action, row.outcome, row.reason) for row in rows]


async def test_the_state_names_the_provider_for_the_button(control: Control) -> None:
    assert (await control.call("GET", "/oidc", {})).json() == {"configured": True, "name": "Test"}


async def test_without_a_provider_nothing_can_be_begun(tmp_path: Path) -> None:
    async with running_control(tmp_path) as control:
        await control.add_user("root", Role.ADMIN)
        assert (await control.call("GET", "/oidc", {})).json() == {"configured": False, "name": None}
        assert error_of(await control.call("POST", "/oidc/start", {}, {}))[:2] == (404, "object_not_found")
        page = await control.call("GET", "/oidc/callback?state=a&code=b", {})
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_what_goes_out_is_bound_to_the_browser_and_to_one_answer(
    control: Control, provider: HostileProvider
) -> None:
    response = await control.call("POST", "/oidc/start", {}, {"purpose": "sign_in"})
    assert response.json()["url"].startswith(f"{provider.issuer}/authorize?")
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("bodhi_oidc=")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=Lax", "Max-Age=600", "Path=/"))
    control.client.cookies.clear()
    visit = await begin(control, provider)
    assert visit.out["code_challenge_method"] == "S256"
    assert visit.out["scope"] == "openid profile email"
    assert not {"prompt", "max_age"} & set(visit.out)
    assert len({visit.out[name] for name in ("state", "nonce", "code_challenge")} | {visit.cookie}) == 4


async def test_somebody_new_gets_an_account_and_a_session(control: Control, provider: HostileProvider) -> None:
    visit = await begin(control, provider)
    response = await visit.come_back()
    assert (response.status_code, response.headers["location"]) == (303, "/ui/")
    strict = next(line for line in response.headers.get_list("set-cookie") if line.startswith("bodhi_session="))
    assert "SameSite=Strict" in strict
    assert "bodhi_oidc=; Path=/; Max-Age=0" in response.headers.get_list("set-cookie")[1]
    headers = {"cookie": f"bodhi_session={session_cookie(response)}", "sec-fetch-site": "same-origin"}
    me = (await control.call("GET", "/session", headers)).json()
    assert (me["username"], me["role"]) == ("ada", "user")
    assert [row[:2] for row in await acts(control)] == [("user.create", "done"), ("session.open", "done")]
    assert await count(control, oidc_flows) == 0
    form = form_of(provider.asked("/token")[0])
    assert (form["code"], form["grant_type"]) == (CODE, "authorization_code")
    assert provider.asked("/token")[0].all(b"authorization")[0].startswith(b"Basic ")
    assert CLIENT_SECRET not in str(form)


async def test_the_second_time_it_is_the_same_account_whatever_the_claims_call_it(
    control: Control, provider: HostileProvider
) -> None:
    await sign_in(control, provider)
    first = await known(control)
    provider.claims.update(preferred_username="root", email="root@example.org")
    await sign_in(control, provider)
    assert (await known(control)).name == first.name == "ada"
    assert await count(control, users) == 2


async def test_a_name_or_an_address_never_opens_somebody_elses_account(
    control: Control, provider: HostileProvider
) -> None:
    provider.claims.update(preferred_username="ROOT")
    await sign_in(control, provider)
    provider.claims.update(sub="subject-2", preferred_username="root")
    await sign_in(control, provider)
    async with control.store.read() as connection:
        found = {user.name: user.role for user in await list_users(connection)}
    assert found == {"root": Role.ADMIN, "ROOT-2": Role.USER, "root-3": Role.USER}


@pytest.mark.parametrize("name", ON_THE_WAY_BACK)
async def test_mischief_on_the_way_back_changes_nothing(
    scene: tuple[Control, HostileProvider], earlier_nonce: str, name: str
) -> None:
    case, (control, provider) = ON_THE_WAY_BACK[name], scene
    seen = len(await acts(control))
    case.before(provider)
    visit = await begin(control, provider)
    case.change(Scene(provider, visit, control.time, earlier_nonce))
    response = await visit.come_back()
    assert case.words in response.text
    assert (response.headers["x-bodhi-error"], session_cookie(response)) == (case.code, None)
    assert response.status_code == (401 if case.code == "identity_refused" else 503)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert (await count(control, users), await count(control, sessions)) == (1, 0)
    assert (await acts(control))[seen:] == [("session.open", "refused", case.code)]


@pytest.mark.parametrize("name", AT_THE_START)
async def test_mischief_at_the_start_sends_nobody_out(scene: tuple[Control, HostileProvider], name: str) -> None:
    (change, words), (control, provider) = AT_THE_START[name], scene
    change(provider)
    before = await count(control, oidc_flows)
    response = await control.call("POST", "/oidc/start", {}, {"purpose": "sign_in"})
    assert error_of(response)[:2] == (503, "identity_provider_unavailable")
    assert words in response.json()["error"]["message"]
    assert "set-cookie" not in response.headers
    assert await count(control, oidc_flows) == before


async def test_an_answer_works_once(control: Control, provider: HostileProvider) -> None:
    visit = await begin(control, provider)
    assert (await visit.come_back()).status_code == 303
    again = await visit.come_back()
    assert (again.status_code, again.headers["x-bodhi-error"]) == (401, "identity_refused")
    assert len(provider.asked("/token")) == 1


async def test_a_wrong_browser_uses_the_answer_up(control: Control, provider: HostileProvider) -> None:
    visit = await begin(control, provider)
    good, visit.cookie = visit.cookie, "x" * 43
    assert (await visit.come_back()).status_code == 401
    visit.cookie = good
    assert (await visit.come_back()).status_code == 401
    assert provider.asked("/token") == []


async def test_a_provider_that_hangs_is_given_up(control: Control, provider: HostileProvider) -> None:
    visit, ended = await begin(control, provider), threading.Event()
    assert control.services.oidc
    control.services.oidc.exchange.fetcher._seconds = 0.2
    answer = provider.reply
    provider.puppet.replier = lambda request: (ended.wait(20), answer(request))[1]
    try:
        response = await visit.come_back()
    finally:
        ended.set()
    assert (response.status_code, "in time" in response.text) == (503, True)


async def test_one_failure_is_not_tried_again_by_everybody_at_once(control: Control, provider: HostileProvider) -> None:
    provider.replies["/jwks"] = json_reply({}, 500)
    for _ in range(3):
        assert (await control.call("POST", "/oidc/start", {}, {})).status_code == 503
    assert len(provider.asked("/jwks")) == 1
    provider.replies.clear()
    control.time.advance(5)
    assert (await control.call("POST", "/oidc/start", {}, {})).status_code == 200


async def test_the_document_and_the_keys_are_remembered_for_ten_minutes(
    control: Control, provider: HostileProvider
) -> None:
    for _ in range(3):
        await sign_in(control, provider)
    assert (len(provider.asked("/jwks")), len(provider.asked("/.well-known/openid-configuration"))) == (1, 1)
    control.time.advance(600)
    provider.claims.update(iat=control.time.time, exp=control.time.time + 60)
    await sign_in(control, provider)
    assert len(provider.asked("/jwks")) == 2


async def test_an_unknown_key_makes_the_keys_be_fetched_anew_at_most_once_a_minute(
    control: Control, provider: HostileProvider
) -> None:
    await sign_in(control, provider)
    provider.kid = "nobody's"
    for _ in range(3):
        assert (await (await begin(control, provider)).come_back()).status_code == 401
    assert len(provider.asked("/jwks")) == 2
    provider.keys = [{**signing_key("RS256").as_dict(private=False), "kid": "nobody's"}]
    control.time.advance(60)
    provider.claims.update(iat=control.time.time, exp=control.time.time + 60)
    await sign_in(control, provider)
    assert len(provider.asked("/jwks")) == 3


async def test_the_claims_decide_the_role_each_time(mapped: Control, provider: HostileProvider) -> None:
    provider.claims["groups"] = ["devs", "unknown"]
    headers = await sign_in(mapped, provider)
    assert (await known(mapped)).role is Role.POWER_USER
    provider.claims["groups"] = "admins"
    await sign_in(mapped, provider)
    assert (await known(mapped)).role is Role.ADMIN
    # The session of before had the old role, so it has ended.
    assert (await mapped.call("GET", "/session", headers)).status_code == 401
    provider.claims["groups"] = []
    await sign_in(mapped, provider)
    assert (await known(mapped)).role is Role.GUEST
    assert [row[0] for row in await acts(mapped)] == [
        "user.create", "session.open", "user.change", "session.open", "user.change", "session.open",
    ]  # fmt: skip


async def test_the_claims_never_take_the_last_admin_away(mapped: Control, provider: HostileProvider) -> None:
    provider.claims["groups"] = ["admins"]
    await sign_in(mapped, provider)
    async with mapped.store.write() as connection:
        await connection.execute(update(users).where(users.c.name == "root").values(disabled=True))
    provider.claims["groups"] = []
    await sign_in(mapped, provider)
    assert (await known(mapped)).role is Role.ADMIN


async def test_a_lowered_role_lowers_the_tokens_at_once(mapped: Control, provider: HostileProvider) -> None:
    provider.claims["groups"] = ["devs"]
    headers = await sign_in(mapped, provider)
    minted = await mapped.call("POST", "/tokens", headers, {"name": "laptop"})
    token = {"authorization": f"Bearer {minted.json()['token']}"}
    assert (await mapped.call("GET", "/api-models", token)).status_code == 200
    provider.claims["groups"] = []
    await sign_in(mapped, provider)
    assert (await mapped.call("GET", "/api-models", token)).status_code in (401, 403)


async def test_without_a_mapping_the_role_that_somebody_gave_stays(control: Control, provider: HostileProvider) -> None:
    await sign_in(control, provider)
    async with control.store.write() as connection:
        await connection.execute(update(users).where(users.c.name == "ada").values(role="manager"))
    provider.claims["groups"] = ["admins"]
    await sign_in(control, provider)
    assert (await known(control)).role is Role.MANAGER


async def test_disabled_people_are_refused(control: Control, provider: HostileProvider) -> None:
    await sign_in(control, provider)
    user = await known(control)
    async with control.store.write() as connection:
        await connection.execute(update(users).where(users.c.id == user.id).values(disabled=True))
    response = await (await begin(control, provider)).come_back()
    assert (response.status_code, session_cookie(response), "disabled" in response.text) == (401, None, True)


async def test_userinfo_completes_what_the_token_lacks(mapped: Control, provider: HostileProvider) -> None:
    provider.claims["preferred_username"] = None
    provider.userinfo = {"sub": "subject-1", "name": "Ada Lovelace", "groups": ["devs"], "iss": "https://evil.example"}
    await sign_in(mapped, provider)
    user = await known(mapped)
    assert (user.name, user.role) == ("Ada.Lovelace", Role.POWER_USER)
    assert provider.asked("/userinfo")[0].all(b"authorization") == [f"Bearer {ACCESS_TOKEN}".encode()]


async def test_the_first_admin_comes_by_the_setup_code(tmp_path: Path, provider: HostileProvider) -> None:
    async with running_control(tmp_path, oidc=oidc_config(provider.issuer)) as control:
        code = await control.services.setup.open()
        assert code is not None
        started = await control.call("POST", "/oidc/start", {}, {"purpose": "sign_in"})
        assert error_of(started)[:2] == (503, "setup_required")
        for body in ({"purpose": "setup"}, {"purpose": "setup", "code": "AAAA"}):
            assert (await control.call("POST", "/oidc/start", {}, body)).status_code == 400
        visits = [await begin(control, provider, purpose="setup", code=code.reveal()) for _ in range(2)]
        response = await visits[1].come_back()
        assert response.status_code == 303
        assert (await known(control)).role is Role.ADMIN
        provider.nonce = visits[0].out["nonce"]
        provider.claims["sub"] = "subject-2"
        late = await visits[0].come_back()
        assert (late.status_code, session_cookie(late)) == (409, None)
        assert await count(control, users) == 1
        assert not (tmp_path / "setup-code").exists()
        assert [row[0] for row in await acts(control)] == [
            "setup.claim", "session.open", "setup.claim", "setup.claim", "session.open",
        ]  # fmt: skip


async def test_confirming_asks_the_provider_anew_and_renews_the_session(
    control: Control, provider: HostileProvider
) -> None:
    headers = await sign_in(control, provider)
    control.time.advance(3600)
    now = control.time.time
    assert error_of(await control.call("POST", "/tokens", headers, {"name": "a"}))[:2] == (403, "confirmation_needed")
    provider.claims.update(iat=now, exp=now + 60, auth_time=now)
    visit = await confirming(control, provider, headers)
    assert (visit.out["prompt"], visit.out["max_age"]) == ("login", "0")
    response = await visit.come_back()
    assert response.status_code == 303
    renewed = {**headers, "cookie": f"bodhi_session={session_cookie(response)}"}
    assert (await control.call("POST", "/tokens", renewed, {"name": "a"})).status_code == 201
    assert await count(control, sessions) == 1
    assert [row[0] for row in await acts(control)][-2:] == ["session.confirm", "token.create"]


async def confirming(control: Control, provider: HostileProvider, headers: dict[str, str]) -> Visit:
    """Begin to confirm a session."""
    started = await control.call("POST", "/oidc/start", headers, {"purpose": "confirm"})
    assert started.status_code == 200, started.text
    control.client.cookies.clear()
    query = httpx2.URL(started.json()["url"]).params
    out = {name: query[name] for name in query}
    provider.nonce = out["nonce"]
    cookie = started.headers["set-cookie"].partition(";")[0].partition("=")[2]
    back = [("state", out["state"]), ("code", CODE), ("iss", provider.issuer)]
    return Visit(control.client, f"{control.url}/bodhi/v1", out, cookie, back)


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({}, "does not tell when"),
        ({"auth_time": True}, "does not tell when"),
        ({"auth_time": 1_800_000_000.0}, "sign in anew"),
        ({"auth_time": 1_800_003_600.0 + 61}, "sign in anew"),
        ({"auth_time": 1_800_003_600.0, "sub": "subject-2"}, "as somebody else"),
    ],
)
async def test_a_confirmation_that_proves_nothing_confirms_nothing(
    control: Control, provider: HostileProvider, claims: dict[str, Any], words: str
) -> None:
    headers = await sign_in(control, provider)
    control.time.advance(3600)
    now = control.time.time
    provider.claims.update(iat=now, exp=now + 60, **claims)
    response = await (await confirming(control, provider, headers)).come_back()
    assert (response.status_code, words in response.text, session_cookie(response)) == (401, True, None)
    assert error_of(await control.call("POST", "/tokens", headers, {"name": "a"}))[:2] == (403, "confirmation_needed")


async def test_nobody_confirms_a_session_that_is_over(control: Control, provider: HostileProvider) -> None:
    headers = await sign_in(control, provider)
    provider.claims["auth_time"] = control.time.time
    visit = await confirming(control, provider, headers)
    assert (await control.call("DELETE", "/session", headers)).status_code == 204
    response = await visit.come_back()
    assert (response.status_code, session_cookie(response)) == (401, None)
    for nothing in ({}, {"cookie": "bodhi_session=wrong", "sec-fetch-site": "same-origin"}):
        assert (await control.call("POST", "/oidc/start", nothing, {"purpose": "confirm"})).status_code == 401


async def test_a_session_is_not_confirmed_from_another_site(control: Control, provider: HostileProvider) -> None:
    headers = await sign_in(control, provider)
    for site in ("cross-site", "same-site"):
        response = await control.call(
            "POST", "/oidc/start", {**headers, "sec-fetch-site": site}, {"purpose": "confirm"}
        )
        assert error_of(response)[:2] == (403, "cross_site_refused")


async def test_starts_are_limited_by_address(control: Control) -> None:
    burst = LIMITS[OIDC_START].burst
    answers = [(await control.call("POST", "/oidc/start", {}, {})).status_code for _ in range(burst + 1)]
    assert answers == [200] * burst + [429]
    assert ("oidc.start", "refused", "too_many_attempts") in await acts(control)


async def test_a_secure_deployment_uses_secure_cookies(tmp_path: Path, provider: HostileProvider) -> None:
    async with running_control(tmp_path, oidc=oidc_config(provider.issuer)) as control:
        await control.add_user("root", Role.ADMIN)
        browser = type(control.services.browser)("https://bodhi.example.org", secure=True)
        cookie = browser.flow_cookie(control.services.oidc.exchange.config.client_secret, 600)  # type: ignore[union-attr, arg-type] # both are set above
        assert cookie.startswith("__Host-bodhi_oidc=")
        assert "; Secure" in cookie


async def test_neither_codes_nor_tokens_nor_the_secret_are_logged_or_stored(
    control: Control, provider: HostileProvider, tmp_path: Path
) -> None:
    heap = LogHeap()
    heap.start()
    try:
        visits = []
        for change in (None, {"exp": 1}, {"nonce": "wrong"}):
            visit = await begin(control, provider)
            provider.claims = change or {}
            page = (await visit.come_back()).text
            visits.append((visit, page))
        provider.replies["/token"] = json_reply({"error": ACCESS_TOKEN, "id_token": provider.id_token()}, 400)
        visits.append((visit := await begin(control, provider), (await visit.come_back()).text))
    finally:
        heap.stop()
    # The test's own browser logs its requests, and its server the callback's query, which ours does not.
    others = ("httpx2", "httpcore2", "uvicorn.access")
    logged = "\n".join(line for line in heap.lines if not line.startswith(others)).encode()
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    secrets = {"code": CODE, "token": ACCESS_TOKEN, "secret": CLIENT_SECRET, "id token": provider.id_token()}
    for visit, page in visits:
        own = {"state": visit.out["state"], "nonce": visit.out["nonce"], "cookie": visit.cookie or ""}
        for name, secret in {**secrets, **own}.items():
            canary = Canary(name, secret)
            assert canary.found_in(logged) == []
            assert canary.found_in(page.encode()) == []
            assert canary.found_in(stored) == []


async def test_a_user_keeps_other_fields_when_the_claims_change_the_role(
    mapped: Control, provider: HostileProvider
) -> None:
    provider.claims["groups"] = ["devs"]
    await sign_in(mapped, provider)
    before = await known(mapped)
    provider.claims["groups"] = ["admins"]
    mapped.time.advance(1)
    await sign_in(mapped, provider)
    async with mapped.store.read() as connection:
        after = await get_user(connection, before.id)
    assert after == replace(before, role=Role.ADMIN, signed_in_at=mapped.time.time)
