"""A stored key goes to the origin that it was entered for and nowhere else, whoever tries to steer it, and however."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bodhi.core.api_model import ApiModel
from tests.fakes.canaries import Canary
from tests.fakes.gateway import Gateway
from tests.fakes.puppet import OK_JSON, Puppet, write_reply
from tests.fakes.raw_client import RawAnswer, ask
from tests.fakes.ways import BY_DIALECT, OPENAI, way_id

KEY = OPENAI.provider_key
OTHER_KEY = "sk-other-Zr6WmTq9Lc2Xv"
CANARY = Canary("the key", KEY, fragments=True)
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass
class Stage:
    """A gateway, the provider that the key was entered for, and a thief that listens and keeps what comes."""

    gateway: Gateway
    home: Path
    right: Puppet
    thief: Puppet
    api_model: ApiModel
    token: str
    attempts: list[str] = field(default_factory=list)

    def control(self, method: bytes, path: str, fields: Any = None) -> RawAnswer:
        headers = [(b"authorization", f"Bearer {self.token}".encode()), (b"content-type", b"application/json")]
        body = None if fields is None else json.dumps(fields).encode()
        return ask(self.gateway.port, method, b"/bodhi/v1" + path.encode(), headers, body)

    def call(self, target: bytes = b"/v1/chat/completions", *more: tuple[bytes, bytes], **fields: Any) -> RawAnswer:
        body = OPENAI.body(fields.pop("model", "ok"), **fields)
        return ask(self.gateway.port, b"POST", target, [*OPENAI.headers(self.token), *more], body)

    def edit(self, statement: str, *values: object) -> None:
        """Change the database file behind the gateway's back, and wait until the gateway has read it."""
        with sqlite3.connect(self.home / "bodhi.db", timeout=10) as connection:
            assert connection.execute(statement, values).rowcount > 0
            connection.execute("UPDATE config_version SET version = version + 1")
        connection.close()
        self.gateway.do(self.gateway.server.directory.reload())

    def settle(self, attempt: str) -> None:
        """Judge one attempt: use the api model in every way, and look at what the thief got."""
        self.attempts.append(attempt)
        self.call()
        self.control(b"POST", f"/api-models/{self.api_model.id}/test-connection", {})
        self.control(b"POST", f"/api-models/{self.api_model.id}/fetch-models", {})
        heads = b"\n".join(request.head + request.body for request in self.thief.requests)
        assert CANARY.found_in(heads) == [], attempt

    def set_right(self) -> None:
        """Bring the record back to what it was, and show that its key still works there."""
        fields = {"base_url": f"{self.right.url}/v1", "api_key": KEY, "extra_headers": {}, "format": "openai"}
        answer = self.control(b"PATCH", f"/api-models/{self.api_model.id}", fields)
        assert answer.status == 200, answer.body
        assert self.call().status == 200
        assert self.right.last.all(b"authorization") == [b"Bearer " + KEY.encode()]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("home")
    with Puppet() as right, Puppet() as thief, pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
            patch.setenv(name, thief.url)
        with Gateway(home, lane=has_lane) as gateway:
            api_model = gateway.add_api_model("openai", f"{right.url}/v1", key=KEY, models=("ok",))
            for way in BY_DIALECT:
                gateway.add_api_model(way.format, f"{right.url}/v1", key=KEY, models=(f"r-{way.format}",))
            yield Stage(gateway, home, right, thief, api_model, gateway.mint(scope="power_user"))


@pytest.fixture(autouse=True)
def started_right(stage: Stage) -> Iterator[None]:
    stage.right.reply = OK_JSON
    yield
    stage.right.reply = OK_JSON
    stage.set_right()


