"""The names behind the ids of usage records, and which of them occur. Both databases are asked, each by itself."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.usage import UsageRecord
from bodhi.storage.paging import MAX_PAGE
from bodhi.storage.tables import api_models, tokens, usage_records, users
from bodhi.storage.usage_filter import UsageFilter

MOST_OCCURRING = 200


@dataclass(slots=True)
class UsageNames:
    """Names by id; what is gone has none."""

    users: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    api_models: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    """The formats of api models."""


@dataclass(frozen=True, slots=True)
class Occurring:
    """What some calls have, in the order of how often they do."""

    models: list[str]
    """As sent, or as asked for where none was sent."""
    api_models: list[str]
    tokens: list[str]
    users: list[str]


async def read_names(
    connection: AsyncConnection,
    *,
    of_users: Iterable[str | None] = (),
    of_tokens: Iterable[str | None] = (),
    of_api_models: Iterable[str | None] = (),
) -> UsageNames:
    """Look names up in the main database, one query for each kind of which there are ids."""
    found = UsageNames()
    for ids, table, into in ((of_users, users, found.users), (of_tokens, tokens, found.tokens)):
        if known := _some(ids):
            query = select(table.c.id, table.c.name).where(table.c.id.in_(known))
            into.update((row.id, row.name) for row in await connection.execute(query))
    if known := _some(of_api_models):
        query = select(api_models.c.id, api_models.c.name, api_models.c.format).where(api_models.c.id.in_(known))
        for row in await connection.execute(query):
            found.api_models[row.id], found.formats[row.id] = row.name, row.format
    return found


async def read_names_of(connection: AsyncConnection, records: Iterable[UsageRecord]) -> UsageNames:
    """Look up every name that records have, in the main database."""
    kept = list(records)
    return await read_names(
        connection,
        of_users=(record.user_id for record in kept),
        of_tokens=(record.token_id for record in kept),
        of_api_models=(record.api_model_id for record in kept),
    )


async def read_occurring(connection: AsyncConnection, wanted: UsageFilter) -> Occurring:
    """Find out in the usage database what the records that are wanted have, at most 200 of each kind."""
    table = usage_records.c
    model = func.coalesce(table.model_sent, table.model_asked)
    found = [
        await _occurring(connection, wanted, column)
        for column in (model, table.api_model_id, table.token_id, table.user_id)
    ]
    return Occurring(*found)


async def _occurring(connection: AsyncConnection, wanted: UsageFilter, column: ColumnElement[Any]) -> list[str]:
    query = select(column).where(*wanted.conditions(), column.is_not(None)).group_by(column)
    query = query.order_by(func.count().desc(), column).limit(MOST_OCCURRING)
    return list((await connection.execute(query)).scalars())


def _some(ids: Iterable[str | None]) -> list[str]:
    """Return the ids that are there, each once, no more than one statement takes."""
    return list(dict.fromkeys(each for each in ids if each is not None))[:MAX_PAGE]
