"""API tokens: their MACs, who sees them, when they end."""

import asyncio
import itertools
from dataclasses import replace

import pytest
from sqlalchemy import text

from bodhi.core.errors import Conflict
from bodhi.core.ids import new_id
from bodhi.core.principal import Role, TokenGrant, TokenState, principal_of, state_of
from bodhi.storage.engine import Store
from bodhi.storage.sessions import Session, delete_sessions, insert_session
from bodhi.storage.tokens import (
    TokenFilter,
    count_live_tokens,
    insert_token,
    known_grants,
    list_tokens,
    lock_token,
    tokens_last_used,
    touch_tokens,
    update_token,
)
from bodhi.storage.users import User, insert_user
from bodhi.storage.version import config_version
from tests.storage.conftest import user

NOW = 1_800_000_000.0
ALL = TokenFilter()


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
        of_ada, of_bob = TokenFilter(owner_id=ada.id), TokenFilter(owner_id="bob")
        assert await list_tokens(connection, ALL, NOW) == [first, second]
        assert await list_tokens(connection, of_ada, NOW) == [first, second]
        assert await list_tokens(connection, of_ada, NOW, after=first.id, limit=1) == [second]
        assert await list_tokens(connection, of_bob, NOW) == []


async def test_what_ended_long_ago_is_known_no_more_and_what_is_disabled_is(store: Store, ada: User) -> None:
    disabled = user(disabled=True)
    kept = [grant(ada, expires_at=NOW + 1), grant(ada, disabled_at=NOW), grant(disabled), grant(ada, revoked_at=NOW)]
    gone = [grant(ada, expires_at=NOW - 60), grant(ada, revoked_at=NOW - 61)]
    async with store.write() as connection:
        await insert_user(connection, disabled)
        for token in (*kept, *gone):
            await insert_token(connection, token)
    async with store.read() as connection:
        known = await known_grants(connection, NOW - 60)
    assert {token.id for token in known} == {token.id for token in kept}
    assert [token.id for token in known if token.owner_disabled] == [kept[2].id]


async def test_a_changed_token_is_read_back_as_it_was_changed(store: Store, ada: User) -> None:
    token = grant(ada, expires_at=NOW + 1, lifetime=1.0)
    changed = replace(
        token, name="desk", mac=b"2" * 32, allowed_models=(), expires_at=NOW + 9, lifetime=9.0, disabled_at=NOW,
        revoked_at=NOW, previous_mac=token.mac, previous_until=NOW + 3,
    )  # fmt: skip
    async with store.write() as connection:
        await insert_token(connection, token)
        before = await config_version(connection)
        assert await lock_token(connection, token.id) == token
        assert await config_version(connection) == before + 1
        await update_token(connection, changed)
        assert await lock_token(connection, token.id) == changed
        for nobody in ("gone", "", "\x00"):
            assert await lock_token(connection, nobody) is None


async def test_changes_of_one_token_take_turns(store: Store, ada: User) -> None:
    token = grant(ada, name="")
    async with store.write() as connection:
        await insert_token(connection, token)

    async def lengthen() -> None:
        async with store.write() as connection:
            current = await lock_token(connection, token.id)
            assert current is not None
            await update_token(connection, replace(current, name=current.name + "x"))

    await asyncio.gather(*(lengthen() for _ in range(20)))
    async with store.read() as connection:
        (found,) = await list_tokens(connection, ALL, NOW)
    assert found.name == "x" * 20


async def test_chat_tokens_are_in_no_list_and_end_with_their_session(store: Store, ada: User) -> None:
    async with store.write() as connection:
        await insert_session(connection, session(ada.id))
        await insert_token(connection, grant(ada, id="chat", scope="chat", session_id="s1"))
        assert [token.id for token in await known_grants(connection, NOW)] == ["chat"]
        assert await list_tokens(connection, ALL, NOW) == []
        assert await lock_token(connection, "chat") is None
        assert await count_live_tokens(connection, ada.id, NOW) == 0
        await delete_sessions(connection, ada.id)
        assert await known_grants(connection, NOW) == []


