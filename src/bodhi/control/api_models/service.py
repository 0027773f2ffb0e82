"""The rules of creating and changing an api model, and what becomes of its key. HTTP is `endpoints`' part.

A key is sealed for the origin that it was entered for. Whoever changes the origin must enter the key again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bodhi.control.api_models.acts import KeyedModel, alteration, creation, removal
from bodhi.control.api_models.fields import api_model_format, check_whole, merged
from bodhi.control.services import Services, reload
from bodhi.core.api_model import ApiModel, check_key, parse_base_url
from bodhi.core.audit import Actor
from bodhi.core.credential import Secret
from bodhi.core.errors import ApiModelUnusable, InvalidField, UnknownObject
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal, Role
from bodhi.formats.contract import Format
from bodhi.storage.api_model_tests import (
    ApiModelTest,
    api_model_tests_of,
    remove_api_model_test,
    replace_api_model_test,
)
from bodhi.storage.api_models import (
    delete_api_model,
    get_api_model,
    insert_api_model,
    list_api_models,
    provider_key_place,
    sealed_key,
    update_api_model,
)
from bodhi.storage.vault import CannotOpen
from bodhi.storage.version import bump_config_version

KEY_AGAIN = "enter the key again"

_TESTED = ("format", "base_url", "extra_headers", "extra_body")
"""The fields that a connection test is about: beside these, the key."""


async def listed(services: Services, principal: Principal) -> list[ApiModel]:
    """Return the api models that the principal may see, oldest first."""
    async with services.store.read() as connection:
        stored = await list_api_models(connection)
    return [_with_reason(services, each) for each in stored if is_visible(services, each, principal)]


async def found(services: Services, principal: Principal, api_model_id: str) -> ApiModel:
    """Return one api model.

    Raises:
        UnknownObject: there is none, or it is private to somebody else.
    """
    async with services.store.read() as connection:
        stored = await get_api_model(connection, api_model_id)
    return _with_reason(services, _visible(services, principal, stored))


async def create(services: Services, principal: Principal, actor: Actor, given: Mapping[str, Any]) -> ApiModel:
    """Store a new api model and its key.

    Raises:
        InvalidField: naming the field.
        Conflict: the prefix is taken.
    """
    api_model = merged(services, _blank(services, principal, given), given)
    check_whole(api_model)
    key = given_key(api_model_format(services, api_model), given)
    sealed = _seal(services, api_model, key) if key else None
    api_model = replace(api_model, has_key=sealed is not None)
    async with services.store.write() as connection:
        await insert_api_model(connection, api_model, sealed)
        await services.audit.append(connection, actor, creation(services.audit, api_model, key))
    await reload(services)
    return api_model


async def change(
    services: Services, principal: Principal, actor: Actor, api_model_id: str, given: Mapping[str, Any]
) -> ApiModel:
    """Change the given fields of an api model; the rest stays, the key included.

    Raises:
        UnknownObject: there is none, or it is private to somebody else.
        InvalidField: naming the field; `api_key` where the stored key cannot follow the change.
        Conflict: the prefix is taken.
    """
    async with services.store.write() as connection:
        # Taken first, this makes changes wait for one another, so that none works on what another is replacing.
        await bump_config_version(connection)
        current = _visible(services, principal, await get_api_model(connection, api_model_id))
        api_model = replace(merged(services, current, given), updated_at=services.clock.now(), broken=None)
        check_whole(api_model)
        if is_private(services, api_model) and not is_private(services, current):
            api_model = replace(api_model, owner_id=principal.user_id)
        stored = await sealed_key(connection, api_model_id)
        old_key = _opened(services, current, stored)
        if "api_key" in given:
            key = given_key(api_model_format(services, api_model), given)
            sealed = _seal(services, api_model, key) if key else None
        else:
            key, sealed = old_key, stored
            if sealed is not None:
                check_key_may_stay(services, current, api_model)
                _check_stored_shape(services, api_model, sealed)
        api_model = replace(api_model, has_key=sealed is not None)
        await update_api_model(connection, api_model, sealed)
        if "api_key" in given or any(getattr(api_model, name) != getattr(current, name) for name in _TESTED):
            await remove_api_model_test(connection, api_model_id)
        act = alteration(services.audit, KeyedModel(current, old_key), KeyedModel(api_model, key))
        await services.audit.append(connection, actor, act)
    await reload(services)
    return _with_reason(services, api_model)


async def remove(services: Services, principal: Principal, actor: Actor, api_model_id: str) -> None:
    """Remove an api model and its sealed key.

    Raises:
        UnknownObject: there is none, or it is private to somebody else.
    """
    async with services.store.write() as connection:
        # Taken first, as by every writer, so that what the trail says was removed is what was there.
        await bump_config_version(connection)
        current = _visible(services, principal, await get_api_model(connection, api_model_id))
        key = _opened(services, current, await sealed_key(connection, api_model_id))
        await delete_api_model(connection, api_model_id)
        await services.audit.append(connection, actor, removal(services.audit, current, key))
    await reload(services)


async def on_trial(
    services: Services, principal: Principal, given: Mapping[str, Any]
) -> tuple[ApiModel, Secret | None]:
    """Return the api model that a form describes, and the key to try it with: the form's, or the stored one.

    Raises:
        UnknownObject: the form edits an api model that is not there.
        InvalidField: naming the field; `api_key` where the stored key was entered for something else.
        ApiModelUnusable: the stored key cannot be opened.
    """
    if given.get("id") is None:
        api_model = merged(services, _blank(services, principal, given), given)
        return api_model, given_key(api_model_format(services, api_model), given)
    async with services.store.read() as connection:
        current = _visible(services, principal, await get_api_model(connection, given["id"]))
        sealed = await sealed_key(connection, current.id)
    api_model = merged(services, current, given)
    if "api_key" in given:
        return api_model, given_key(api_model_format(services, api_model), given)
    if sealed is None:
        return api_model, None
    check_key_may_stay(services, current, api_model)
    return api_model, _open(services, api_model, sealed)


async def keep_test(services: Services, api_model: ApiModel, test: ApiModelTest) -> None:
    """Keep how a connection test of a stored api model went, unless the api model has changed meanwhile."""
    async with services.store.write() as connection:
        await replace_api_model_test(connection, test, of=api_model.updated_at)


async def last_tests(
    services: Services, principal: Principal, api_models: Sequence[ApiModel]
) -> dict[str, ApiModelTest]:
    """Return the last test of each api model, for those who may edit."""
    if principal.role < Role.POWER_USER or not api_models:
        return {}
    async with services.store.read() as connection:
        return await api_model_tests_of(connection, [each.id for each in api_models])


def check_key_may_stay(services: Services, current: ApiModel, changed: ApiModel) -> None:
    """Refuse to let a stored key follow a change to another origin, or into or out of a private format.

    Raises:
        InvalidField: the key must be entered again.
    """
    if parse_base_url(current.base_url)[0] != parse_base_url(changed.base_url)[0]:
        raise InvalidField(
            f"The base URL names another server than the one the API key was entered for: {KEY_AGAIN}.", param="api_key"
        )
    if is_private(services, current) != is_private(services, changed):
        raise InvalidField(
            f"A key of one person cannot become everybody's, nor the reverse: {KEY_AGAIN}.", param="api_key"
        )


def given_key(wanted: Format, given: Mapping[str, Any]) -> Secret | None:
    """Return the key that a request brings, without blanks around it, or None where it brings none.

    Raises:
        InvalidField: no key looks like this, or none of this format.
    """
    entered = given.get("api_key")
    if entered is None:
        return None
    key = entered.get_secret_value().strip()
    check_key(key)
    _check_shape(wanted, key)
    return Secret(key)


def is_private(services: Services, api_model: ApiModel) -> bool:
    """Tell whether an api model serves only its owner."""
    named = services.formats.get(api_model.format)
    return named is not None and named.private


def is_visible(services: Services, api_model: ApiModel, principal: Principal) -> bool:
    """Tell whether a principal may know of an api model."""
    return not is_private(services, api_model) or api_model.owner_id == principal.user_id


def _visible(services: Services, principal: Principal, api_model: ApiModel | None) -> ApiModel:
    if api_model is None or not is_visible(services, api_model, principal):
        raise UnknownObject("There is no such api model.")
    return api_model


def _blank(services: Services, principal: Principal, given: Mapping[str, Any]) -> ApiModel:
    """Return what a new api model is before its fields are filled in."""
    now = services.clock.now()
    named = services.formats.get(given.get("format", ""))
    return ApiModel(
        id=new_id(services.clock), name="", format="", base_url=named.base_url if named else "", prefix="",
        forward_all=False, models=(), extra_headers={}, extra_body={}, allow_private_network=False, has_key=False,
        owner_id=principal.user_id, created_at=now, updated_at=now,
    )  # fmt: skip


def _with_reason(services: Services, api_model: ApiModel) -> ApiModel:
    """Add why the key of an api model cannot be opened, which the directory found out when it loaded."""
    if api_model.broken or not services.directory.loaded:
        return api_model
    known = services.directory.snapshot.table.api_models.get(api_model.id)
    return replace(api_model, broken=known.broken if known else None)


def _seal(services: Services, api_model: ApiModel, key: Secret) -> str:
    return services.vault.seal(key, provider_key_place(api_model.id, api_model.base_url))


def _open(services: Services, api_model: ApiModel, sealed: str) -> Secret:
    try:
        return services.vault.open(sealed, provider_key_place(api_model.id, api_model.base_url))
    except CannotOpen:
        raise ApiModelUnusable(f"The stored API key cannot be opened: {KEY_AGAIN}.", param="api_key") from None


def _opened(services: Services, api_model: ApiModel, sealed: str | None) -> Secret | None:
    """Return a stored key for its fingerprint; one that does not open must keep nobody from replacing it."""
    try:
        return None if sealed is None else _open(services, api_model, sealed)
    except (ApiModelUnusable, InvalidField):
        # The second where the stored address is none, so that no key can have been entered for it.
        return None


def _check_shape(wanted: Format, key: str) -> None:
    if not key.startswith(wanted.key_prefix):
        raise InvalidField(f"A key of this format begins with {wanted.key_prefix}.", param="api_key")


def _check_stored_shape(services: Services, api_model: ApiModel, sealed: str) -> None:
    wanted = api_model_format(services, api_model)
    if wanted.key_prefix:
        _check_shape(wanted, _open(services, api_model, sealed).reveal())
