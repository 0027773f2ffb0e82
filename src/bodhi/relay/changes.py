"""Tells how what is sent upstream differs from what the client sent, and why. Pure; only captured calls come here.

Secrets are masked in everything that leaves this module. What is sent is decided in `outbound`.
"""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from bodhi.core.call import OutboundRequest, Route
from bodhi.core.credential import Secret
from bodhi.core.json_text import apply, is_object, members
from bodhi.core.types import Headers, Json, JsonObject
from bodhi.formats.contract import Endpoint
from bodhi.formats.merge import merge_splices
from bodhi.relay.headers import CREDENTIALS, HOP_BY_HOP, connection_names
from bodhi.relay.outbound import CREDENTIAL_PARAMETERS, CallText, Leg, model_splices, strip_credentials
from bodhi.relay.peek import repeated_models
from bodhi.relay.scrub import scrub

MASK = "•••"

_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_SECRET_WORDS = frozenset(
    {
        "key", "apikey", "token", "secret", "auth", "authorization", "cookie", "password", "passwd", "credential",
        "credentials", "signature", "jwt",
    }
)  # fmt: skip
_NO_SECRETS = frozenset({"idempotency-key", "prompt_cache_key", "promptCacheKey"})
_SECRET_VALUE = re.compile(
    r"(?=[A-Za-z0-9+/=_]*\d)(?=[A-Za-z0-9+/=_]*[A-Za-z])[A-Za-z0-9+/=_]{20,}|^(?:bearer|basic) ", re.IGNORECASE
)
"""A long run without a separator, of letters and digits both, is no word that a person wrote."""
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Sending:
    """What a request was made of."""

    path: bytes
    """The client's own, as it came."""
    text: CallText
    endpoint: Endpoint
    route: Route
    leg: Leg
    dropped: frozenset[bytes]


class Change(NamedTuple):
    """One difference. Without `before` it was added, without `after` removed."""

    part: str
    """`path`, `header` or `body`."""
    name: str
    before: str | None
    after: str | None
    reason: str


def describe(sending: Sending, outbound: OutboundRequest, max_bytes: int) -> dict[str, Any]:
    """Write down, as a JSON object, what was sent and how it differs from what the client sent.

    Args:
        sending: what it was made of.
        outbound: what is sent.
        max_bytes: no more than this is kept of the body.
    """
    secret = sending.leg.secret
    extra_names = {name.lower() for name in sending.route.api_model.extra_headers}
    path, _, query = outbound.target.partition(b"?")
    sent = [*_own_headers(outbound), *outbound.headers]
    told: dict[str, Any] = {
        "method": outbound.method.decode(),
        "url": f"{outbound.origin.scheme}://{outbound.host.decode()}{_target(path, query)}",
        "request_headers": shown_headers(sending.text.headers),
        "headers": shown_headers(sent, None, extra_names),
        "changes": [list(change) for change in changes(sending, outbound)],
    }
    if secret is not None:
        told = dict(_scrubbed(told, secret))
    # Not searched, since that takes long: beside the client's own text it holds Extra Body, which was.
    return {**told, "body": None if outbound.body is sending.text.body else _shown_body(sending, outbound, max_bytes)}


def describe_answer(status: int, headers: Headers, secret: Secret | None) -> dict[str, Any]:
    """Write down, as a JSON object, how the provider began to answer."""
    return {"response_status": status, "response_headers": shown_headers(headers, secret)}


def changes(sending: Sending, outbound: OutboundRequest) -> list[Change]:
    """List the differences: path, query, header fields, members of the body. Secrets of the client's are masked."""
    found = [*_of_url(sending, outbound), *_of_headers(sending, outbound)]
    if outbound.body is not sending.text.body:
        found += _of_body(sending)
    return found


def shown_headers(
    headers: Headers, secret: Secret | None = None, written_by_us: frozenset[str] | set[str] = frozenset()
) -> list[list[str]]:
    """Return header fields as they may be shown.

    Args:
        headers: as they were sent.
        secret: the provider's key, which is taken out wherever it stands.
        written_by_us: names of Extra Headers, whose values may be secrets whatever their name.
    """
    shown = [[name.decode("latin-1"), _shown_value(name, value, written_by_us)] for name, value in headers]
    if secret is None:
        return shown
    scrubbed: list[list[str]] = _scrubbed(shown, secret)
    return scrubbed


