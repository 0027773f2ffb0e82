"""A captured call shows what went upstream as the provider got it, each change with its reason, and no secret."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from bodhi.identity.sign_in import BEARER, Opening
from bodhi.storage.tables import users
from tests.fakes.gateway import Gateway
from tests.fakes.puppet import Puppet, RawRequest, Reply, write_reply
from tests.fakes.raw_client import ask
from tests.fakes.ways import OPENAI, WAYS, Way, way_id

MASK = "•••"
SECRET = "canary0Kp5TgRc1Xe8wMz4UhBq7"
EXTRA_HEADERS = {"x-team": "blue", "x-gateway-token": SECRET}
EXTRA_BODY = {"metadata": {"user_id": "u-1", "api_key": SECRET}, "user": "crew"}
ANSWER = (
    (b"content-type", b"application/json"),
    (b"set-cookie", b"session=" + SECRET.encode()),
    (b"x-request-id", b"r-1"),
)


@pytest.fixture(scope="module")
def provider() -> Iterator[Puppet]:
    with Puppet() as puppet:
        yield puppet


@pytest.fixture(scope="module")
def gateway(provider: Puppet, tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        for way in WAYS:
            gateway.add_api_model(
                way.format, f"{provider.url}/base/v1", key=way.provider_key, prefix=f"{way.format}/", forward_all=True,
                extra_headers=EXTRA_HEADERS, extra_body=EXTRA_BODY,
            )  # fmt: skip
        yield gateway


@pytest.fixture(scope="module")
def reader(gateway: Gateway) -> dict[str, str]:
    """Sign in an Admin who may read captures, and turn these on."""

    async def permit() -> str:
        async with gateway.server.home.store.write() as connection:
            await connection.execute(update(users).where(users.c.id == gateway.admin.id).values(reads_captures=True))
            opening = Opening(method="password", carried_by=BEARER)
            opened = await gateway.server.services.sessions.open(connection, gateway.admin, opening)
        return opened.secret.reveal()

    headers = {"authorization": f"Bearer {gateway.do(permit())}"}
    assert control(gateway, "PUT", "/capture", headers, {"enabled": True})[0] == 200
    return headers


def control(gateway: Gateway, method: str, path: str, headers: dict[str, str], body: Any = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, f"/bodhi/v1{path}", content, {**headers, "content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def newest(gateway: Gateway, reader: dict[str, str]) -> dict[str, Any]:
    """Read what the newest call sent upstream."""
    call_id = gateway.records()[-1].id
    gateway.do(gateway.server.captures.flush())
    status, shown = control(gateway, "GET", f"/usage/{call_id}/capture", reader)
    assert status == 200
    told = json.dumps(shown, ensure_ascii=False)
    assert SECRET not in told
    assert gateway.token not in told
    assert not [way for way in WAYS if way.provider_key in told]
    return dict(shown)


def upstream_request(provider: Puppet, reply: Reply) -> list[RawRequest]:
    """Let the provider answer so, and return where its requests will be."""
    received: list[RawRequest] = []

    def answer(request: RawRequest) -> Reply:
        received.append(request)
        return reply

    provider.replier = answer
    return received


@pytest.mark.parametrize("way", WAYS, ids=way_id)
def test_what_is_shown_is_what_the_provider_got(
    gateway: Gateway, provider: Puppet, reader: dict[str, str], way: Way
) -> None:
    received = upstream_request(provider, write_reply(200, list(ANSWER), [b"{}"]))
    body = way.body(f"{way.format}/m-1")
    headers = [*way.headers(gateway.token), (b"X-Mine", b"1"), (b"Cookie", SECRET.encode()), (b"Te", b"trailers")]
    target = way.target(f"{way.format}/m-1") + b"?key=" + gateway.token.encode()
    assert ask(gateway.port, b"POST", target, headers, body).status == 200
    (got,) = received
    sent = newest(gateway, reader)["sent"]
    assert sent["method"] == "POST"
    assert sent["url"] == f"{provider.url}{got.target.decode()}"
    assert [name for name, _ in sent["headers"]] == [name.decode().lower() for name, _ in _ordered(got.headers)]
    secret = {way.key_header.decode(), "x-gateway-token"}
    for name, value in sent["headers"]:
        assert value == (MASK if name in secret else got.all(name.encode())[0].decode())
    assert {name: value for name, value in sent["request_headers"] if value == MASK} == {
        way.credential("")[0].decode().lower(): MASK,
        "cookie": MASK,
    }
    assert sent["body"]["bytes"] == len(got.body)
    assert json.loads(sent["body"]["text"]) == json.loads(got.body.replace(SECRET.encode(), MASK.encode()))
    assert sent["response_status"] == 200
    assert [pair for pair in sent["response_headers"] if pair[0] != "content-length"] == [
        ["content-type", "application/json"], ["set-cookie", MASK], ["x-request-id", "r-1"],
    ]  # fmt: skip
    told = {(each["part"], each["name"], each["reason"]) for each in sent["changes"]}
    assert told >= {
        ("path", "query", "Bodhi's token removed"),
        ("header", "host", "the provider's own host"),
        ("header", "te", "hop-by-hop header"),
        ("header", "cookie", "cookies are not passed on"),
        ("header", "x-team", "added by Extra Headers"),
        ("header", way.credential("")[0].decode().lower(), "Bodhi's token removed"),
        ("header", way.key_header.decode(), "provider key added"),
        ("body", "user", "added by Extra Body"),
        ("path", "path", "prefix removed") if way.model_in_path else ("body", "model", "prefix removed"),
    }


def test_a_provider_that_is_not_there_leaves_what_would_have_been_sent(
    gateway: Gateway, provider: Puppet, reader: dict[str, str]
) -> None:
    upstream_request(provider, Reply((), close=True))
    body = OPENAI.body("openai/m-1")
    assert ask(gateway.port, b"POST", OPENAI.target(""), OPENAI.headers(gateway.token), body).status == 502
    sent = newest(gateway, reader)["sent"]
    assert (sent["response_status"], sent["response_headers"]) == (None, [])
    assert ["x-team", "blue"] in sent["headers"]


def test_a_call_that_went_nowhere_has_sent_nothing(gateway: Gateway, reader: dict[str, str]) -> None:
    body = OPENAI.body("nobody's")
    assert ask(gateway.port, b"POST", OPENAI.target(""), OPENAI.headers(gateway.token), body).status == 404
    assert newest(gateway, reader)["sent"] is None


def _ordered(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return fields with the two that Bodhi writes itself first."""
    own = [field for field in headers if field[0].lower() in (b"host", b"content-length")]
    return sorted(own, key=lambda field: field[0].lower() != b"host") + [each for each in headers if each not in own]
