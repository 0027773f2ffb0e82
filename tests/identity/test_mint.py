import asyncio
from pathlib import Path
from typing import Any

import pytest

from bodhi.core.audit import Actor
from bodhi.core.errors import BodhiError, InvalidField, RoleTooLow
from bodhi.core.principal import Role, TokenGrant
from bodhi.identity.mint import DAY, MAX_DAYS, MAX_GLOBS, MAX_LIVE, Mint, Owner, TokenWish, check_wish, mint_token
from bodhi.identity.tokens import TokenHasher, looks_like_token
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.tokens import TokenFilter, count_live_tokens, insert_token, list_tokens
from bodhi.storage.users import User, insert_user
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

ADMIN = Owner("u1", "ada", Role.ADMIN)
HASHER = TokenHasher(b"t" * 32)


ACTOR = Actor(user_id="u1", user_name="ada")


def new_mint(store: Store, time: StillClock) -> Mint:
    return Mint(store, HASHER, AuditLog(b"a" * 32, time.clock), time.clock)


def owner(role: Role) -> Owner:
    return Owner("u1", "ada", role)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scope": "admin"}, "scope"),
        ({"scope": ""}, "scope"),
        ({"days": 0}, "expires_in_days"),
        ({"days": -1}, "expires_in_days"),
        ({"days": MAX_DAYS + 1}, "expires_in_days"),
        ({"allowed_models": ("",)}, "allowed_models"),
        ({"allowed_models": ("a b",)}, "allowed_models"),
        ({"allowed_models": ("a\x07",)}, "allowed_models"),
        ({"allowed_models": ("a" * 257,)}, "allowed_models"),
        ({"allowed_models": ("a",) * (MAX_GLOBS + 1)}, "allowed_models"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_by_its_field(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_wish(TokenWish(**{"name": "x", **fields}), ADMIN)

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "role", "param"),
    [
        ({"scope": "power_user"}, Role.USER, "scope"),
        ({"days": None}, Role.USER, "expires_in_days"),
        ({"days": None}, Role.MANAGER, "expires_in_days"),
    ],
)
def test_a_token_is_never_more_than_its_owner(fields: dict[str, Any], role: Role, param: str) -> None:
    with pytest.raises(RoleTooLow) as caught:
        check_wish(TokenWish(name="x", **fields), owner(role))

    assert caught.value.param == param


@pytest.mark.parametrize(
    ("fields", "role"),
    [
        ({}, Role.USER),
        ({"days": 1}, Role.USER),
        ({"days": MAX_DAYS}, Role.USER),
        ({"scope": "power_user"}, Role.POWER_USER),
        ({"days": None}, Role.ADMIN),
        ({"allowed_models": ("*",) * MAX_GLOBS}, Role.USER),
    ],
)
def test_a_wish_within_the_owners_role_is_granted(fields: dict[str, Any], role: Role) -> None:
    check_wish(TokenWish(name="x", **fields), owner(role))


async def test_only_the_mac_of_a_token_is_stored(tmp_path: Path) -> None:
    time = StillClock()
    async with fresh_store(tmp_path) as store:
        async with store.write() as connection:
            await insert_user(connection, User("u1", "ada", Role.ADMIN, None, disabled=False, created_at=1.0))
        wish = TokenWish(name=" ci ", days=2, allowed_models=("gpt-*",))
        secret, grant = await mint_token(new_mint(store, time), ACTOR, ADMIN, wish)
        async with store.read() as connection:
            stored = await list_tokens(connection, TokenFilter(), time.time)

    assert stored == [grant]
    assert looks_like_token(secret.reveal().encode())
    assert grant.mac == HASHER.mac(secret.reveal().encode())
    assert (grant.name, grant.allowed_models) == ("ci", ("gpt-*",))
    assert (grant.created_at, grant.expires_at) == (time.time, time.time + 2 * DAY)
    assert secret.reveal().encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


async def test_a_refused_wish_leaves_no_token(tmp_path: Path) -> None:
    async with fresh_store(tmp_path) as store:
        with pytest.raises(BodhiError):
            await mint_token(new_mint(store, StillClock()), ACTOR, ADMIN, TokenWish(name=""))
        async with store.read() as connection:
            assert await list_tokens(connection, TokenFilter(), 0.0) == []


async def test_nobody_has_more_than_two_hundred_live_tokens(tmp_path: Path) -> None:
    time = StillClock()
    async with fresh_store(tmp_path) as store:
        mint = new_mint(store, time)
        async with store.write() as connection:
            for user_id in ("u1", "u2"):
                user = User(user_id, user_id, Role.ADMIN, None, disabled=False, created_at=1.0)
                await insert_user(connection, user)
            for number in range(MAX_LIVE - 1):
                await insert_token(connection, plain_grant(str(number), expires_at=None))
            for number in range(10):
                await insert_token(connection, plain_grant(f"old {number}", expires_at=time.time))

        minted = await asyncio.gather(
            *(mint_token(mint, ACTOR, ADMIN, TokenWish(name="n")) for _ in range(5)), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in minted) == ["Conflict"] * 4 + ["tuple"]
        await mint_token(mint, ACTOR, Owner("u2", "bob", Role.USER), TokenWish(name="n"))
        async with store.read() as connection:
            assert await count_live_tokens(connection, "u1", time.time) == MAX_LIVE


def plain_grant(token_id: str, *, expires_at: float | None) -> TokenGrant:
    mac = token_id.encode().ljust(32, b"-")
    return TokenGrant(token_id, "n", mac, "u1", "u1", Role.ADMIN, "user", (), 0.0, expires_at, None)
