"""Rows go in once, in batches of any size, on both databases."""

import pytest
from sqlalchemy import func, select

from bodhi.storage.engine import Store
from bodhi.storage.insert_new import MOST_ROWS, columns_of, insert_new
from bodhi.storage.tables import objects


def new_objects(count: int, owner: str = "u") -> list[list[object]]:
    values = [
        {"object_id": f"resp_{n}", "api_model_id": "m", "owner_id": owner, "created_at": 1.0} for n in range(count)
    ]
    return columns_of(([row[column.name] for column in objects.columns] for row in values), len(objects.columns))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 37, MOST_ROWS, MOST_ROWS + 5, 3 * MOST_ROWS])
async def test_every_row_of_a_batch_is_stored(store: Store, count: int) -> None:
    async with store.write() as connection:
        await insert_new(connection, objects, new_objects(count))
        stored = (await connection.execute(select(func.count()).select_from(objects))).scalar_one()

    assert stored == count


async def test_a_row_that_is_there_stays_as_it_is(store: Store) -> None:
    async with store.write() as connection:
        await insert_new(connection, objects, new_objects(1, "first"))
        await insert_new(connection, objects, new_objects(3, "second"))
        owners = (await connection.execute(select(objects.c.owner_id).order_by(objects.c.object_id))).scalars().all()

    assert list(owners) == ["first", "second", "second"]
