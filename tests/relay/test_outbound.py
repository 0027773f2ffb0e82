"""What is sent upstream: bytes stay, but for the model under a prefix, the credential, and the api model's extras."""

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.api_model import Timeouts
from bodhi.core.call import OutboundRequest, Route
from bodhi.core.credential import Secret
from bodhi.core.errors import InvalidJson, InvalidPath, ModelAmbiguous
from bodhi.core.types import Header
from bodhi.formats import anthropic, anthropic_oauth, gemini, openai, openai_responses
from bodhi.formats.contract import Endpoint, Format
from bodhi.formats.registry import DIALECTS, FORMATS
from bodhi.relay.headers import CREDENTIALS
from bodhi.relay.outbound import CallText, new_leg, new_outbound, strip_credentials
from bodhi.relay.peek import peek
from tests.routing.samples import api_model

KEY = "sk-provider-0123456789"
TEXT = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["model", "a", "b"]), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
MODEL_IDS = st.text(
    st.characters(whitelist_categories=["L", "N"], whitelist_characters="-_.:/@%+ ?#&"), min_size=1, max_size=20
)
EMBED = next(e for e in gemini.ENDPOINTS if e.name == "gemini.embed_content")
BATCH_EMBED = next(e for e in gemini.ENDPOINTS if e.name == "gemini.batch_embed_contents")
COUNT = next(e for e in gemini.ENDPOINTS if e.name == "gemini.count_tokens")


def sent(
    endpoint: Endpoint,
    upstream_format: Format,
    *,
    body: bytes = b"{}",
    model: str | None = "m",
    key: str | None = KEY,
    query: bytes = b"",
    headers: list[Header] | None = None,
    params: dict[str, str] | None = None,
    dropped: frozenset[bytes] = frozenset(),
    **fields: Any,
) -> OutboundRequest:
    """Return what goes upstream for a call whose model, as the upstream knows it, is `model`."""
    record = api_model(format=upstream_format.name, **fields)
    leg = new_leg(record, upstream_format, Secret(key) if key else None, Timeouts())
    span = None if params else peek(body).model_span
    text = CallText(endpoint.method.encode(), params or {}, query, headers or [], body, span)
    return new_outbound(text, endpoint, Route(record, model), leg, dropped)


def sent_headers(upstream_format: Format, headers: list[Header], **fields: Any) -> list[Header]:
    return sent(openai.CHAT_COMPLETIONS, upstream_format, headers=headers, **fields).headers


def values(headers: list[Header], name: bytes) -> list[bytes]:
    return [value for field, value in headers if field == name]


# The body


@given(st.dictionaries(st.sampled_from(["x", "messages", "tools"]), VALUES, max_size=3), st.sampled_from([None, 3]))
def test_without_a_prefix_and_extras_the_body_is_the_same_object(fields: dict[str, Any], indent: int | None) -> None:
    body = json.dumps({"model": "m", **fields}, indent=indent).encode()

    assert sent(openai.CHAT_COMPLETIONS, openai.FORMAT, body=body).body is body


@given(
    st.dictionaries(st.sampled_from(["x", "messages", "tools"]), VALUES, max_size=3),
    TEXT.filter(str.strip),
    st.sampled_from([None, 3]),
    st.booleans(),
)
def test_under_a_prefix_only_the_model_string_differs(
    fields: dict[str, Any], model: str, indent: int | None, ascii_only: bool
) -> None:
    def written(name: str) -> bytes:
        return json.dumps({"first": 1e400, "model": name, **fields}, indent=indent, ensure_ascii=ascii_only).encode()

    client, upstream = written("p/" + model), sent(
        openai.CHAT_COMPLETIONS, openai.FORMAT, body=written("p/" + model), model=model, prefix="p/"
    ).body  # fmt: skip

    span, new = peek(client).model_span, peek(upstream).model_span
    assert span is not None
    assert new is not None
    assert upstream[: new.start] == client[: span.start]
    assert upstream[new.end :] == client[span.end :]
    assert json.loads(upstream[new.start : new.end]) == model


