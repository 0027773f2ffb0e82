"""Two people, one of whom has everything: the other never sees or infers any of it, on any endpoint of the table.

An id of somebody else's is answered exactly as one that was never given out, and no list holds it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import httpx2
import pytest
from msgspec import structs

from bodhi.control.access import PREFIX, ROWS, Access
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.storage.captures import SealedCapture, insert_captures, seal_texts
from bodhi.storage.usage import insert_usage
from bodhi.storage.users import User
from tests.control.api_models.test_endpoints import an_oauth_body
from tests.control.test_usage import a_call
from tests.fakes.control import Control

CANARY = "canary-of-ada"
NOWHERE = "01JZZZZZZZZZZZZZZZZZZZZZZZ"

BODIES: dict[tuple[str, str], Any] = {
    ("PATCH", "/users/{user_id}"): {"role": "user"},
    ("POST", "/access-requests/{request_id}/approve"): {"role": "user"},
    ("PATCH", "/api-models/{api_model_id}"): {"name": "mine now"},
    ("POST", "/api-models/{api_model_id}/test-connection"): {"model": "m"},
    ("PATCH", "/tokens/{token_id}"): {"name": "mine now"},
    ("POST", "/tokens/{token_id}/rotate"): {},
    ("PATCH", "/chats/{chat_id}"): {"title": "mine now"},
    ("PUT", "/chats/{chat_id}/messages/{message_id}"): {"parent_id": None, "role": "user", "content": {}},
}
"""What a call needs to reach the object; other endpoints with an id take no body."""

BY_ID = [row for row in ROWS if "{" in row.path]
LISTS = [row for row in ROWS if row.method == "GET" and "{" not in row.path and row.role is not None]


@dataclass
class Twins:
    """Ada, who has one of everything, and Bob, who has nothing."""

    control: Control
    bob: dict[str, str]
    ids: dict[str, str]
    """Ada's, by the name of the path's parameter."""

    async def ask(self, row: Access, ids: Mapping[str, str]) -> tuple[int, str]:
        """Call an endpoint as Bob, and return what came without the ids themselves."""
        names = re.findall(r"\{(.*?)\}", row.path)
        path = row.path.removeprefix(PREFIX).format_map(ids)
        body = BODIES.get((row.method, row.path.removeprefix(PREFIX)))
        response: httpx2.Response = await self.control.call(row.method, path, self.bob, body)
        return response.status_code, reduce(lambda text, name: text.replace(ids[name], "ID"), names, response.text)


async def new_twins(control: Control, role: Role) -> Twins:
    await control.store_keys()
    admin = await control.session_of("root", Role.ADMIN)
    ada = await control.add_user(CANARY, Role.POWER_USER)
    as_ada = await control.sign_in(ada)
    guest = await control.session_of(f"{CANARY}-guest", Role.GUEST)
    ids = {
        "session_id": (await made(control, "GET", "/session", as_ada))["session_id"],
        "user_id": ada.id,
        "invite_id": (await made(control, "POST", "/invites", admin, {"role": "user", "note": CANARY}))["id"],
        "request_id": (await made(control, "POST", "/access-requests", guest, {"note": CANARY}))["id"],
        "api_model_id": (await made(control, "POST", "/api-models", as_ada, an_oauth_body(name=CANARY)))["id"],
        "token_id": (await made(control, "POST", "/tokens", as_ada, {"name": CANARY}))["id"],
        "call_id": await call_of(control, ada),
        **await chat_of(control, as_ada),
    }
    return Twins(control, await control.session_of("bob", role), ids)


async def made(control: Control, method: str, path: str, headers: dict[str, str], body: Any = None) -> dict[str, Any]:
    response = await control.call(method, path, headers, body)
    assert response.status_code < 300, response.text
    document: dict[str, Any] = response.json()
    return document


async def chat_of(control: Control, as_ada: dict[str, str]) -> dict[str, str]:
    message = {"id": new_id(), "parent_id": None, "role": "user", "content": {"text": CANARY}}
    body = {"title": CANARY, "messages": [message], "leaf_id": message["id"]}
    await made(control, "PATCH", "/preferences", as_ada, {"favourites": [CANARY]})
    return {"chat_id": (await made(control, "POST", "/chats", as_ada, body))["id"], "message_id": message["id"]}


async def call_of(control: Control, owner: User) -> str:
    call = structs.replace(a_call(owner.id, 1.0), id="call-of-ada", model_asked=CANARY)
    document = '{"content_type":null,"content_encoding":null,"bytes":2,"truncated":false,"text":"{}"}'
    key, request, response = seal_texts(control.services.vault, call.id, document, document)
    async with control.store.usage_write() as connection:
        await insert_usage(connection, [call])
        await insert_captures(connection, [SealedCapture(call.id, 1.0, owner.id, key, 2, 2, False, request, response)])
    return call.id


def sees_all_usage(row: Access, role: Role) -> bool:
    """Tell of the one thing that a role shares by design: power users see everybody's calls, see docs/roles.md."""
    return role >= Role.POWER_USER and row.path.startswith(f"{PREFIX}/usage")


def name_of(row: Access) -> str:
    return f"{row.method} {row.path}"


@pytest.mark.parametrize("role", [Role.GUEST, Role.USER, Role.POWER_USER])
async def test_somebody_elses_id_is_answered_as_one_that_does_not_exist(control: Control, role: Role) -> None:
    twins = await new_twins(control, role)
    for row in BY_ID:
        if sees_all_usage(row, role):
            continue
        of_ada, of_nobody = await twins.ask(row, twins.ids), await twins.ask(row, dict.fromkeys(twins.ids, NOWHERE))

        assert of_ada == of_nobody, name_of(row)
        assert of_ada[0] in (403, 404), name_of(row)


@pytest.mark.parametrize("role", [Role.GUEST, Role.USER, Role.POWER_USER])
async def test_no_list_holds_anything_of_somebody_else(control: Control, role: Role) -> None:
    twins = await new_twins(control, role)
    for row in LISTS:
        if sees_all_usage(row, role):
            continue
        response = await control.call("GET", row.path.removeprefix(PREFIX), twins.bob)

        assert CANARY not in response.text, name_of(row)
        assert not [each for each in twins.ids.values() if each in response.text], name_of(row)


async def test_everything_of_ada_is_there_afterwards(control: Control) -> None:
    twins = await new_twins(control, Role.POWER_USER)
    for row in BY_ID:
        await twins.ask(row, twins.ids)
    snapshot = control.services.directory.snapshot

    assert twins.ids["api_model_id"] in snapshot.table.api_models
    assert [grant.name for grant in snapshot.grants.values() if grant.revoked_at is None] == [CANARY]


async def test_chats_are_nobody_elses_whatever_the_role(control: Control) -> None:
    twins = await new_twins(control, Role.ADMIN)
    own = [row for row in BY_ID if row.path.startswith(f"{PREFIX}/chats")]
    assert len(own) == 4
    for row in own:
        of_ada, of_nobody = await twins.ask(row, twins.ids), await twins.ask(row, dict.fromkeys(twins.ids, NOWHERE))

        assert of_ada == of_nobody, name_of(row)
        assert of_ada[0] == 404, name_of(row)
    # A page makes the ids, so that even making a chat tells nothing of another one's.
    assert (
        await control.call("POST", "/chats", twins.bob, {"id": twins.ids["chat_id"], "title": ""})
    ).status_code == 201
    for path in ("/chats", "/chats?search=canary", "/preferences"):
        assert CANARY not in (await control.call("GET", path, twins.bob)).text
