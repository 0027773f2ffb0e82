"""Keys, tokens and sessions as canaries: after every sort of good and bad call they are nowhere but where they belong."""

import base64
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import brotli
import pytest
import zstandard

from bodhi.core.api_model import Timeouts
from bodhi.identity.sign_in import BEARER
from tests.fakes.canaries import Canary, LogHeap, files_below
from tests.fakes.gateway import Gateway
from tests.fakes.puppet import OK_JSON, Puppet, RawRequest, Reply, write_reply
from tests.fakes.raw_client import RawAnswer, RawClient
from tests.fakes.ways import OAUTH, WAYS, Way

CODINGS = ("", "gzip", "deflate", "br", "zstd")
EVENTS = b"data: {}\n\ndata: {}\n\n"


def coded(coding: str, body: bytes) -> bytes:
    """Compress with a content coding."""
    if coding == "br":
        packed: bytes = brotli.compress(body)
        return packed
    if coding == "zstd":
        return zstandard.compress(body)
    if coding:
        packer = zlib.compressobj(wbits=31 if coding == "gzip" else 15)
        return packer.compress(body) + packer.flush()
    return body


def echoed(key: str) -> bytes:
    """Write what a careless provider says about a key that it does not like."""
    raw = key.encode()
    said = {
        "message": f"Incorrect API key provided: {key}. You can find your API key at https://x.example/?key={quote(key, safe='')}",
        "part": f"{key[:-3]}***",
        "hex": raw.hex(),
        "basic": base64.b64encode(b"user:" + raw).decode(),
        "url": base64.urlsafe_b64encode(b"ab" + raw + b"c").decode(),
        "inner": json.dumps({"key": key}),
    }
    return json.dumps({"type": "error", "error": said}).encode()


@dataclass
class Stage:
    """The gateway, one provider for each key, and everything that came back."""

    gateway: Gateway
    home: Path
    logs: LogHeap
    providers: dict[str, Puppet] = field(default_factory=dict)
    answers: list[bytes] = field(default_factory=list)
    canaries: list[Canary] = field(default_factory=list)

    def send(
        self, method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes | None = b""
    ) -> RawAnswer | None:
        with RawClient(self.gateway.port) as client:
            try:
                answer = client.ask(method, target, headers, body)
            except ConnectionError as error:
                self.answers.append(str(error).encode())
                return None
        self.answers.append(answer.head + b"\r\n\r\n" + _plain(answer))
        return answer

    def call(self, way: Way, *, model: str = "", stream: bool = False, body: bytes | None = None) -> RawAnswer | None:
        model = model or f"m-{way.format}"
        content = way.body(model, stream=stream) if body is None else body
        return self.send(b"POST", way.target(model, stream=stream), way.headers(self.gateway.token), content)


def _plain(answer: RawAnswer) -> bytes:
    """Return the body as it came and as a client would decode it."""
    coding = answer.header(b"content-encoding")
    decoded = b""
    try:
        if coding in (b"gzip", b"deflate"):
            decoded = zlib.decompress(answer.body, 47)
        elif coding == b"br":
            decoded = brotli.decompress(answer.body)
        elif coding == b"zstd":
            decoded = zstandard.decompress(answer.body)
    except (zlib.error, brotli.error, zstandard.ZstdError):
        pass  # A body that cannot be decoded cannot be read by a client either.
    return answer.body + b"\n" + decoded


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("home")
    logs = LogHeap()
    logs.start()
    try:
        with Gateway(home, lane=has_lane) as gateway:
            stage = Stage(gateway, home, logs)
            for way in WAYS:
                provider = stage.providers[way.format] = Puppet()
                provider.__enter__()
                models = (f"m-{way.format}",)
                timeouts = Timeouts(connect=1.0, first_byte=0.3, idle=0.3, total=3.0, write_stall=1.0)
                gateway.add_api_model(
                    way.format, f"{provider.url}/v1", key=way.provider_key, models=models, timeouts=timeouts
                )
                gone = (f"gone-{way.format}",)
                gateway.add_api_model(way.format, "http://provider.invalid/v1", key=way.provider_key, models=gone)
                stage.canaries.append(Canary(f"key of {way.format}", way.provider_key, fragments=True))
            run_battery(stage)
            gateway.records()
            yield stage
            for provider in stage.providers.values():
                provider.__exit__(None, None, None)
    finally:
        logs.stop()


