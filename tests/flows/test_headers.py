"""Header fields, query and extras over the wire, in both directions and every format: what passes, and what stops."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.fakes.gateway import Gateway
from tests.fakes.puppet import OK_JSON, Puppet, RawRequest, write_reply
from tests.fakes.raw_client import RawAnswer, ask
from tests.fakes.ways import ANTHROPIC, GEMINI, OAUTH, OPENAI, RESPONSES, WAYS, Way, way_id

PASSING = [
    (b"anthropic-version", b"2024-99-99"),
    (b"anthropic-dangerous-direct-browser-access", b"true"),
    (b"anthropic-workspace-id", b"wrk_1"),
    (b"anthropic-user-profile-id", b"prof_1"),
    (b"x-claude-code-session-id", b"ses_1"),
    (b"openai-organization", b"org-1"),
    (b"openai-project", b"proj-1"),
    (b"openai-beta", b"assistants=v2"),
    (b"idempotency-key", b"stainless-python-retry-1"),
    (b"x-client-request-id", b"crid-1"),
    (b"x-stainless-lang", b"python"),
    (b"x-stainless-retry-count", b"0"),
    (b"x-goog-api-client", b"google-genai-sdk/9"),
    (b"x-goog-user-project", b"my-project"),
    (b"x-server-timeout", b"600"),
    (b"user-agent", b"Canary/1 (+https://x.example; a=b)"),
    (b"accept", b"text/event-stream, application/json;q=0.5"),
    (b"accept-encoding", b"gzip, deflate, br, zstd"),
    (b"accept-language", b"*"),
    (b"originator", b"codex_cli"),
    (b"session-id", b"s-1"),
    (b"x-codex-turn-metadata", b"{\"a\": 1}"),
    (b"x-session-affinity", b"aff-1"),
    (b"http-referer", b"https://app.example/"),
    (b"x-title", b"caf\xe9 \xff"),
    (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    (b"x_under_score", b"kept"),
    (b"x-of-tomorrow", b"a,b;c=\"d e\""),
    (b"x-twice", b"one"),
    (b"x-twice", b"two"),
    (b"x-empty", b""),
]  # fmt: skip
STOPPED = [
    (b"connection", b"keep-alive, X-Named-Hop, Te"),
    (b"x-named-hop", b"canary"),
    (b"keep-alive", b"timeout=5"),
    (b"te", b"trailers"),
    (b"trailer", b"x-sum"),
    (b"upgrade", b"h3c-canary"),
    (b"proxy-authorization", b"Basic canary"),
    (b"proxy-connection", b"keep-alive"),
    (b"proxy-canary", b"1"),
    (b"forwarded", b"for=192.0.2.1;host=canary.example"),
    (b"x-forwarded-for", b"192.0.2.1"),
    (b"x-forwarded-host", b"canary.example"),
    (b"x-forwarded-proto", b"https"),
    (b"x-real-ip", b"192.0.2.1"),
    (b"cookie", b"session=canary"),
    (b"api-key", b"canary-azure"),
    (b"sec-websocket-protocol", b"openai-insecure-api-key.canary"),
    (b"via", b"1.1 canary"),
]
RETURNED = [
    (b"x-request-id", b"req_1"),
    (b"request-id", b"req_2"),
    (b"retry-after", b"7"),
    (b"retry-after-ms", b"7000"),
    (b"x-should-retry", b"false"),
    (b"x-ratelimit-remaining-tokens", b"12"),
    (b"anthropic-ratelimit-unified-status", b"allowed"),
    (b"anthropic-organization-id", b"org"),
    (b"openai-processing-ms", b"12"),
    (b"openai-version", b"2020-10-01"),
    (b"x-goog-upload-status", b"final"),
    (b"content-disposition", b'inline; filename="a.json"'),
    (b"server-timing", b"a;dur=1"),
    (b"server-timing", b"b;dur=2"),
    (b"etag", b'W/"1"'),
    (b"vary", b"Origin"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
    (b"cf-ray", b"1"),
    (b"x-of-tomorrow", b"caf\xe9"),
]
NOT_RETURNED = [
    (b"set-cookie", b"__cf_bm=canary; Path=/"),
    (b"set-cookie2", b"canary=1"),
    (b"alt-svc", b'h3=":443"'),
    (b"strict-transport-security", b"max-age=1"),
    (b"clear-site-data", b'"*"'),
    (b"location", b"https://canary.example/"),
    (b"refresh", b"0; url=https://canary.example/"),
    (b"service-worker-allowed", b"/"),
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-credentials", b"true"),
    (b"proxy-authenticate", b"Basic"),
    (b"keep-alive", b"timeout=1"),
    (b"connection", b"keep-alive, X-Named-Hop"),
    (b"x-named-hop", b"canary"),
    (b"x-bodhi-request-id", b"forged"),
    (b"x-bodhi-error", b"forged"),
]
CREDENTIALS = {b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie", b"proxy-authorization"}


@dataclass
class Bench:
    """A gateway, and the provider behind it."""

    gateway: Gateway
    puppet: Puppet

    def ask(
        self, way: Way, *more: tuple[bytes, bytes], model: str = "", query: bytes = b""
    ) -> tuple[RawAnswer, RawRequest]:
        model = model or f"m-{way.format}"
        target = way.target(model) + query
        answer = ask(self.gateway.port, b"POST", target, [*way.headers(self.gateway.token), *more], way.body(model))
        return answer, self.puppet.last


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Bench]:
    with Puppet() as puppet, Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        for way in WAYS:
            gateway.add_api_model(way.format, f"{puppet.url}/v1", key=way.provider_key, models=(f"m-{way.format}",))
            if way is not OAUTH:
                gateway.add_api_model(way.format, f"{puppet.url}/v1", models=(f"free-{way.format}",))
        yield Bench(gateway, puppet)


@pytest.fixture(autouse=True)
def said(bench: Bench) -> None:
    bench.puppet.reply = OK_JSON


@pytest.fixture(params=WAYS, ids=way_id)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


def test_the_canary_lists_are_long_enough() -> None:
    assert len(PASSING) + len(STOPPED) >= 40
    assert len(RETURNED) + len(NOT_RETURNED) >= 36


def test_what_a_client_sends_passes_but_for_hops_credentials_and_forwarding(bench: Bench, way: Way) -> None:
    answer, sent = bench.ask(way, *PASSING, *STOPPED)

    assert answer.status == 200, answer.body
    ours = {b"host", b"content-length", b"content-type", b"connection", way.key_header}
    passed = [(name.lower(), value) for name, value in sent.headers if name.lower() not in ours]
    expected = [field for field in PASSING if way is not OAUTH or field[0] != b"anthropic-beta"]
    assert Counter(passed) - Counter(expected) == (
        Counter({(b"anthropic-beta", b"oauth-2025-04-20"): 1}) if way is OAUTH else Counter()
    )
    assert Counter(expected) - Counter(passed) == Counter()
    assert b"canary" not in sent.head


def test_the_provider_sees_one_credential_and_never_the_token(bench: Bench, way: Way) -> None:
    token = bench.gateway.token.encode()
    everywhere = [(b"Authorization", b"Bearer " + token), (b"x-api-key", token), (b"X-Goog-Api-Key", token)]
    model = f"m-{way.format}"
    separator = b"&" if b"?" in way.target(model) else b"?"
    target = way.target(model) + separator + b"key=" + token

    answer = ask(bench.gateway.port, b"POST", target, everywhere, way.body(model))

    sent = bench.puppet.last
    assert answer.status == 200, answer.body
    assert [(n.lower(), v) for n, v in sent.headers if n.lower() in CREDENTIALS] == [
        (way.key_header, way.key_value(way.provider_key))
    ]
    assert token not in sent.head
    assert b"key=" not in sent.target


@pytest.mark.parametrize("keyless", [way for way in WAYS if way is not OAUTH], ids=way_id)
def test_a_provider_without_a_key_gets_no_credential_at_all(bench: Bench, keyless: Way) -> None:
    answer, sent = bench.ask(keyless, (b"Cookie", b"a=b"), (b"api-key", b"z"), model=f"free-{keyless.format}")

    assert answer.status == 200, answer.body
    assert sent.names & CREDENTIALS == set()
    assert bench.gateway.token.encode() not in sent.head


def test_host_and_framing_are_the_providers_own(bench: Bench, way: Way) -> None:
    _, sent = bench.ask(way)

    assert sent.all(b"host") == [b"127.0.0.1:%d" % bench.puppet.port]
    assert len(sent.all(b"content-length")) == 1
    assert sent.all(b"transfer-encoding") == []


def test_a_query_passes_byte_for_byte_without_credentials(bench: Bench) -> None:
    token = bench.gateway.token.encode()
    query = (
        b"&api-version=2025-01-01&a=%20b+c&%6Bey=" + token + b"&include[]=x&include[]=y&key=" + token + b"&empty=&flag"
    )
    _, sent = bench.ask(OPENAI, query=b"?z=1" + query)

    assert (
        sent.target == b"/v1/chat/completions?z=1&api-version=2025-01-01&a=%20b+c&include[]=x&include[]=y&empty=&flag"
    )


def test_what_a_provider_answers_passes_but_for_hops_and_what_would_touch_our_origin(bench: Bench, way: Way) -> None:
    bench.puppet.reply = write_reply(200, [(b"content-type", b"application/json"), *RETURNED, *NOT_RETURNED], [b"{}"])

    answer, _ = bench.ask(way)

    names = Counter(name.lower() for name, _ in answer.headers)
    assert Counter(RETURNED) - Counter((n.lower(), v) for n, v in answer.headers) == Counter()
    gone = {name for name, _ in NOT_RETURNED} - {b"x-bodhi-request-id", b"connection", b"keep-alive"}
    assert gone & set(names) == set()
    assert b"canary" not in answer.head
    assert b"forged" not in answer.head
    assert answer.header(b"x-content-type-options") == b"nosniff"
    assert b"sandbox" in (answer.header(b"content-security-policy") or b"")
    assert names[b"x-bodhi-request-id"] == 1


def test_extra_headers_replace_the_clients_but_never_reach_another_api_model(bench: Bench, way: Way) -> None:
    extras = {"X-Title": "Ours", "OpenAI-Organization": "org-ours", "X-New": "1"}
    key = way.provider_key
    bench.gateway.add_api_model(
        way.format, f"{bench.puppet.url}/v1", key=key, models=(f"extra-{way.format}",), extra_headers=extras
    )

    _, sent = bench.ask(way, (b"x-title", b"theirs"), (b"X-TITLE", b"again"), model=f"extra-{way.format}")
    _, plain = bench.ask(way, (b"x-title", b"theirs"))

    assert (sent.all(b"x-title"), sent.all(b"openai-organization"), sent.all(b"x-new")) == (
        [b"Ours"],
        [b"org-ours"],
        [b"1"],
    )
    assert (plain.all(b"x-title"), plain.all(b"x-new")) == ([b"theirs"], [])


@pytest.mark.parametrize(
    ("theirs", "joined"),
    [
        ([], b"claude-code-20250219,oauth-2025-04-20"),
        ([b"files-api-2025-04-14"], b"files-api-2025-04-14,claude-code-20250219,oauth-2025-04-20"),
        ([b"a, oauth-2025-04-20 ,b", b"a,c"], b"a,oauth-2025-04-20,b,c,claude-code-20250219"),
    ],
    ids=["none", "another", "several lines"],
)
@pytest.mark.parametrize("claude", [ANTHROPIC, OAUTH], ids=way_id)
def test_anthropic_beta_is_joined_in_one_line_and_the_clients_version_wins(
    bench: Bench, claude: Way, theirs: list[bytes], joined: bytes
) -> None:
    model = f"beta-{claude.format}-{len(joined)}"
    bench.gateway.add_api_model(
        claude.format,
        f"{bench.puppet.url}/v1",
        key=claude.provider_key,
        models=(model,),
        extra_headers={"Anthropic-Beta": "claude-code-20250219,oauth-2025-04-20", "anthropic-version": "2023-01-01"},
    )
    betas = [(b"anthropic-beta", value) for value in theirs]

    _, sent = bench.ask(claude, *betas, (b"anthropic-version", b"2023-06-01"), model=model)
    _, without = bench.ask(claude, *betas, model=model)

    lines = sent.all(b"anthropic-beta")
    assert len(lines) == 1
    assert sorted(lines[0].split(b",")) == sorted(joined.split(b","))
    assert (sent.all(b"anthropic-version"), without.all(b"anthropic-version")) == ([b"2023-06-01"], [b"2023-01-01"])


GENERATING = [
    (OPENAI, "/v1/chat/completions"),
    (OPENAI, "/v1/completions"),
    (RESPONSES, "/v1/responses"),
    (ANTHROPIC, "/v1/messages"),
    (OAUTH, "/v1/messages"),
    (GEMINI, "/v1beta/models/{model}:generateContent"),
    (GEMINI, "/v1beta/models/{model}:streamGenerateContent"),
]
NOT_GENERATING = [
    (OPENAI, "/v1/embeddings"),
    (OPENAI, "/v1/moderations"),
    (OPENAI, "/v1/images/generations"),
    (OPENAI, "/v1/audio/speech"),
    (OPENAI, "/v1/rerank"),
    (OPENAI, "/v1/score"),
    (RESPONSES, "/v1/responses/input_tokens"),
    (RESPONSES, "/v1/responses/compact"),
    (ANTHROPIC, "/v1/messages/count_tokens"),
    (OAUTH, "/v1/messages/count_tokens"),
    (GEMINI, "/v1beta/models/{model}:countTokens"),
    (GEMINI, "/v1beta/models/{model}:embedContent"),
    (GEMINI, "/v1beta/models/{model}:batchEmbedContents"),
    (GEMINI, "/v1beta/models/{model}:predict"),
]
EXTRA_BODY = {"temperature": 0.5, "options": {"deep": {"ours": 1, "both": 1}}, "stop": ["ours"]}


@pytest.mark.parametrize(
    ("caller", "path"), [*GENERATING, *NOT_GENERATING], ids=lambda each: each if isinstance(each, str) else each.format
)
def test_extra_body_fills_generating_calls_and_no_others(bench: Bench, caller: Way, path: str) -> None:
    model = f"fill-{caller.format}-{abs(hash(path)) % 10**9}"
    bench.gateway.add_api_model(
        caller.format, f"{bench.puppet.url}/v1", key=caller.provider_key, models=(model,), extra_body=EXTRA_BODY
    )
    body = b'{"options": {"deep":{"both": 2.0}} , "stop" :[] ,"n":9007199254740993}'
    if "{model}" not in path:
        body = b'{"model":"%s",%s' % (model.encode(), body[1:])
    target = path.replace("{model}", model).encode()

    answer = ask(bench.gateway.port, b"POST", target, caller.headers(bench.gateway.token), body)

    assert answer.status == 200, answer.body
    sent = bench.puppet.last.body
    if (caller, path) in NOT_GENERATING:
        assert sent == body
        return
    merged = json.loads(sent)
    assert merged["temperature"] == 0.5
    assert merged["options"] == {"deep": {"ours": 1, "both": 2.0}}
    assert merged["stop"] == []
    assert b'{"both": 2.0}}' in sent or b'"both": 2.0' in sent
    assert b'"n":9007199254740993' in sent