def _of_url(sending: Sending, outbound: OutboundRequest) -> Iterator[Change]:
    path, _, query = outbound.target.partition(b"?")
    if path != sending.path:
        stripped = "model" in sending.text.params and sending.route.api_model.prefix
        reason = "prefix removed" if stripped else "the provider's own path"
        yield Change("path", "path", _text(sending.path), _text(path), reason)
    if query != sending.text.query:
        yield Change("path", "query", _shown_query(sending.text.query), _shown_query(query), "Bodhi's token removed")


def _of_headers(sending: Sending, outbound: OutboundRequest) -> Iterator[Change]:
    theirs, ours = _lines(sending.text.headers), _lines([*_own_headers(outbound), *outbound.headers])
    extra = {name.lower() for name in sending.route.api_model.extra_headers}
    hop_by_hop = HOP_BY_HOP | connection_names(sending.text.headers)
    for name in dict.fromkeys([*theirs, *ours]):
        before, after = theirs.get(name), ours.get(name)
        if before == after and name not in CREDENTIALS:
            continue
        shown = _text(name)
        old = None if before is None else _shown_value(name, before, ())
        new = None if after is None else _shown_value(name, after, extra)
        if name in CREDENTIALS:
            if old is not None:
                reason = "cookies are not passed on" if name == b"cookie" else "Bodhi's token removed"
                yield Change("header", shown, old, None, reason)
            if new is not None:
                yield Change("header", shown, None, new, "provider key added")
        elif new is None:
            yield Change("header", shown, old, None, _why_removed(name, hop_by_hop, sending.dropped))
        else:
            yield Change("header", shown, old, new, _why_set(sending.leg, shown, extra, replaced=old is not None))


def _why_removed(name: bytes, hop_by_hop: frozenset[bytes], dropped: frozenset[bytes]) -> str:
    if name in hop_by_hop:
        return "hop-by-hop header"
    return "dropped by BODHI_DROPPED_HEADERS" if name in dropped else "not passed on"


def _why_set(leg: Leg, name: str, extra: set[str], *, replaced: bool) -> str:
    if name == "host":
        return "the provider's own host"
    if name == "content-length":
        return "length of the body that is sent"
    if name in extra:
        joined = name.encode() in leg.joined
        return (
            "added by Extra Headers" if not replaced else f"{'joined with' if joined else 'replaced by'} Extra Headers"
        )
    return "completed for the API format" if replaced else "added for the API format"


def _of_body(sending: Sending) -> Iterator[Change]:
    text, route = sending.text, sending.route
    names = {
        (span.start, span.end): name
        for name in sending.endpoint.repeated_models
        for _, span in repeated_models(text.body, (name,))
    }
    for splice in model_splices(text, sending.endpoint, route):
        name = names.get((splice.start, splice.end), "model")
        yield Change("body", name, _text(text.body[splice.start : splice.end]), _text(splice.text), "prefix removed")
    if sending.endpoint.generating and route.api_model.extra_body:
        for path, value in _added(text.body, _masked(route.api_model.extra_body, sending.leg.secret)):
            written = json.dumps(value, ensure_ascii=False)
            yield Change("body", ".".join(path), None, written, "added by Extra Body")


