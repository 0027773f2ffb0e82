"""People: listed, changed, removed, helped to a new password. The rules are identity's; invites are `invites`'."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed
from bodhi.control.noting import name_of, noted
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.schemas import Body, Time
from bodhi.control.services import Services, reload
from bodhi.core.session import IDLE_SECONDS
from bodhi.identity.people import known, read_role
from bodhi.storage.holdings import count_holdings
from bodhi.storage.users import User, UserFilter, list_users

RESET_PAGE = "/ui/password-reset/"

router = APIRouter(tags=["people"])


class UserPatch(Body):
    """The fields to change. One that is left out, or null, stays as it is."""

    role: str | None = None
    """`guest` takes every right away; a role above one's own cannot be given."""
    disabled: bool | None = None
    """A disabled person cannot sign in, and their tokens do not work until they are enabled again."""
    name: str | None = None
    reads_captures: bool | None = None
    """Whether the person may read captured prompts and completions; only Admins set it."""

    def given(self) -> dict[str, Any]:
        """Return the fields that the request names, with their values.

        Raises:
            InvalidField: the role is none.
        """
        given = {name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None}
        return given | ({"role": read_role(given["role"])} if "role" in given else {})


class UserShown(BaseModel):
    """What is known of a person."""

    id: str
    name: str
    role: str
    disabled: bool
    issuer: str | None
    """The identity provider that they sign in with; null for an account of Bodhi's own."""
    has_password: bool
    reads_captures: bool
    created_at: Time
    signed_in_at: Time | None


class UserDetails(UserShown):
    """What is known of a person, and what they have."""

    live_tokens: int
    """API tokens that are neither revoked, expired nor disabled."""
    live_sessions: int
    api_models: int
    """Api models that they made."""


class ResetLink(BaseModel):
    """A link with which the person sets a new password, once."""

    link: str
    """Shown once, here. Give it to the person by a way that nobody else reads."""
    expires_at: Time


@router.get("/users")
async def list_all(
    _: Allowed,
    services: Given,
    *,
    role: Annotated[str | None, Query(max_length=32, description="Only people with this role.")] = None,
    disabled: Annotated[bool | None, Query(description="Only people who are disabled, or who are not.")] = None,
    query: Annotated[str | None, Query(max_length=64, description="A part of the name, in whatever case.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[UserShown]:
    """List people, oldest first."""
    wanted = UserFilter(role=None if role is None else read_role(role), disabled=disabled, query=query or None)
    async with services.store.read() as connection:
        rows, more = cut(await list_users(connection, wanted, after=cursor, limit=limit + 1), limit)
    return Page(data=[UserShown(**_shown(row)) for row in rows], next_cursor=rows[-1].id if more else None)


@router.get("/users/{user_id}")
async def show(_: Allowed, services: Given, user_id: str) -> UserDetails:
    """Show one person."""
    async with services.store.read() as connection:
        return await _details(connection, services, await known(connection, user_id))


@router.patch("/users/{user_id}")
async def change(principal: Allowed, actor: Acting, services: Given, user_id: str, body: UserPatch) -> UserDetails:
    """Change a person's role, name or permission, or disable or enable them."""
    given = body.given()
    with noted(services, actor, "user.change", await name_of(services, user_id)):
        user = await services.accounts.change(principal, actor, user_id, given)
    await reload(services)
    async with services.store.read() as connection:
        return await _details(connection, services, user)


@router.delete("/users/{user_id}", status_code=204)
async def remove(principal: Allowed, actor: Acting, services: Given, user_id: str) -> None:
    """Remove a person with their sessions, tokens and private api models; shared api models stay."""
    with noted(services, actor, "user.delete", await name_of(services, user_id)):
        await services.accounts.remove(principal, actor, user_id)
    await reload(services)


@router.post("/users/{user_id}/password-reset", status_code=201)
async def reset_password(
    principal: Allowed, actor: Acting, services: Given, request: Request, user_id: str
) -> ResetLink:
    """Make a link with which a person sets a new password, within a day."""
    with noted(services, actor, "password_reset.create", await name_of(services, user_id)):
        code, link = await services.links.new_reset(principal, actor, user_id)
    pages = services.browser.pages_url(request.scope["headers"])
    return ResetLink(link=f"{pages}{RESET_PAGE}#{code.reveal()}", expires_at=link.expires_at)


async def _details(connection: AsyncConnection, services: Services, user: User) -> UserDetails:
    now = services.clock.now()
    held = await count_holdings(connection, user.id, now, idle_since=now - IDLE_SECONDS)
    return UserDetails(**_shown(user), live_tokens=held.tokens, live_sessions=held.sessions, api_models=held.api_models)


def _shown(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role.wire,
        "disabled": user.disabled,
        "issuer": user.issuer,
        "has_password": user.password_hash is not None,
        "reads_captures": user.reads_captures,
        "created_at": user.created_at,
        "signed_in_at": user.signed_in_at,
    }