@given(
    st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, max_size=3),
    st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), VALUES, min_size=1, max_size=4),
)
def test_extra_body_fills_in_what_the_client_left_out(fields: dict[str, Any], extras: dict[str, Any]) -> None:
    body = json.dumps({"model": "p/m", **fields}).encode()

    merged = json.loads(sent(openai.CHAT_COMPLETIONS, openai.FORMAT, body=body, prefix="p/", extra_body=extras).body)

    assert merged["model"] == "m"
    assert set(merged) == {"model", *fields, *extras}
    for name, value in fields.items():
        assert isinstance(value, dict) or merged[name] == value
    for name in extras.keys() - fields.keys():
        assert merged[name] == extras[name]


@pytest.mark.parametrize("each", [e for d in DIALECTS for e in d.endpoints if e.method == "POST"], ids=lambda e: e.name)
def test_extra_body_is_for_generating_calls_alone(each: Endpoint) -> None:
    params = {"model": "m", "version": "v1beta", "action": "tune", "id": "x"} if "{" in each.path else None
    body = b'{"x":1}' if params else b'{"model":"m"}'

    outcome = sent(each, openai.FORMAT, body=body, params=params, extra_body={"seed": 7}).body

    assert (b'"seed":7' in outcome) == each.generating


def test_a_body_that_is_not_an_object_cannot_take_extras() -> None:
    with pytest.raises(InvalidJson):
        sent(
            gemini.GENERATE_CONTENT,
            gemini.FORMAT,
            body=b"[]",
            params={"model": "m", "version": "v1"},
            extra_body={"a": 1},
        )


# Models that a body repeats beside the path's


@pytest.mark.parametrize(
    ("endpoint", "body", "expected"),
    [
        (EMBED, b'{ "model" : "models/p/m" }', b'{ "model" : "models/m" }'),
        (EMBED, b'{"model":"p/m","x":"p/m"}', b'{"model":"m","x":"p/m"}'),
        (EMBED, b'{"mod\\u0065l":"p/m"}', b'{"mod\\u0065l":"m"}'),
        (BATCH_EMBED, b'{"requests":[{"model":"models/p/m"},{"model":"p/m"},{}]}', b'{"requests":[{"model":"models/m"},{"model":"m"},{}]}'),
        (COUNT, b'{"generateContentRequest":{"model":"models/p/m"}}', b'{"generateContentRequest":{"model":"models/m"}}'),
        (COUNT, b'{"contents":[]}', b'{"contents":[]}'),
    ],
)  # fmt: skip
def test_a_repeated_model_loses_the_prefix_too(endpoint: Endpoint, body: bytes, expected: bytes) -> None:
    params = {"model": "p/m", "version": "v1beta"}

    assert sent(endpoint, gemini.FORMAT, body=body, params=params, prefix="p/").body == expected


def test_a_repeated_model_without_a_prefix_leaves_the_body_alone() -> None:
    body = b'{"model":"models/m"}'

    assert sent(EMBED, gemini.FORMAT, body=body, params={"model": "models/m", "version": "v1"}).body is body


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"models/other"}',
        b'{"requests":[{"model":"p/m"},{"model":"other"}]}',
        b'{"\\u006dodel":"other"}',
        b'{"model":"p/m","model":"other"}',
    ],
)
@pytest.mark.parametrize("prefix", ["", "p/"])
def test_a_body_that_names_another_model_than_the_path_is_refused(body: bytes, prefix: str) -> None:
    with pytest.raises(ModelAmbiguous):
        sent(EMBED, gemini.FORMAT, body=body, params={"model": "p/m", "version": "v1beta"}, prefix=prefix)


# The target


@given(MODEL_IDS)
def test_a_model_in_the_path_is_escaped_again(model: str) -> None:
    params = {"model": "client's", "version": "v1beta"}
    base = "https://g.example/v1beta"
    try:
        target = sent(gemini.GENERATE_CONTENT, gemini.FORMAT, model=model, params=params, base_url=base).target
    except InvalidPath:
        assert any(segment in ("", ".", "..") for segment in model.split("/"))
        return

    assert target.isascii()
    assert not any(byte in target for byte in b"?# ")
    assert unquote(target.decode()) == f"/v1beta/models/{model}:generateContent"


