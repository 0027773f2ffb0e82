"""The official google-genai SDK, unmodified, through the gateway: generation, chats, tools, embeddings, models, errors."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pydantic
import pytest
from google import genai
from google.genai import errors, types
from google.genai.client import AsyncClient

from tests.fakes.served import Served
from tests.fakes.upstream import said
from tests.fakes.waiting import eventually, eventually_in_thread

ERRORS = {
    400: (errors.ClientError, "INVALID_ARGUMENT"),
    401: (errors.ClientError, "UNAUTHENTICATED"),
    403: (errors.ClientError, "PERMISSION_DENIED"),
    404: (errors.ClientError, "NOT_FOUND"),
    409: (errors.ClientError, "ABORTED"),
    429: (errors.ClientError, "RESOURCE_EXHAUSTED"),
    500: (errors.ServerError, "INTERNAL"),
    503: (errors.ServerError, "UNAVAILABLE"),
}


def new_client(served: Served, **options: Any) -> genai.Client:
    return genai.Client(api_key=served.key, http_options=types.HttpOptions(base_url=served.gemini_url, **options))


@pytest.fixture
def client(served: Served) -> Iterator[genai.Client]:
    with new_client(served) as made:
        yield made


@pytest.fixture
async def aclient(served: Served) -> AsyncIterator[AsyncClient]:
    made = new_client(served)
    async with made.aio as opened:
        yield opened
    made.close()


def weather(city: str, unit: str) -> str:
    """Return the weather in a city."""
    return f"sunny in {city}, {unit}"


def test_content_is_generated(client: genai.Client) -> None:
    answer = client.models.generate_content(model="ok", contents="Hello")

    usage: Any = answer.usage_metadata
    assert answer.text == said.TEXT
    assert usage.prompt_token_count == said.INPUT_TOKENS
    assert usage.cached_content_token_count == said.CACHED_TOKENS


async def test_content_is_generated_for_the_async_client(aclient: AsyncClient) -> None:
    answer = await aclient.models.generate_content(model="ok", contents="Hello")

    assert answer.text == said.TEXT


def test_content_is_streamed(client: genai.Client, served: Served) -> None:
    chunks = list(client.models.generate_content_stream(model="ok", contents="Hello"))

    assert "".join(chunk.text or "" for chunk in chunks) == said.TEXT
    assert served.last.query == {"alt": "sse"}


async def test_content_is_streamed_to_the_async_client(aclient: AsyncClient) -> None:
    stream = await aclient.models.generate_content_stream(model="slow-50ms", contents="Hello")

    assert "".join([chunk.text or "" async for chunk in stream]) == said.TEXT


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_the_version_of_the_client_reaches_the_provider(served: Served, version: str) -> None:
    with new_client(served, api_version=version) as client:
        answer = client.models.generate_content(model="ok", contents="Hello")

    assert answer.text == said.TEXT
    assert served.last.path == f"/gemini/{version}/models/ok:generateContent"


@pytest.mark.parametrize("model", ["ok", "models/ok", "org/ok", "models/org/ok", "ft:ok:acme::7hx"])
def test_each_spelling_of_a_model_is_served(client: genai.Client, served: Served, model: str) -> None:
    answer = client.models.generate_content(model=model, contents="Hello")

    assert answer.text == said.TEXT
    assert served.last.path.endswith(f"/models/{model.removeprefix('models/')}:generateContent")


def test_a_chat_keeps_its_history(client: genai.Client, served: Served) -> None:
    chat = client.chats.create(model="ok")
    chat.send_message("Hello")
    chunks = list(chat.send_message_stream("And?"))

    assert "".join(chunk.text or "" for chunk in chunks) == said.TEXT
    assert [turn["role"] for turn in served.last.json["contents"]] == ["user", "model", "user"]


def test_functions_are_called_automatically(client: genai.Client, served: Served) -> None:
    chat = client.chats.create(model="tools", config=types.GenerateContentConfig(tools=[weather]))
    answer = chat.send_message("Weather?")

    assert answer.text == said.TEXT
    assert "sunny in Zürich" in str(served.last.json)


def test_function_calls_are_shown_when_declared(client: genai.Client) -> None:
    declared = types.FunctionDeclaration(name="weather", parameters_json_schema={"type": "object"})
    config = types.GenerateContentConfig(tools=[types.Tool(function_declarations=[declared])])
    whole = client.models.generate_content(model="tools", contents="Weather?", config=config)
    chunks = list(client.models.generate_content_stream(model="tools", contents="Weather?", config=config))

    for answer in (whole, chunks[-1]):
        call = (answer.function_calls or [])[0]
        assert call.name == "weather"
        assert call.args == {"city": "Zürich", "unit": "celsius"}


def test_images_reach_the_model(client: genai.Client) -> None:
    image = types.Part.from_bytes(data=said.PNG * 1000, mime_type="image/png")
    answer = client.models.generate_content(model="ok", contents=["What is it?", image])

    assert (answer.text or "").endswith("I saw 1 image(s).")


def test_thoughts_are_told(client: genai.Client) -> None:
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    answer: Any = client.models.generate_content(model="reasoning", contents="Think", config=config)

    parts = answer.candidates[0].content.parts
    assert [part.thought for part in parts] == [True, None]
    assert answer.usage_metadata.thoughts_token_count == said.REASONING_TOKENS


def test_structured_answers_are_parsed(client: genai.Client) -> None:
    class Answer(pydantic.BaseModel):
        answer: int

    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Answer)

    assert client.models.generate_content(model="ok", contents="6 x 7", config=config).parsed == Answer(answer=42)


def test_tokens_are_counted(client: genai.Client) -> None:
    assert client.models.count_tokens(model="ok", contents="Hello").total_tokens == said.INPUT_TOKENS


async def test_tokens_are_counted_for_the_async_client(aclient: AsyncClient) -> None:
    assert (await aclient.models.count_tokens(model="ok", contents="Hello")).total_tokens == said.INPUT_TOKENS


def test_contents_are_embedded(client: genai.Client, served: Served) -> None:
    answer = client.models.embed_content(model="text-embedding-fake", contents=["a", "bc"])

    assert [row.values for row in answer.embeddings or []] == [said.vector("a"), said.vector("bc")]
    assert [item["model"] for item in served.last.json["requests"]] == ["models/text-embedding-fake"] * 2


async def test_contents_are_embedded_for_the_async_client(aclient: AsyncClient) -> None:
    answer = await aclient.models.embed_content(model="text-embedding-fake", contents="abc")

    assert [row.values for row in answer.embeddings or []] == [said.vector("abc")]


def test_models_are_listed_over_pages(client: genai.Client) -> None:
    pager = client.models.list(config={"page_size": 5})
    first = len(pager.page)
    names = [model.name for model in pager]

    assert first == 5
    assert {"models/ok", "models/org/ok", "models/ft:ok:acme::7hx"} <= set(names)
    assert len(names) == len(set(names))


async def test_models_are_listed_to_the_async_client(aclient: AsyncClient) -> None:
    assert "models/ok" in [model.name async for model in await aclient.models.list()]


@pytest.mark.parametrize("model", ["ok", "models/ok", "org/ok", "ft:ok:acme::7hx"])
def test_one_model_is_retrieved(client: genai.Client, model: str) -> None:
    assert client.models.get(model=model).name == f"models/{model.removeprefix('models/')}"


def test_an_unknown_model_is_not_retrieved(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as caught:
        client.models.get(model="no-such-model")

    assert caught.value.code == 404
    assert caught.value.status == "NOT_FOUND"


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("stream", [False, True])
def test_each_error_is_its_native_exception(client: genai.Client, status: int, stream: bool) -> None:
    kind, name = ERRORS[status]
    call: Any = client.models.generate_content_stream if stream else client.models.generate_content
    with pytest.raises(errors.APIError) as caught:
        list(call(model=str(status), contents="Hello"))

    assert type(caught.value) is kind
    assert (caught.value.code, caught.value.status) == (status, name)
    assert caught.value.message == f"The fake upstream answers {status}."


def test_a_rate_limit_tells_when_to_come_back(client: genai.Client) -> None:
    with pytest.raises(errors.ClientError) as caught:
        client.models.generate_content(model="429", contents="Hello")

    details: Any = caught.value.details
    assert details["error"]["details"][0]["retryDelay"] == "1s"


def test_a_refused_call_is_retried_when_asked_for(served: Served) -> None:
    options = types.HttpRetryOptions(attempts=2, initial_delay=0.01, http_status_codes=[503])
    with new_client(served, retry_options=options) as client:
        answer = client.models.generate_content(model="503-then-ok", contents="Hello")

    assert answer.text == said.TEXT


def test_a_timeout_of_the_client_ends_the_call_upstream(served: Served) -> None:
    before = len(served.upstream.received)
    with new_client(served, timeout=300) as client, pytest.raises(httpx2.TimeoutException):
        client.models.generate_content(model="hang", contents="Hello")

    exchange = served.upstream.upstream.exchanges[before - len(served.upstream.received)]
    assert served.last.header("x-server-timeout") == "1"
    eventually_in_thread(lambda: exchange.aborted)


def test_closing_the_client_in_a_stream_ends_the_call_upstream(served: Served) -> None:
    with new_client(served) as client:
        first = next(iter(client.models.generate_content_stream(model="hang-mid", contents="Hello")))
        exchange = served.last_exchange

    assert first.text == said.PIECES[0]
    eventually_in_thread(lambda: exchange.aborted)


async def test_cancelling_a_task_ends_the_call_upstream(aclient: AsyncClient, served: Served) -> None:
    before = len(served.upstream.received)
    async with asyncio.TaskGroup() as group:
        call = group.create_task(aclient.models.generate_content(model="hang", contents="Hello"))
        await eventually(lambda: len(served.upstream.received) > before)
        call.cancel()
    exchange = served.last_exchange

    await eventually(lambda: exchange.aborted)


@pytest.mark.parametrize("model", ["dies-after-3", "resets", "error-in-stream"])
def test_a_stream_that_breaks_off_raises(client: genai.Client, model: str) -> None:
    texts: list[str] = []
    with pytest.raises(errors.APIError):
        texts.extend(chunk.text or "" for chunk in client.models.generate_content_stream(model=model, contents="Hello"))


def test_an_answer_that_breaks_off_raises(client: genai.Client) -> None:
    with pytest.raises(httpx2.RemoteProtocolError):
        client.models.generate_content(model="dies-in-body", contents="Hello")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate"])
def test_compressed_answers_are_read(client: genai.Client, coding: str) -> None:
    chunks = list(client.models.generate_content_stream(model=coding, contents="Hello"))

    assert client.models.generate_content(model=coding, contents="Hello").text == said.TEXT
    assert "".join(chunk.text or "" for chunk in chunks) == said.TEXT


def test_extra_headers_and_body_pass(client: genai.Client, served: Served) -> None:
    options = types.HttpOptions(headers={"x-goog-extra": "1"}, extra_body={"xFuture": {"a": [1, 2.5]}})
    config = types.GenerateContentConfig(http_options=options, temperature=0.5)
    client.models.generate_content(model="ok", contents="Hello", config=config)

    assert served.last.header("x-goog-extra") == "1"
    assert (served.last.header("x-goog-api-client") or "").startswith("google-genai-sdk/")
    assert served.last.json["xFuture"] == {"a": [1, 2.5]}


def test_an_html_error_page_is_a_server_error(client: genai.Client) -> None:
    with pytest.raises(errors.ServerError) as caught:
        client.models.generate_content(model="html-error", contents="Hello")

    assert caught.value.code == 502
