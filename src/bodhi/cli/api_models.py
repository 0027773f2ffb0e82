"""`bodhi api-model`: adds, lists, tests and removes api models, by the same rules as the control API."""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from pydantic import ValidationError

from bodhi.app import build
from bodhi.cli.options import (
    find_owner,
    home_option,
    host_actor,
    json_option,
    owner_option,
    read_secret_line,
    with_home,
)
from bodhi.cli.output import print_json, print_line
from bodhi.cli.root import CommandGroup
from bodhi.cli.tables import print_table
from bodhi.control.api_models import service
from bodhi.control.api_models.fields import api_model_format
from bodhi.control.api_models.probe import Outcome, Prober
from bodhi.control.api_models.schemas import NewApiModel
from bodhi.control.services import Services
from bodhi.core.api_model import ApiModel
from bodhi.core.clock import iso_time
from bodhi.core.errors import BadRequest, InvalidField, UnknownObject
from bodhi.core.principal import Principal, Role
from bodhi.formats.registry import format_named
from bodhi.home import Home
from bodhi.storage.api_models import list_api_models

_T = TypeVar("_T")

app = CommandGroup("api-model", help="Api models: the providers that Bodhi forwards to.")

api_model_argument = click.argument("name_or_id", help="The api model's name or id, from `bodhi api-model list`.")