def run_battery(stage: Stage) -> None:
    """Make every sort of call."""
    for way in WAYS:
        provider = stage.providers[way.format]
        for reply in replies(way):
            provider.reply = reply
            for stream in (False, True):
                stage.call(way, stream=stream)
        provider.reply = OK_JSON
        stage.call(way, model=f"gone-{way.format}")
        stage.call(way, body=b'{"model": ' + stage.gateway.token.encode())
        stage.call(way, model="unheard-of")
        call_with_bad_credentials(stage, way)
    use_control_api(stage)
    stage.canaries.append(Canary("token", stage.gateway.token.removeprefix("bodhi_"), fragments=True))


def replies(way: Way) -> Iterator[Reply]:
    """Yield what providers answer, rightly and wrongly; the wrong ones repeat the key wherever they can."""
    key = way.provider_key.encode()
    yield OK_JSON
    yield write_reply(200, [(b"content-type", b"text/event-stream")], [EVENTS], "chunked")
    for status in (400, 401, 403, 429, 500, 529):
        for coding in CODINGS:
            body = coded(coding, echoed(way.provider_key))
            headers = [
                (b"content-type", b"application/json"),
                (b"x-echo", b"Bearer " + key),
                (b"www-authenticate", b'Bearer error_description="' + key + b'"'),
                (b"x-echo-64", base64.b64encode(b"x" + key)),
                *([(b"content-encoding", coding.encode())] if coding else []),
            ]
            yield write_reply(status, headers, [body[: len(body) // 2], body[len(body) // 2 :]], "chunked")
    twice = coded("gzip", echoed(way.provider_key))
    for coding, body in (("gzip, gzip", coded("gzip", twice)), ("gzip", coded("gzip", b"{}") + twice), ("gzip", key)):
        yield write_reply(401, [(b"content-encoding", coding.encode())], [body])
    for status in (301, 302, 303, 307, 308):
        yield write_reply(status, [(b"location", b"https://elsewhere.example/?key=" + key)], [key])
    yield Reply(
        (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n",
        ),
        close=True,
    )
    yield Reply((b"HTTP/1.1 200 OK\r\nx: " + key + b"\r\ncontent-length: 1" + key + b"\r\n\r\n",), close=True)
    yield Reply((key + b"\r\n\r\n",), close=True)
    yield Reply((b"HTTP/1.1 " + key + b"\r\n\r\n",), close=True)
    yield Reply((), close=True)
    yield write_reply(
        401, [(b"content-type", b"text/plain")], [b"x" * (1024 * 1024 - 20), b"key " + key + b" no"], "chunked"
    )
    yield write_reply(
        401, [(b"content-type", b"text/plain")], [b"x" * (1024 * 1024 + 20), b"key " + key + b" no"], "chunked"
    )


def call_with_bad_credentials(stage: Stage, way: Way) -> None:
    """Show tokens in every place, and provider keys and broken tokens where a token belongs."""
    token = stage.gateway.token
    target, body = way.target(f"m-{way.format}"), way.body(f"m-{way.format}")
    mark = b"&" if b"?" in target else b"?"
    for shown in (token, token[:-1] + ("0" if token[-1] != "0" else "1"), way.provider_key):
        for name, value in ((b"authorization", f"Bearer {shown}"), (b"x-api-key", shown), (b"x-goog-api-key", shown)):
            stage.send(b"POST", target, [(name, value.encode())], body)
        stage.send(b"POST", target + mark + b"key=" + shown.encode(), [], body)
        stage.send(b"POST", target + mark + b"access_token=" + shown.encode(), way.headers(token), body)
        stage.send(b"GET", b"/v1/models?key=" + shown.encode(), [], None)
        stage.send(b"POST", b"/nowhere?key=" + shown.encode(), way.headers(token), b"{}")
    stage.send(b"POST", target, [*way.headers(token), (b"host", b"evil.example")], body)
    stage.send(b"POST", target, [*way.headers(token), (b"x_api_key", token.encode())], body)


def use_control_api(stage: Stage) -> None:
    """Create, change, list, test and fetch with keys of each format, and with what is refused."""
    gateway = stage.gateway
    session = gateway.open_session(carried_by=BEARER)
    stage.canaries.append(Canary("session", session.removeprefix("bodhi_"), fragments=True))
    headers = [(b"authorization", f"Bearer {session}".encode()), (b"content-type", b"application/json")]

    def control(method: bytes, path: str, fields: object = None, raw: bytes | None = None) -> dict[str, object]:
        body = raw if raw is not None else None if fields is None else json.dumps(fields).encode()
        answer = stage.send(method, b"/bodhi/v1" + path.encode(), headers, body)
        assert answer is not None
        assert answer.status < 500, answer.body
        shown = json.loads(answer.body) if answer.body else {}
        return shown if isinstance(shown, dict) else {}

    for way in WAYS:
        provider = stage.providers[way.format]
        key = way.provider_key
        form = {
            "name": "made", "format": way.format, "base_url": f"{provider.url}/v1", "api_key": key,
            "models": [f"made-{way.format}"], "allow_private_network": True,
        }  # fmt: skip
        made = control(b"POST", "/api-models", form)
        place = f"/api-models/{made['id']}"
        provider.replier = _refuses
        for path in ("/api-models/test-connection", "/api-models/fetch-models"):
            control(b"POST", path, form)
            control(b"POST", path, {"id": made["id"]})
            control(b"POST", path, {**form, "base_url": f"http://provider.invalid/{key}"})
        control(b"POST", f"{place}/test-connection", {})
        control(b"POST", f"{place}/fetch-models", {})
        provider.replier = None
        control(b"GET", place)
        for wrong in (
            {**form, "api_key": f"two {key}"}, {**form, "api_key": [key]}, {**form, "base_url": f"http://u:{key}@h/v1"},
            {**form, "extra_headers": {"authorization": key}}, {**form, "extra_headers": {"x-key": key + "\n"}},
            {**form, "unknown": key}, {**form, "prefix": f"{key} "}, {**form, "forward_all": key},
        ):  # fmt: skip
            control(b"PATCH", place, wrong)
            control(b"POST", "/api-models", wrong)
        control(b"POST", "/api-models", raw=b'{"api_key": "' + key.encode())
        if way is not OAUTH:
            control(b"PATCH", place, {"format": "anthropic_oauth", "api_key": key})
        control(b"PATCH", place, {"api_key": key, "name": "again"})
    for path in ("/api-models", "/formats", "/tokens", "/usage", "/session", "/openapi.json"):
        control(b"GET", path)
    minted = control(b"POST", "/tokens", {"name": "shown once"})
    stage.canaries.append(Canary("minted token", str(minted["token"]).removeprefix("bodhi_"), fragments=True))
    assert stage.answers.pop().count(str(minted["token"]).encode()) > 0
    control(b"GET", "/tokens")


def _refuses(request: RawRequest) -> Reply:
    """Answer as a provider that repeats whatever credential it was shown."""
    shown = [value for name in (b"authorization", b"x-api-key", b"x-goog-api-key") for value in request.all(name)]
    key = shown[0].removeprefix(b"Bearer ").decode()
    return write_reply(401, [(b"content-type", b"application/json"), (b"x-echo", key.encode())], [echoed(key)])


def test_no_answer_holds_a_secret(stage: Stage) -> None:
    assert len(stage.answers) > 500
    for canary in stage.canaries:
        leaks = [
            (answer[:300] + answer[-200:], canary.found_in(answer)[:3])
            for answer in stage.answers
            if canary.found_in(answer)
        ]
        assert leaks[:3] == [], canary.name


def test_no_log_line_holds_a_secret(stage: Stage) -> None:
    assert len(stage.logs.lines) > 500
    for canary in stage.canaries:
        assert [line[:200] for line in stage.logs.lines if canary.found_in(line.encode())][:3] == [], canary.name


def test_no_file_of_the_home_folder_holds_a_secret(stage: Stage) -> None:
    files = files_below(stage.home)
    assert {"bodhi.db", "usage.db"} <= set(files)
    for name, content in files.items():
        for canary in stage.canaries:
            assert canary.found_in(content) == [], (name, canary.name)


def test_each_provider_saw_its_own_key_and_no_other_secret(stage: Stage) -> None:
    for way in WAYS:
        provider = stage.providers[way.format]
        heads = b"\n".join(request.head for request in provider.requests)
        assert heads.count(way.provider_key.encode()) >= 60
        for canary in stage.canaries:
            if canary.name != f"key of {way.format}":
                assert canary.found_in(heads) == [], canary.name


def test_no_record_of_usage_holds_a_secret(stage: Stage) -> None:
    heap = repr(stage.gateway.records()).encode()
    for canary in stage.canaries:
        assert canary.found_in(heap) == [], canary.name