@pytest.mark.parametrize(
    ("model", "escaped"),
    [
        ("org/model:free", b"org/model:free"),
        ("ünï", b"%C3%BCn%C3%AF"),
        ("100%", b"100%25"),
        ("a%2Fb", b"a%252Fb"),
        ("a?b#c d", b"a%3Fb%23c%20d"),
    ],
)
def test_slashes_and_colons_stay_and_the_rest_is_escaped(model: str, escaped: bytes) -> None:
    params = {"model": f"p/{model}", "version": "v1beta"}

    target = sent(
        gemini.GENERATE_CONTENT, gemini.FORMAT, model=model, params=params, prefix="p/", base_url=gemini.BASE_URL
    ).target

    assert target == b"/v1beta/models/" + escaped + b":generateContent"


@pytest.mark.parametrize("model", ["../x", "..", "a/../b", "/x", "a//b", "a/", ".", "./x"])
def test_a_model_that_would_climb_out_of_its_place_in_the_path_is_refused(model: str) -> None:
    with pytest.raises(InvalidPath):
        sent(
            gemini.GENERATE_CONTENT,
            gemini.FORMAT,
            model=model,
            params={"model": f"p{model}", "version": "v1"},
            prefix="p",
        )


@pytest.mark.parametrize(
    ("base_url", "version", "path"),
    [
        ("https://g.example/v1beta", "v1", b"/v1/models/m:generateContent"),
        ("https://g.example/v1beta", "v1beta", b"/v1beta/models/m:generateContent"),
        ("https://g.example/x/v1alpha", "v1beta", b"/x/v1beta/models/m:generateContent"),
        ("https://g.example/proxy", "v1", b"/proxy/models/m:generateContent"),
        ("https://g.example", "v1", b"/models/m:generateContent"),
        ("https://g.example/v2x", "v1", b"/v2x/models/m:generateContent"),
    ],
)
def test_the_clients_version_replaces_that_of_the_base_url(base_url: str, version: str, path: bytes) -> None:
    params = {"model": "m", "version": version}

    assert sent(gemini.GENERATE_CONTENT, gemini.FORMAT, params=params, base_url=base_url).target == path


def test_an_objects_id_goes_into_the_path() -> None:
    endpoint = next(e for e in openai_responses.ENDPOINTS if e.name == "responses.cancel")

    target = sent(endpoint, openai_responses.FORMAT, model=None, params={"id": "resp_1"}, query=b"a=%20b").target

    assert target == b"/v1/responses/resp_1/cancel?a=%20b"


PIECES = st.text("ab=%+2;,/[]", max_size=8).map(str.encode).filter(lambda p: b"key" not in p)
SECRETS = st.sampled_from([b"key=K", b"key", b"k%65y=K", b"API_KEY=K", b"access_token=K", b"api%5Fkey=K", b"KEY="])


@given(st.lists(st.tuples(st.booleans(), PIECES, SECRETS), max_size=6))
def test_credentials_leave_the_query_and_the_rest_stays_byte_for_byte(drawn: list[tuple[bool, bytes, bytes]]) -> None:
    query = b"&".join(secret if is_secret else piece for is_secret, piece, secret in drawn)

    assert strip_credentials(query) == b"&".join(piece for is_secret, piece, _ in drawn if not is_secret)


def test_a_query_of_nothing_but_a_key_leaves_no_question_mark() -> None:
    assert sent(openai.CHAT_COMPLETIONS, openai.FORMAT, query=b"key=K").target == b"/v1/chat/completions"


@pytest.mark.parametrize("query", [b"keys=1", b"monkey=2&pageToken=x", b"a=key", b"%6bey2=1"])
def test_parameters_that_only_resemble_a_key_stay(query: bytes) -> None:
    assert strip_credentials(query) == query


# The headers


@pytest.mark.parametrize("each", FORMATS, ids=lambda f: f.name)
def test_exactly_one_credential_is_sent_and_it_is_the_providers(each: Format) -> None:
    shown = [(name, b"bodhi-token") for name in sorted(CREDENTIALS)]

    headers = sent_headers(each, shown)

    credentials = [value for name, value in headers if name in CREDENTIALS]
    assert len(credentials) == 1
    assert credentials[0].removeprefix(b"Bearer ") == KEY.encode()