OTHER_ORIGINS = (
    "http://127.0.0.1:{thief}/v1",
    "HTTP://127.0.0.1:{thief}/v1",
    "http://localhost:{thief}/v1",
    "http://LOCALHOST.:{thief}/v1",
    "http://127.0.0.1.:{thief}/v1",
    "http://127.1:{thief}/v1",
    "http://2130706433:{thief}/v1",
    "http://0x7f000001:{thief}/v1",
    "http://0177.0.0.1:{thief}/v1",
    "http://0.0.0.0:{thief}/v1",
    "http://[::1]:{thief}/v1",
    "http://[::ffff:127.0.0.1]:{thief}/v1",
    "http://[0:0:0:0:0:ffff:7f00:1]:{thief}/v1",
    "https://127.0.0.1:{right}/v1",
    "http://localhost:{right}/v1",
    "http://127.0.0.1:0{thief}/v1",
    "http://127.0.0.1:{right}@127.0.0.1:{thief}/v1",
    "http://user@127.0.0.1:{thief}/v1",
    "http://127.0.0.1:{thief}#@127.0.0.1:{right}/v1",
    "http://127.0.0.1:{thief}?@127.0.0.1:{right}/v1",
    "http://127.0.0.1:{thief}\\@127.0.0.1:{right}/v1",
    "http://127.0.0.1:{right}\\@127.0.0.1:{thief}/v1",
    "http://127.0.0.1:{thief}/@127.0.0.1:{right}/v1",
    "http://\uff11\uff12\uff17.0.0.1:{thief}/v1",
    "http://127\u30020\u30020\u30021:{thief}/v1",
    "http://loc\u00e4lhost:{thief}/v1",
    "http://xn--loclhost-0za:{thief}/v1",
    "http://127%2E0.0.1:{thief}/v1",
    "http://127.0.0.1%3A{thief}/v1",
    "//127.0.0.1:{thief}/v1",
    "http:/127.0.0.1:{thief}/v1",
    "http:///127.0.0.1:{thief}/v1",
    "http:127.0.0.1:{thief}/v1",
    "http://127.0.0.1:{right}:{thief}/v1",
    "http://127.0.0.1:{right},127.0.0.1:{thief}/v1",
    "http://127.0.0.1:{right}\r\nHost: 127.0.0.1:{thief}",
    "http://127.0.0.1:{thief}\t/v1",
    " http://127.0.0.1:{thief}/v1 ",
)


def _named(template: str) -> str:
    return (
        template.encode("ascii", "backslashreplace")
        .decode()
        .replace("\r\n", "CRLF")
        .replace("\t", "TAB")
        .replace("\\", "|")
    )


@pytest.mark.parametrize("template", OTHER_ORIGINS, ids=_named)
def test_a_changed_base_url_does_not_take_the_key_along(stage: Stage, template: str) -> None:
    base_url = template.format(thief=stage.thief.port, right=stage.right.port)
    place = f"/api-models/{stage.api_model.id}"
    requests = [
        ("patched", b"PATCH", place, {"base_url": base_url}),
        ("patched with everything else", b"PATCH", place, {"base_url": base_url, "name": "x", "models": ["ok"], "extra_headers": {}}),
        ("tested", b"POST", "/api-models/test-connection", {"id": stage.api_model.id, "base_url": base_url, "model": "ok"}),
        ("fetched", b"POST", "/api-models/fetch-models", {"id": stage.api_model.id, "base_url": base_url}),
    ]  # fmt: skip
    for how, method, path, fields in requests:
        answer = stage.control(method, path, fields)
        assert answer.status == 400, (how, answer.body)
        assert answer.header(b"x-bodhi-error") == b"invalid_field"
        stage.settle(f"{how}: {base_url}")


