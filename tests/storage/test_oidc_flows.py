"""Sign-ins on their way: taken once, gone with their session, removed when they never come back."""

import asyncio
from dataclasses import replace

from bodhi.storage.engine import Store
from bodhi.storage.oidc_flows import OidcFlow, insert_flow, purge_flows, session_user_id, take_flow
from bodhi.storage.sessions import Session, delete_sessions, insert_session
from bodhi.storage.users import insert_user
from tests.storage.conftest import user

FLOW = OidcFlow(
    state_mac=b"s" * 32,
    browser_mac=b"b" * 32,
    sealed="v1.k.x",
    purpose="sign_in",
    session_id=None,
    created_at=100.0,
    expires_at=700.0,
)


async def test_a_flow_comes_back_as_it_went_and_once(store: Store) -> None:
    async with store.write() as connection:
        await insert_flow(connection, FLOW)
        assert await take_flow(connection, b"other") is None
        assert await take_flow(connection, FLOW.state_mac) == FLOW
        assert await take_flow(connection, FLOW.state_mac) is None


async def test_of_many_takers_at_once_one_gets_it(store: Store) -> None:
    async with store.write() as connection:
        await insert_flow(connection, FLOW)

    async def take() -> OidcFlow | None:
        async with store.write() as connection:
            return await take_flow(connection, FLOW.state_mac)

    taken = await asyncio.gather(*(take() for _ in range(8)))
    assert [flow for flow in taken if flow is not None] == [FLOW]


async def test_what_never_came_back_is_removed(store: Store) -> None:
    async with store.write() as connection:
        await insert_flow(connection, FLOW)
        await insert_flow(connection, replace(FLOW, state_mac=b"t" * 32, expires_at=701.0))
        assert await purge_flows(connection, 700.0) == 1
        assert await take_flow(connection, FLOW.state_mac) is None
        assert await take_flow(connection, b"t" * 32) is not None


async def test_a_confirmation_ends_with_its_session(store: Store) -> None:
    ada = user()
    session = Session(
        id="session-1", mac=b"m" * 32, user_id=ada.id, method="oidc", carried_by="cookie", created_at=1.0,
        authenticated_at=1.0, seen_at=1.0, expires_at=1_000.0,
    )  # fmt: skip
    async with store.write() as connection:
        await insert_user(connection, ada)
        await insert_session(connection, session)
        await insert_flow(connection, replace(FLOW, purpose="confirm", session_id=session.id))
        assert await session_user_id(connection, session.id) == ada.id
        await delete_sessions(connection, ada.id)
        assert await session_user_id(connection, session.id) is None
        assert await take_flow(connection, FLOW.state_mac) is None