def _added(
    text: bytes, extras: JsonObject, start: int = 0, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Yield the members that merging `extras` adds, with the way to them, as `formats.merge` adds them."""
    present = members(text, start)
    names = {member.name for member in present}
    for name, value in extras.items():
        if name not in names:
            yield (*path, _step(name)), value
    for member in present:
        default = extras.get(member.name)
        if isinstance(default, Mapping) and is_object(text, member.value.start):
            yield from _added(text, default, member.value.start, (*path, _step(member.name)))


def _shown_body(sending: Sending, outbound: OutboundRequest, max_bytes: int) -> dict[str, Any]:
    """Keep the beginning of the body that is sent, as a direction of a capture is kept."""
    body, extras = outbound.body, sending.route.api_model.extra_body
    if sending.endpoint.generating and extras and (masked := _masked(extras, sending.leg.secret)) != extras:
        splices = model_splices(sending.text, sending.endpoint, sending.route)
        body = apply(sending.text.body, [*splices, *merge_splices(sending.text.body, masked)])
    kept = body[:max_bytes]
    try:
        said = {"text": kept.decode()}
    except UnicodeDecodeError:
        said = {"base64": base64.b64encode(kept).decode()}
    media_type = next((value for name, value in sending.text.headers if name == b"content-type"), None)
    return {
        "content_type": None if media_type is None else _text(media_type),
        "content_encoding": None,
        "bytes": len(outbound.body),
        "truncated": len(kept) < len(body),
        **said,
    }


def _own_headers(outbound: OutboundRequest) -> Headers:
    """Return the fields that `request_head` writes by itself."""
    host = (b"host", outbound.host)
    return (host, (b"content-length", b"%d" % len(outbound.body))) if outbound.body else (host,)


def _lines(headers: Headers) -> dict[bytes, bytes]:
    """Return each field's value; several lines are one, as RFC 9110 section 5.3 joins them."""
    lines: dict[bytes, bytes] = {}
    for name, value in headers:
        lines[name] = lines[name] + b", " + value if name in lines else value
    return lines


def _target(path: bytes, query: bytes) -> str:
    return _text(path) + (f"?{_shown_query(query)}" if query else "")


def _shown_query(query: bytes) -> str:
    """Return a query string with the values of credentials masked."""
    pieces = []
    for piece in query.split(b"&"):
        name, _, _ = piece.partition(b"=")
        secret = strip_credentials(piece) != piece or name.lower() in CREDENTIAL_PARAMETERS or _is_secret(_text(name))
        pieces.append(f"{_text(name)}={MASK}" if secret else _text(piece))
    return "&".join(pieces)


def _shown_value(name: bytes, value: bytes, written_by_us: frozenset[str] | set[str] | tuple[str, ...]) -> str:
    text, shown = _text(name), _text(value)
    if name in CREDENTIALS or _is_secret(text):
        return MASK
    return MASK if text in written_by_us and _SECRET_VALUE.search(shown) else shown


def _is_secret(name: str) -> bool:
    """Tell by a name whether what it names is a secret."""
    return name not in _NO_SECRETS and any(word.lower() in _SECRET_WORDS for word in _WORDS.findall(name))


def _masked(extras: JsonObject, secret: Secret | None) -> JsonObject:
    """Return Extra Body without the texts that are secrets by their name, and without the provider's key."""
    masked = {name: _masked_value(name, value) for name, value in extras.items()}
    return masked if secret is None else dict(_scrubbed(masked, secret))


def _masked_value(name: str, value: Json) -> Json:
    if isinstance(value, Mapping):
        return _masked(value, None)
    return MASK if isinstance(value, str) and _is_secret(name) else value


def _scrubbed(part: Any, secret: Secret) -> Any:
    """Take the provider's key out of a JSON value, wherever it stands."""
    text = json.dumps(part, ensure_ascii=False).encode("utf-8", "surrogatepass")
    # One look at all of it nearly always finds nothing.
    return part if scrub(text, secret) == text else _scrubbed_strings(part, secret)


def _scrubbed_strings(part: Any, secret: Secret) -> Any:
    if isinstance(part, str):
        return scrub(part.encode("utf-8", "surrogatepass"), secret).decode("utf-8", "replace")
    if isinstance(part, dict):
        return {_scrubbed_strings(name, secret): _scrubbed_strings(value, secret) for name, value in part.items()}
    return [_scrubbed_strings(each, secret) for each in part] if isinstance(part, list) else part


def _step(name: str) -> str:
    """Write a member's name as a step of a path, so that a dot in it is not taken for one between steps."""
    return name if _PLAIN_NAME.fullmatch(name) else json.dumps(name, ensure_ascii=False)


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
