"""The last connection test of each api model, as it is stored."""

import asyncio
from dataclasses import replace

from bodhi.core.ids import new_id
from bodhi.storage.api_model_tests import (
    ApiModelTest,
    api_model_tests_of,
    remove_api_model_test,
    replace_api_model_test,
)
from bodhi.storage.api_models import delete_api_model, insert_api_model, update_api_model
from bodhi.storage.engine import Store
from tests.storage.conftest import api_model


def a_test(api_model_id: str, **changes: object) -> ApiModelTest:
    fields: dict[str, object] = {
        "api_model_id": api_model_id, "at": 1_800_000_002.25, "ok": False, "model": "gpt-5",
        "message": "Connection failed", "detail": "ü", "status": 500, "duration_ms": 12,
    }  # fmt: skip
    return ApiModelTest(**(fields | changes))  # type: ignore[arg-type]  # a test passes what the fields take


async def test_of_the_tests_of_an_api_model_the_last_is_kept(store: Store) -> None:
    first, second, third = api_model(), api_model(), api_model()
    async with store.write() as connection:
        for each in (first, second, third):
            await insert_api_model(connection, each, None)
        kept = [a_test(first.id), a_test(second.id), a_test(first.id, ok=True, status=None, at=1_800_000_003.5)]
        for test in kept:
            assert await replace_api_model_test(connection, test, of=first.updated_at)
    async with store.read() as connection:
        found = await api_model_tests_of(connection, [first.id, second.id, third.id, "none"])
        assert found == {first.id: kept[2], second.id: kept[1]}
        assert await api_model_tests_of(connection, [third.id]) == {}
    async with store.write() as connection:
        await remove_api_model_test(connection, first.id)
        assert await api_model_tests_of(connection, [first.id, second.id]) == {second.id: kept[1]}
        await delete_api_model(connection, second.id)
        assert await api_model_tests_of(connection, [first.id, second.id]) == {}


async def test_what_changed_or_went_during_its_test_has_none(store: Store) -> None:
    changed = api_model()
    async with store.write() as connection:
        await insert_api_model(connection, changed, None)
        await update_api_model(connection, replace(changed, updated_at=changed.updated_at + 1), None)
        assert not await replace_api_model_test(connection, a_test(changed.id), of=changed.updated_at)
        assert not await replace_api_model_test(connection, a_test(new_id()), of=changed.updated_at)
        assert await api_model_tests_of(connection, [changed.id]) == {}


async def test_a_change_waits_for_a_test_that_is_being_kept(store: Store) -> None:
    made = api_model()
    async with store.write() as connection:
        await insert_api_model(connection, made, None)

    async def change() -> None:
        async with store.write() as connection:
            await update_api_model(connection, replace(made, updated_at=made.updated_at + 1), None)
            await remove_api_model_test(connection, made.id)

    async with asyncio.TaskGroup() as group, store.write() as connection:
        assert await replace_api_model_test(connection, a_test(made.id), of=made.updated_at)
        group.create_task(change())
        await asyncio.sleep(0)
    async with store.read() as connection:
        assert await api_model_tests_of(connection, [made.id]) == {}
