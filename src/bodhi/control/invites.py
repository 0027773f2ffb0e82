"""One-time links: invites are made, listed and withdrawn here; both kinds are used here, by anybody who has one."""

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, SecretStr

from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed, Public
from bodhi.control.noting import noted
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.schemas import Body, Time
from bodhi.control.services import reload
from bodhi.control.session import Begun, begun, opening
from bodhi.core.credential import Secret
from bodhi.core.principal import Role
from bodhi.identity.links import INVITE_DAYS, MAX_DAYS, MAX_NOTE, InviteWish, NewAccount
from bodhi.identity.people import read_role
from bodhi.identity.throttle import LINK
from bodhi.storage.invites import INVITE, Link, list_links

INVITE_PAGE = "/ui/invite/"
MAX_CODE = 256

router = APIRouter(tags=["people"])


class NewInvite(Body):
    """The invite to make."""

    role: str
    """Of the account that it makes: `user`, `power_user`, `manager` or `admin`, and not above one's own."""
    note: str = Field(default="", max_length=MAX_NOTE)
    """For whom it is; only Managers and Admins see it."""
    days: int = Field(default=INVITE_DAYS, ge=1, le=MAX_DAYS)
    """For how long it works."""


class InviteShown(BaseModel):
    """What is known of an invite."""

    id: str
    role: str | None
    note: str
    created_by: str
    """The user's id, or `host` for the command line."""
    created_by_name: str
    created_at: Time
    expires_at: Time
    used_at: Time | None
    revoked_at: Time | None
    state: str
    """`open`, `used`, `revoked` or `expired`."""


class Invited(InviteShown):
    """A new invite."""

    link: str
    """Shown once, here. Whoever has it gets the account: send it by a way that nobody else reads."""
    code: str
    """The link's last part, for programs."""


class Code(Body):
    """The code of an invite."""

    code: str = Field(max_length=MAX_CODE)


class InviteSeen(BaseModel):
    """What an invite offers."""

    role: str
    invited_by: str
    expires_at: Time


class Acceptance(Body):
    """The code of an invite, and the account to make."""

    code: str = Field(max_length=MAX_CODE)
    username: str
    password: SecretStr
    bearer: bool = False
    """Whether a program asks, which is shown the session's secret; a browser gets a cookie instead."""


class Reset(Body):
    """The code of a link, and the password to set."""

    code: str = Field(max_length=MAX_CODE)
    password: SecretStr


class ResetDone(BaseModel):
    """Whose password was set. Sign in with it."""

    username: str


@router.get("/invites")
async def list_all(
    _: Allowed, services: Given, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[InviteShown]:
    """List the invites, newest first, those that work no more included."""
    now = services.clock.now()
    async with services.store.read() as connection:
        rows, more = cut(await list_links(connection, INVITE, after=cursor, limit=limit + 1), limit)
    return Page(data=[_shown(row, now) for row in rows], next_cursor=rows[-1].id if more else None)


@router.post("/invites", status_code=201)
async def create(principal: Allowed, actor: Acting, services: Given, request: Request, body: NewInvite) -> Invited:
    """Make an invite: a link with which one person makes an account, once."""
    wish = InviteWish(role=read_role(body.role, lowest=Role.USER), note=body.note, days=body.days)
    with noted(services, actor, "invite.create"):
        secret, link = await services.links.invite(principal, actor, wish)
    code, pages = secret.reveal(), services.browser.pages_url(request.scope["headers"])
    shown = _shown(link, services.clock.now()).model_dump(mode="python")
    return Invited(**shown, link=f"{pages}{INVITE_PAGE}#{code}", code=code)


@router.delete("/invites/{invite_id}", status_code=204)
async def revoke(principal: Allowed, actor: Acting, services: Given, invite_id: str) -> None:
    """Withdraw an invite that nobody has used."""
    with noted(services, actor, "invite.revoke"):
        await services.links.revoke(principal, actor, invite_id)


@router.post("/invites/look")
async def look(actor: Public, services: Given, body: Code) -> InviteSeen:
    """Tell what an invite offers, to whoever has its code."""
    with noted(services, actor, "invite.accept"):
        await services.throttle.take(LINK, actor.address)
        link = await services.links.look(body.code)
    return InviteSeen(
        role=link.role.wire if link.role else "", invited_by=link.created_by_name, expires_at=link.expires_at
    )


@router.post("/invites/accept", status_code=201)
async def accept(actor: Public, services: Given, request: Request, response: Response, body: Acceptance) -> Begun:
    """Make the account that an invite offers, and sign in with it. Works once."""
    how = opening(request, actor, "invite", bearer=body.bearer)
    account = NewAccount(username=body.username, password=Secret(body.password.get_secret_value()))
    with noted(services, actor, "invite.accept"):
        await services.throttle.take(LINK, actor.address)
        user, opened = await services.links.accept(body.code, account, how, services.sessions)
    await reload(services)
    return begun(services, response, user, opened)


@router.post("/password-resets/accept")
async def accept_reset(actor: Public, services: Given, body: Reset) -> ResetDone:
    """Set a new password with a link. It ends every session of the account, and signs in nobody. Works once."""
    with noted(services, actor, "password_reset.accept"):
        await services.throttle.take(LINK, actor.address)
        password = Secret(body.password.get_secret_value())
        user = await services.links.accept_reset(body.code, password, actor.address)
    await reload(services)
    return ResetDone(username=user.name)


def _shown(link: Link, now: float) -> InviteShown:
    return InviteShown(
        id=link.id,
        role=link.role.wire if link.role else None,
        note=link.note,
        created_by=link.created_by,
        created_by_name=link.created_by_name,
        created_at=link.created_at,
        expires_at=link.expires_at,
        used_at=link.used_at,
        revoked_at=link.revoked_at,
        state=_state(link, now),
    )


def _state(link: Link, now: float) -> str:
    if link.used_at is not None:
        return "used"
    if link.revoked_at is not None:
        return "revoked"
    return "expired" if link.expires_at <= now else "open"
