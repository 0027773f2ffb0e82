"""Repository of the ids that providers gave out (`resp_…`): which api model answers for one, and whose it is."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.insert_new import insert_new
from bodhi.storage.tables import objects
from bodhi.storage.text import is_storable


async def remember_object(
    connection: AsyncConnection, object_id: str, api_model_id: str, owner_id: str, at: float
) -> None:
    """Note whose an id is. The first writer wins: an id of an api model never changes its owner."""
    if not is_storable(object_id):
        return
    values = {"object_id": object_id, "api_model_id": api_model_id, "owner_id": owner_id, "created_at": at}
    await insert_new(connection, objects, [[values[column.name]] for column in objects.columns])


async def find_object(connection: AsyncConnection, object_id: str, owner_id: str) -> str | None:
    """Return the id of the api model that answers for an owner's object, the latest where there are several."""
    if not is_storable(object_id):
        return None
    query = (
        select(objects.c.api_model_id)
        .where(objects.c.object_id == object_id, objects.c.owner_id == owner_id)
        .order_by(objects.c.created_at.desc())
        .limit(1)
    )
    api_model_id: str | None = (await connection.execute(query)).scalar_one_or_none()
    return api_model_id


async def forget_object(connection: AsyncConnection, object_id: str, owner_id: str) -> None:
    """Remove an owner's object."""
    if not is_storable(object_id):
        return
    await connection.execute(delete(objects).where(objects.c.object_id == object_id, objects.c.owner_id == owner_id))


async def forget_objects_of(connection: AsyncConnection, owner_id: str) -> int:
    """Remove every object of an owner and return how many there were."""
    return (await connection.execute(delete(objects).where(objects.c.owner_id == owner_id))).rowcount


async def purge_objects(connection: AsyncConnection, before: float) -> int:
    """Remove the objects remembered before a time and return how many there were."""
    return (await connection.execute(delete(objects).where(objects.c.created_at < before))).rowcount
