"""API tokens: minted, listed, changed, rotated, revoked, and by whom. A token's secret is in one answer, once."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed, check_confirmed
from bodhi.control.noting import noted
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.schemas import Body, Time
from bodhi.control.services import Services, reload
from bodhi.core.errors import InvalidField, RoleTooLow, UnknownObject
from bodhi.core.principal import Principal, Role, TokenGrant, TokenState, state_of
from bodhi.identity.mint import MAX_DAYS, MAX_GLOBS, TOKEN_DAYS, Owner, TokenWish, mint_token
from bodhi.identity.token_changes import (
    MAX_OVERLAP,
    OVERLAP_SECONDS,
    UNKNOWN,
    Check,
    Lifetime,
    TokenChange,
    change_token,
    end_token,
    is_wider,
    rotate_token,
)
from bodhi.storage.text import is_storable
from bodhi.storage.tokens import TokenFilter, list_tokens, tokens_last_used

router = APIRouter(tags=["tokens"])


class NewToken(Body):
    """The token to mint. It belongs to whoever is signed in, and can do no more than they."""

    name: str
    scope: str = Role.USER.wire
    """`user` calls models; `power_user` may also manage api models."""
    expires_in_days: int | None = Field(default=TOKEN_DAYS, ge=1, le=MAX_DAYS)
    """Null is never, and only for Admins."""
    allowed_models: list[str] = Field(default_factory=list, max_length=MAX_GLOBS)
    """Globs over the model ids that clients send; empty allows all."""


class TokenPatch(Body):
    """The fields to change. One that is left out stays as it is."""

    name: str = Field(default_factory=str)
    disabled: bool = Field(default_factory=bool)
    """A disabled token opens nothing until it is enabled."""
    allowed_models: list[str] = Field(default_factory=list, max_length=MAX_GLOBS)
    """Empty allows all."""
    expires_in_days: int | None = Field(default=None, ge=1, le=MAX_DAYS)
    """From now. Null is never, and only where the owner or whoever asks is an Admin."""

    def change(self) -> TokenChange:
        """Return what the request names."""
        given: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "allowed_models" in given:
            given["allowed_models"] = tuple(given["allowed_models"])
        if "expires_in_days" in given:
            given["lifetime"] = Lifetime(given.pop("expires_in_days"))
        return TokenChange(**given)


class Rotation(Body):
    """How to rotate a token."""

    overlap_seconds: int = Field(default=OVERLAP_SECONDS, ge=0, le=MAX_OVERLAP)
    """For how long the secret of before still works."""


class TokenShown(BaseModel):
    """What is known of a token."""

    id: str
    name: str
    owner_id: str
    owner_name: str
    scope: str
    allowed_models: list[str]
    state: TokenState
    created_at: Time
    expires_at: Time | None
    disabled_at: Time | None
    revoked_at: Time | None
    previous_until: Time | None
    """Until when the secret from before the last rotation works; null where only one works."""
    last_used_at: Time | None = None
    """To the minute."""


class Minted(TokenShown):
    """A token with its new secret."""

    token: str
    """Shown once, here."""


@router.post("/tokens", status_code=201)
async def create(principal: Allowed, actor: Acting, services: Given, body: NewToken) -> Minted:
    """Mint an API token. Needs a session: tokens cannot mint tokens."""
    wish = TokenWish(
        name=body.name,
        scope=body.scope,
        days=body.expires_in_days,
        allowed_models=tuple(body.allowed_models),
    )
    owner = Owner(principal.user_id, principal.user_name, principal.role)
    secret, grant = await mint_token(services.mint, actor, owner, wish)
    await reload(services)
    return Minted(**_shown(services, grant, None).model_dump(mode="python"), token=secret.reveal())


@router.get("/tokens")
async def list_all(  # noqa: PLR0913 # one argument a query parameter
    principal: Allowed,
    services: Given,
    *,
    all_owners: Annotated[bool, Query(description="Everybody's; for Managers and above.")] = False,
    owner_id: Annotated[
        str | None, Query(max_length=64, description="One person's; other people's for Managers and above.")
    ] = None,
    state: Annotated[TokenState | None, Query(description="Only those in this state.")] = None,
    query: Annotated[str | None, Query(max_length=255, description="A part of the name.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TokenShown]:
    """List API tokens, oldest first: one's own, somebody's or everybody's."""
    for param, text in {"owner_id": owner_id, "query": query, "cursor": cursor}.items():
        if text is not None and not is_storable(text):
            raise InvalidField("This holds a character that no token's does.", param=param)
    owner = owner_id or (None if all_owners else principal.user_id)
    if owner != principal.user_id and principal.role < Role.MANAGER:
        param = "owner_id" if owner_id else "all_owners"
        raise RoleTooLow("Only Managers and Admins see the tokens of others.", param=param)
    wanted = TokenFilter(owner_id=owner, state=state, text=query or None)
    async with services.store.read() as connection:
        found = await list_tokens(connection, wanted, services.clock.now(), after=cursor, limit=limit + 1)
        rows, more = cut(found, limit)
        used = await tokens_last_used(connection, [row.id for row in rows])
    data = [_shown(services, row, used.get(row.id)) for row in rows]
    return Page(data=data, next_cursor=rows[-1].id if more else None)


