"""What is sent upstream, decided without sending: target, headers and body."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.api_model import Timeouts
from bodhi.core.call import OutboundRequest, Route
from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidJson, ModelAmbiguous
from bodhi.core.json_text import Span
from bodhi.core.types import Header
from bodhi.formats import anthropic, gemini, openai
from bodhi.formats.contract import Endpoint, Format
from bodhi.relay.outbound import CallText, Leg, new_leg, new_outbound, strip_credentials
from tests.routing.samples import api_model

KEY = Secret("sk-provider")
CHAT = openai.CHAT_COMPLETIONS
BODY = b'{"model": "up/gpt-4o",  "n": 12345678901234567890, "messages": []}'
SPAN = Span(10, 21)


def endpoint(format_: Format, name: str) -> Endpoint:
    return next(each for each in format_.dialect.endpoints if each.name == name)


def leg(format_: Format = openai.FORMAT, secret: Secret | None = KEY, **fields: Any) -> Leg:
    return new_leg(api_model(**fields), format_, secret, Timeouts(connect=3.0))


def outbound(
    format_: Format = openai.FORMAT,
    endpoint_: Endpoint = CHAT,
    model: str | None = "gpt-4o",
    secret: Secret | None = KEY,
    call: dict[str, Any] | None = None,
    **fields: Any,
) -> OutboundRequest:
    values: dict[str, Any] = {
        "method": b"POST",
        "params": {},
        "query": b"",
        "headers": [],
        "body": b"{}",
        **(call or {}),
    }
    route = Route(api_model(**fields), model)
    return new_outbound(CallText(**values), endpoint_, route, leg(format_, secret, **fields))


def named(headers: list[Header], name: bytes) -> list[bytes]:
    return [value for each, value in headers if each == name]


def test_without_prefix_and_extras_the_body_is_the_clients_own_object() -> None:
    assert outbound(call={"body": BODY, "model_span": SPAN}).body is BODY


def test_under_a_prefix_only_the_model_string_differs() -> None:
    sent = outbound(prefix="up/", call={"body": BODY, "model_span": SPAN}).body

    assert sent == BODY.replace(b'"up/gpt-4o"', b'"gpt-4o"')


def test_extra_body_is_merged_beneath_what_the_client_said() -> None:
    extras = {"temperature": 0.5, "metadata": {"team": "a", "app": "b"}}
    body = b'{"model":"gpt-4o","metadata":{"app":"mine"}}'

    sent = json.loads(outbound(extra_body=extras, call={"body": body}).body)

    assert sent == {"model": "gpt-4o", "temperature": 0.5, "metadata": {"app": "mine", "team": "a"}}


def test_extra_body_is_for_generating_calls_only() -> None:
    body = b'{"model":"e","input":"x"}'
    embeddings = endpoint(openai.FORMAT, "openai.embeddings")

    assert outbound(endpoint_=embeddings, extra_body={"temperature": 1}, call={"body": body}).body is body


def test_extra_body_needs_a_json_object_to_go_into() -> None:
    with pytest.raises(InvalidJson):
        outbound(extra_body={"temperature": 1}, call={"body": b"[1]"})


@pytest.mark.parametrize(
    ("format_", "header"),
    [
        (openai.FORMAT, (b"authorization", b"Bearer sk-provider")),
        (anthropic.FORMAT, (b"x-api-key", b"sk-provider")),
        (gemini.FORMAT, (b"x-goog-api-key", b"sk-provider")),
    ],
    ids=["openai", "anthropic", "gemini"],
)
def test_the_providers_key_takes_the_place_of_every_credential_of_the_client(format_: Format, header: Header) -> None:
    shown = [
        (b"authorization", b"Bearer bodhi_u_x"),
        (b"x-api-key", b"bodhi_u_x"),
        (b"x-goog-api-key", b"bodhi_u_x"),
        (b"cookie", b"session=bodhi_s_x"),
        (b"x-kept", b"1"),
    ]

    sent = outbound(format_, call={"headers": shown}).headers

    assert header in sent
    assert (b"x-kept", b"1") in sent
    assert not [value for _, value in sent if b"bodhi_" in value]


def test_without_a_key_no_credential_is_sent() -> None:
    sent = outbound(secret=None, call={"headers": [(b"authorization", b"Bearer bodhi_u_x")]}).headers

    assert not {b"authorization", b"x-api-key", b"x-goog-api-key"} & {name for name, _ in sent}


def test_extra_headers_replace_the_clients() -> None:
    sent = outbound(extra_headers={"X-Team": "ours"}, call={"headers": [(b"x-team", b"theirs")]}).headers

    assert named(sent, b"x-team") == [b"ours"]


def test_the_clients_anthropic_version_wins_and_betas_are_joined() -> None:
    extras = {"anthropic-version": "2023-01-01", "anthropic-beta": "b, c"}
    theirs = [(b"anthropic-version", b"2023-06-01"), (b"anthropic-beta", b"a, b")]
    messages = endpoint(anthropic.FORMAT, "anthropic.messages")

    sent = outbound(anthropic.FORMAT, messages, extra_headers=extras, call={"headers": theirs}).headers

    assert named(sent, b"anthropic-version") == [b"2023-06-01"]
    [betas] = named(sent, b"anthropic-beta")
    assert sorted(beta.strip() for beta in betas.split(b",")) == [b"a", b"b", b"c"]


def test_a_client_without_anthropic_version_gets_the_formats() -> None:
    messages = endpoint(anthropic.FORMAT, "anthropic.messages")

    assert named(outbound(anthropic.FORMAT, messages).headers, b"anthropic-version") == [b"2023-06-01"]


@pytest.mark.parametrize(
    ("base_url", "target"),
    [
        ("https://api.example.com/v1", b"/v1/chat/completions"),
        ("https://api.example.com/v1/", b"/v1/chat/completions"),
        ("https://api.example.com", b"/chat/completions"),
        ("https://api.example.com/a/b", b"/a/b/chat/completions"),
    ],
)
def test_the_target_is_base_path_and_suffix(base_url: str, target: bytes) -> None:
    assert outbound(base_url=base_url).target == target


def test_a_model_in_the_path_is_written_without_its_prefix_and_quoted() -> None:
    generate = endpoint(gemini.FORMAT, "gemini.generate_content")
    params = {"version": "v1beta", "model": "g/gemini 2?x#y", "action": "generateContent"}
    base_url = "https://generativelanguage.googleapis.com/v1beta"

    sent = outbound(gemini.FORMAT, generate, "gemini 2?x#y", base_url=base_url, prefix="g/", call={"params": params})

    assert sent.target == b"/v1beta/models/gemini%202%3Fx%23y:generateContent"


def test_the_clients_version_replaces_the_base_urls() -> None:
    generate = endpoint(gemini.FORMAT, "gemini.generate_content")
    params = {"version": "v1", "model": "m", "action": "generateContent"}

    sent = outbound(gemini.FORMAT, generate, "m", base_url="https://g.example/v1beta", call={"params": params})

    assert sent.target == b"/v1/models/m:generateContent"


def test_a_body_that_names_another_model_than_the_path_is_refused() -> None:
    count = endpoint(gemini.FORMAT, "gemini.count_tokens")
    params = {"version": "v1beta", "model": "g/m", "action": "countTokens"}
    body = b'{"generateContentRequest":{"model":"models/other"}}'

    with pytest.raises(ModelAmbiguous):
        outbound(gemini.FORMAT, count, "m", prefix="g/", call={"params": params, "body": body})


def test_a_body_that_repeats_the_paths_model_loses_the_prefix_too() -> None:
    count = endpoint(gemini.FORMAT, "gemini.count_tokens")
    params = {"version": "v1beta", "model": "g/m", "action": "countTokens"}
    body = b'{"generateContentRequest":{"model":"models/g/m"}}'

    sent = outbound(gemini.FORMAT, count, "m", prefix="g/", call={"params": params, "body": body})

    assert sent.body == b'{"generateContentRequest":{"model":"models/m"}}'


def test_the_api_models_own_deadlines_come_before_the_gateways() -> None:
    assert outbound().timeouts == Timeouts(connect=3.0)
    assert outbound(timeouts=Timeouts(idle=5.0)).timeouts == Timeouts(idle=5.0)


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        (b"", b""),
        (b"alt=sse&key=bodhi_u_x", b"alt=sse"),
        (b"KEY=a&a=%20b&a=2", b"a=%20b&a=2"),
        (b"k%65y=a&b", b"b"),
        (b"access_token=a&api_key=b&monkey=1", b"monkey=1"),
        (b"key", b""),
    ],
)
def test_credentials_leave_the_query_and_the_rest_stays_byte_for_byte(query: bytes, kept: bytes) -> None:
    assert strip_credentials(query) == kept


@given(st.binary(max_size=60))
def test_no_query_keeps_a_key(query: bytes) -> None:
    pieces = strip_credentials(query + b"&key=secret").split(b"&")

    assert not any(piece.lower().startswith(b"key=") for piece in pieces)
