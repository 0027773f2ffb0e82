"""What is told of a request that went upstream: every difference, with its reason, and never a secret."""

import json
import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bodhi.core.api_model import Timeouts
from bodhi.core.call import OutboundRequest, Route
from bodhi.core.credential import Secret
from bodhi.core.types import Header
from bodhi.formats import anthropic, gemini, openai
from bodhi.formats.contract import Endpoint, Format, ModelIn
from bodhi.formats.registry import FORMATS
from bodhi.relay.changes import MASK, Change, Sending, changes, describe, describe_answer, shown_headers
from bodhi.relay.outbound import CallText, new_leg, new_outbound
from bodhi.relay.peek import peek
from tests.routing.samples import api_model

KEY = "sk-canary-Qm7ZtWv4Lr9xYb2KdNc8"
NAMES = st.sampled_from(["a", "b", "a.b", 'q"', "ü ü", "", "metadata", "max_tokens"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
GENERATING = [
    (each, next(e for e in each.dialect.endpoints if e.generating and e.method == "POST")) for each in FORMATS
]
EMBED = next(e for e in gemini.ENDPOINTS if e.name == "gemini.batch_embed_contents")
CHAT = openai.CHAT_COMPLETIONS


def sending(
    upstream_format: Format,
    endpoint: Endpoint,
    body: bytes,
    *,
    path: bytes = b"/v1/chat/completions",
    query: bytes = b"",
    headers: tuple[Header, ...] = (),
    dropped: frozenset[bytes] = frozenset(),
    model: str = "m",
    **fields: Any,
) -> tuple[Sending, OutboundRequest]:
    """Make what goes upstream, and return it with what it was made of."""
    record = api_model(format=upstream_format.name, base_url=upstream_format.base_url, **fields)
    leg = new_leg(record, upstream_format, Secret(KEY), Timeouts())
    in_path = endpoint.model_in is ModelIn.PATH
    params = {"model": record.prefix + model, "version": "v1beta"} if in_path else {}
    span = None if in_path else peek(body).model_span
    text = CallText(endpoint.method.encode(), params, query, headers, body, span)
    route = Route(record, model)
    return Sending(path, text, endpoint, route, leg, dropped), new_outbound(text, endpoint, route, leg, dropped)


def steps(name: str) -> list[str]:
    """Read the way to a member."""
    found = re.findall(r'("(?:[^"\\]|\\.)*"|[A-Za-z0-9_-]+)(?:\.|$)', name)
    return [json.loads(step) if step.startswith('"') else step for step in found]


def applied(document: Any, made: list[Change]) -> Any:
    """Apply the changes of a body to a document."""
    for change in made:
        if change.part == "body":
            *way, last = steps(change.name)
            place = document
            for step in way:
                place = place[step]
            assert (last in place) == (change.before is not None)
            assert change.before is None or json.loads(change.before) == place[last]
            place[last] = json.loads(change.after or "")
    return document


@pytest.mark.parametrize(("upstream_format", "endpoint"), GENERATING, ids=lambda each: each.name)
@given(document=DOCUMENTS, extras=DOCUMENTS, prefix=st.sampled_from(["", "p/"]))
@example(document={"a": {"b": {}}}, extras={"a": {"b": {"c": 1}, "d": 2}, "e": None}, prefix="p/")
def test_the_changes_of_the_body_turn_the_clients_into_what_is_sent(
    upstream_format: Format, endpoint: Endpoint, document: dict[str, Any], extras: dict[str, Any], prefix: str
) -> None:
    if endpoint.model_in is ModelIn.BODY:
        document = {"model": f"{prefix}m", **document}
    body = json.dumps(document, ensure_ascii=False).encode()
    made, outbound = sending(upstream_format, endpoint, body, prefix=prefix, extra_body=extras)
    assert applied(json.loads(body), changes(made, outbound)) == json.loads(outbound.body)
    told = describe(made, outbound, 1024 * 1024)
    if outbound.body is body:
        assert told["body"] is None
    else:
        assert told["body"]["text"].encode() == outbound.body
        assert told["body"]["bytes"] == len(outbound.body)


FIELDS = st.lists(
    st.tuples(
        st.sampled_from(
            [b"accept", b"authorization", b"connection", b"x-mine", b"te", b"host", b"x-forwarded-for", b"cookie",
             b"anthropic-beta", b"content-type", b"x-team", b"anthropic-version"]
        ),
        st.sampled_from([b"a", b"b, c", b"x-mine", b""]),
    ),
    max_size=8,
)  # fmt: skip


@given(FIELDS)
def test_each_header_that_differs_is_told_and_no_other(headers: list[Header]) -> None:
    extras = {"X-Team": "blue", "anthropic-beta": "tools"}
    made, outbound = sending(
        anthropic.FORMAT, anthropic.MESSAGES, b'{"model": "m"}', headers=tuple(headers), extra_headers=extras,
        dropped=frozenset({b"accept"}),
    )  # fmt: skip
    told = [change for change in changes(made, outbound) if change.part == "header"]
    theirs = {name for name, _ in headers}
    ours = {name for name, _ in outbound.headers} | {b"host", b"content-length"}
    gone = {change.name.encode() for change in told if change.after is None}
    new = {change.name.encode() for change in told if change.before is None}
    assert gone == theirs - ours
    assert new == ours - theirs
    assert all(change.reason and change.before != change.after for change in told)
    for name in theirs & ours - {change.name.encode() for change in told}:
        sent = [value for key, value in outbound.headers if key == name]
        assert b", ".join(sent) == b", ".join(value for key, value in headers if key == name)


def test_every_reason_is_told() -> None:
    headers: tuple[Header, ...] = (
        (b"host", b"localhost:1135"), (b"x-api-key", b"bodhi_canary"), (b"cookie", b"a=canary"), (b"te", b"trailers"),
        (b"x-forwarded-for", b"10.0.0.1"), (b"openai-organization", b"o"), (b"anthropic-beta", b"mine"),
        (b"content-length", b"15"), (b"x-team", b"red"), (b"x-mine", b"kept"),
    )  # fmt: skip
    extras = {"X-Team": "blue", "anthropic-beta": "tools", "x-new": "1"}
    made, outbound = sending(
        anthropic.FORMAT, anthropic.MESSAGES, b'{"model":"p/m"}', path=b"/anthropic/v1/messages", prefix="p/",
        query=b"beta=true&key=bodhi_canary", headers=headers, extra_headers=extras, extra_body={"top_k": 1},
        dropped=frozenset({b"openai-organization"}),
    )  # fmt: skip
    assert [tuple(change) for change in changes(made, outbound)] == [
        ("path", "path", "/anthropic/v1/messages", "/v1/messages", "the provider's own path"),
        ("path", "query", f"beta=true&key={MASK}", "beta=true", "Bodhi's token removed"),
        ("header", "host", "localhost:1135", "api.anthropic.com", "the provider's own host"),
        ("header", "x-api-key", MASK, None, "Bodhi's token removed"),
        ("header", "x-api-key", None, MASK, "provider key added"),
        ("header", "cookie", MASK, None, "cookies are not passed on"),
        ("header", "te", "trailers", None, "hop-by-hop header"),
        ("header", "x-forwarded-for", "10.0.0.1", None, "not passed on"),
        ("header", "openai-organization", "o", None, "dropped by BODHI_DROPPED_HEADERS"),
        ("header", "anthropic-beta", "mine", "mine,tools", "joined with Extra Headers"),
        ("header", "content-length", "15", "23", "length of the body that is sent"),
        ("header", "x-team", "red", "blue", "replaced by Extra Headers"),
        ("header", "anthropic-version", None, "2023-06-01", "added for the API format"),
        ("header", "x-new", None, "1", "added by Extra Headers"),
        ("body", "model", '"p/m"', '"m"', "prefix removed"),
        ("body", "top_k", None, "1", "added by Extra Body"),
    ]


def test_a_prefix_in_the_path_and_again_in_the_body_is_told() -> None:
    body = b'{"requests":[{"model":"models/p/m"},{"model":"models/p/m"}]}'
    path = b"/v1beta/models/p/m:batchEmbedContents"
    made, outbound = sending(gemini.FORMAT, EMBED, body, path=path, prefix="p/")
    told = changes(made, outbound)
    assert told[0] == ("path", "path", path.decode(), "/v1beta/models/m:batchEmbedContents", "prefix removed")
    found = [tuple(change)[1:] for change in told if change.part == "body"]
    assert found == [("requests[].model", '"models/p/m"', '"models/m"', "prefix removed")] * 2


def test_where_nothing_changes_nothing_is_told() -> None:
    body = b'{"model": "m"}'
    made, outbound = sending(openai.FORMAT, CHAT, body, headers=((b"x-mine", b"1"),))
    assert {change.name for change in changes(made, outbound)} == {"host", "authorization", "content-length"}
    told = describe(made, outbound, 10)
    assert (told["method"], told["url"], told["body"]) == (
        "POST", "https://api.openai.com/v1/chat/completions", None,
    )  # fmt: skip
    assert told["request_headers"] == [["x-mine", "1"]]
    assert told["headers"] == [
        ["host", "api.openai.com"], ["content-length", "14"], ["x-mine", "1"], ["authorization", MASK],
    ]  # fmt: skip


def test_of_a_large_body_the_beginning_is_kept() -> None:
    made, outbound = sending(openai.FORMAT, CHAT, b'{"model": "p/m", "a": "' + b"x" * 5_000 + b'"}', prefix="p/")
    said = describe(made, outbound, 1024)["body"]
    assert said["text"].encode() == outbound.body[:1024]
    assert (said["bytes"], said["truncated"]) == (len(outbound.body), True)
    made, outbound = sending(openai.FORMAT, CHAT, '{"model": "p/m", "a": "ü"}'.encode(), prefix="p/")
    assert "base64" in describe(made, outbound, len(outbound.body) - 3)["body"]


@given(
    name=st.sampled_from(["x-api-token", "X-Secret", "x-auth", "ocp-apim-subscription-key", "x-plain", "x-password"]),
    shape=st.sampled_from(["{}", "Bearer {}", "team {}", "{},b"]),
    places=st.sets(st.sampled_from(["extra_header", "extra_body", "client_header", "query", "cookie", "provider"])),
)
@pytest.mark.parametrize("upstream_format", FORMATS, ids=lambda each: each.name)
def test_no_secret_is_told(upstream_format: Format, name: str, shape: str, places: set[str]) -> None:
    secret = "canary0Vn5TgRc1Xe8wMz4UhBq7"
    value = shape.format(secret)
    headers = [(b"authorization", f"Bearer {secret}".encode()), (b"x-goog-api-key", secret.encode())]
    headers += [(b"x-api-key", value.encode()), (b"x-custom-token", value.encode())] * ("client_header" in places)
    headers += [(b"cookie", value.encode())] * ("cookie" in places)
    query = f"a=1&key={secret}&API_KEY={secret}&access%5Ftoken={secret}&session_token={secret}"
    repeated = {"note": KEY, "x": [f"({KEY})"]} if "provider" in places else {}
    endpoint = upstream_format.dialect.probe("m").endpoint
    made, outbound = sending(
        upstream_format, endpoint, json.dumps({"model": "m"}).encode(), headers=tuple(headers),
        query=query.encode() if "query" in places else b"",
        extra_headers={name: value} if "extra_header" in places else {},
        extra_body=repeated | ({"deep": {"api_key": secret, "clientSecret": secret}} if "extra_body" in places else {}),
    )  # fmt: skip
    told = json.dumps(describe(made, outbound, 10_000))
    assert "canary" not in told
    assert secret[6:20] not in told
    assert KEY[6:20] not in told


def test_what_a_provider_answers_is_told_without_its_key_and_cookies() -> None:
    headers: list[Header] = [
        (b"set-cookie", b"canary=1"), (b"x-request-id", b"r-1"), (b"x-ratelimit-remaining-tokens", b"100"),
        (b"x-echo", KEY.encode()),
    ]  # fmt: skip
    told = describe_answer(429, headers, Secret(KEY))
    assert told["response_status"] == 429
    assert told["response_headers"] == [
        ["set-cookie", MASK], ["x-request-id", "r-1"], ["x-ratelimit-remaining-tokens", "100"],
        ["x-echo", "*" * len(KEY)],
    ]  # fmt: skip


def test_headers_of_no_secret_are_shown_as_they_are() -> None:
    plain: list[Header] = [
        (b"anthropic-beta", b"oauth-2025-04-20,interleaved-thinking-2025-05-14"), (b"idempotency-key", b"i-1"),
        (b"user-agent", b"tool/1.2"), (b"x-odd", b"\xff"),
    ]  # fmt: skip
    shown = shown_headers(plain, None, {"anthropic-beta"})
    assert [value for _, value in shown] == [value.decode("latin-1") for _, value in plain]