@pytest.mark.parametrize(
    "name", ["Host", "HOST", "hOsT", "host ", " host", "host:", ":authority", "Connection", "Transfer-Encoding",
             "transfer_encoding", "Content-Length", "Proxy-Authorization", "proxy_connection", "Cookie", "Authorization", "x_api_key",
             "X-Ok: 1\r\nHost"],
)  # fmt: skip
def test_extra_headers_cannot_name_another_host(stage: Stage, name: str) -> None:
    fields = {"extra_headers": {name: f"127.0.0.1:{stage.thief.port}"}}

    patched = stage.control(b"PATCH", f"/api-models/{stage.api_model.id}", fields)
    tested = stage.control(b"POST", "/api-models/test-connection", {"id": stage.api_model.id, "model": "ok", **fields})

    assert (patched.status, tested.status) == (400, 400), (patched.body, tested.body)
    stage.settle(f"extra header {name!r}")
    assert stage.right.last.all(b"host") == [f"127.0.0.1:{stage.right.port}".encode()]


@pytest.mark.parametrize("status", REDIRECTS)
@pytest.mark.parametrize("way", BY_DIALECT, ids=way_id)
def test_no_redirect_is_followed(stage: Stage, way: Any, status: int) -> None:
    stage.right.reply = write_reply(status, [(b"location", f"{stage.thief.url}/v1".encode())], [b""])

    answer = ask(
        stage.gateway.port,
        b"POST",
        way.target(f"r-{way.format}"),
        way.headers(stage.token),
        way.body(f"r-{way.format}"),
    )

    assert answer.status == 502
    assert answer.header(b"x-bodhi-error") == b"upstream_redirect"
    assert answer.header(b"location") is None
    stage.settle(f"redirect {status} in {way.format}")


def _swap(stage: Stage) -> None:
    other = stage.gateway.add_api_model("openai", f"{stage.thief.url}/v1", key=OTHER_KEY, models=("swapped",))
    stage.edit(
        "UPDATE api_models SET sealed_key = (SELECT sealed_key FROM api_models WHERE id = ?) WHERE id = ?",
        stage.api_model.id, other.id,
    )  # fmt: skip


def _exchange_ids(stage: Stage) -> None:
    other = stage.gateway.add_api_model("openai", f"{stage.thief.url}/v1", key=OTHER_KEY, models=("swapped",))
    stage.edit("UPDATE api_models SET id = 'parked' WHERE id = ?", other.id)
    stage.edit(
        "UPDATE api_models SET sealed_key = (SELECT sealed_key FROM api_models WHERE id = ?) WHERE id = 'parked'",
        stage.api_model.id,
    )


def _change_format(stage: Stage) -> None:
    stage.edit(
        "UPDATE api_models SET base_url = ?, format = 'gemini' WHERE id = ?",
        f"{stage.thief.url}/v1",
        stage.api_model.id,
    )


def _base_url(template: str) -> Callable[[Stage], None]:
    def edit(stage: Stage) -> None:
        base_url = template.format(thief=stage.thief.port, right=stage.right.port)
        stage.edit("UPDATE api_models SET base_url = ? WHERE id = ?", base_url, stage.api_model.id)

    return edit


def _host_header(stage: Stage) -> None:
    extras = json.dumps({"Host": f"127.0.0.1:{stage.thief.port}"})
    stage.edit("UPDATE api_models SET extra_headers = ? WHERE id = ?", extras, stage.api_model.id)


