"""The names behind ids, and what occurs among records."""

from msgspec.structs import replace

from bodhi.core.principal import Role, TokenGrant
from bodhi.storage.api_models import insert_api_model
from bodhi.storage.engine import Store
from bodhi.storage.tokens import insert_token
from bodhi.storage.usage import insert_usage
from bodhi.storage.usage_filter import EVERYTHING, UsageFilter
from bodhi.storage.usage_names import MOST_OCCURRING, UsageNames, read_names, read_names_of, read_occurring
from bodhi.storage.users import insert_user
from tests.storage.conftest import api_model, user
from tests.storage.test_usage_sums import CALL


async def test_names_are_found_and_those_that_are_gone_are_not(store: Store) -> None:
    ada, model = user(name="Ada"), api_model(name="Fast", format="gemini")
    grant = TokenGrant("t1", "laptop", b"m" * 32, ada.id, "Ada", Role.USER, "user", (), 1.0, None, None)
    async with store.write() as connection:
        await insert_user(connection, ada)
        await insert_token(connection, grant)
        await insert_api_model(connection, model, None)
        call = replace(CALL, user_id=ada.id, token_id="t1", api_model_id=model.id)
        found = await read_names_of(connection, [call, replace(call, user_id="gone", token_id=None)])
        assert found == UsageNames({ada.id: "Ada"}, {"t1": "laptop"}, {model.id: "Fast"}, {model.id: "gemini"})
        assert await read_names(connection) == UsageNames()
        assert await read_names(connection, of_users=[None, "gone"]) == UsageNames()


async def test_what_occurs_comes_by_how_often_it_does(store: Store) -> None:
    records = [
        replace(CALL, id="1", model_sent=None, model_asked="rare", user_id=None, token_id=None, api_model_id=None),
        replace(CALL, id="2", user_id="eve", token_id="t2"),
        replace(CALL, id="3"),
        replace(CALL, id="4"),
    ]
    async with store.usage_write() as connection:
        await insert_usage(connection, records)
        found = await read_occurring(connection, EVERYTHING)
        own = await read_occurring(connection, UsageFilter(owner_id="eve"))
    assert (found.models, found.api_models) == (["gpt", "rare"], ["m1"])
    assert (found.tokens, found.users) == (["t1", "t2"], ["ada", "eve"])
    assert (own.models, own.tokens, own.users) == (["gpt"], ["t2"], ["eve"])


async def test_what_occurs_is_bounded(store: Store) -> None:
    records = [replace(CALL, id=f"{n:03}", model_sent=f"m{n:03}") for n in range(MOST_OCCURRING + 5)]
    async with store.usage_write() as connection:
        await insert_usage(connection, records)
        assert len((await read_occurring(connection, EVERYTHING)).models) == MOST_OCCURRING
