"""The endpoints of api models. Their rules are in `service`, the trying of connections in `probe`."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from bodhi.control.api_models import service
from bodhi.control.api_models.fields import api_model_format
from bodhi.control.api_models.probe import Outcome, Prober
from bodhi.control.api_models.schemas import (
    ApiModelPatch,
    ApiModelShown,
    Fetched,
    LastTest,
    NewApiModel,
    StoredTrial,
    Tested,
    TimeoutsShown,
    Trial,
)
from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed, check_confirmed
from bodhi.control.paging import DEFAULT_LIMIT, Cursor, Limit, Page, cut
from bodhi.control.services import Services
from bodhi.core.api_model import ApiModel, is_model_id, parse_base_url
from bodhi.core.errors import InvalidField
from bodhi.core.principal import Principal, Role
from bodhi.storage.api_model_tests import ApiModelTest

router = APIRouter(prefix="/api-models", tags=["api models"])


@router.get("")
async def list_all(
    principal: Allowed, services: Given, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Page[ApiModelShown]:
    """List the api models that you may see, oldest first."""
    visible = await service.listed(services, principal)
    ids = [each.id for each in visible]
    start = ids.index(cursor) + 1 if cursor in ids else len(ids) if cursor else 0
    rows, more = cut(visible[start : start + limit + 1], limit)
    tests = await service.last_tests(services, principal, rows)
    shown = [_shown(services, principal, row, tests.get(row.id)) for row in rows]
    return Page(data=shown, next_cursor=rows[-1].id if more else None)


@router.post("", status_code=201)
async def create(principal: Allowed, actor: Acting, services: Given, body: NewApiModel) -> ApiModelShown:
    """Create an api model. Its models are usable at once."""
    given = body.given()
    _check_key_confirmed(services, principal, given)
    return _shown(services, principal, await service.create(services, principal, actor, given))


@router.post("/fetch-models")
async def fetch_models(principal: Allowed, services: Given, body: Trial) -> Fetched:
    """Read a provider's catalog with the values of a form."""
    api_model, secret = await service.on_trial(services, principal, body.given())
    upstream_format = api_model_format(services, api_model)
    outcome = await Prober(services.upstream, services.clock, api_model, upstream_format, secret).fetch()
    return Fetched(**asdict(outcome))


@router.post("/test-connection")
async def try_connection(principal: Allowed, services: Given, body: Trial) -> Tested:
    """Ask a provider for one token with the values of a form, Extra Headers and Extra Body included."""
    _, _, outcome = await _tried(services, principal, body)
    return Tested.model_validate(outcome, from_attributes=True)


@router.get("/{api_model_id}")
async def read(principal: Allowed, services: Given, api_model_id: str) -> ApiModelShown:
    """Read one api model."""
    return await _shown_with_test(services, principal, await service.found(services, principal, api_model_id))


@router.patch("/{api_model_id}")
async def change(
    principal: Allowed, actor: Acting, services: Given, api_model_id: str, body: ApiModelPatch
) -> ApiModelShown:
    """Change the named fields of an api model. A stored key stays unless the request names it."""
    given = body.given()
    _check_key_confirmed(services, principal, given)
    changed = await service.change(services, principal, actor, api_model_id, given)
    return await _shown_with_test(services, principal, changed)


@router.delete("/{api_model_id}", status_code=204)
async def remove(principal: Allowed, actor: Acting, services: Given, api_model_id: str) -> None:
    """Remove an api model and its sealed key."""
    await service.remove(services, principal, actor, api_model_id)


@router.post("/{api_model_id}/fetch-models")
async def fetch_models_of(principal: Allowed, services: Given, api_model_id: str) -> Fetched:
    """Read the catalog of a stored api model's provider."""
    return await fetch_models(principal, services, Trial(id=api_model_id))


@router.post("/{api_model_id}/test-connection")
async def try_connection_of(
    principal: Allowed, services: Given, api_model_id: str, body: StoredTrial | None = None
) -> Tested:
    """Ask a stored api model's provider for one token, and keep how that went with the api model."""
    trial = Trial(id=api_model_id, model=body.model if body else None)
    api_model, model, outcome = await _tried(services, principal, trial)
    test = ApiModelTest(
        api_model_id=api_model.id,
        at=services.clock.now(),
        ok=outcome.ok,
        model=model,
        message=outcome.message,
        detail=outcome.detail,
        status=outcome.status,
        duration_ms=outcome.duration_ms,
    )
    await service.keep_test(services, api_model, test)
    return Tested.model_validate(outcome, from_attributes=True)


def _check_key_confirmed(services: Services, principal: Principal, given: Mapping[str, Any]) -> None:
    """Ask for a recent proof of identity where a provider's key is entered, replaced or removed."""
    if "api_key" in given:
        check_confirmed(principal, services.clock.now())


async def _tried(services: Services, principal: Principal, body: Trial) -> tuple[ApiModel, str, Outcome]:
    api_model, secret = await service.on_trial(services, principal, body.given())
    model = (body.model or "").strip() or next(iter(api_model.models), "")
    if not model:
        raise InvalidField("Name a model to test the connection with.", param="model")
    if not is_model_id(model):
        raise InvalidField(f"{model[:80]!r} is not a model id.", param="model")
    upstream_format = api_model_format(services, api_model)
    prober = Prober(services.upstream, services.clock, api_model, upstream_format, secret)
    return api_model, model, await prober.test(model)


async def _shown_with_test(services: Services, principal: Principal, api_model: ApiModel) -> ApiModelShown:
    tests = await service.last_tests(services, principal, [api_model])
    return _shown(services, principal, api_model, tests.get(api_model.id))


def _shown(
    services: Services, principal: Principal, api_model: ApiModel, test: ApiModelTest | None = None
) -> ApiModelShown:
    """Show an api model; Extra Headers and Body, which may hold what is not for everybody, only to those who edit."""
    edits = principal.role >= Role.POWER_USER
    timeouts = api_model.timeouts
    return ApiModelShown(
        id=api_model.id,
        name=api_model.name,
        format=api_model.format,
        base_url=api_model.base_url,
        has_key=api_model.has_key,
        prefix=api_model.prefix,
        forward_all=api_model.forward_all,
        models=list(api_model.models),
        extra_headers=dict(api_model.extra_headers) if edits else None,
        extra_body=dict(api_model.extra_body) if edits else None,
        allow_private_network=api_model.allow_private_network,
        timeouts=TimeoutsShown(**asdict(timeouts)) if timeouts else None,
        owner_id=api_model.owner_id,
        private=service.is_private(services, api_model),
        broken=api_model.broken,
        origin=_origin(api_model),
        last_test=LastTest.model_validate(test, from_attributes=True) if test else None,
        created_at=api_model.created_at,
        updated_at=api_model.updated_at,
    )


def _origin(api_model: ApiModel) -> str:
    try:
        return str(parse_base_url(api_model.base_url)[0])
    except InvalidField:
        # A stored address that is none is repaired in the form, which must open for that.
        return ""
