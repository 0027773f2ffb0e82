"""No change without its row: each endpoint that the table of access says is audited is called so that it succeeds.

The table decides which endpoints there are; one without an example here fails.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from bodhi.control.access import PREFIX, ROWS, Access
from bodhi.core.principal import Role
from bodhi.storage.captures import SealedCapture, insert_captures, seal_texts
from bodhi.storage.tables import audit_log
from bodhi.storage.users import User, get_user
from tests.fakes.control import PASSWORD, Control

ELSEWHERE = {
    ("GET", "/oidc/callback"): "tests/control/test_oidc.py goes the whole way to a provider and back",
}
"""What takes more than one request to bring about, each with where it is tested."""

ANOTHER = "another correct zebra"


@dataclass
class Scene:
    """A control API with an Admin who has just signed in."""

    control: Control
    admin: dict[str, str]
    user: User

    async def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """Call as the Admin, unless somebody else is named, and return what came."""
        response = await self.control.call(method, path, self.admin if headers is None else headers, body)
        assert response.status_code < 300, response.text
        return response.json() if response.content else None


Example = Callable[[Scene], Awaitable[tuple[str, Any, dict[str, str] | None]]]
"""Prepares a call, and returns its path, its body, and who makes it where that is not the Admin."""


def plain(path: str, body: Any = None, headers: dict[str, str] | None = None) -> Example:
    async def prepare(_: Scene) -> tuple[str, Any, dict[str, str] | None]:
        return path, body, headers

    return prepare


async def one_session(scene: Scene) -> tuple[str, Any, None]:
    await scene.control.sign_in(await the_admin(scene))
    sessions = await scene.call("GET", "/sessions")
    return f"/sessions/{next(each['id'] for each in sessions['data'] if not each['current'])}", None, None


async def other_sessions(scene: Scene) -> tuple[str, Any, None]:
    await scene.control.sign_in(await the_admin(scene))
    return "/sessions", None, None


async def the_admin(scene: Scene) -> User:
    me = await scene.call("GET", "/session")
    async with scene.control.store.read() as connection:
        admin = await get_user(connection, me["user_id"])
    assert admin is not None
    return admin


def user_path(suffix: str, body: Any = None) -> Example:
    async def prepare(scene: Scene) -> tuple[str, Any, None]:
        return f"/users/{scene.user.id}{suffix}", body, None

    return prepare


async def used_reset(scene: Scene) -> tuple[str, Any, dict[str, str]]:
    link = (await scene.call("POST", f"/users/{scene.user.id}/password-reset"))["link"]
    return "/password-resets/accept", {"code": link.partition("#")[2], "password": ANOTHER}, {}


async def open_invite(scene: Scene) -> tuple[str, Any, None]:
    return f"/invites/{(await scene.call('POST', '/invites', {'role': 'user'}))['id']}", None, None


async def used_invite(scene: Scene) -> tuple[str, Any, dict[str, str]]:
    code = (await scene.call("POST", "/invites", {"role": "user"}))["code"]
    return "/invites/accept", {"code": code, "username": "newcomer", "password": ANOTHER}, {}


async def asked_by_a_guest(scene: Scene) -> tuple[str, Any, dict[str, str]]:
    return "/access-requests", {"note": "please"}, await scene.control.session_of("guest", Role.GUEST)


def decided(suffix: str, body: Any) -> Example:
    async def prepare(scene: Scene) -> tuple[str, Any, None]:
        path, asking, guest = await asked_by_a_guest(scene)
        request = await scene.call("POST", path, asking, guest)
        return f"/access-requests/{request['id']}{suffix}", body, None

    return prepare


NEW_MODEL = {"name": "n", "format": "openai", "models": ["m"], "api_key": "sk-something"}


def api_model(body: Any) -> Example:
    async def prepare(scene: Scene) -> tuple[str, Any, None]:
        return f"/api-models/{(await scene.call('POST', '/api-models', NEW_MODEL))['id']}", body, None

    return prepare


def token(suffix: str, body: Any) -> Example:
    async def prepare(scene: Scene) -> tuple[str, Any, None]:
        return f"/tokens/{(await scene.call('POST', '/tokens', {'name': 'n'}))['id']}{suffix}", body, None

    return prepare


async def read_capture(scene: Scene) -> tuple[str, Any, dict[str, str]]:
    control = scene.control
    document = '{"content_type":"application/json","content_encoding":null,"bytes":2,"truncated":false,"text":"{}"}'
    key, request, response = seal_texts(control.services.vault, "call-1", document, document)
    row = SealedCapture("call-1", control.time.time, None, key, 2, 2, False, request, response)
    async with control.store.usage_write() as connection:
        await insert_captures(connection, [row])
    await scene.call("PATCH", f"/users/{scene.user.id}", {"reads_captures": True})
    return "/usage/call-1/capture", None, await control.sign_in(scene.user)


async def free_setup(scene: Scene) -> tuple[str, Any, dict[str, str]]:
    async with scene.control.store.write() as connection:
        await connection.exec_driver_sql("DELETE FROM users")
    code = await scene.control.services.setup.open()
    assert code is not None
    return "/setup", {"code": code.reveal(), "username": "first", "password": ANOTHER}, {}


EXAMPLES: dict[tuple[str, str], Example] = {
    ("POST", "/setup"): free_setup,
    ("POST", "/session"): plain("/session", {"username": "eve", "password": PASSWORD}, {}),
    ("DELETE", "/session"): plain("/session"),
    ("POST", "/session/confirm"): plain("/session/confirm", {"password": PASSWORD}),
    ("POST", "/session/password"): plain("/session/password", {"current_password": PASSWORD, "new_password": ANOTHER}),
    ("POST", "/session/chat-token"): plain("/session/chat-token"),
    ("DELETE", "/sessions"): other_sessions,
    ("DELETE", "/sessions/{session_id}"): one_session,
    ("PATCH", "/users/{user_id}"): user_path("", {"role": "manager"}),
    ("DELETE", "/users/{user_id}"): user_path(""),
    ("POST", "/users/{user_id}/password-reset"): user_path("/password-reset"),
    ("POST", "/password-resets/accept"): used_reset,
    ("POST", "/invites"): plain("/invites", {"role": "user"}),
    ("DELETE", "/invites/{invite_id}"): open_invite,
    ("POST", "/invites/accept"): used_invite,
    ("POST", "/access-requests"): asked_by_a_guest,
    ("POST", "/access-requests/{request_id}/approve"): decided("/approve", {"role": "user"}),
    ("POST", "/access-requests/{request_id}/reject"): decided("/reject", None),
    ("POST", "/api-models"): plain("/api-models", NEW_MODEL),
    ("PATCH", "/api-models/{api_model_id}"): api_model({"name": "other"}),
    ("DELETE", "/api-models/{api_model_id}"): api_model(None),
    ("POST", "/tokens"): plain("/tokens", {"name": "n"}),
    ("PATCH", "/tokens/{token_id}"): token("", {"disabled": True}),
    ("POST", "/tokens/{token_id}/rotate"): token("/rotate", {}),
    ("DELETE", "/tokens/{token_id}"): token("", None),
    ("GET", "/usage/export"): plain("/usage/export"),
    ("GET", "/usage/{call_id}/capture"): read_capture,
    ("PUT", "/capture"): plain("/capture", {"enabled": True}),
    ("GET", "/audit/export"): plain("/audit/export"),
    ("POST", "/keys/rotate-data"): plain("/keys/rotate-data"),
}

AUDITED = [row for row in ROWS if row.audit is not None]


def below(row: Access) -> tuple[str, str]:
    return row.method, row.path.removeprefix(PREFIX)


async def trail(control: Control) -> list[tuple[int, str, str]]:
    async with control.store.read() as connection:
        rows = await connection.execute(
            select(audit_log.c.seq, audit_log.c.action, audit_log.c.outcome).order_by(audit_log.c.seq)
        )
        return [(row.seq, row.action, row.outcome) for row in rows]


@pytest.mark.parametrize(
    "row", [row for row in AUDITED if below(row) not in ELSEWHERE], ids=lambda row: f"{row.method} {row.path}"
)
async def test_a_change_leaves_the_act_that_its_row_names(control: Control, row: Access) -> None:
    await control.store_keys()
    admin = await control.session_of("root", Role.ADMIN)
    scene = Scene(control, admin, await control.add_user("eve", Role.POWER_USER))
    path, body, headers = await EXAMPLES[below(row)](scene)
    before = len(await trail(control))

    response: httpx2.Response = await control.call(row.method, path, admin if headers is None else headers, body)

    assert response.status_code < 300, response.text
    acts = (await trail(control))[before:]
    assert (row.audit, "done") in {(action, outcome) for _, action, outcome in acts}
    assert len({seq for seq, _, _ in acts}) == len(acts)


def test_every_audited_endpoint_has_an_example() -> None:
    assert {below(row) for row in AUDITED} == set(EXAMPLES) | set(ELSEWHERE)
