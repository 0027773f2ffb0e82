"""Api models: round trips, prefixes, damage that stays in its row."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from bodhi.core.api_model import Timeouts
from bodhi.core.errors import Conflict, InvalidField
from bodhi.storage.api_models import (
    DAMAGED,
    delete_api_model,
    disown_api_models,
    get_api_model,
    insert_api_model,
    list_api_models,
    list_api_models_of,
    provider_key_place,
    sealed_key,
    sealed_keys,
    update_api_model,
)
from bodhi.storage.engine import Store
from bodhi.storage.objects import find_object, remember_object
from bodhi.storage.users import insert_user
from bodhi.storage.vault import Place
from bodhi.storage.version import config_version
from tests.storage.conftest import api_model, user


async def test_what_was_stored_is_read_back(store: Store) -> None:
    owner = user()
    whole = api_model(
        prefix="o/",
        forward_all=True,
        allow_private_network=True,
        has_key=True,
        owner_id=owner.id,
        timeouts=Timeouts(connect=1.5),
    )
    bare = api_model(created_at=1_900_000_000.0, models=(), extra_headers={}, extra_body={})
    async with store.write() as connection:
        await insert_user(connection, owner)
        await insert_api_model(connection, whole, "v1.k.abc")
        await insert_api_model(connection, bare, None)
    async with store.read() as connection:
        assert await list_api_models(connection) == [whole, bare]
        assert await get_api_model(connection, whole.id) == whole
        assert await get_api_model(connection, "none") is None
        assert await sealed_keys(connection) == {whole.id: "v1.k.abc"}
        assert await sealed_key(connection, whole.id) == "v1.k.abc"
        assert await sealed_key(connection, bare.id) is None


async def test_a_taken_prefix_names_the_api_model_that_has_it(store: Store) -> None:
    async with store.write() as connection:
        await insert_api_model(connection, api_model(name="First", prefix="a/"), None)
    with pytest.raises(Conflict, match="Prefix 'a/' is already used by the api model 'First'") as caught:
        async with store.write() as connection:
            await insert_api_model(connection, api_model(prefix="a/"), None)
    assert caught.value.param == "prefix"


async def test_an_update_may_keep_its_prefix_and_not_take_anothers(store: Store) -> None:
    first, second = api_model(prefix="a/"), api_model(prefix="b/")
    async with store.write() as connection:
        await insert_api_model(connection, first, None)
        await insert_api_model(connection, second, "sealed")
        assert await update_api_model(connection, replace(first, name="New"), None)
    with pytest.raises(Conflict):
        async with store.write() as connection:
            await update_api_model(connection, replace(second, prefix="a/"), "sealed")
    async with store.read() as connection:
        assert await get_api_model(connection, first.id) == replace(first, name="New")
        assert await get_api_model(connection, second.id) == replace(second, has_key=True)


async def test_many_api_models_may_have_no_prefix(store: Store) -> None:
    async with store.write() as connection:
        for _ in range(3):
            await insert_api_model(connection, api_model(), None)
        assert len(await list_api_models(connection)) == 3


async def test_prefixes_differ_by_case(store: Store) -> None:
    async with store.write() as connection:
        await insert_api_model(connection, api_model(prefix="a/"), None)
        await insert_api_model(connection, api_model(prefix="A/"), None)


async def test_an_unknown_owner_or_a_known_id_is_a_conflict(store: Store) -> None:
    known = api_model()
    async with store.write() as connection:
        await insert_api_model(connection, known, None)
    for refused in (api_model(owner_id="nobody"), known):
        with pytest.raises(Conflict):
            async with store.write() as connection:
                await insert_api_model(connection, refused, None)


async def test_every_write_bumps_the_version(store: Store) -> None:
    record = api_model()
    async with store.write() as connection:
        versions = [await config_version(connection)]
        await insert_api_model(connection, record, None)
        versions.append(await config_version(connection))
        await update_api_model(connection, record, "sealed")
        versions.append(await config_version(connection))
        await delete_api_model(connection, record.id)
        versions.append(await config_version(connection))
    assert versions == sorted(set(versions))


async def test_a_removed_api_model_takes_the_ids_it_gave_out_along(store: Store) -> None:
    record = api_model()
    async with store.write() as connection:
        await insert_api_model(connection, record, None)
        await remember_object(connection, "resp_1", record.id, "ada", 1.0)
        assert await delete_api_model(connection, record.id)
        assert not await delete_api_model(connection, record.id)
        assert not await update_api_model(connection, record, None)
        assert await find_object(connection, "resp_1", "ada") is None


async def test_pages_follow_each_other_even_with_equal_times(store: Store) -> None:
    records = [api_model(id=f"id-{number}") for number in range(5)]
    async with store.write() as connection:
        for record in reversed(records):
            await insert_api_model(connection, record, None)
        assert await list_api_models(connection, limit=2) == records[:2]
        assert await list_api_models(connection, after="id-1", limit=2) == records[2:4]
        assert await list_api_models(connection, after="id-4") == []
        assert await list_api_models(connection, after="gone") == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE api_models SET models = 'not json' WHERE name = 'hurt'",
        "UPDATE api_models SET models = '{}' WHERE name = 'hurt'",
        "UPDATE api_models SET extra_headers = '[]' WHERE name = 'hurt'",
        "UPDATE api_models SET extra_body = '7' WHERE name = 'hurt'",
        "UPDATE api_models SET timeouts = '{\"connect\": \"soon\"}' WHERE name = 'hurt'",
        "UPDATE api_models SET timeouts = '{\"no_such\": 1}' WHERE name = 'hurt'",
    ],
)
async def test_a_damaged_row_is_broken_and_hides_no_other(store: Store, damage: str) -> None:
    whole, hurt = api_model(name="whole"), api_model(name="hurt", created_at=1_900_000_000.0)
    async with store.write() as connection:
        await insert_api_model(connection, whole, None)
        await insert_api_model(connection, hurt, None)
        await connection.execute(text(damage.replace(":", "\\:")))
    async with store.read() as connection:
        found = await list_api_models(connection)
    assert found[0] == whole
    assert (found[1].id, found[1].broken) == (hurt.id, DAMAGED)


def test_a_key_is_bound_to_the_origin_and_not_to_the_path() -> None:
    place = provider_key_place("1", "https://API.openai.com/v1")
    assert place == Place("api_models", "sealed_key", "1", "https://api.openai.com:443")
    assert place == provider_key_place("1", "https://api.openai.com:443/other/path")
    assert place != provider_key_place("1", "http://api.openai.com/v1")


@given(st.text(max_size=20))
def test_no_text_gives_a_place_without_an_origin(base_url: str) -> None:
    try:
        place = provider_key_place("1", base_url)
    except InvalidField:
        return
    assert place.origin.startswith(("http://", "https://"))


async def test_what_one_person_owns_is_left_to_all(store: Store) -> None:
    ada, eve = user(), user()
    hers = [api_model(owner_id=ada.id, created_at=float(number)) for number in range(2)]
    eves = api_model(owner_id=eve.id)
    async with store.write() as connection:
        for person in (ada, eve):
            await insert_user(connection, person)
        for each in (*hers[::-1], eves):
            await insert_api_model(connection, each, None)
        before = await config_version(connection)
        assert await list_api_models_of(connection, ada.id) == hers
        assert await disown_api_models(connection, ada.id) == 2
        assert await config_version(connection) > before
        assert await list_api_models_of(connection, ada.id) == []
        assert await get_api_model(connection, hers[0].id) == replace(hers[0], owner_id=None)
        assert await list_api_models_of(connection, eve.id) == [eves]
