"""API tokens: their MACs, who sees them, when they end."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from bodhi.core.errors import Conflict
from bodhi.core.ids import new_id
from bodhi.core.principal import Role, TokenGrant, principal_of
from bodhi.storage.engine import Store
from bodhi.storage.tokens import (
    all_live_grants,
    insert_token,
    list_tokens,
    revoke_token,
    tokens_last_used,
    touch_tokens,
)
from bodhi.storage.users import User, insert_user
from bodhi.storage.version import config_version
from tests.storage.conftest import user

NOW = 1_800_000_000.0


def grant(owner: User, **changes: object) -> TokenGrant:
    made = new_id()
    fields: dict[str, object] = {
        "id": made,
        "name": "laptop",
        "mac": made.encode().ljust(32, b"\x00"),
        "owner_id": owner.id,
        "owner_name": owner.name,
        "owner_role": owner.role,
        "scope": "user",
        "allowed_models": ("gpt-*", "o/é"),
        "created_at": NOW,
        "expires_at": None,
        "revoked_at": None,
    }
    return TokenGrant(**(fields | changes))  # type: ignore[arg-type]  # a test passes what the fields take


@pytest.fixture
async def ada(store: Store) -> User:
    ada = user(name="ada", role=Role.POWER_USER)
    async with store.write() as connection:
        await insert_user(connection, ada)
    return ada


async def test_what_was_stored_is_read_back_with_its_owner(store: Store, ada: User) -> None:
    first = grant(ada, expires_at=NOW + 5)
    second = grant(ada, created_at=NOW + 1, scope="power_user", allowed_models=())
    async with store.write() as connection:
        await insert_token(connection, first)
        await insert_token(connection, second)
    async with store.read() as connection:
        assert await list_tokens(connection, None) == [first, second]
        assert await list_tokens(connection, ada.id) == [first, second]
        assert await list_tokens(connection, ada.id, after=first.id, limit=1) == [second]
        assert await list_tokens(connection, "bob") == []


async def test_revoked_expired_and_disabled_owners_tokens_are_not_live(store: Store, ada: User) -> None:
    disabled = user(disabled=True)
    live = grant(ada, expires_at=NOW + 1)
    ended = [grant(ada, expires_at=NOW), grant(ada, expires_at=NOW - 50), grant(ada, revoked_at=NOW - 50)]
    async with store.write() as connection:
        await insert_user(connection, disabled)
        for token in (live, *ended, grant(disabled)):
            await insert_token(connection, token)
    async with store.read() as connection:
        assert await all_live_grants(connection, NOW) == [live]
        with_ended = await all_live_grants(connection, NOW, ended_since=NOW - 60)
        assert {token.id for token in with_ended} == {live.id, *(token.id for token in ended)}
        assert len(await all_live_grants(connection, NOW, ended_since=NOW - 10)) == 2


async def test_a_token_is_revoked_once_and_by_its_owner_only(store: Store, ada: User) -> None:
    token = grant(ada)
    async with store.write() as connection:
        await insert_token(connection, token)
        assert not await revoke_token(connection, token.id, "bob", NOW)
        assert await revoke_token(connection, token.id, ada.id, NOW)
        assert not await revoke_token(connection, token.id, None, NOW + 1)
        assert await list_tokens(connection, ada.id) == [replace(token, revoked_at=NOW)]


async def test_unknown_owners_and_known_macs_are_conflicts(store: Store, ada: User) -> None:
    token = grant(ada)
    async with store.write() as connection:
        await insert_token(connection, token)
    for refused in (grant(user()), grant(ada, mac=token.mac)):
        with pytest.raises(Conflict):
            async with store.write() as connection:
                await insert_token(connection, refused)


async def test_last_use_is_noted_without_a_new_version(store: Store, ada: User) -> None:
    first, second = grant(ada), grant(ada)
    async with store.write() as connection:
        await insert_token(connection, first)
        await insert_token(connection, second)
        before = await config_version(connection)
        await touch_tokens(connection, {first.id: NOW + 9, "gone": NOW})
        await touch_tokens(connection, {})
        assert await config_version(connection) == before
        assert await tokens_last_used(connection, ada.id) == {first.id: NOW + 9}
        assert await tokens_last_used(connection, None) == {first.id: NOW + 9}
        assert await tokens_last_used(connection, "bob") == {}


async def test_minting_in_parallel_keeps_every_token_and_counts_every_version(store: Store, ada: User) -> None:
    async def mint() -> None:
        async with store.write() as connection:
            await insert_token(connection, grant(ada))

    async with store.read() as connection:
        before = await config_version(connection)
    await asyncio.gather(*(mint() for _ in range(50)))
    async with store.read() as connection:
        assert len(await list_tokens(connection, None)) == 50
        assert await config_version(connection) == before + 50


@pytest.mark.parametrize("globs", ["not json", "{}", "[1]", "null"])
async def test_damaged_globs_allow_nothing(store: Store, ada: User, globs: str) -> None:
    async with store.write() as connection:
        await insert_token(connection, grant(ada, allowed_models=()))
        await connection.execute(text("UPDATE tokens SET allowed_models = :globs"), {"globs": globs})
        (found,) = await list_tokens(connection, None)
    assert not principal_of(found).may_use("gpt-5")


async def test_an_unknown_scope_or_role_grants_the_least(store: Store, ada: User) -> None:
    async with store.write() as connection:
        await insert_token(connection, grant(ada))
        await connection.execute(text("UPDATE tokens SET scope = 'emperor'"))
        await connection.execute(text("UPDATE users SET role = 'emperor'"))
        (found,) = await list_tokens(connection, None)
    assert (found.scope, found.owner_role) == ("user", Role.USER)
