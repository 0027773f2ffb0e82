"""A running gateway with a provider behind it, and a bare HTTP client, for tests of the whole pipeline."""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.fakes.gateway import Gateway
from tests.fakes.upstream import UpstreamThread


@dataclass(frozen=True)
class Answer:
    """A whole answer as a plain client sees it."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Caller:
    """A plain HTTP client with a token."""

    gateway: Gateway
    upstream: UpstreamThread

    def call(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request and read its answer, however it ends."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"authorization": f"Bearer {self.gateway.token}", "content-type": "application/json", **(headers or {})}
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=20)
        try:
            connection.request(method, path, content, {name: value for name, value in sent.items() if value})
            response = connection.getresponse()
            got = {name.lower(): value for name, value in response.getheaders()}
            try:
                return Answer(response.status, got, response.read())
            except http.client.IncompleteRead as error:
                return Answer(response.status, got, error.partial)
        finally:
            connection.close()

    def chat(self, model: str, **fields: Any) -> Answer:
        """Ask for a chat completion."""
        return self.call("POST", "/v1/chat/completions", {"model": model, "messages": [], **fields})

    def record(self) -> Any:
        """Return the newest usage record."""
        return self.gateway.records()[-1]


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Caller]:
    with UpstreamThread() as upstream, Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        for name in ("openai", "openai_responses", "anthropic", "gemini"):
            gateway.add_api_model(
                name, upstream.base_url(name), key=f"provider-key-{name}", prefix=f"{name}/", forward_all=True
            )
        yield Caller(gateway, upstream)
