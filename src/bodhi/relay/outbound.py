"""Decides what is sent upstream: URL, headers, body. Pure: a call, a route and a key go in, the request comes out.

This is where the provider's key is put on the request.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

import msgspec

from bodhi.core.api_model import ApiModel, Origin, Timeouts, parse_base_url
from bodhi.core.call import OutboundRequest, Route
from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidJson, InvalidPath, ModelAmbiguous
from bodhi.core.json_text import Span, Splice, apply
from bodhi.core.types import Header, Headers
from bodhi.formats.contract import Endpoint, Format
from bodhi.formats.merge import merge_splices
from bodhi.relay.headers import NOT_FORWARDED, forwarded, joined
from bodhi.relay.peek import repeated_models

_PATH_SAFE = "/:@!$&'()*+,;=~-._"
"""What RFC 3986 section 3.3 allows in a path beside letters and digits, and the slash that model ids may hold."""

_PLACE = re.compile(r"\{(\w+)\}")
_CLIMBING = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")
"""An empty segment or a dot segment (RFC 3986 section 3.3): with one, a model id would lead to another path."""

_MAY_NAME_MODEL = re.compile(rb"model|\\u00")
"""A cheap look before the careful one: a member called `model` is spelled plainly, or with an escape of ASCII."""

CREDENTIAL_PARAMETERS = frozenset({b"key", b"api_key", b"access_token"})
"""Query parameters in which clients show a token."""


class CallText(msgspec.Struct):
    """The parts of a call that shape what is sent. `params` are the decoded places of the endpoint's path."""

    method: bytes
    params: Mapping[str, str]
    query: bytes
    headers: Headers
    body: bytes
    model_span: Span | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """Everything about one api model that does not change from call to call, worked out once."""

    origin: Origin
    host: bytes
    base_path: str
    timeouts: Timeouts
    secret: Secret | None
    """The provider's key, for those who must keep it out of what passes back."""
    fixed: tuple[Header, ...] = field(repr=False)
    """The key header and the Extra Headers that always replace the client's."""
    replaced: frozenset[bytes]
    yielding: tuple[Header, ...] = ()
    """Headers that are sent only when the client did not send them."""
    joined: Mapping[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    """Our members of list-valued headers, to be joined with the client's."""


def new_leg(api_model: ApiModel, upstream_format: Format, secret: Secret | None, timeouts: Timeouts) -> Leg:
    """Work out the unchanging part of all requests to an api model.

    Args:
        api_model: where the requests go.
        upstream_format: the format it speaks.
        secret: the provider's key, opened; None sends no credential at all.
        timeouts: the gateway's deadlines, which hold where the api model has none of its own.
    """
    origin, base_path = parse_base_url(api_model.base_url)
    key_headers = tuple(upstream_format.key_headers(secret.reveal())) if secret is not None else ()
    fixed, yielding = list(key_headers), []
    members: dict[bytes, list[bytes]] = {name: list(values) for name, values in upstream_format.required_values.items()}
    for text_name, text_value in api_model.extra_headers.items():
        name, value = text_name.lower().encode(), text_value.encode("latin-1")
        if name in upstream_format.joined_headers:
            members.setdefault(name, []).append(value)
        elif name in upstream_format.client_wins:
            yielding.append((name, value))
        else:
            fixed.append((name, value))
    named = {name for name, _ in yielding} | {name for name, _ in fixed}
    yielding += [(name, value) for name, value in upstream_format.default_headers if name not in named]
    return Leg(
        origin=origin,
        host=origin.authority.encode(),
        base_path=base_path,
        timeouts=api_model.timeouts or timeouts,
        secret=secret,
        fixed=tuple(fixed),
        replaced=frozenset(name for name, _ in fixed) - NOT_FORWARDED,
        yielding=tuple(yielding),
        joined={name: tuple(values) for name, values in members.items()},
    )


def new_outbound(
    text: CallText, endpoint: Endpoint, route: Route, leg: Leg, dropped: frozenset[bytes] = frozenset()
) -> OutboundRequest:
    """Decide the request that goes upstream. Without a prefix and extras the body is the client's own bytes object.

    Raises:
        InvalidJson: an Extra Body must be merged and the body is not a JSON object.
        ModelAmbiguous: the body names another model than the path.
        InvalidPath: what is left of the model id without its prefix would lead to another path.
    """
    return OutboundRequest(
        origin=leg.origin,
        host=leg.host,
        allow_private_network=route.api_model.allow_private_network,
        method=text.method,
        target=_target(text, endpoint, route, leg),
        headers=_headers(text.headers, leg, dropped),
        body=new_body(text, endpoint, route),
        timeouts=leg.timeouts,
    )


def strip_credentials(query: bytes) -> bytes:
    """Return a query string without the parameters in which clients show a token, the rest byte for byte."""
    if not query or not any(name in query.lower() for name in (b"key", b"token", b"%")):
        return query
    kept = [
        piece
        for piece in query.split(b"&")
        if unquote_to_bytes(piece.partition(b"=")[0]).lower() not in CREDENTIAL_PARAMETERS
    ]
    return b"&".join(kept)


def model_splices(text: CallText, endpoint: Endpoint, route: Route) -> list[Splice]:
    """Return what strips the prefix wherever the body names the model.

    Raises:
        ModelAmbiguous: the body names another model than the path.
    """
    splices: list[Splice] = []
    model = route.model
    if model is not None and text.model_span is not None and route.api_model.prefix:
        splices.append(Splice(text.model_span.start, text.model_span.end, msgspec.json.encode(model)))
    if endpoint.repeated_models and _MAY_NAME_MODEL.search(text.body):
        splices += _repeated_splices(text, endpoint, route)
    return splices


def new_body(text: CallText, endpoint: Endpoint, route: Route) -> bytes:
    """Return the client's bytes, with the model string replaced and Extra Body inserted where that is due.

    Raises:
        InvalidJson: an Extra Body must be merged and the body is not a JSON object.
        ModelAmbiguous: the body names another model than the path.
    """
    body = text.body
    splices = model_splices(text, endpoint, route)
    if endpoint.generating and route.api_model.extra_body:
        try:
            splices += merge_splices(body, route.api_model.extra_body)
        except ValueError as error:
            raise InvalidJson from error
    return apply(body, splices) if splices else body


def _target(text: CallText, endpoint: Endpoint, route: Route, leg: Leg) -> bytes:
    """Build path and query from validated pieces, never from the client's path."""
    places = dict(text.params)
    if route.model is not None and "model" in places:
        if _CLIMBING.search(route.model):
            raise InvalidPath("Behind its prefix, the model id is not one that a path can hold.", param="model")
        places["model"] = route.model
    base_path = leg.base_path
    if version := places.get("version"):
        head, _, last = base_path.rpartition("/")
        if _is_version(last):
            base_path = f"{head}/{version}"
    suffix = endpoint.suffix
    if "{" in suffix:
        suffix = _PLACE.sub(lambda place: quote(places[place[1]], safe=_PATH_SAFE), suffix)
    path = (base_path + suffix).encode()
    query = strip_credentials(text.query)
    return path + b"?" + query if query else path


def _is_version(segment: str) -> bool:
    return re.fullmatch(r"v\d+(?:alpha|beta)?\d*", segment) is not None


def _headers(headers: Headers, leg: Leg, dropped: frozenset[bytes]) -> list[Header]:
    """Pass the client's fields, replace and complete them as the api model and its format say."""
    passed = forwarded(headers, dropped)
    if leg.replaced:
        passed = [field for field in passed if field[0] not in leg.replaced]
    if leg.joined:
        for name, ours in leg.joined.items():
            theirs = [value for field_name, value in passed if field_name == name]
            passed = [field for field in passed if field[0] != name]
            passed.append((name, joined([*theirs, *ours])))
    if leg.yielding:
        present = {name for name, _ in passed}
        passed += [field for field in leg.yielding if field[0] not in present]
    passed += leg.fixed
    return passed


def _repeated_splices(text: CallText, endpoint: Endpoint, route: Route) -> list[Splice]:
    """Strip the prefix wherever the body repeats the path's model, and refuse a body that names another one."""
    asked = text.params["model"].removeprefix("models/")
    splices: list[Splice] = []
    for named, span in repeated_models(text.body, endpoint.repeated_models):
        if named.removeprefix("models/") != asked:
            raise ModelAmbiguous(
                f"The body names the model {named[:80]!r} and the path {asked[:80]!r}. They must agree."
            )
        if route.api_model.prefix and route.model is not None:
            kept = "models/" if named.startswith("models/") else ""
            splices.append(Splice(span.start, span.end, msgspec.json.encode(kept + route.model)))
    return splices
