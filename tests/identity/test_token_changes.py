"""What becomes of tokens, below the API: lifetimes, what counts as wider, and checks inside the transaction."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bodhi.core.audit import Actor
from bodhi.core.errors import RoleTooLow, UnknownObject
from bodhi.core.principal import Role, TokenGrant, principal_of
from bodhi.identity.mint import DAY, TOKEN_DAYS, Mint, Owner, TokenWish, mint_token
from bodhi.identity.token_changes import (
    Lifetime,
    TokenChange,
    change_token,
    end_token,
    is_wider,
    rotate_token,
)
from bodhi.identity.tokens import TokenHasher
from bodhi.storage.audit import AuditLog
from bodhi.storage.tables import audit_log, users
from bodhi.storage.tokens import TokenFilter, insert_token, list_tokens
from bodhi.storage.users import User, insert_user
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store

ACTOR = Actor(user_id="u1", user_name="ada")
GRANT = TokenGrant("t1", "n", b"m" * 32, "u1", "ada", Role.ADMIN, "user", ("gpt-*", "o1"), 0.0, 100.0, None)


def anything(_before: TokenGrant, _after: TokenGrant) -> None:
    """Allow every change."""


def nothing(_before: TokenGrant, _after: TokenGrant) -> None:
    """Allow no change."""
    raise RoleTooLow


@dataclass
class World:
    mint: Mint
    time: StillClock

    async def new(self, days: int | None = 10) -> TokenGrant:
        wish = TokenWish(name="n", days=days)
        return (await mint_token(self.mint, ACTOR, Owner("u1", "ada", Role.ADMIN), wish))[1]

    async def stored(self) -> list[TokenGrant]:
        async with self.mint.store.read() as connection:
            return await list_tokens(connection, TokenFilter(), self.time.time)

    async def actions(self) -> list[str]:
        async with self.mint.store.read() as connection:
            return list((await connection.execute(select(audit_log.c.action).order_by(audit_log.c.seq))).scalars())


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    time = StillClock()
    async with fresh_store(tmp_path) as store:
        async with store.write() as connection:
            await insert_user(connection, User("u1", "ada", Role.ADMIN, None, disabled=False, created_at=1.0))
        yield World(Mint(store, TokenHasher(b"t" * 32), AuditLog(b"a" * 32, time.clock), time.clock), time)


async def test_every_rotation_begins_the_same_lifetime_anew(world: World) -> None:
    grant = await world.new(days=10)
    for _ in range(3):
        world.time.advance(DAY)
        _, rotated = await rotate_token(world.mint, ACTOR, grant.id, 0, anything)
        assert rotated.expires_at == world.time.time + 10 * DAY
    await change_token(world.mint, ACTOR, grant.id, TokenChange(lifetime=Lifetime(2)), anything)
    _, rotated = await rotate_token(world.mint, ACTOR, grant.id, 0, anything)
    assert rotated.expires_at == world.time.time + 2 * DAY
    assert await world.stored() == [rotated]


async def test_a_token_whose_lifetime_nobody_noted_keeps_the_one_it_had(world: World) -> None:
    now = world.time.time
    async with world.mint.store.write() as connection:
        await insert_token(connection, replace(GRANT, created_at=now, expires_at=now + 50))
    _, rotated = await rotate_token(world.mint, ACTOR, "t1", 0, anything)
    assert (rotated.lifetime, rotated.expires_at) == (50, now + 50)


async def test_an_endless_token_stays_endless_only_for_an_admin(world: World) -> None:
    grant = await world.new(days=None)
    assert (await rotate_token(world.mint, ACTOR, grant.id, 60, anything))[1].expires_at is None
    async with world.mint.store.write() as connection:
        await connection.execute(update(users).values(role="manager"))
    _, rotated = await rotate_token(world.mint, ACTOR, grant.id, 60, anything)
    assert rotated.expires_at == world.time.time + TOKEN_DAYS * DAY


async def test_what_the_check_refuses_changes_nothing_and_leaves_no_act(world: World) -> None:
    grant = await world.new()
    for refused in (
        change_token(world.mint, ACTOR, grant.id, TokenChange(name="x"), nothing),
        rotate_token(world.mint, ACTOR, grant.id, 0, nothing),
        end_token(world.mint, ACTOR, grant.id, nothing),
    ):
        with pytest.raises(RoleTooLow):
            await refused
    assert await world.stored() == [grant]
    assert await world.actions() == ["token.create"]


async def test_a_change_that_changes_nothing_leaves_no_act(world: World) -> None:
    grant = await world.new()
    same = TokenChange(name=" n ", disabled=False, allowed_models=())
    assert await change_token(world.mint, ACTOR, grant.id, same, anything) == grant
    assert await world.actions() == ["token.create"]


async def test_of_many_who_revoke_one_does_and_no_change_comes_after(world: World) -> None:
    grant = await world.new()
    work = [end_token(world.mint, ACTOR, grant.id, anything) for _ in range(5)]
    work += [_rotate(world, grant) for _ in range(5)]
    done = await asyncio.gather(*work, return_exceptions=True)
    assert [type(each) for each in done[:5]].count(UnknownObject) == 4
    (stored,) = await world.stored()
    assert stored.revoked_at == world.time.time
    actions = await world.actions()
    assert actions.count("token.revoke") == 1
    assert actions[-1] == "token.revoke"


async def _rotate(world: World, grant: TokenGrant) -> None:
    await rotate_token(world.mint, ACTOR, grant.id, 0, anything)


GLOBS = st.lists(st.sampled_from(["*", "gpt-*", "gpt-4", "o?", "[z-a]"]), max_size=4).map(tuple)


@given(before=GLOBS, after=GLOBS, model=st.sampled_from(["gpt-4", "gpt-5", "o1", "x"]))
def test_what_does_not_count_as_wider_opens_no_further_model(
    before: tuple[str, ...], after: tuple[str, ...], model: str
) -> None:
    old, new = replace(GRANT, allowed_models=before), replace(GRANT, allowed_models=after)
    if not is_wider(old, new) and principal_of(new).may_use(model):
        assert principal_of(old).may_use(model)


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [(100.0, 100.0, False), (100.0, 99.0, False), (100.0, 101.0, True), (100.0, None, True), (None, 5.0, False)],
)
def test_a_longer_life_counts_as_wider(before: float | None, after: float | None, wider: bool) -> None:
    assert is_wider(replace(GRANT, expires_at=before), replace(GRANT, expires_at=after)) is wider