def session(user_id: str) -> Session:
    return Session(
        id="s1", mac=b"s" * 32, user_id=user_id, method="password", carried_by="cookie", created_at=NOW,
        authenticated_at=NOW, seen_at=NOW, expires_at=NOW + 1,
    )  # fmt: skip


async def test_the_store_and_the_program_agree_on_every_state(store: Store, ada: User) -> None:
    owners = [
        ada,
        user(disabled=True),
        user(role=Role.GUEST),
        user(role=Role.GUEST, disabled=True),
        user(role=Role.ADMIN),
    ]
    ends = itertools.product((None, NOW - 1, NOW, NOW + 1), (None, NOW), (None, NOW))
    made = [
        grant(owner, expires_at=expires, revoked_at=revoked, disabled_at=disabled, owner_disabled=owner.disabled)
        for (expires, revoked, disabled), owner in itertools.product(ends, owners)
    ]
    async with store.write() as connection:
        for owner in owners[1:]:
            await insert_user(connection, owner)
        for token in made:
            await insert_token(connection, token)
    async with store.read() as connection:
        for state in TokenState:
            listed = await list_tokens(connection, TokenFilter(state=state), NOW)
            expected = {token.id for token in made if state_of(token, NOW) is state}
            assert {token.id for token in listed} == expected, state
            assert expected
        live = await count_live_tokens(connection, ada.id, NOW)
    assert live == len(
        [t for t in made if t.owner_id == ada.id and not t.revoked_at and t.expires_at in (None, NOW + 1)]
    )


async def test_a_part_of_the_name_is_looked_for_as_it_is(store: Store, ada: User) -> None:
    async with store.write() as connection:
        for name in ("Laptop", "100%", "a_b", "axb"):
            await insert_token(connection, grant(ada, name=name, created_at=NOW))
    async with store.read() as connection:
        for text_, names in {"LAP": {"Laptop"}, "%": {"100%"}, "_": {"a_b"}, "\\": set(), "x": {"axb"}}.items():
            found = await list_tokens(connection, TokenFilter(text=text_), NOW)
            assert {token.name for token in found} == names, text_


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
        assert await tokens_last_used(connection) == {first.id: NOW + 9}
        assert await tokens_last_used(connection, [first.id, second.id]) == {first.id: NOW + 9}
        assert await tokens_last_used(connection, [second.id]) == {}
        assert await tokens_last_used(connection, []) == {}


async def test_minting_in_parallel_keeps_every_token_and_counts_every_version(store: Store, ada: User) -> None:
    async def mint() -> None:
        async with store.write() as connection:
            await insert_token(connection, grant(ada))

    async with store.read() as connection:
        before = await config_version(connection)
    await asyncio.gather(*(mint() for _ in range(50)))
    async with store.read() as connection:
        assert len(await list_tokens(connection, ALL, NOW)) == 50
        assert await config_version(connection) == before + 50


@pytest.mark.parametrize("globs", ["not json", "{}", "[1]", "null"])
async def test_damaged_globs_allow_nothing(store: Store, ada: User, globs: str) -> None:
    async with store.write() as connection:
        await insert_token(connection, grant(ada, allowed_models=()))
        await connection.execute(text("UPDATE tokens SET allowed_models = :globs"), {"globs": globs})
        (found,) = await list_tokens(connection, ALL, NOW)
    assert not principal_of(found).may_use("gpt-5")


async def test_an_unknown_scope_or_role_grants_the_least(store: Store, ada: User) -> None:
    async with store.write() as connection:
        await insert_token(connection, grant(ada))
        await connection.execute(text("UPDATE tokens SET scope = 'emperor'"))
        await connection.execute(text("UPDATE users SET role = 'emperor'"))
        (found,) = await list_tokens(connection, ALL, NOW)
    assert (found.scope, found.owner_role) == ("user", Role.GUEST)
