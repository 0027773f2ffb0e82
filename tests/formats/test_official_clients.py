"""The vendors' own clients must understand what the dialects write: errors, breaks inside streams, models lists."""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors as google_errors

from bodhi.core.errors import UnknownModel, UpstreamBroke
from bodhi.core.types import Headers
from bodhi.formats.contract import CatalogEntry
from bodhi.formats.registry import format_named
from tests.formats.recorded import recording

STREAMS = {
    "openai": "openai/chat_stream.sse",
    "openai_responses": "openai_responses/create_stream.sse",
    "anthropic": "anthropic/messages_stream.sse",
    "gemini": "gemini/stream.sse",
}
ENTRIES = [CatalogEntry(f"pre/model-{n}", 1795300000.0, "someone") for n in range(70)]
BROKE = UpstreamBroke("It broke off.")
UNKNOWN = UnknownModel("No such model here.")


def whole_events(stream: bytes) -> int:
    """Find the place before the last event that holds a document."""
    before = stream.rindex(b"data: {")
    return max(stream.rindex(end, 0, before) + len(end) for end in (b"\n\n", b"\r\n\r\n") if end in stream)


class Answers(BaseHTTPRequestHandler):
    """Answers in the dialect of the path: the models list, an error for the model `missing`, or a broken stream."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        path = urlsplit(self.path).path
        name = {"chat/completions": "openai", "responses": "openai_responses", "messages": "anthropic"}
        dialect = format_named(name.get(path.removeprefix("/v1/"), "gemini")).dialect
        if b"missing" in body or "missing" in path:
            headers = dialect.error_headers(UNKNOWN, "req_1")
            self.answer(UNKNOWN.status, "application/json", dialect.write_error(UNKNOWN, "req_1"), headers)
        else:
            stream = recording(STREAMS[dialect.name])
            cut = stream.rindex(b"data: {") + 20 if b"inside" in body or "inside" in path else whole_events(stream)
            events = stream[:cut]
            self.answer(200, "text/event-stream", events + dialect.write_break(BROKE, "req_1", "text/event-stream"), ())

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        google = "gemini" if "x-goog-api-key" in self.headers else "openai"
        dialect = format_named("anthropic" if "anthropic-version" in self.headers else google).dialect
        self.answer(200, "application/json", dialect.write_catalog(ENTRIES, dict(parse_qsl(url.query))), ())

    def answer(self, status: int, media_type: str, body: bytes, headers: Headers) -> None:
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        for name, value in headers:
            self.send_header(name.decode(), value.decode())
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # The name is the standard library's.
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def openai_client(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(api_key="x", base_url=address + "/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(address: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(api_key="x", base_url=address, max_retries=0) as client:
        yield client


@pytest.fixture
def google_client(address: str) -> Iterator[genai.Client]:
    with genai.Client(api_key="x", http_options={"base_url": address}) as client:
        yield client


@pytest.fixture(params=["chat", "responses", "anthropic", "gemini"])
def generate(
    request: pytest.FixtureRequest,
    openai_client: openai.OpenAI,
    anthropic_client: anthropic.Anthropic,
    google_client: genai.Client,
) -> Callable[[str], list[Any]]:
    """Give a function that streams an answer of a model through an official client."""
    messages: Any = [{"role": "user", "content": "Hi"}]
    calls: dict[str, Callable[[str], list[Any]]] = {
        "chat": lambda m: list(openai_client.chat.completions.create(model=m, messages=messages, stream=True)),
        "responses": lambda m: list(openai_client.responses.create(model=m, input="Hi", stream=True)),
        "anthropic": lambda m: list(
            anthropic_client.messages.create(model=m, max_tokens=9, messages=messages, stream=True)
        ),
        "gemini": lambda m: list(google_client.models.generate_content_stream(model=m, contents="Hi")),
    }
    return calls[request.param]


BROKEN = (openai.APIError, anthropic.APIError, google_errors.APIError)


def test_a_break_between_events_is_raised_with_its_message(generate: Callable[[str], list[Any]]) -> None:
    with pytest.raises(BROKEN) as caught:
        generate("model")

    assert "It broke off." in str(caught.value)


def test_a_break_inside_an_event_is_never_a_clean_end(generate: Callable[[str], list[Any]]) -> None:
    """What was sent of the event cannot be taken back, so the client may stumble over that instead."""
    with pytest.raises((*BROKEN, ValueError)):
        generate("inside")


def test_an_error_is_raised_with_its_message(generate: Callable[[str], list[Any]]) -> None:
    with pytest.raises((openai.NotFoundError, anthropic.NotFoundError, google_errors.ClientError)) as caught:
        generate("missing")

    assert "No such model here." in str(caught.value)
    assert getattr(caught.value, "request_id", "req_1") == "req_1"


def test_openais_client_lists_all_models(openai_client: openai.OpenAI) -> None:
    assert [model.id for model in openai_client.models.list()] == [entry.id for entry in ENTRIES]


def test_anthropics_client_walks_all_pages(anthropic_client: anthropic.Anthropic) -> None:
    assert [model.id for model in anthropic_client.models.list(limit=20)] == [entry.id for entry in ENTRIES]


def test_googles_client_walks_all_pages(google_client: genai.Client) -> None:
    listed = google_client.models.list(config={"page_size": 20})

    assert [model.name for model in listed] == [f"models/{entry.id}" for entry in ENTRIES]
