"""Repository of how the last connection test of each stored api model went. Testing is the control API's part."""

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.storage.tables import api_model_tests, api_models


@dataclass(frozen=True, slots=True)
class ApiModelTest:
    """One connection test."""

    api_model_id: str
    at: float
    ok: bool
    model: str
    message: str
    detail: str
    status: int | None
    duration_ms: int


async def replace_api_model_test(connection: AsyncConnection, test: ApiModelTest, *, of: float) -> bool:
    """Keep a test as its api model's last one, and tell whether that was done.

    Args:
        connection: in a transaction that may write.
        test: the test.
        of: when the api model as it was tested was last changed. What was changed or removed meanwhile has no test.
    """
    # The lock makes a change of the api model, which removes the test, wait until this one is there to be removed.
    held = select(api_models.c.updated_at).where(api_models.c.id == test.api_model_id).with_for_update()
    if (await connection.execute(held)).scalar_one_or_none() != of:
        return False
    await remove_api_model_test(connection, test.api_model_id)
    await connection.execute(insert(api_model_tests).values(asdict(test)))
    return True


async def remove_api_model_test(connection: AsyncConnection, api_model_id: str) -> None:
    """Forget the last test of an api model."""
    await connection.execute(delete(api_model_tests).where(api_model_tests.c.api_model_id == api_model_id))


async def api_model_tests_of(connection: AsyncConnection, ids: Collection[str]) -> dict[str, ApiModelTest]:
    """Return the last test of each of the api models that has one."""
    query = select(api_model_tests).where(api_model_tests.c.api_model_id.in_(ids))
    rows = (await connection.execute(query)).mappings()
    return {row["api_model_id"]: ApiModelTest(**{**row, "ok": bool(row["ok"])}) for row in rows}
