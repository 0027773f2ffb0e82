"""Prefixes, provider keys and the Anthropic OAuth format, as the unmodified official SDKs meet them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic
from google import genai
from google.genai import types
from openai import OpenAI

from tests.fakes.gateway import Gateway
from tests.fakes.served import Served
from tests.fakes.upstream import said

QUESTION: list[Any] = [{"role": "user", "content": "Say hello."}]
PREFIXES = ["{format}/", "eu:{format}:"]


@pytest.fixture
def openai_client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=served.openai_url, api_key=served.key, max_retries=0) as made:
        yield made


@pytest.fixture
def anthropic_client(served: Served) -> Iterator[Anthropic]:
    with Anthropic(base_url=served.anthropic_url, api_key=served.key, max_retries=0) as made:
        yield made


@pytest.fixture
def gemini_client(served: Served) -> Iterator[genai.Client]:
    with genai.Client(api_key=served.key, http_options=types.HttpOptions(base_url=served.gemini_url)) as made:
        yield made


@pytest.mark.parametrize("pattern", PREFIXES)
def test_openai_prefix_is_stripped_and_nothing_else_changes(
    openai_client: OpenAI, served: Served, pattern: str
) -> None:
    prefix = pattern.format(format="openai")
    openai_client.chat.completions.create(model="ok", messages=QUESTION)
    plain = served.last.body
    answer = openai_client.chat.completions.create(model=f"{prefix}ok", messages=QUESTION)

    assert answer.choices[0].message.content == said.TEXT
    assert served.last.body == plain


@pytest.mark.parametrize("pattern", PREFIXES)
def test_openai_prefixed_models_are_listed_and_retrieved(openai_client: OpenAI, pattern: str) -> None:
    model = f"{pattern.format(format='openai')}ok"

    assert model in [entry.id for entry in openai_client.models.list()]
    assert openai_client.models.retrieve(model).id == model


def test_models_of_forward_all_are_served_without_being_listed(openai_client: OpenAI, served: Served) -> None:
    openai_client.embeddings.create(model="openai/org/whatever", input="a")

    assert served.last.json["model"] == "org/whatever"
    assert openai_client.models.retrieve("openai/org/whatever").id == "openai/org/whatever"


@pytest.mark.parametrize("pattern", PREFIXES)
def test_responses_prefix_is_stripped_and_ids_keep_working(openai_client: OpenAI, served: Served, pattern: str) -> None:
    made = openai_client.responses.create(model=f"{pattern.format(format='openai_responses')}ok", input="Hello")

    assert served.last.json["model"] == "ok"
    assert openai_client.responses.retrieve(made.id) == made


@pytest.mark.parametrize("pattern", PREFIXES)
def test_anthropic_prefix_is_stripped(anthropic_client: Anthropic, served: Served, pattern: str) -> None:
    model = f"{pattern.format(format='anthropic')}ok"
    message: Any = anthropic_client.messages.create(model=model, max_tokens=9, messages=QUESTION)
    assert message.content[0].text == said.TEXT
    assert served.last.json["model"] == "ok"

    anthropic_client.messages.count_tokens(model=model, messages=QUESTION)
    assert served.last.json["model"] == "ok"
    assert anthropic_client.models.retrieve(model).id == model
    assert model in [entry.id for entry in anthropic_client.models.list(limit=3)]


@pytest.mark.parametrize("pattern", PREFIXES)
@pytest.mark.parametrize("start", ["", "models/"])
def test_gemini_prefix_is_stripped_from_the_path(
    gemini_client: genai.Client, served: Served, pattern: str, start: str
) -> None:
    model = f"{start}{pattern.format(format='gemini')}ok"
    answer = gemini_client.models.generate_content(model=model, contents="Hello")
    assert answer.text == said.TEXT
    assert served.last.target.endswith(b"/models/ok:generateContent")

    chunks = list(gemini_client.models.generate_content_stream(model=model, contents="Hello"))
    assert "".join(chunk.text or "" for chunk in chunks) == said.TEXT
    assert gemini_client.models.get(model=model).name == f"models/{model.removeprefix('models/')}"


@pytest.mark.parametrize("pattern", PREFIXES)
def test_gemini_prefix_is_stripped_from_the_body(gemini_client: genai.Client, served: Served, pattern: str) -> None:
    model = f"{pattern.format(format='gemini')}ok"
    gemini_client.models.embed_content(model=model, contents=["a", "bc"])

    assert [item["model"] for item in served.last.json["requests"]] == ["models/ok"] * 2
    assert "gemini" not in json.dumps(served.last.json)


def test_gemini_lists_prefixed_models(gemini_client: genai.Client) -> None:
    names = {model.name for model in gemini_client.models.list(config={"page_size": 7})}

    assert {"models/gemini/ok", "models/eu:gemini:ok"} <= names


def test_each_provider_gets_its_own_key_and_nothing_of_the_token(
    openai_client: OpenAI, anthropic_client: Anthropic, gemini_client: genai.Client, served: Served
) -> None:
    openai_client.chat.completions.create(model="ok", messages=QUESTION)
    assert served.last.all("authorization") == ["Bearer provider-key-openai"]

    openai_client.responses.create(model="ok", input="Hello")
    assert served.last.all("authorization") == ["Bearer provider-key-openai_responses"]

    anthropic_client.messages.create(model="ok", max_tokens=9, messages=QUESTION)
    assert (served.last.all("x-api-key"), served.last.all("authorization")) == (["provider-key-anthropic"], [])

    gemini_client.models.generate_content(model="ok", contents="Hello")
    assert served.last.all("x-goog-api-key") == ["provider-key-gemini"]
    for received in served.upstream.received[-4:]:
        assert served.key.encode() not in b"".join([received.target, *(value for _, value in received.headers)])


@pytest.mark.parametrize("way", ["api_key", "auth_token", "x-api-key", "both"])
def test_anthropic_takes_the_token_in_each_way_that_clients_send_it(served: Served, way: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "api_key": {"api_key": served.key},
        "auth_token": {"auth_token": served.key},
        "x-api-key": {"auth_token": "not-a-token", "default_headers": {"x-api-key": served.key}},
        "both": {"auth_token": served.key, "default_headers": {"x-api-key": served.key}},
    }
    with Anthropic(base_url=served.anthropic_url, max_retries=0, **ways[way]) as client:
        message: Any = client.messages.create(model="ok", max_tokens=9, messages=QUESTION)

    assert message.content[0].text == said.TEXT
    assert served.last.all("x-api-key") == ["provider-key-anthropic"]
    assert served.last.all("authorization") == []


def test_oauth_serves_its_owner_with_the_subscription_token(anthropic_client: Anthropic, served: Served) -> None:
    message: Any = anthropic_client.messages.create(model="oauth/ok", max_tokens=9, messages=QUESTION)

    assert message.content[0].text == said.TEXT
    assert served.last.all("authorization") == ["Bearer sk-ant-oat01-fake"]
    assert served.last.all("x-api-key") == []


def test_oauth_joins_its_beta_with_the_clients(anthropic_client: Anthropic, served: Served) -> None:
    anthropic_client.beta.messages.create(
        model="oauth/ok", max_tokens=9, messages=QUESTION, betas=["files-api-2025-04-14", "oauth-2025-04-20"]
    )

    lines = served.last.all("anthropic-beta")
    assert len(lines) == 1
    assert sorted(beta.strip() for beta in lines[0].split(",")) == ["files-api-2025-04-14", "oauth-2025-04-20"]


def test_oauth_streams_and_counts(anthropic_client: Anthropic) -> None:
    with anthropic_client.messages.stream(model="oauth/ok", max_tokens=9, messages=QUESTION) as stream:
        text = "".join(stream.text_stream)

    assert text == said.TEXT
    assert anthropic_client.messages.count_tokens(model="oauth/ok", messages=QUESTION).input_tokens == said.INPUT_TOKENS


@pytest.mark.parametrize("place", ["openai/v1", "v1"])
def test_openai_works_below_its_alias(sdk_gateway: Gateway, served: Served, place: str) -> None:
    with OpenAI(base_url=f"{sdk_gateway.url}/{place}", api_key=served.key) as client:
        assert client.responses.create(model="ok", input="Hello").output_text == said.TEXT
        assert "ok" in [model.id for model in client.models.list()]


@pytest.mark.parametrize("place", ["/anthropic", ""])
def test_anthropic_works_below_its_alias(sdk_gateway: Gateway, served: Served, place: str) -> None:
    with Anthropic(base_url=f"{sdk_gateway.url}{place}", api_key=served.key) as client:
        message: Any = client.messages.create(model="ok", max_tokens=9, messages=QUESTION)
        models = [model.id for model in client.models.list()]

    assert message.content[0].text == said.TEXT
    assert "ok" in models


@pytest.mark.parametrize("place", ["/gemini", ""])
@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_gemini_works_below_its_alias(sdk_gateway: Gateway, served: Served, place: str, version: str) -> None:
    options = types.HttpOptions(base_url=f"{sdk_gateway.url}{place}", api_version=version)
    with genai.Client(api_key=served.key, http_options=options) as client:
        assert client.models.generate_content(model="ok", contents="Hello").text == said.TEXT
        assert "models/ok" in [model.name for model in client.models.list()]
