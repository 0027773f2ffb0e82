"""Prompts and completions: nowhere on disk unless an Admin turns that on, then sealed, bounded, and read by permission."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard

from bodhi.accounting import capture
from bodhi.core.principal import Role
from bodhi.identity.sign_in import BEARER, Opening
from bodhi.storage.policies import CapturePolicy, write_capture_policy
from bodhi.storage.tables import users
from bodhi.storage.users import User
from bodhi.storage.version import bump_config_version
from tests.fakes.canaries import Canary, files_below
from tests.fakes.gateway import Gateway
from tests.fakes.puppet import Puppet, RawRequest, Reply, write_reply
from tests.fakes.raw_client import RawAnswer, RawClient, ask
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import OPENAI, WAYS, Way, way_id

PROMPT = "the heron wades at dawn 4711"
COMPLETION = "and the carp keeps still 0815"
CANARIES = (Canary("prompt", PROMPT), Canary("completion", COMPLETION))
JSON = (b"content-type", b"application/json")
EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
MAX_BODY = 4 * 1024 * 1024


@dataclass
class Stage:
    """A gateway with one provider behind every format, and people at its control API."""

    gateway: Gateway
    provider: Puppet
    home: Path
    admin: dict[str, str]

    def call(self, way: Way, *, stream: bool = False, **more: Any) -> tuple[bytes, RawAnswer]:
        """Make one call that says PROMPT, and return its body and the answer."""
        body = way.body(f"m-{way.format}", stream=stream, said=PROMPT, **more)
        target = way.target(f"m-{way.format}", stream=stream)
        return body, ask(self.gateway.port, b"POST", target, way.headers(self.gateway.token), body)

    def session_of(self, user: User) -> dict[str, str]:
        async def open_session() -> str:
            async with self.gateway.server.home.store.write() as connection:
                opening = Opening(method="password", carried_by=BEARER)
                opened = await self.gateway.server.services.sessions.open(connection, user, opening)
            return opened.secret.reveal()

        return {"authorization": f"Bearer {self.gateway.do(open_session())}"}

    def reader(self, name: str) -> dict[str, str]:
        """Let somebody in whom an Admin has allowed to read captures."""
        user = self.gateway.add_user(name)

        async def permit() -> None:
            async with self.gateway.server.home.store.write() as connection:
                await connection.execute(users.update().where(users.c.id == user.id).values(reads_captures=True))

        self.gateway.do(permit())
        return self.session_of(user)

    def control(self, method: str, path: str, who: dict[str, str], body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, f"/bodhi/v1{path}", content, {**who, "content-type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def turn(self, enabled: bool, **more: Any) -> None:
        status, shown = self.control("PUT", "/capture", self.admin, {"enabled": enabled, **more})
        assert (status, shown["enabled"]) == (200, enabled)

    def newest(self, who: dict[str, str]) -> tuple[int, Any]:
        """Read the capture of the newest call, once everything is written."""
        call_id = self.gateway.records()[-1].id
        self.gateway.do(self.gateway.server.captures.flush())
        return self.control("GET", f"/usage/{call_id}/capture", who)

    def found_on_disk(self) -> dict[str, list[bytes]]:
        """Return the files that hold a prompt or a completion in a form that can be read."""
        found = {}
        for name, content in files_below(self.home).items():
            if hits := [form for canary in CANARIES for form in canary.found_in(content)]:
                found[name] = hits
        return found


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Stage]:
    home = tmp_path_factory.mktemp("home")
    with Puppet() as provider, Gateway(home, max_body_bytes=MAX_BODY, lane=has_lane) as gateway:
        for way in WAYS:
            gateway.add_api_model(way.format, f"{provider.url}/v1", key=way.provider_key, models=(f"m-{way.format}",))
        stage = Stage(gateway, provider, home, {})
        stage.admin = stage.session_of(gateway.admin)
        yield stage


@pytest.fixture
def on(stage: Stage) -> Iterator[Stage]:
    stage.turn(True, max_bytes=262144)
    yield stage
    stage.turn(False, purge=True)


def answer_to(request: RawRequest, *, stream: bool) -> Reply:
    """Say COMPLETION in either form."""
    if not stream:
        return write_reply(200, [JSON], [json.dumps({"said": COMPLETION}).encode()])
    pieces = [f"data: {json.dumps({'said': COMPLETION, 'at': at})}\n\n".encode() for at in range(5)]
    return write_reply(200, [EVENTS], pieces, framing="chunked")


@pytest.fixture(autouse=True)
def provider_says_it(stage: Stage) -> None:
    stage.provider.replier = lambda request: answer_to(request, stream=b"stream" in request.target + request.body)


def test_nothing_that_is_said_touches_the_disk_unless_that_is_turned_on(stage: Stage) -> None:
    rita = stage.reader("rita-off")
    for way in WAYS:
        for stream in (False, True):
            _, answer = stage.call(way, stream=stream)
            assert COMPLETION.encode() in answer.body
            assert stage.newest(rita)[0] == 404
    captures = stage.gateway.server.captures
    assert (captures.written, captures.held, captures.dropped.total()) == (0, 0, 0)
    assert stage.found_on_disk() == {}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("way", WAYS, ids=way_id)
def test_what_is_captured_is_what_was_said_and_lies_sealed(stage: Stage, way: Way, stream: bool) -> None:
    _, without = stage.call(way, stream=stream)
    stage.turn(True)
    try:
        body, answer = stage.call(way, stream=stream)
        status, shown = stage.newest(stage.reader(f"rita-{way.format}-{stream}"))
        assert stage.found_on_disk() == {}
    finally:
        stage.turn(False, purge=True)
    # The client got the same bytes as without, but for the id of its call.
    assert (answer.body, answer.complete) == (without.body, True)
    assert [name for name, _ in answer.headers] == [name for name, _ in without.headers]
    assert status == 200
    assert shown["request"]["text"].encode() == body
    assert shown["request"]["content_type"] == "application/json"
    assert shown["response"]["text"].encode() == answer.body
    assert shown["response"]["content_type"] == answer.header(b"content-type").decode()  # type: ignore[union-attr] # it is there
    sizes = [(shown[side]["bytes"], shown[side]["truncated"]) for side in ("request", "response")]
    assert sizes == [(len(body), False), (len(answer.body), False)]
    kept = json.dumps(shown)
    assert stage.gateway.token not in kept
    assert way.provider_key not in kept


def test_a_compressed_answer_is_kept_as_it_was_and_shown_as_text(on: Stage) -> None:
    plain = json.dumps({"said": COMPLETION}).encode()
    packed = zstandard.compress(plain)
    reply = write_reply(200, [JSON, (b"content-encoding", b"zstd")], [packed])
    on.provider.replier = lambda _: reply
    _, answer = on.call(OPENAI)
    assert answer.body == packed
    _, shown = on.newest(on.reader("rita-zstd"))
    assert (shown["response"]["text"].encode(), shown["response"]["bytes"]) == (plain, len(packed))


def test_of_large_bodies_the_beginning_is_kept_and_the_client_gets_all(on: Stage) -> None:
    long = COMPLETION.encode() + b"x" * (1024 * 1024)
    on.provider.replier = lambda _: write_reply(200, [JSON], [long])
    body, answer = on.call(OPENAI, padding="y" * (1024 * 1024))
    assert answer.body == long
    _, shown = on.newest(on.reader("rita-large"))
    for side, whole in (("request", body), ("response", long)):
        assert shown[side]["text"].encode() == whole[:262144]
        assert (shown[side]["bytes"], shown[side]["truncated"]) == (len(whole), True)


def test_a_client_that_leaves_leaves_what_it_was_sent(on: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    event = b"data: %b\n\n" % COMPLETION.encode()
    on.provider.replier = lambda _: Reply((head, b"%x\r\n%b\r\n" % (len(event), event)))
    before = len(on.gateway.records())
    with RawClient(on.gateway.port) as client:
        body = OPENAI.body("m-openai", stream=True, said=PROMPT)
        client.send(b"POST", OPENAI.target("m-openai", stream=True), OPENAI.headers(on.gateway.token), body)
        client.head()
        client.read_until(event)
    eventually_in_thread(lambda: len(on.gateway.records()) > before)
    assert on.gateway.records()[-1].error == "client_left"
    _, shown = on.newest(on.reader("rita-left"))
    assert shown["request"]["text"].encode() == body
    assert shown["response"]["text"].encode() == event


def test_a_provider_that_breaks_off_leaves_what_the_client_was_told(on: Stage) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    event = b"data: %b\n\n" % COMPLETION.encode()
    on.provider.replier = lambda _: Reply((head, b"%x\r\n%b\r\n" % (len(event), event)), close=True)
    _, answer = on.call(OPENAI, stream=True)
    assert not answer.complete
    _, shown = on.newest(on.reader("rita-broke"))
    assert shown["response"]["text"].encode() == answer.body


@pytest.mark.parametrize(
    ("headers", "body", "kept", "error"),
    [
        ([], b'{"model": "nobody\'s"}', b'{"model": "nobody\'s"}', "model_not_found"),
        ([], b"no JSON", b"no JSON", "invalid_json"),
        ([(b"content-length", str(MAX_BODY + 1).encode())], b"", b"", "body_too_large"),
        ([(b"content-encoding", b"gzip")], b"packed", b"", "unsupported_encoding"),
    ],
    ids=["unknown model", "no JSON", "announced too large", "compressed"],
)
def test_a_refused_call_leaves_what_there_was_of_it(
    on: Stage, headers: list[tuple[bytes, bytes]], body: bytes, kept: bytes, error: str
) -> None:
    sent = [*OPENAI.headers(on.gateway.token), *headers]
    answer = ask(on.gateway.port, b"POST", OPENAI.target("m-openai"), sent, body)
    assert on.gateway.records()[-1].error == error
    _, shown = on.newest(on.reader(f"rita-{error}"))
    assert (shown["request"]["text"].encode(), shown["response"]["text"].encode()) == (kept, answer.body)


def test_a_call_of_nobody_is_not_kept(on: Stage) -> None:
    body = OPENAI.body("m-openai", said=PROMPT)
    headers = OPENAI.headers("bodhi_nobody")
    assert ask(on.gateway.port, b"POST", OPENAI.target("m-openai"), headers, body).status == 401
    assert on.newest(on.reader("rita-nobody"))[0] == 404


def test_a_fault_in_capturing_reaches_no_client(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("broken")

    before = on.gateway.server.captures.dropped[capture.FAILED]
    with monkeypatch.context() as broken:
        broken.setattr(capture.Capture, "see", fails)
        _, answer = on.call(OPENAI, stream=True)
    assert answer.complete
    assert COMPLETION.encode() in answer.body
    assert on.gateway.server.captures.dropped[capture.FAILED] == before + 1


def test_reading_is_allowed_to_each_person_apart(on: Stage) -> None:
    on.call(OPENAI)
    rita, paul = on.reader("rita-two"), on.session_of(on.gateway.add_user("paul-two", Role.POWER_USER))
    assert on.newest(rita)[0] == 200
    for other in (paul, on.admin):
        status, refused = on.newest(other)
        assert (status, refused["error"]["code"]) == (403, "captures_not_allowed")
        assert PROMPT not in json.dumps(refused)
    status, refused = on.newest({"authorization": f"Bearer {on.gateway.token}"})
    assert (status, refused["error"]["code"]) == (403, "session_needed")


def test_what_was_said_before_captures_were_turned_off_is_not_written_after(stage: Stage) -> None:
    stage.turn(True)
    stage.call(OPENAI)
    stage.turn(False, purge=True)
    stage.gateway.do(stage.gateway.server.captures.flush())
    assert stage.control("GET", "/capture", stage.admin)[1]["captures"] == 0
    assert stage.gateway.server.captures.held == 0


def test_another_process_that_turns_captures_on_is_followed(stage: Stage) -> None:
    directory, store = stage.gateway.server.directory, stage.gateway.server.home.store

    async def turn(enabled: bool) -> None:
        async with store.write() as connection:
            await bump_config_version(connection)
            await write_capture_policy(connection, CapturePolicy(enabled=enabled))

    for enabled in (True, False):
        stage.gateway.do(turn(enabled))
        eventually_in_thread(lambda enabled=enabled: directory.snapshot.capture.enabled is enabled)  # type: ignore[misc] # bound now
