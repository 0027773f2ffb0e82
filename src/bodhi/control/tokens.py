"""API tokens: minted, listed, revoked. The token itself is in one answer, once."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from bodhi.control.guards import Acting, Allowed
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.schemas import Body, Time
from bodhi.control.services import Given, reload
from bodhi.core.audit import Act
from bodhi.core.errors import RoleTooLow, UnknownObject
from bodhi.core.principal import Role, TokenGrant
from bodhi.identity.mint import MAX_DAYS, MAX_GLOBS, TOKEN_DAYS, Owner, TokenWish, mint_token
from bodhi.storage.tokens import list_tokens, revoke_token, tokens_last_used

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


class TokenShown(BaseModel):
    """What is known of a token."""

    id: str
    name: str
    owner_id: str
    owner_name: str
    scope: str
    allowed_models: list[str]
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    last_used_at: Time | None = None


class Minted(TokenShown):
    """A new token."""

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
    return Minted(**_shown(grant, None).model_dump(mode="python"), token=secret.reveal())


@router.get("/tokens")
async def list_all(
    principal: Allowed,
    services: Given,
    *,
    all_owners: Annotated[bool, Query(description="Everybody's; for Managers and above.")] = False,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[TokenShown]:
    """List API tokens, oldest first: one's own, or everybody's."""
    if all_owners and principal.role < Role.MANAGER:
        raise RoleTooLow("Only Managers and Admins see the tokens of others.", param="all_owners")
    owner = None if all_owners else principal.user_id
    async with services.store.read() as connection:
        rows, more = cut(await list_tokens(connection, owner, after=cursor, limit=limit + 1), limit)
        used = await tokens_last_used(connection, owner)
    return Page(data=[_shown(row, used.get(row.id)) for row in rows], next_cursor=rows[-1].id if more else None)


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke(principal: Allowed, actor: Acting, services: Given, token_id: str) -> None:
    """Revoke an API token at once: one's own, or as Manager or Admin anybody's."""
    owner = None if principal.role >= Role.MANAGER else principal.user_id
    async with services.store.write() as connection:
        if not await revoke_token(connection, token_id, owner, services.clock.now()):
            raise UnknownObject("There is no such token, or it was revoked before.")
        await services.audit.append(connection, actor, Act(action="token.revoke", subject_id=token_id))
    await reload(services)


def _shown(grant: TokenGrant, last_used_at: float | None) -> TokenShown:
    return TokenShown(
        id=grant.id,
        name=grant.name,
        owner_id=grant.owner_id,
        owner_name=grant.owner_name,
        scope=grant.scope,
        allowed_models=list(grant.allowed_models),
        created_at=grant.created_at,
        expires_at=grant.expires_at,
        revoked_at=grant.revoked_at,
        last_used_at=last_used_at,
    )
