"""What becomes of an API token after it was minted: changed, rotated, revoked. Who may do which is the caller's.

Each change is checked and audited inside the transaction that makes it, against the token as it is then.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.api_model import check_name
from bodhi.core.audit import Act, Actor
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, InvalidField, UnknownObject
from bodhi.core.principal import Role, TokenGrant, TokenState, state_of
from bodhi.identity.mint import DAY, TOKEN_DAYS, Mint, check_allowed_models, check_days
from bodhi.identity.tokens import new_token
from bodhi.storage.tokens import lock_token, update_token

OVERLAP_SECONDS = 86_400
MAX_OVERLAP = 7 * 86_400

UNKNOWN = "There is no such token, or it was revoked before."

Check = Callable[[TokenGrant, TokenGrant], None]
"""Looks at a token before and after a change, and raises where the change may not be."""


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a token works from now on. None is for ever."""

    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenChange:
    """What to change of a token. None leaves a thing as it is."""

    name: str | None = None
    disabled: bool | None = None
    allowed_models: tuple[str, ...] | None = None
    lifetime: Lifetime | None = None


async def change_token(mint: Mint, actor: Actor, token_id: str, change: TokenChange, check: Check) -> TokenGrant:
    """Change a token and return it as it is then. What changes nothing leaves no trace.

    Raises:
        InvalidField: a value cannot be.
        UnknownObject: there is no such token.
        Conflict: it has expired.
        StoreUnavailable: the store does not answer; nothing was changed.
    """
    _check_values(change)
    now = mint.clock.now()
    async with mint.store.write() as connection:
        before = await _lock(connection, token_id)
        after = _changed(before, change, actor, now)
        check(before, after)
        _check_not_over(before, now)
        if after != before:
            await update_token(connection, after)
            await _audit(mint, connection, actor, "token.change", before, after)
    return after


async def rotate_token(
    mint: Mint, actor: Actor, token_id: str, overlap: float, check: Check
) -> tuple[Secret, TokenGrant]:
    """Give a token another secret and its lifetime anew, and return both for the one time that the secret is shown.

    The secret before works until the overlap ends, or it would have ended anyway; one that is older still ends now.

    Raises:
        InvalidField: the overlap is out of range.
        UnknownObject: there is no such token.
        Conflict: it has expired.
        StoreUnavailable: the store does not answer; the old secret stays the only one.
    """
    if not 0 <= overlap <= MAX_OVERLAP:
        raise InvalidField(f"The overlap is 0 to {MAX_OVERLAP} seconds.", param="overlap_seconds")
    secret, now = new_token(), mint.clock.now()
    async with mint.store.write() as connection:
        before = await _lock(connection, token_id)
        lifetime = _lifetime_of(before)
        until = now + overlap
        after = replace(
            before,
            mac=mint.hasher.mac(secret.reveal().encode()),
            expires_at=None if lifetime is None else now + lifetime,
            lifetime=lifetime,
            previous_mac=before.mac,
            previous_until=until if before.expires_at is None else min(until, before.expires_at),
        )
        check(before, after)
        _check_not_over(before, now)
        await update_token(connection, after)
        await _audit(mint, connection, actor, "token.rotate", before, after)
    return secret, after


async def end_token(mint: Mint, actor: Actor, token_id: str, check: Check) -> None:
    """Revoke a token, with every secret that it has.

    Raises:
        UnknownObject: there is no such token, or it was revoked before.
        StoreUnavailable: the store does not answer; the token lives.
    """
    now = mint.clock.now()
    async with mint.store.write() as connection:
        before = await _lock(connection, token_id)
        after = replace(before, revoked_at=now)
        check(before, after)
        if before.revoked_at is not None:
            raise UnknownObject(UNKNOWN)
        await update_token(connection, after)
        await _audit(mint, connection, actor, "token.revoke", before, after)


def is_wider(before: TokenGrant, after: TokenGrant) -> bool:
    """Tell whether a change lets a token work for longer, or might let it use more models."""
    longer = before.expires_at is not None and (after.expires_at is None or after.expires_at > before.expires_at)
    return longer or _allows_more(before.allowed_models, after.allowed_models)


def _allows_more(before: tuple[str, ...], after: tuple[str, ...]) -> bool:
    """Compare globs as texts: what any of them matches is not looked into, so a new glob always counts as more."""
    return bool(before) and (not after or not set(after) <= set(before))


def _check_values(change: TokenChange) -> None:
    if change.name is not None:
        check_name(change.name)
    if change.allowed_models is not None:
        check_allowed_models(change.allowed_models)
    if change.lifetime is not None:
        check_days(change.lifetime.days)


def _changed(before: TokenGrant, change: TokenChange, actor: Actor, now: float) -> TokenGrant:
    after = before
    if change.name is not None:
        after = replace(after, name=change.name.strip())
    if change.allowed_models is not None:
        after = replace(after, allowed_models=change.allowed_models)
    if change.disabled is not None and change.disabled is not (before.disabled_at is not None):
        at, by = (now, actor.user_id) if change.disabled else (None, None)
        after = replace(after, disabled_at=at, disabled_by=by)
    if change.lifetime is not None:
        lifetime = None if change.lifetime.days is None else change.lifetime.days * DAY
        after = replace(after, lifetime=lifetime, expires_at=None if lifetime is None else now + lifetime)
    return after


def _lifetime_of(token: TokenGrant) -> float | None:
    """Return how long a new secret works. An owner who is no Admin any more gets no endless one again."""
    if token.lifetime is not None:
        return token.lifetime
    if token.expires_at is not None:
        return token.expires_at - token.created_at
    return None if token.owner_role >= Role.ADMIN else TOKEN_DAYS * DAY


async def _lock(connection: AsyncConnection, token_id: str) -> TokenGrant:
    token = await lock_token(connection, token_id)
    if token is None:
        raise UnknownObject(UNKNOWN)
    return token


def _check_not_over(token: TokenGrant, now: float) -> None:
    """Keep tokens that are over as they are, so that nothing brings a secret back to life."""
    state = state_of(token, now)
    if state is TokenState.REVOKED:
        raise UnknownObject(UNKNOWN)
    if state is TokenState.EXPIRED:
        raise Conflict("This token has expired, and stays so. Create a new one.")


async def _audit(
    mint: Mint, connection: AsyncConnection, actor: Actor, action: str, before: TokenGrant, after: TokenGrant
) -> None:
    """Write the act, with the fields that changed."""
    old, new = _told(mint, before), _told(mint, after)
    fields = [name for name in new if new[name] != old[name]]
    act = Act(
        action=action,
        subject_id=after.id,
        subject_name=after.name,
        before={name: old[name] for name in fields},
        after={name: new[name] for name in fields},
    )
    await mint.audit.append(connection, actor, act)


def _told(mint: Mint, token: TokenGrant) -> Mapping[str, Any]:
    """Return what the audit trail may hold of a token."""
    return {
        "name": token.name,
        "disabled": token.disabled_at is not None,
        "allowed_models": list(token.allowed_models),
        "expires_at": token.expires_at,
        "revoked": token.revoked_at is not None,
        # Nobody knows the secret any more; what it is known by tells it from others as well.
        "secret": mint.audit.fingerprint(token.mac.hex()),
        "previous_until": token.previous_until,
    }
