"""Minting API tokens: what may be asked for, by whom, and the one moment at which the token itself is known.

What becomes of a token afterwards is `token_changes`'.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bodhi.core.api_model import check_name
from bodhi.core.audit import Act, Actor
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, InvalidField, RoleTooLow
from bodhi.core.ids import new_id
from bodhi.core.principal import PROGRAM_SCOPES, SCOPES, Role, TokenGrant
from bodhi.identity.tokens import TokenHasher, new_token
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.tokens import count_live_tokens, insert_token

TOKEN_DAYS = 90
MAX_DAYS = 3650
MAX_LIVE = 200
"""Tokens of one owner that are neither revoked nor expired."""
MAX_GLOBS = 50
MAX_GLOB = 256
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What is asked of a new token. `days` is None for a token that never expires."""

    name: str
    scope: str = Role.USER.wire
    days: int | None = TOKEN_DAYS
    allowed_models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom a new token belongs to."""

    id: str
    name: str
    role: Role


def check_wish(wish: TokenWish, owner: Owner) -> None:
    """Refuse a token that would be more than its owner, or could not be matched.

    Raises:
        InvalidField: naming the field.
        RoleTooLow: the scope or the missing expiry is beyond the owner's role.
    """
    check_name(wish.name)
    if wish.scope not in PROGRAM_SCOPES:
        raise InvalidField(f"The scope must be one of: {', '.join(PROGRAM_SCOPES)}.", param="scope")
    if SCOPES[wish.scope] > owner.role:
        raise RoleTooLow("A token cannot have a wider scope than its owner's role.", param="scope")
    if wish.days is None and owner.role < Role.ADMIN:
        raise RoleTooLow("Only Admins may create tokens that never expire.", param="expires_in_days")
    check_days(wish.days)
    check_allowed_models(wish.allowed_models)


def check_days(days: int | None) -> None:
    """Refuse an expiry that is out of range. None is never.

    Raises:
        InvalidField: naming the field.
    """
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise InvalidField(f"A token expires after 1 to {MAX_DAYS} days, or never.", param="expires_in_days")


def check_allowed_models(globs: Sequence[str]) -> None:
    """Refuse globs that no model id can match, or too many. None at all allows every model.

    Raises:
        InvalidField: naming the field.
    """
    if len(globs) > MAX_GLOBS:
        raise InvalidField(f"At most {MAX_GLOBS} allowed models can be named.", param="allowed_models")
    for glob in globs:
        if not 0 < len(glob) <= MAX_GLOB or not glob.isprintable() or " " in glob:
            raise InvalidField(f"An allowed model has 1 to {MAX_GLOB} characters, none blank.", param="allowed_models")


@dataclass(frozen=True, slots=True)
class Mint:
    """What minting needs. One exists per process."""

    store: Store
    hasher: TokenHasher
    audit: AuditLog
    clock: Clock


async def mint_token(mint: Mint, actor: Actor, owner: Owner, wish: TokenWish) -> tuple[Secret, TokenGrant]:
    """Store a new token by its MAC alone, and return it for the one time that it is shown.

    Raises:
        InvalidField: the wish names something that cannot be.
        RoleTooLow: the wish is beyond the owner's role.
        Conflict: the owner has as many live tokens as there can be.
        StoreUnavailable: the store does not answer; there is no token.
    """
    check_wish(wish, owner)
    secret, now = new_token(), mint.clock.now()
    lifetime = None if wish.days is None else wish.days * DAY
    grant = TokenGrant(
        id=new_id(mint.clock),
        name=wish.name.strip(),
        mac=mint.hasher.mac(secret.reveal().encode()),
        owner_id=owner.id,
        owner_name=owner.name,
        owner_role=owner.role,
        scope=wish.scope,
        allowed_models=wish.allowed_models,
        created_at=now,
        expires_at=None if lifetime is None else now + lifetime,
        revoked_at=None,
        lifetime=lifetime,
    )
    after = {
        "owner": owner.name,
        "scope": grant.scope,
        "allowed_models": list(grant.allowed_models),
        "expires_at": grant.expires_at,
    }
    async with mint.store.write() as connection:
        await insert_token(connection, grant)
        if await count_live_tokens(connection, owner.id, now) > MAX_LIVE:
            raise Conflict(f"Nobody can have more than {MAX_LIVE} live tokens. Revoke some that are not needed first.")
        await mint.audit.append(
            connection, actor, Act(action="token.create", subject_id=grant.id, subject_name=grant.name, after=after)
        )
    return secret, grant