EDITS: dict[str, Callable[[Stage], None]] = {
    "swapped ciphertext": _swap,
    "another row's id": _exchange_ids,
    "format and address": _change_format,
    "a Host header": _host_header,
    **{f"address {_named(template)}": _base_url(template) for template in OTHER_ORIGINS},
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_the_database_file_does_not_move_the_key(stage: Stage, name: str) -> None:
    EDITS[name](stage)

    edited = stage.call(model="swapped" if EDITS[name] in (_swap, _exchange_ids) else "ok")

    refusals = (b"api_model_unusable", b"model_format_mismatch", b"invalid_field")
    assert edited.status == 400
    assert edited.header(b"x-bodhi-error") in refusals
    stage.settle(f"database: {name}")


THIEF = b"127.0.0.1:%d"
STEERING = [
    b"host", b"x-forwarded-host", b"forwarded", b"x-host", b"x-original-host", b"x-original-url", b"x-rewrite-url",
    b"x-bodhi-base-url", b"x-base-url", b"x-upstream", b"base-url", b"helicone-target-url", b"x-portkey-custom-host", b"via",
    b"openai-base-url", b"location", b":authority", b"proxy-host",
]  # fmt: skip


@pytest.mark.parametrize("name", STEERING, ids=bytes.decode)
def test_no_header_of_a_client_steers_the_call(stage: Stage, name: bytes) -> None:
    for value in (THIEF, b"http://" + THIEF + b"/v1", b"host=" + THIEF):
        stage.call(b"/v1/chat/completions", (name, value % stage.thief.port))
        stage.settle(f"header {name.decode()}: {value.decode()}")


@pytest.mark.parametrize(
    "target",
    [
        b"http://%s/v1/chat/completions", b"//%s/v1/chat/completions", b"/%s/v1/chat/completions", b"%s",
        b"@%s/v1/chat/completions", b"/v1/chat/completions@%s", b"/v1/../../%s", b"/v1/chat/completions?base_url=http://%s",
        b"/v1/chat/completions?host=%s&url=http://%s", b"/openai/http://%s/v1/chat/completions",
        b"/v1/chat/completions/http:%%2f%%2f%s", b"/v1beta/models/ok@%s:generateContent", b"/v1/chat/completions#@%s",
    ],
    ids=lambda target: target.decode(),
)  # fmt: skip
def test_no_target_of_a_request_steers_the_call(stage: Stage, target: bytes) -> None:
    filled = target.replace(b"%%", b"%").replace(b"%s", THIEF % stage.thief.port)
    stage.call(filled)
    stage.settle(f"target {target.decode()}")


@pytest.mark.parametrize(
    "model",
    [
        "@{thief}",
        "http://{thief}/",
        "ok@{thief}",
        "../../{thief}",
        "//{thief}",
        "ok\r\nHost: {thief}",
        "ok?host={thief}",
    ],
)
def test_no_model_id_steers_the_call(stage: Stage, model: str) -> None:
    named = model.format(thief=f"127.0.0.1:{stage.thief.port}")
    forwarding = [m for m in stage.gateway.server.directory.snapshot.table.api_models.values() if m.prefix == "all/"]
    if not forwarding:
        stage.gateway.add_api_model("openai", f"{stage.right.url}/v1", key=KEY, prefix="all/", forward_all=True)
        stage.gateway.add_api_model("gemini", f"{stage.right.url}/v1", key=KEY, prefix="gem/", forward_all=True)
    stage.call(model=f"all/{named}", base_url=stage.thief.url, api_base=stage.thief.url)
    stage.control(b"POST", "/api-models/test-connection", {"id": stage.api_model.id, "model": named})
    quoted = named.replace("\r\n", "%0D%0A").replace("?", "%3F").encode()
    ask(
        stage.gateway.port,
        b"POST",
        b"/v1beta/models/gem/" + quoted + b":generateContent",
        OPENAI.headers(stage.token),
        b"{}",
    )
    stage.settle(f"model {model!r}")


def test_the_thief_would_have_noticed(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    place = f"/api-models/{stage.api_model.id}"
    moved = stage.control(b"PATCH", place, {"base_url": f"{stage.thief.url}/v1", "api_key": OTHER_KEY})
    served = stage.call()

    assert (moved.status, served.status) == (200, 200)
    assert stage.thief.last.all(b"authorization") == [b"Bearer " + OTHER_KEY.encode()]
    with capsys.disabled():
        print(f"\n{len(stage.attempts)} attempts to steer the key away, 0 arrived")  # noqa: T201 # the figure asked for
    assert 4 * len(OTHER_ORIGINS) + len(EDITS) + len(REDIRECTS) * len(BY_DIALECT) + 3 * len(STEERING) >= 30
