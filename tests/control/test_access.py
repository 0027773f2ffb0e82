"""The table of access: every endpoint has its row, and each row is tried with every kind of caller."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from fastapi import APIRouter, FastAPI

from bodhi.control.access import BY_ENDPOINT, PREFIX, ROWS, Access, Confirm
from bodhi.control.api import check_access_table, create_control_api, guarded_endpoints, openapi_document
from bodhi.control.guards import Allowed, Public
from bodhi.core.audit import ACTIONS
from bodhi.core.ids import new_id
from bodhi.core.principal import SCOPES, Role, TokenGrant
from bodhi.core.session import CONFIRMED_SECONDS
from bodhi.identity.tokens import new_token
from bodhi.storage.sessions import confirm_session, list_sessions
from bodhi.storage.tokens import insert_token
from bodhi.storage.users import User
from tests.fakes.control import Control

BY_ACCESS = {
    "token_missing", "token_invalid", "token_disabled", "session_needed", "scope_too_narrow", "role_too_low",
    "confirmation_needed", "cross_site_refused", "session_ended", "setup_required",
}  # fmt: skip
"""Codes that say that somebody is not let in; what an endpoint refuses for other reasons is its own tests' subject."""

OWN_CONTENT = "one's own content, which is no administrative act"
SILENT_CHANGES = {
    ("POST", "/bodhi/v1/oidc/start"): "begins something that the callback ends, which is audited",
    ("POST", "/bodhi/v1/invites/look"): "reads",
    ("POST", "/bodhi/v1/api-models/fetch-models"): "reads",
    ("POST", "/bodhi/v1/api-models/test-connection"): "reads",
    ("POST", "/bodhi/v1/api-models/{api_model_id}/fetch-models"): "reads",
    ("POST", "/bodhi/v1/api-models/{api_model_id}/test-connection"): "keeps how it went, which changes no call",
    ("POST", "/bodhi/v1/chats"): OWN_CONTENT,
    ("DELETE", "/bodhi/v1/chats"): OWN_CONTENT,
    ("PATCH", "/bodhi/v1/chats/{chat_id}"): OWN_CONTENT,
    ("DELETE", "/bodhi/v1/chats/{chat_id}"): OWN_CONTENT,
    ("PUT", "/bodhi/v1/chats/{chat_id}/messages/{message_id}"): OWN_CONTENT,
    ("PATCH", "/bodhi/v1/preferences"): OWN_CONTENT,
}
"""Unsafe methods that do no administrative act, each with the reason."""


@dataclass(frozen=True)
class Caller:
    """Somebody who asks: `role` is the person's, `scope` their token's, or None for a session."""

    role: Role | None = None
    scope: str | None = None
    proved_lately: bool = True


def callers() -> Iterator[Caller]:
    """Yield every kind of caller there is."""
    yield Caller()
    for role in Role:
        yield Caller(role)
        yield Caller(role, proved_lately=False)
        for scope in SCOPES:
            yield Caller(role, scope)


def expected(row: Access, caller: Caller) -> set[str]:
    """Say by the row alone which codes refuse a caller; none lets them in."""
    if row.role is None:
        return set()
    if caller.role is None:
        return {"token_missing"}
    if caller.scope is not None:
        refused = set()
        if caller.scope not in row.scopes:
            refused.add("scope_too_narrow" if row.scopes else "session_needed")
        if min(caller.role, SCOPES[caller.scope]) < row.role or caller.role is Role.GUEST:
            refused.add("role_too_low")
        return refused
    if caller.role < row.role:
        return {"role_too_low"}
    if row.confirm is Confirm.YES and not caller.proved_lately:
        return {"confirmation_needed"}
    return set()


