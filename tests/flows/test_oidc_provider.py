"""Signing in at a real, certified identity provider, through its own pages, from the first Admin to new keys."""

import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from sqlalchemy import update

from bodhi.core.credential import Secret
from bodhi.core.principal import Role
from bodhi.storage.tables import sessions
from tests.fakes.control import Control, error_of, running_control
from tests.fakes.gateway import Gateway
from tests.fakes.oidc.certified import ACCOUNTS, CALLBACK, SECRET, Certified, Person, certified_provider
from tests.fakes.oidc.hostile import oidc_config, session_cookie

ROLES = {"admins": Role.ADMIN, "devs": Role.POWER_USER, "managers": Role.MANAGER}


@pytest.fixture(scope="module")
def userinfo_only() -> Iterator[Certified]:
    with certified_provider(claims_by_userinfo_only=True) as provider:
        yield provider


@pytest.fixture(scope="module")
def full_tokens() -> Iterator[Certified]:
    with certified_provider(claims_by_userinfo_only=False) as provider:
        yield provider


@pytest.fixture
async def person() -> AsyncIterator[Callable[[str], Person]]:
    people: list[Person] = []

    def new(name: str) -> Person:
        people.append(Person(name))
        return people[-1]

    yield new
    for each in people:
        await each.close()


@asynccontextmanager
async def serving(home: Path, provider: Certified, client_id: str = "basic", **fields: Any) -> AsyncIterator[Control]:
    """Run a control API that is set up, by the real time, which the provider lives in."""
    values = {"client_id": client_id, "client_secret": Secret(SECRET), "redirect_uri": CALLBACK, "roles": ROLES}
    async with running_control(home, oidc=oidc_config(provider.issuer, **{**values, **fields})) as control:
        control.time.time = time.time()
        yield control


async def start(control: Control, headers: dict[str, str] | None = None, **body: Any) -> tuple[str, dict[str, str]]:
    """Begin a way to the provider; return where it goes, and the headers of the browser that comes back."""
    response = await control.call("POST", "/oidc/start", headers or {}, body)
    assert response.status_code == 200, response.text
    cookie = response.headers["set-cookie"].partition(";")[0]
    control.client.cookies.clear()
    return response.json()["url"], {"cookie": cookie, "sec-fetch-site": "cross-site"}


async def come_back(control: Control, address: str, headers: dict[str, str]) -> httpx2.Response:
    response = await control.call("GET", f"/oidc/callback?{urlsplit(address).query}", headers)
    control.client.cookies.clear()
    return response


async def sign_in(control: Control, person: Person, **body: Any) -> dict[str, str]:
    """Sign in through the provider's pages; return the headers of the signed-in browser."""
    url, headers = await start(control, **body)
    response = await come_back(control, await person.go(url), headers)
    assert (response.status_code, response.headers.get("location")) == (303, "/ui/"), response.text
    return {"cookie": f"bodhi_session={session_cookie(response)}", "sec-fetch-site": "same-origin"}


async def me(control: Control, headers: dict[str, str]) -> tuple[str, str]:
    response = await control.call("GET", "/session", headers)
    assert response.status_code == 200, response.text
    return response.json()["username"], response.json()["role"]


@pytest.mark.parametrize("client_id", ["basic", "post", "public", "PS256", "ES256", "EdDSA"])
async def test_each_kind_of_client_and_key_signs_somebody_in(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person], client_id: str
) -> None:
    secret = None if client_id == "public" else Secret(SECRET)
    async with serving(tmp_path, full_tokens, client_id, client_secret=secret) as control:
        await control.add_user("root", Role.ADMIN)
        assert await me(control, await sign_in(control, person("alice"))) == ("alice", "admin")


async def test_claims_that_only_userinfo_holds_give_name_and_role(
    tmp_path: Path, userinfo_only: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, userinfo_only) as control:
        await control.add_user("root", Role.ADMIN)
        assert await me(control, await sign_in(control, person("bob"))) == ("Bob.Bobson", "power_user")
        assert await me(control, await sign_in(control, person("carol"))) == ("carol@example.org", "user")


async def test_a_nested_claim_gives_the_role(
    tmp_path: Path, userinfo_only: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, userinfo_only, role_claim="realm_access.roles") as control:
        await control.add_user("root", Role.ADMIN)
        assert await me(control, await sign_in(control, person("bob"))) == ("Bob.Bobson", "manager")


async def test_the_provider_decides_the_role_anew_at_each_sign_in(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens) as control:
        await control.add_user("root", Role.ADMIN)
        bob = person("bob")
        first = await sign_in(control, bob)
        full_tokens.change_accounts({**ACCOUNTS, "bob": {"name": "Bob", "groups": ["admins"]}})
        try:
            second = await sign_in(control, bob)
        finally:
            full_tokens.change_accounts(ACCOUNTS)
        assert await me(control, second) == ("Bob.Bobson", "admin")
        assert (await control.call("GET", "/session", first)).status_code == 401
        # The browser was signed in at the provider, so that it had nothing to ask the second time.
        assert bob.prompts == ["login", "consent"]