@pytest.mark.parametrize("each", FORMATS, ids=lambda f: f.name)
def test_without_a_key_no_credential_is_sent(each: Format) -> None:
    shown = [(name, b"bodhi-token") for name in sorted(CREDENTIALS)]

    assert not [name for name, _ in sent_headers(each, shown, key=None) if name in CREDENTIALS]


def test_extra_headers_replace_the_clients() -> None:
    headers = sent_headers(
        openai.FORMAT, [(b"x-team", b"client"), (b"x-other", b"o")], extra_headers={"X-Team": "ours"}
    )

    assert values(headers, b"x-team") == [b"ours"]
    assert values(headers, b"x-other") == [b"o"]


@pytest.mark.parametrize(
    ("client", "extras", "expected"),
    [
        ([], {}, b"2023-06-01"),
        ([], {"anthropic-version": "X"}, b"X"),
        ([b"C"], {"anthropic-version": "X"}, b"C"),
        ([b"C"], {}, b"C"),
    ],
)
def test_the_clients_version_wins_over_ours_and_ours_over_the_formats(
    client: list[bytes], extras: dict[str, str], expected: bytes
) -> None:
    headers = sent_headers(anthropic.FORMAT, [(b"anthropic-version", v) for v in client], extra_headers=extras)

    assert values(headers, b"anthropic-version") == [expected]


MEMBERS = st.lists(st.sampled_from(["a", "b", "c", anthropic_oauth.OAUTH_BETA]), max_size=3)


@given(st.lists(MEMBERS, max_size=3), MEMBERS)
def test_betas_of_both_sides_stand_in_one_line_without_repetition(lines: list[list[str]], ours: list[str]) -> None:
    extras = {"Anthropic-Beta": ", ".join(ours)} if ours else {}
    client = [(b"anthropic-beta", ", ".join(line).encode()) for line in lines]

    headers = sent_headers(anthropic_oauth.FORMAT, client, extra_headers=extras)

    (line,) = values(headers, b"anthropic-beta")
    betas = line.decode().split(",")
    assert len(betas) == len(set(betas))
    assert set(betas) == {beta for line in lines for beta in line} | set(ours) | {anthropic_oauth.OAUTH_BETA}


def test_without_betas_of_ours_the_clients_lines_pass_as_they_came() -> None:
    client = [(b"anthropic-beta", b"a, b"), (b"anthropic-beta", b"c")]

    assert values(sent_headers(anthropic.FORMAT, client), b"anthropic-beta") == [b"a, b", b"c"]


def test_headers_that_the_operator_drops_do_not_pass() -> None:
    headers = sent_headers(
        openai.FORMAT, [(b"openai-organization", b"o"), (b"x-a", b"1")], dropped=frozenset({b"openai-organization"})
    )

    assert headers == [(b"x-a", b"1"), (b"authorization", b"Bearer " + KEY.encode())]


def test_an_extra_header_may_hold_latin_letters() -> None:
    assert values(sent_headers(openai.FORMAT, [], extra_headers={"x-name": "Zoë"}), b"x-name") == [b"Zo\xeb"]


# The rest


def test_an_api_models_own_deadlines_replace_the_gateways() -> None:
    own = Timeouts(first_byte=1.0)

    assert sent(openai.CHAT_COMPLETIONS, openai.FORMAT, timeouts=own).timeouts is own
    assert sent(openai.CHAT_COMPLETIONS, openai.FORMAT).timeouts == Timeouts()


def test_origin_and_permission_come_from_the_api_model() -> None:
    outbound = sent(
        openai.CHAT_COMPLETIONS, openai.FORMAT, base_url="http://h.example:81/x/", allow_private_network=True
    )

    assert (str(outbound.origin), outbound.target) == ("http://h.example:81", b"/x/chat/completions")
    assert outbound.allow_private_network
    assert outbound.method == b"POST"


def test_a_leg_does_not_show_the_key() -> None:
    leg = new_leg(api_model(), openai.FORMAT, Secret(KEY), Timeouts())

    assert KEY not in repr(leg)
