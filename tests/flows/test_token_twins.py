"""Somebody else's API token is answered as one that does not exist, and when tokens were used last is shown."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from bodhi.core.principal import Role
from bodhi.identity.sign_in import BEARER
from bodhi.storage.users import User
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import OPENAI

WAYS: list[tuple[str, str, Any]] = [
    ("PATCH", "", {"name": "mine now"}),
    ("PATCH", "", {"disabled": True}),
    ("PATCH", "", {"expires_in_days": None}),
    ("PATCH", "", {"allowed_models": [], "expires_in_days": 3650}),
    ("PATCH", "", {}),
    ("PATCH", "", {"name": ""}),
    ("POST", "/rotate", {}),
    ("POST", "/rotate", {"overlap_seconds": -1}),
    ("DELETE", "", None),
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as running:
        yield running


def signed_in(gateway: Gateway, user: User) -> dict[str, str]:
    """Open a session and return its headers."""
    return {"authorization": f"Bearer {gateway.open_session(user, carried_by=BEARER)}"}


def call(gateway: Gateway, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx2.Response:
    return httpx2.request(method, f"{gateway.url}/bodhi/v1{path}", headers=headers, json=body)


def told(answer: httpx2.Response) -> tuple[int, bytes, list[str]]:
    """Return all that an answer says: status, body, and which headers it has."""
    return answer.status_code, answer.content, sorted(answer.headers)


@pytest.mark.parametrize("role", [Role.USER, Role.POWER_USER])
def test_another_persons_token_is_answered_as_one_that_does_not_exist(gateway: Gateway, role: Role) -> None:
    ada, eve = (gateway.add_user(f"{name}-{role.wire}", role) for name in ("ada", "eve"))
    hers, strangers = signed_in(gateway, ada), signed_in(gateway, eve)
    mine = call(gateway, "POST", "/tokens", hers, {"name": "secret project", "allowed_models": ["gpt-*"]}).json()
    unknown = mine["id"][:-3] + "xyz"

    for method, rest, body in WAYS:
        foreign = call(gateway, method, f"/tokens/{mine['id']}{rest}", strangers, body)
        absent = call(gateway, method, f"/tokens/{unknown}{rest}", strangers, body)
        assert told(foreign) == told(absent), (method, rest, body)
        assert foreign.status_code == (404 if body not in ({"name": ""}, {"overlap_seconds": -1}) else 400)

    for query in (
        "",
        "?query=secret",
        f"?owner_id={ada.id}",
        f"?cursor={mine['id']}",
        "?all_owners=true",
        "?state=active",
    ):
        listed = call(gateway, "GET", f"/tokens{query}", strangers)
        assert mine["id"] not in listed.text
        assert "secret project" not in listed.text
    foreign = call(gateway, "GET", f"/tokens?owner_id={ada.id}", strangers)
    assert told(foreign) == told(call(gateway, "GET", "/tokens?owner_id=nobody", strangers))
    kept = call(gateway, "GET", "/tokens", hers).json()["data"]
    assert kept == [{key: value for key, value in mine.items() if key != "token"}]


def test_a_token_shows_when_it_was_used_last(gateway: Gateway, provider: UpstreamThread) -> None:
    gateway.add_api_model(OPENAI.format, provider.base_url(OPENAI.format), key=OPENAI.provider_key, models=("ok",))
    owner = gateway.add_user("uma")
    headers = signed_in(gateway, owner)
    used, unused = (call(gateway, "POST", "/tokens", headers, {"name": name}).json() for name in ("used", "unused"))
    answer = ask(gateway.port, b"POST", OPENAI.target("ok"), OPENAI.headers(used["token"]), OPENAI.body("ok"))
    assert answer.status == 200
    gateway.do(gateway.server.recorder.flush())
    gateway.do(gateway.server.upkeep.store_last_used())

    shown = {row["id"]: row["last_used_at"] for row in call(gateway, "GET", "/tokens", headers).json()["data"]}
    assert shown[used["id"]] >= used["created_at"]
    assert shown[unused["id"]] is None


def test_a_secret_of_before_a_rotation_calls_models_until_the_overlap_ends(gateway: Gateway) -> None:
    headers = signed_in(gateway, gateway.add_user("rita"))
    made = call(gateway, "POST", "/tokens", headers, {"name": "n"}).json()
    rotated = call(gateway, "POST", f"/tokens/{made['id']}/rotate", headers, {}).json()
    both = [each["token"] for each in (made, rotated)]
    listed = [ask(gateway.port, b"GET", b"/v1/models", OPENAI.headers(token)).status for token in both]
    assert listed == [200, 200]
    call(gateway, "POST", f"/tokens/{made['id']}/rotate", headers, {"overlap_seconds": 0})
    listed = [ask(gateway.port, b"GET", b"/v1/models", OPENAI.headers(token)).status for token in both]
    assert listed == [401, 401]
