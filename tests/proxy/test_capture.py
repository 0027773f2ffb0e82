"""What a watcher sees of a call, and that nothing that happens in it reaches the call."""

import json

import pytest

from bodhi.accounting.capture import Capture, Captures, Said
from bodhi.core.api_model import Timeouts
from bodhi.core.call import Route
from bodhi.core.credential import Secret
from bodhi.core.types import Header
from bodhi.formats import openai
from bodhi.proxy.capture import Watcher
from bodhi.proxy.inbound import Message
from bodhi.relay.changes import Sending
from bodhi.relay.outbound import CallText, new_leg, new_outbound
from bodhi.storage.policies import CapturePolicy
from tests.routing.samples import api_model

HEADERS: list[Header] = [
    (b"authorization", b"Bearer secret-token"),
    (b"content-type", b"application/json"),
    (b"x-api-key", b"secret-token"),
]


class Taken:
    """Takes captures as the queue does, and keeps them."""

    def __init__(self) -> None:
        self.taken: list[Capture] = []
        self.reasons: list[str] = []

    def reserve(self, size: int) -> bool:
        return True

    def take(self, capture: Capture) -> None:
        self.taken.append(capture)

    def drop(self, capture: Capture, reason: str) -> None:
        self.reasons.append(reason)

    def begin(self) -> Capture:
        captures: Captures = self  # type: ignore[assignment] # what a capture asks of it is here
        return Capture(captures, "call-1", "u1", CapturePolicy().max_bytes)


def sent_to() -> tuple[list[Message], object]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    return sent, send


async def test_bodies_and_their_types_are_seen_and_no_other_header() -> None:
    captures = Taken()
    watcher = Watcher(captures.begin(), HEADERS)
    arriving = iter(
        [
            {"type": "http.request", "body": b"pro", "more_body": True},
            {"type": "http.request", "body": b"mpt", "more_body": False},
        ]
    )
    sent, send = sent_to()

    async def receive() -> Message:
        return next(arriving)

    watched, out = watcher.receive(receive), watcher.send(send)  # type: ignore[arg-type] # as above
    assert [(await watched())["body"] for _ in range(2)] == [b"pro", b"mpt"]
    answer: list[Message] = [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"set-cookie", b"s"), (b"content-encoding", b"br")],
        },
        {"type": "http.response.body", "body": b"ans", "more_body": True},
        {"type": "http.response.body", "body": b"wer", "more_body": False},
    ]
    for message in answer:
        await out(message)
    watcher.finish()
    assert sent == answer
    (capture,) = captures.taken
    assert (bytes(capture.request.kept), bytes(capture.response.kept)) == (b"prompt", b"answer")
    assert (capture.request.content_type, capture.response.content_encoding) == ("application/json", "br")
    kept = capture.request.document() + capture.response.document()
    assert "secret" not in kept
    assert "cookie" not in kept


async def test_a_failing_capture_costs_nothing_but_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Capture, "see", fails)
    captures = Taken()
    watcher = Watcher(captures.begin(), HEADERS)
    sent, send = sent_to()
    out = watcher.send(send)  # type: ignore[arg-type] # as above
    for _ in range(3):
        await out({"type": "http.response.body", "body": b"answer", "more_body": True})
    watcher.finish()
    assert len(sent) == 3
    assert (captures.taken, captures.reasons) == ([], ["failed"])


async def test_a_capture_that_cannot_be_handed_over_costs_nothing_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("broken")

    captures = Taken()
    watcher = Watcher(captures.begin(), HEADERS)
    monkeypatch.setattr(captures, "take", fails)
    watcher.finish()
    assert captures.reasons == ["failed"]


def test_what_goes_upstream_is_noted_and_a_fault_in_it_costs_only_the_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    record = api_model(base_url="https://api.example/v1")
    leg = new_leg(record, openai.FORMAT, Secret("sk-secret-token"), Timeouts())
    text, route = CallText(b"POST", {}, b"", HEADERS, b"{}"), Route(record, "m")
    outbound = new_outbound(text, openai.CHAT_COMPLETIONS, route, leg)
    sending = Sending(b"/v1/chat/completions", text, openai.CHAT_COMPLETIONS, route, leg, frozenset())
    captures = Taken()
    watcher = Watcher(captures.begin(), HEADERS)
    watcher.sent(sending, outbound)
    watcher.answered(200, [(b"x-request-id", b"r")], leg.secret)
    watcher.finish()
    told = [json.loads(part) for part in captures.taken[0].sent]
    assert (told[0]["url"], told[1]["response_status"]) == ("https://api.example/v1/chat/completions", 200)
    assert "secret" not in json.dumps(told)

    def fails(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(Capture, "note_sent", fails)
    Watcher(captures.begin(), HEADERS).sent(sending, outbound)
    Watcher(captures.begin(), HEADERS).answered(200, [], None)
    assert captures.reasons == ["failed", "failed"]


def test_a_field_that_is_much_too_long_is_cut() -> None:
    said = Said()
    said.name(b"a/" + b"b" * 100_000, None)
    assert len(said.content_type or "") == 256
