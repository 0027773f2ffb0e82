"""Repository of api models. Keys pass through as sealed text; opening them is the vault's."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from bodhi.core.api_model import ApiModel, Timeouts, parse_base_url
from bodhi.core.errors import Conflict
from bodhi.storage.paging import page
from bodhi.storage.tables import api_models, objects
from bodhi.storage.vault import Place
from bodhi.storage.version import bump_config_version

DAMAGED = "The stored record is damaged. Open it, correct it and save it again."


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A provider's key as the store holds it: `v1.<data key id>.<base64url>`."""

    text: str


def provider_key_place(api_model_id: str, base_url: str) -> Place:
    """Return what a provider's key is bound to: its api model, and the origin that it was entered for.

    Raises:
        InvalidField: the base URL is malformed.
    """
    origin, _ = parse_base_url(base_url)
    return Place("api_models", "sealed_key", api_model_id, str(origin))


async def list_api_models(
    connection: AsyncConnection, *, after: str | None = None, limit: int | None = None
) -> list[ApiModel]:
    """Return the api models, oldest first; a damaged record is `broken` and hides none of the others."""
    query = page(select(api_models), api_models, "created_at", after=after, limit=limit)
    return [_api_model(row) for row in await connection.execute(query)]


async def get_api_model(connection: AsyncConnection, api_model_id: str) -> ApiModel | None:
    """Return one api model."""
    row = (await connection.execute(select(api_models).where(api_models.c.id == api_model_id))).one_or_none()
    return None if row is None else _api_model(row)


async def insert_api_model(connection: AsyncConnection, api_model: ApiModel, sealed: str | None) -> None:
    """Store a new api model and its sealed key; None where the provider asks for no key.

    Raises:
        Conflict: another api model has the prefix.
    """
    await bump_config_version(connection)
    await _check_prefix(connection, api_model)
    try:
        await connection.execute(insert(api_models).values(_values(api_model, sealed)))
    except IntegrityError as error:
        raise Conflict("The api model's id, prefix or owner clashes with another record.") from error


async def update_api_model(connection: AsyncConnection, api_model: ApiModel, sealed: str | None) -> bool:
    """Replace an api model and its sealed key, and tell whether it existed. None removes the key.

    Raises:
        Conflict: another api model has the prefix.
    """
    await bump_config_version(connection)
    await _check_prefix(connection, api_model)
    statement = update(api_models).where(api_models.c.id == api_model.id).values(_values(api_model, sealed))
    try:
        return (await connection.execute(statement)).rowcount > 0
    except IntegrityError as error:
        raise Conflict("The api model's prefix or owner clashes with another record.") from error


async def delete_api_model(connection: AsyncConnection, api_model_id: str) -> bool:
    """Remove an api model with the ids it gave out, and tell whether it existed."""
    await bump_config_version(connection)
    await connection.execute(delete(objects).where(objects.c.api_model_id == api_model_id))
    return (await connection.execute(delete(api_models).where(api_models.c.id == api_model_id))).rowcount > 0


async def list_api_models_of(connection: AsyncConnection, owner_id: str) -> list[ApiModel]:
    """Return the api models that a user owns, oldest first."""
    query = page(select(api_models), api_models, "created_at", after=None, limit=None)
    return [_api_model(row) for row in await connection.execute(query.where(api_models.c.owner_id == owner_id))]


async def disown_api_models(connection: AsyncConnection, owner_id: str) -> int:
    """Leave the api models of a user to nobody in particular, and return how many there were."""
    await bump_config_version(connection)
    statement = update(api_models).where(api_models.c.owner_id == owner_id).values(owner_id=None)
    return (await connection.execute(statement)).rowcount


async def sealed_keys(connection: AsyncConnection) -> dict[str, str]:
    """Return the sealed key of every api model that has one, by api model id."""
    query = select(api_models.c.id, api_models.c.sealed_key).where(api_models.c.sealed_key.is_not(None))
    return {row.id: row.sealed_key for row in await connection.execute(query)}


async def sealed_key(connection: AsyncConnection, api_model_id: str) -> str | None:
    """Return one api model's sealed key."""
    query = select(api_models.c.sealed_key).where(api_models.c.id == api_model_id)
    sealed: str | None = (await connection.execute(query)).scalar_one_or_none()
    return sealed


async def _check_prefix(connection: AsyncConnection, api_model: ApiModel) -> None:
    """Look for the prefix elsewhere; sure, because the version's lock is held."""
    if not api_model.prefix:
        return
    query = select(api_models.c.name).where(api_models.c.prefix == api_model.prefix, api_models.c.id != api_model.id)
    other = (await connection.execute(query)).scalar_one_or_none()
    if other is not None:
        raise Conflict(f"Prefix {api_model.prefix!r} is already used by the api model {other!r}.", param="prefix")


def _values(api_model: ApiModel, sealed: str | None) -> dict[str, Any]:
    return {
        "id": api_model.id,
        "name": api_model.name,
        "format": api_model.format,
        "base_url": api_model.base_url,
        "prefix": api_model.prefix,
        "forward_all": api_model.forward_all,
        "models": json.dumps(list(api_model.models)),
        "extra_headers": json.dumps(dict(api_model.extra_headers)),
        "extra_body": json.dumps(api_model.extra_body),
        "timeouts": json.dumps(api_model.timeouts and asdict(api_model.timeouts)),
        "allow_private_network": api_model.allow_private_network,
        "sealed_key": sealed,
        "owner_id": api_model.owner_id,
        "created_at": api_model.created_at,
        "updated_at": api_model.updated_at,
    }


def _api_model(row: Row[Any]) -> ApiModel:
    """Build an api model from its row; what cannot be read is left empty, and `broken` says so."""
    models, models_fine = _json(row.models, list)
    headers, headers_fine = _json(row.extra_headers, dict)
    body, body_fine = _json(row.extra_body, dict)
    timeouts, timeouts_fine = _timeouts(row.timeouts)
    fine = models_fine and headers_fine and body_fine and timeouts_fine
    return ApiModel(
        id=row.id,
        name=row.name,
        format=row.format,
        base_url=row.base_url,
        prefix=row.prefix,
        forward_all=bool(row.forward_all),
        models=tuple(model for model in models if isinstance(model, str)),
        extra_headers=headers,
        extra_body=body,
        allow_private_network=bool(row.allow_private_network),
        has_key=row.sealed_key is not None,
        owner_id=row.owner_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        timeouts=timeouts,
        broken=None if fine else DAMAGED,
    )


def _json(text: object, shape: type) -> tuple[Any, bool]:
    """Read a JSON column, and tell whether it held the shape that it should."""
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        value = None
    return (value, True) if isinstance(value, shape) else (shape(), False)


def _timeouts(text: object) -> tuple[Timeouts | None, bool]:
    if text == "null":
        return None, True
    value, fine = _json(text, dict)
    try:
        return Timeouts(**{name: float(seconds) for name, seconds in value.items()}), fine
    except (TypeError, ValueError):
        return None, False