@app.command("add")
@click.option("--name", required=True, help="What lists call it.")
@click.option(
    "--format", "format_name", required=True, help="openai, openai_responses, anthropic, anthropic_oauth or gemini."
)
@click.option("--base-url", help="The provider's base URL; by default the format's own.")
@click.option("--api-key-stdin", is_flag=True, help="Read the provider's key from standard input.")
@click.option("--no-key", is_flag=True, help="The provider needs no key: send no credential.")
@click.option(
    "--prefix", default="", help="What clients write before the model id, separator included.", show_default=False
)
@click.option("--forward-all", is_flag=True, help="Forward every model id with the prefix.")
@click.option("--model", multiple=True, help="A model id to serve; repeatable, at most 50.")
@click.option("--extra-headers", help="Extra Headers, a JSON object.")
@click.option("--extra-body", help="Extra Body, a JSON object.")
@click.option("--allow-private-network", is_flag=True, help="The provider is on this machine or network.")
@owner_option
@home_option
@json_option
def add(  # noqa: PLR0913 # one argument an option
    *,
    name: str,
    format_name: str,
    base_url: str | None,
    api_key_stdin: bool,
    no_key: bool,
    prefix: str,
    forward_all: bool,
    model: tuple[str, ...],
    extra_headers: str | None,
    extra_body: str | None,
    allow_private_network: bool,
    owner: str | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Add an api model. A running server serves it within two seconds."""
    chosen = format_named(format_name)
    fields: dict[str, Any] = {
        "name": name,
        "format": format_name,
        "prefix": prefix,
        "forward_all": forward_all,
        "models": list(model),
        "extra_headers": _json_object(extra_headers, "extra_headers", chosen.preset_headers),
        "extra_body": _json_object(extra_body, "extra_body", chosen.preset_body),
        "allow_private_network": allow_private_network,
    }
    if base_url is not None:
        fields["base_url"] = base_url
    if api_key_stdin and no_key:
        raise InvalidField("Give --api-key-stdin or --no-key, not both.", param="api_key")
    if not no_key:
        fields["api_key"] = read_secret_line("API key", from_stdin=api_key_stdin).reveal()
    given = _checked(fields)

    async def work(opened: Home) -> ApiModel:
        user = await find_owner(opened, owner)
        services = (await build(opened)).services
        return await service.create(services, Principal(user.id, user.name, Role.ADMIN), host_actor(), given)

    api_model = with_home(home, work)
    if as_json:
        print_json(_shown(api_model))
        return
    print_line(f"Added {api_model.name} ({api_model.id}).")
    if chosen.notice:
        click.echo(chosen.notice, err=True)


@app.command("list")
@home_option
@json_option
def list_(home: Path | None, *, as_json: bool) -> None:
    """List the api models."""

    async def work(opened: Home) -> list[ApiModel]:
        return list((await build(opened)).directory.snapshot.api_models)

    api_models = with_home(home, work)
    if as_json:
        print_json([_shown(api_model) for api_model in api_models])
        return
    rows = [(m.id, m.name, m.format, m.base_url, m.prefix, _models(m), _key(m)) for m in api_models]
    columns = ["Id", "Name", "Format", "Base URL", "Prefix", "Models", "Key"]
    print_table(columns, rows, "There are no api models yet. Add one with: bodhi api-model add")


@app.command("test")
@api_model_argument
@click.option("--model", help="Upstream model id to test with; by default the first.")
@home_option
@json_option
def probe(name_or_id: str, model: str | None, home: Path | None, *, as_json: bool) -> None:
    """Ask a provider for one token, with the stored key and extras."""

    async def work(services: Services, principal: Principal, api_model: ApiModel) -> Outcome:
        trial, secret = await service.on_trial(services, principal, {"id": api_model.id})
        tried = model or next(iter(trial.models), "")
        if not tried:
            raise InvalidField("Name a model to test with: --model ID", param="model")
        return await Prober(services.upstream, services.clock, trial, api_model_format(services, trial), secret).test(
            tried
        )

    outcome = _with_api_model(home, name_or_id, work)
    told = {"ok": outcome.ok, "message": outcome.message, "detail": outcome.detail, "status": outcome.status,
            "duration_ms": outcome.duration_ms}  # fmt: skip
    if as_json:
        print_json(told)
    elif outcome.ok:
        print_line(f"{outcome.message} ({outcome.duration_ms} ms)")
    if not outcome.ok:
        raise BadRequest(": ".join(text for text in (outcome.message, outcome.detail) if text))


@app.command("remove")
@api_model_argument
@home_option
@json_option
def remove(name_or_id: str, home: Path | None, *, as_json: bool) -> None:
    """Remove an api model and its sealed key."""

    async def work(services: Services, principal: Principal, api_model: ApiModel) -> ApiModel:
        await service.remove(services, principal, host_actor(), api_model.id)
        return api_model

    removed = _with_api_model(home, name_or_id, work)
    if as_json:
        print_json({"id": removed.id, "removed": True})
    else:
        print_line(f"Removed {removed.name} ({removed.id}).")


def _with_api_model(
    home: Path | None, name_or_id: str, work: Callable[[Services, Principal, ApiModel], Awaitable[_T]]
) -> _T:
    """Do something with one api model, on behalf of its owner, since a private one is nobody else's."""

    async def found(opened: Home) -> _T:
        async with opened.store.read() as connection:
            stored = await list_api_models(connection)
        matching = [m for m in stored if m.id == name_or_id] or [m for m in stored if m.name == name_or_id]
        if not matching:
            raise UnknownObject(f"There is no api model {name_or_id!r}.")
        if len(matching) > 1:
            ids = ", ".join(m.id for m in matching)
            raise InvalidField(f"{len(matching)} api models are named {name_or_id!r}. Use an id: {ids}")
        server = await build(opened)
        try:
            owner = Principal(matching[0].owner_id or "", "", Role.ADMIN)
            return await work(server.services, owner, matching[0])
        finally:
            await server.upstream.close()

    return with_home(home, found)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    try:
        return NewApiModel(**fields).given()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise InvalidField(str(first["msg"]), param=".".join(map(str, first["loc"]))) from None


def _json_object(text: str | None, field: str, preset: Mapping[str, Any]) -> dict[str, Any]:
    if text is None:
        return dict(preset)
    try:
        document = json.loads(text)
    except ValueError as error:
        raise InvalidField(f"This is not JSON: {error}.", param=field) from error
    if not isinstance(document, dict):
        raise InvalidField("This must be a JSON object.", param=field)
    return document


def _models(api_model: ApiModel) -> str:
    names = list(api_model.models[:3])
    if len(api_model.models) > len(names):
        names.append(f"and {len(api_model.models) - len(names)} more")
    return ", ".join([*names, "all with the prefix"] if api_model.forward_all else names)


def _key(api_model: ApiModel) -> str:
    return api_model.broken or ("stored" if api_model.has_key else "none")


def _shown(api_model: ApiModel) -> dict[str, object]:
    return {
        "id": api_model.id,
        "name": api_model.name,
        "format": api_model.format,
        "base_url": api_model.base_url,
        "prefix": api_model.prefix,
        "forward_all": api_model.forward_all,
        "models": list(api_model.models),
        "allow_private_network": api_model.allow_private_network,
        "has_key": api_model.has_key,
        "broken": api_model.broken,
        "created_at": iso_time(api_model.created_at),
    }
