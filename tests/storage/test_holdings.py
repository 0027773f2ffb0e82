"""What a user has, counted: only what works, and only theirs."""

from dataclasses import replace

from bodhi.core.ids import new_id
from bodhi.core.principal import Role, TokenGrant
from bodhi.storage.api_models import insert_api_model
from bodhi.storage.engine import Store
from bodhi.storage.holdings import Holdings, count_holdings
from bodhi.storage.sessions import Session, insert_session
from bodhi.storage.tokens import insert_token
from bodhi.storage.users import insert_user
from tests.storage.conftest import api_model, user

NOW = 1_800_000_000.0


async def test_only_what_works_and_is_theirs_is_counted(store: Store) -> None:
    ada, eve = user(), user()
    sessions = [session(ada.id), session(ada.id, expires_at=NOW), session(ada.id, seen_at=NOW - 100), session(eve.id)]
    grants = [
        grant(ada.id),
        grant(ada.id, expires_at=NOW + 1),
        grant(ada.id, expires_at=NOW),
        grant(ada.id, revoked_at=NOW),
        grant(ada.id, disabled_at=NOW),
        grant(ada.id, scope="chat", session_id=sessions[0].id),
        grant(eve.id),
    ]
    async with store.write() as connection:
        for person in (ada, eve):
            await insert_user(connection, person)
        for each in sessions:
            await insert_session(connection, each)
        for each_grant in grants:
            await insert_token(connection, each_grant)
        await insert_api_model(connection, api_model(owner_id=ada.id), None)
        await insert_api_model(connection, api_model(), None)
        assert await count_holdings(connection, ada.id, NOW, idle_since=NOW - 100) == Holdings(2, 1, 1)
        assert await count_holdings(connection, eve.id, NOW, idle_since=NOW - 100) == Holdings(1, 1, 0)
        assert await count_holdings(connection, "nobody", NOW, idle_since=NOW - 100) == Holdings(0, 0, 0)


def grant(owner_id: str, **changes: object) -> TokenGrant:
    made = new_id()
    mac = made.encode().ljust(32, b"m")
    plain = TokenGrant(made, "laptop", mac, owner_id, "", Role.USER, "user", (), NOW, None, None)
    return replace(plain, **changes)  # type: ignore[arg-type]  # a test passes what the fields take


def session(user_id: str, **changes: object) -> Session:
    made = new_id()
    plain = Session(
        id=made,
        mac=made.encode().ljust(32, b"m"),
        user_id=user_id,
        method="password",
        carried_by="cookie",
        created_at=NOW,
        authenticated_at=NOW,
        seen_at=NOW,
        expires_at=NOW + 1,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # as above