async def test_somebody_signs_out_and_in_again(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens) as control:
        await control.add_user("root", Role.ADMIN)
        alice = person("alice")
        headers = await sign_in(control, alice)
        assert (await control.call("DELETE", "/session", headers)).status_code == 204
        assert (await control.call("GET", "/session", headers)).status_code == 401
        assert await me(control, await sign_in(control, alice)) == ("alice", "admin")


async def test_the_provider_gets_new_keys_meanwhile(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens) as control:
        await control.add_user("root", Role.ADMIN)
        await sign_in(control, person("alice"))
        full_tokens.rotate_keys()
        assert await me(control, await sign_in(control, person("bob"))) == ("Bob.Bobson", "power_user")


async def test_the_first_admin_comes_from_the_provider(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens) as control:
        code = await control.services.setup.open()
        assert code
        headers = await sign_in(control, person("carol"), purpose="setup", code=code.reveal())
        assert await me(control, headers) == ("carol@example.org", "admin")
        # The claims give no role, and Bodhi would be without an Admin.
        assert await me(control, await sign_in(control, person("carol"))) == ("carol@example.org", "admin")


async def test_confirming_makes_the_provider_ask_again(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens) as control:
        await control.add_user("root", Role.ADMIN)
        alice = person("alice")
        headers = await sign_in(control, alice)
        # The provider lives in real time, so the proof is made older instead of the clock later.
        async with control.store.write() as connection:
            await connection.execute(update(sessions).values(authenticated_at=sessions.c.authenticated_at - 700))
        assert error_of(await control.call("POST", "/tokens", headers, {"name": "a"}))[1] == "confirmation_needed"
        url, browser = await start(control, headers, purpose="confirm")
        response = await come_back(control, await alice.go(url), browser)
        assert response.status_code == 303, response.text
        assert alice.prompts == ["login", "consent", "login"]
        renewed = {**headers, "cookie": f"bodhi_session={session_cookie(response)}"}
        assert (await control.call("POST", "/tokens", renewed, {"name": "a"})).status_code == 201


async def test_nobody_confirms_with_somebody_elses_account(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens) as control:
        await control.add_user("root", Role.ADMIN)
        headers = await sign_in(control, person("alice"))
        url, browser = await start(control, headers, purpose="confirm")
        response = await come_back(control, await person("bob").go(url), browser)
        assert (response.status_code, "somebody else" in response.text) == (401, True)


async def test_a_code_works_once_at_the_provider_too(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens) as control:
        await control.add_user("root", Role.ADMIN)
        url, headers = await start(control)
        address = await person("alice").go(url)
        assert (await come_back(control, address, headers)).status_code == 303
        # The code again, in a sign-in of somebody else's browser.
        url, headers = await start(control)
        stolen = {**dict(parse_qsl(urlsplit(address).query)), "state": dict(parse_qsl(urlsplit(url).query))["state"]}
        response = await come_back(control, str(httpx2.URL(CALLBACK, params=stolen)), headers)
        assert (response.status_code, "invalid_grant" in response.text) == (401, True)


async def test_whoever_turns_back_at_the_provider_reads_why(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens) as control:
        await control.add_user("root", Role.ADMIN)
        url, headers = await start(control)
        response = await come_back(control, await person("alice").refuse(url), headers)
        assert (response.status_code, "access_denied" in response.text) == (401, True)


async def test_a_wrong_client_secret_is_the_operators_to_correct(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    async with serving(tmp_path, full_tokens, client_secret=Secret("wrong")) as control:
        await control.add_user("root", Role.ADMIN)
        url, headers = await start(control)
        response = await come_back(control, await person("alice").go(url), headers)
        assert (response.status_code, "BODHI_OIDC_CLIENT_SECRET" in response.text) == (503, True)


async def test_the_whole_gateway_signs_somebody_in(
    tmp_path: Path, full_tokens: Certified, person: Callable[[str], Person]
) -> None:
    settings: dict[str, Any] = {
        "oidc_issuer": full_tokens.issuer, "oidc_client_id": "basic", "oidc_client_secret": SECRET,
        "oidc_roles": (("devs", "power_user"),), "public_url": "http://localhost:1135", "private_networks": False,
    }  # fmt: skip
    with Gateway(tmp_path, **settings) as gateway:
        async with httpx2.AsyncClient(base_url=f"{gateway.url}/bodhi/v1") as client:
            assert (await client.get("/oidc")).json()["configured"]
            url = (await client.post("/oidc/start", json={})).json()["url"]
            address = await person("bob").go(url)
            response = await client.get(f"/oidc/callback?{urlsplit(address).query}")
            assert response.status_code == 303, response.text
            shown = (await client.get("/session")).json()
            assert (shown["username"], shown["role"]) == ("Bob.Bobson", "power_user")
