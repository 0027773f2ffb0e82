"""The fields of an api model as a request gives them, each checked. What becomes of its key is `service`'s part."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bodhi.control.api_models.schemas import TimeoutsGiven
from bodhi.control.services import Services
from bodhi.core.api_model import (
    ApiModel,
    Timeouts,
    check_extra_body,
    check_extra_headers,
    check_models,
    check_name,
    check_prefix,
    parse_base_url,
)
from bodhi.core.errors import InvalidField
from bodhi.formats.contract import Format


def merged(services: Services, current: ApiModel, given: Mapping[str, Any]) -> ApiModel:
    """Return the api model with the given fields in place of its own, each checked.

    Raises:
        InvalidField: naming the field.
    """
    changes: dict[str, Any] = {
        name: read(given[name]) for name, read in READERS.items() if name in given and name != "timeouts"
    }
    if "timeouts" in given:
        changes["timeouts"] = _timeouts(services.timeouts, given["timeouts"])
    api_model = replace(current, **changes)
    api_model_format(services, api_model)
    if api_model.allow_private_network and not current.allow_private_network and not services.private_networks:
        raise InvalidField("This installation allows no private networks.", param="allow_private_network")
    return api_model


def check_whole(api_model: ApiModel) -> None:
    """Refuse an api model whose fields do not fit one another.

    Raises:
        InvalidField: naming the field to change.
    """
    if api_model.forward_all and not api_model.prefix:
        raise InvalidField("Forwarding all models needs a prefix to recognise them by.", param="prefix")
    if not api_model.forward_all and not api_model.models:
        raise InvalidField("Select at least one model, or forward all with a prefix.", param="models")


def api_model_format(services: Services, api_model: ApiModel) -> Format:
    """Return the format that an api model names.

    Raises:
        InvalidField: there is no such format.
    """
    named = services.formats.get(api_model.format)
    if named is None:
        names = ", ".join(services.formats)
        raise InvalidField(f"{api_model.format[:80]!r} is not an API format. Choose one of: {names}.", param="format")
    return named


def _name(value: str) -> str:
    check_name(value)
    return _text(value.strip(), "name")


def _base_url(value: str) -> str:
    value = value.strip()
    parse_base_url(value)
    return value.rstrip("/")


def _prefix(value: str) -> str:
    check_prefix(value)
    return value


def _extra_headers(value: dict[str, Any]) -> dict[str, str]:
    check_extra_headers(value)
    return value


def _extra_body(value: dict[str, Any]) -> dict[str, Any]:
    try:
        encoded = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise InvalidField("Extra Body holds a number or text that JSON cannot carry.", param="extra_body") from None
    check_extra_body(value, len(encoded))
    return value


def _text(value: str, field: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidField("This is not valid text.", param=field) from None
    return value


def _timeouts(default: Timeouts, given: TimeoutsGiven | None) -> Timeouts | None:
    return None if given is None else replace(default, **given.model_dump(exclude_none=True))


READERS: Mapping[str, Any] = {
    "name": _name,
    "format": str,
    "base_url": _base_url,
    "prefix": _prefix,
    "forward_all": bool,
    "models": check_models,
    "extra_headers": _extra_headers,
    "extra_body": _extra_body,
    "allow_private_network": bool,
}
"""Field to the function that checks its value and returns it as it is stored."""