async def headers_of(control: Control, caller: Caller, people: dict[Role, User]) -> dict[str, str]:
    """Give a caller what they prove themselves with."""
    if caller.role is None:
        return {}
    person = people[caller.role]
    if caller.scope is not None:
        secret, now = new_token(), control.time.time
        mac = control.services.hasher.mac(secret.reveal().encode())
        grant = TokenGrant(
            new_id(), "n", mac, person.id, person.name, person.role, caller.scope, (), now, now + 900, None
        )
        async with control.store.write() as connection:
            await insert_token(connection, grant)
        await control.services.directory.reload()
        return {"authorization": f"Bearer {secret.reveal()}"}
    control.time.advance(1)
    headers = await control.sign_in(person)
    if not caller.proved_lately:
        async with control.store.write() as connection:
            (newest, *_) = await list_sessions(connection, person.id, control.time.time, idle_since=0)
            await confirm_session(connection, newest.id, control.time.time - CONFIRMED_SECONDS - 1)
    return headers


def name_of(row: Access) -> str:
    return f"{row.method} {row.path}"


@pytest.mark.parametrize("row", ROWS, ids=name_of)
async def test_an_endpoint_lets_in_whom_its_row_names_and_nobody_else(control: Control, row: Access) -> None:
    await control.store_keys()
    people = {role: await control.add_user(f"the-{role.wire}", role) for role in Role}
    path = row.path.replace("{", "").replace("}", "")
    body: dict[str, object] | None = None if row.method in ("GET", "DELETE") else {}

    for caller in callers():
        headers = await headers_of(control, caller, people)
        response = await control.client.request(row.method, control.url + path, headers=headers, json=body)
        refusals = expected(row, caller)
        code = response.headers.get("x-bodhi-error")
        if refusals:
            assert code in refusals, (caller, response.status_code, response.text)
            assert response.status_code in (401, 403), caller
        else:
            assert code not in BY_ACCESS, (caller, response.text)
            assert response.status_code < 500, (caller, response.text)


async def test_every_endpoint_has_a_row_and_every_row_an_endpoint(control: Control) -> None:
    found = {endpoint for endpoint, _ in guarded_endpoints(create_control_api(control.services))}

    assert found == set(BY_ENDPOINT)
    assert len(BY_ENDPOINT) == len(ROWS)


def test_the_description_lists_every_endpoint() -> None:
    described = {
        (method.upper(), path) for path, operations in openapi_document()["paths"].items() for method in operations
    }

    assert set(BY_ENDPOINT) - described == {("GET", f"{PREFIX}/openapi.json")}


def test_an_endpoint_without_a_row_keeps_the_server_from_starting() -> None:
    app, router = FastAPI(openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None), APIRouter()

    @router.get("/forgotten")
    async def forgotten(_: Allowed) -> None: ...

    app.include_router(router, prefix=PREFIX)

    with pytest.raises(RuntimeError, match=r"GET /bodhi/v1/forgotten has no row"):
        check_access_table(app)


def test_an_endpoint_guarded_otherwise_than_its_row_says_keeps_the_server_from_starting() -> None:
    app, router = FastAPI(openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None), APIRouter()

    @router.get("/users")
    async def open_to_all(_: Public) -> None: ...

    @router.get("/audit")
    async def guarded_by_nothing() -> None: ...

    app.include_router(router, prefix=PREFIX)

    with pytest.raises(RuntimeError, match=r"GET /bodhi/v1/users takes another guard.*GET /bodhi/v1/audit takes"):
        check_access_table(app)


def test_every_action_of_the_table_is_known_to_the_audit_trail() -> None:
    assert {row.audit for row in ROWS} - {None} <= set(ACTIONS)


def test_every_endpoint_that_changes_something_leaves_an_act() -> None:
    silent = {
        (row.method, row.path) for row in ROWS if row.method not in ("GET", "HEAD", "OPTIONS") and row.audit is None
    }

    assert silent == set(SILENT_CHANGES)


def test_chat_tokens_open_nothing_of_the_control_api() -> None:
    assert not any("chat" in row.scopes for row in ROWS)