@router.patch("/tokens/{token_id}")
async def change(principal: Allowed, actor: Acting, services: Given, token_id: str, body: TokenPatch) -> TokenShown:
    """Change an API token: one's own, or as Admin anybody's. Managers disable and enable those of people up to Manager.

    What lets it work for longer, or with more models, needs a recent sign-in.
    """
    with noted(services, actor, "token.change"):
        grant = await change_token(services.mint, actor, token_id, body.change(), _may_change(services, principal))
    await reload(services)
    async with services.store.read() as connection:
        used = await tokens_last_used(connection, [grant.id])
    return _shown(services, grant, used.get(grant.id))


@router.post("/tokens/{token_id}/rotate")
async def rotate(principal: Allowed, actor: Acting, services: Given, token_id: str, body: Rotation) -> Minted:
    """Give one's API token a new secret, and its lifetime anew. The secret of before works until the overlap ends."""
    check = _may_rotate(principal)
    with noted(services, actor, "token.rotate"):
        secret, grant = await rotate_token(services.mint, actor, token_id, body.overlap_seconds, check)
    await reload(services)
    return Minted(**_shown(services, grant, None).model_dump(mode="python"), token=secret.reveal())


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke(principal: Allowed, actor: Acting, services: Given, token_id: str) -> None:
    """Revoke an API token at once: one's own, as Manager that of people up to Manager, as Admin anybody's."""
    with noted(services, actor, "token.revoke"):
        await end_token(services.mint, actor, token_id, lambda token, _: _check_reach(principal, token))
    await reload(services)


def _check_reach(principal: Principal, token: TokenGrant) -> None:
    """Refuse whoever may not act on a token at all.

    Raises:
        UnknownObject: they may not even know of it.
        RoleTooLow: it belongs to somebody above them.
    """
    if token.owner_id == principal.user_id:
        return
    if principal.role < Role.MANAGER:
        raise UnknownObject(UNKNOWN)
    if principal.role < Role.ADMIN and token.owner_role > Role.MANAGER:
        raise RoleTooLow("This token belongs to an Admin, so only Admins may act on it.")


def _may_change(services: Services, principal: Principal) -> Check:
    """Return the check of a change.

    Raises, when called:
        UnknownObject, RoleTooLow: as `_check_reach`, or the change is not theirs to make or to undo.
        ConfirmationNeeded: the token becomes wider, and the last proof of identity is too old.
    """

    def check(before: TokenGrant, after: TokenGrant) -> None:
        _check_reach(principal, before)
        is_own, is_admin = before.owner_id == principal.user_id, principal.role >= Role.ADMIN
        only_switched = after == replace(before, disabled_at=after.disabled_at, disabled_by=after.disabled_by)
        if not is_own and not is_admin and not only_switched:
            raise RoleTooLow("Only its owner or an Admin changes that. You may disable, enable or revoke this token.")
        is_enabled = before.disabled_at is not None and after.disabled_at is None
        if is_enabled and is_own and not is_admin and before.disabled_by != principal.user_id:
            raise RoleTooLow("Somebody else disabled this token. Ask a Manager or an Admin to enable it.")
        becomes_endless = after.expires_at is None and before.expires_at is not None
        if becomes_endless and not is_admin and before.owner_role < Role.ADMIN:
            raise RoleTooLow("Only Admins may let a token last for ever.", param="expires_in_days")
        if is_wider(before, after):
            check_confirmed(principal, services.clock.now())

    return check


def _may_rotate(principal: Principal) -> Check:
    def check(before: TokenGrant, _: TokenGrant) -> None:
        _check_reach(principal, before)
        if before.owner_id != principal.user_id:
            raise RoleTooLow("Only its owner gets to see a token's secret. You may disable or revoke it.")

    return check


def _shown(services: Services, grant: TokenGrant, last_used_at: float | None) -> TokenShown:
    now = services.clock.now()
    overlaps = grant.previous_until is not None and grant.previous_until > now and grant.revoked_at is None
    return TokenShown(
        id=grant.id,
        name=grant.name,
        owner_id=grant.owner_id,
        owner_name=grant.owner_name,
        scope=grant.scope,
        allowed_models=list(grant.allowed_models),
        state=state_of(grant, now),
        created_at=grant.created_at,
        expires_at=grant.expires_at,
        disabled_at=grant.disabled_at,
        revoked_at=grant.revoked_at,
        previous_until=grant.previous_until if overlaps else None,
        last_used_at=last_used_at,
    )
