"""What people chose for the pages, in the store."""

from sqlalchemy import func, select, update

from bodhi.storage import tables
from bodhi.storage.engine import Store
from bodhi.storage.preferences import change_preferences, read_preferences
from bodhi.storage.users import delete_user
from tests.storage.test_chats import add_owner


async def test_changes_add_up_for_one_person_alone(store: Store) -> None:
    ada, bob = await add_owner(store), await add_owner(store)
    async with store.write() as connection:
        assert await read_preferences(connection, ada.id) == {}
        assert await change_preferences(connection, ada.id, {"a": [1], "text": "\x00\ud83d"}, 1.0) is not None
        assert await change_preferences(connection, ada.id, {"a": []}, 2.0) == {"a": [], "text": "\x00\ud83d"}
        assert await change_preferences(connection, "nobody", {"a": 1}, 1.0) is None
    async with store.read() as connection:
        assert await read_preferences(connection, ada.id) == {"a": [], "text": "\x00\ud83d"}
        assert await read_preferences(connection, bob.id) == {}


async def test_what_cannot_be_understood_counts_as_nothing(store: Store) -> None:
    ada = await add_owner(store)
    for damaged in ("{", "[]"):
        async with store.write() as connection:
            await change_preferences(connection, ada.id, {"a": 1}, 1.0)
            await connection.execute(update(tables.preferences).values(value=damaged))
            assert await read_preferences(connection, ada.id) == {}


async def test_preferences_go_with_the_person(store: Store) -> None:
    ada = await add_owner(store)
    async with store.write() as connection:
        await change_preferences(connection, ada.id, {"a": 1}, 1.0)
        assert await delete_user(connection, ada.id)
        assert (await connection.execute(select(func.count()).select_from(tables.preferences))).scalar_one() == 0
