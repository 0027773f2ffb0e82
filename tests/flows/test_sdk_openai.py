"""The official OpenAI SDK, unmodified, through the gateway: chat, embeddings, media, models, errors, retries."""

import asyncio
import base64
import json
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pydantic
import pytest
import zstandard
from openai import AsyncOpenAI, OpenAI

from tests.fakes.served import Served
from tests.fakes.upstream import said
from tests.fakes.waiting import eventually, eventually_in_thread

QUESTION: list[Any] = [{"role": "user", "content": "Say hello."}]
TOOLS: list[Any] = [
    {"type": "function", "function": {"name": "weather", "description": "d", "parameters": {"type": "object"}}}
]
ERRORS = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    409: openai.ConflictError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    503: openai.InternalServerError,
}


@pytest.fixture
def client(served: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=served.openai_url, api_key=served.key, max_retries=0) as made:
        yield made


@pytest.fixture
async def aclient(served: Served) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=served.openai_url, api_key=served.key, max_retries=0) as made:
        yield made


def text_of(chunks: list[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_chat_answers(client: OpenAI, served: Served) -> None:
    answer = client.chat.completions.create(model="ok", messages=QUESTION)

    assert answer.choices[0].message.content == said.TEXT
    assert answer.usage is not None
    assert answer.usage.total_tokens == said.INPUT_TOKENS + said.OUTPUT_TOKENS
    assert answer._request_id == served.sent_header(b"x-request-id")


async def test_chat_answers_the_async_client(aclient: AsyncOpenAI) -> None:
    answer = await aclient.chat.completions.create(model="ok", messages=QUESTION)

    assert answer.choices[0].message.content == said.TEXT


def test_chat_streams(client: OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="ok", messages=QUESTION, stream=True))

    assert text_of(chunks) == said.TEXT
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)


def test_chat_streams_usage_in_a_chunk_without_choices(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="ok", messages=QUESTION, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)

    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.prompt_tokens == said.INPUT_TOKENS


async def test_chat_streams_to_the_async_client(aclient: AsyncOpenAI) -> None:
    stream = await aclient.chat.completions.create(model="slow-50ms", messages=QUESTION, stream=True)
    chunks = [chunk async for chunk in stream]

    assert text_of(chunks) == said.TEXT


def test_chat_stream_helper_collects_the_answer(client: OpenAI) -> None:
    with client.chat.completions.stream(model="ok", messages=QUESTION) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()

    assert {"content.delta", "content.done", "chunk"} <= kinds
    assert final.choices[0].message.content == said.TEXT


def test_tool_calls_come_whole(client: OpenAI, served: Served) -> None:
    answer = client.chat.completions.create(model="tools", messages=QUESTION, tools=TOOLS, tool_choice="auto")

    call: Any = (answer.choices[0].message.tool_calls or [])[0]
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments)["city"] == "Zürich"
    assert served.last.json["tools"] == TOOLS


def test_tool_calls_come_in_pieces(client: OpenAI) -> None:
    stream = client.chat.completions.create(model="tools", messages=QUESTION, tools=TOOLS, stream=True)
    calls: list[Any] = [call for chunk in stream for call in chunk.choices[0].delta.tool_calls or []]

    assert calls[0].function.name == "weather"
    assert "".join(call.function.arguments for call in calls) == "".join(said.ARGUMENTS)


def test_tool_results_are_answered(client: OpenAI) -> None:
    first = client.chat.completions.create(model="tools", messages=QUESTION, tools=TOOLS).choices[0].message
    result = {"role": "tool", "tool_call_id": (first.tool_calls or [])[0].id, "content": "sunny"}
    turns: list[Any] = [*QUESTION, first, result]
    answer = client.chat.completions.create(model="tools", messages=turns, tools=TOOLS)

    assert answer.choices[0].message.content == said.TEXT


def test_images_reach_the_model(client: OpenAI, served: Served) -> None:
    url = "data:image/png;base64," + base64.b64encode(said.PNG * 3000).decode()
    content = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    turns: list[Any] = [{"role": "user", "content": content}]
    answer = client.chat.completions.create(model="ok", messages=turns)

    assert (answer.choices[0].message.content or "").endswith("I saw 1 image(s).")
    assert served.last.json["messages"][0]["content"][1]["image_url"]["url"] == url


def test_structured_answers_are_parsed(client: OpenAI) -> None:
    class Answer(pydantic.BaseModel):
        answer: int

    parsed = client.chat.completions.parse(model="ok", messages=QUESTION, response_format=Answer)

    assert parsed.choices[0].message.parsed == Answer(answer=42)


def test_reasoning_tokens_are_told(client: OpenAI) -> None:
    answer = client.chat.completions.create(model="reasoning", messages=QUESTION, reasoning_effort="low")

    message: Any = answer.choices[0].message
    usage: Any = answer.usage
    assert usage.completion_tokens_details.reasoning_tokens == said.REASONING_TOKENS
    assert message.reasoning_content == "".join(said.THOUGHT)


@pytest.mark.parametrize("given", ["abc", ["a", "bc"], [1, 2, 3], [[1, 2], [3]]])
def test_embeddings_come_as_base64_unless_told_otherwise(client: OpenAI, served: Served, given: Any) -> None:
    answer = client.embeddings.create(model="text-embedding-fake", input=given)

    texts = given if isinstance(given, list) and isinstance(given[0], str | list) else [given]
    assert served.last.json["encoding_format"] == "base64"
    assert [row.embedding for row in answer.data] == [said.vector(text) for text in texts]


def test_embeddings_come_as_floats(client: OpenAI, served: Served) -> None:
    answer = client.embeddings.create(model="text-embedding-fake", input=["a"], encoding_format="float")

    assert served.last.json["encoding_format"] == "float"
    assert answer.data[0].embedding == said.vector("a")


def test_older_completions_answer_and_stream(client: OpenAI) -> None:
    whole = client.completions.create(model="ok", prompt="Say")
    parts = [chunk.choices[0].text for chunk in client.completions.create(model="ok", prompt="Say", stream=True)]

    assert whole.choices[0].text == "".join(parts) == said.TEXT


def test_moderations_answer(client: OpenAI) -> None:
    answer = client.moderations.create(model="ok", input="Hello")

    assert not answer.results[0].flagged


def test_images_are_generated(client: OpenAI) -> None:
    answer = client.images.generate(model="ok", prompt="a pixel")

    assert base64.b64decode((answer.data or [])[0].b64_json or "") == said.PNG


def test_speech_is_binary(client: OpenAI) -> None:
    whole = client.audio.speech.create(model="ok", voice="alloy", input="Hello")
    with client.audio.speech.with_streaming_response.create(model="ok", voice="alloy", input="Hello") as response:
        streamed = b"".join(response.iter_bytes())

    assert whole.content == streamed == said.SPEECH
    assert response.headers["content-type"] == "audio/mpeg"


def test_models_are_listed(client: OpenAI) -> None:
    models = {model.id: model for model in client.models.list()}

    assert {"ok", "org/ok", "ft:ok:acme::7hx"} <= models.keys()
    assert models["ok"].object == "model"
    assert models["ok"].created > 0


async def test_models_are_listed_to_the_async_client(aclient: AsyncOpenAI) -> None:
    assert "ok" in [model.id async for model in aclient.models.list()]


@pytest.mark.parametrize("model", ["ok", "org/ok", "ft:ok:acme::7hx"])
def test_one_model_is_retrieved(client: OpenAI, model: str) -> None:
    assert client.models.retrieve(model).id == model


def test_an_unknown_model_is_not_retrieved(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("no-such-model")


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("stream", [False, True])
def test_each_error_is_its_native_exception(client: OpenAI, served: Served, status: int, stream: bool) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=str(status), messages=QUESTION, stream=stream)

    assert type(caught.value) is ERRORS[status]
    assert caught.value.status_code == status
    assert caught.value.request_id == served.sent_header(b"x-request-id")
    assert f"The fake upstream answers {status}." in caught.value.message
    assert caught.value.response.content == served.last_exchange.sent_body


async def test_errors_reach_the_async_client(aclient: AsyncOpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        await aclient.embeddings.create(model="429", input="a")

    assert caught.value.code == "rate_limit_exceeded"
    assert caught.value.response.headers["retry-after"] == "1"


def test_a_retry_waits_as_long_as_retry_after_says(served: Served) -> None:
    with OpenAI(base_url=served.openai_url, api_key=served.key, max_retries=1) as client:
        answer = client.chat.completions.create(model="429-then-ok", messages=QUESTION)

    first, second = served.upstream.received[-2:]
    assert answer.choices[0].message.content == said.TEXT
    assert second.at - first.at >= 1.0
    assert second.header("x-stainless-retry-count") == "1"


def test_a_retry_obeys_retry_after_ms(served: Served) -> None:
    with OpenAI(base_url=served.openai_url, api_key=served.key, max_retries=1) as client:
        answer = client.chat.completions.create(model="429-ms-then-ok", messages=QUESTION)

    assert answer.choices[0].message.content == said.TEXT


def test_an_error_that_says_so_is_not_retried(served: Served) -> None:
    before = len(served.upstream.received)
    with (
        OpenAI(base_url=served.openai_url, api_key=served.key, max_retries=2) as client,
        pytest.raises(openai.InternalServerError),
    ):
        client.chat.completions.create(model="500-no-retry", messages=QUESTION)

    assert len(served.upstream.received) == before + 1


def test_a_timeout_of_the_client_ends_the_call_upstream(client: OpenAI, served: Served) -> None:
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.3).chat.completions.create(model="hang", messages=QUESTION)
    exchange = served.last_exchange

    eventually_in_thread(lambda: exchange.aborted)


def test_closing_a_stream_early_ends_the_call_upstream(client: OpenAI, served: Served) -> None:
    with client.chat.completions.create(model="hang-mid", messages=QUESTION, stream=True) as stream:
        first = next(iter(stream))
        exchange = served.last_exchange

    assert first.choices[0].delta.role == "assistant"
    eventually_in_thread(lambda: exchange.aborted)


async def test_cancelling_a_task_ends_the_call_upstream(aclient: AsyncOpenAI, served: Served) -> None:
    before = len(served.upstream.received)
    async with asyncio.TaskGroup() as group:
        call = group.create_task(aclient.chat.completions.create(model="hang", messages=QUESTION))
        await eventually(lambda: len(served.upstream.received) > before)
        call.cancel()
    exchange = served.last_exchange

    await eventually(lambda: exchange.aborted)


def test_raw_responses_show_the_upstreams_headers_and_bytes(client: OpenAI, served: Served) -> None:
    raw = client.chat.completions.with_raw_response.create(model="ok", messages=QUESTION)

    assert raw.content == served.last_exchange.sent_body
    assert raw.headers["openai-version"] == "2020-10-01"
    assert raw.headers["openai-processing-ms"] == "12"
    assert raw.headers["x-ratelimit-remaining-requests"] == "99"
    assert raw.parse().choices[0].message.content == said.TEXT


def test_streaming_responses_can_be_read_line_by_line(client: OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(model="ok", messages=QUESTION, stream=True) as response:
        lines = [line for line in response.iter_lines() if line]

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert lines[-1] == "data: [DONE]"


def test_extra_headers_query_and_body_pass(client: OpenAI, served: Served) -> None:
    client.chat.completions.create(
        model="ok",
        messages=QUESTION,
        extra_headers={"x-mine": "kept", "openai-beta": "thing=v1"},
        extra_query={"a": "b c", "beta": "true"},
        extra_body={"x_future": {"n": 12345678901234567890}},
    )

    assert served.last.header("x-mine") == "kept"
    assert served.last.header("openai-beta") == "thing=v1"
    assert served.last.header("x-stainless-lang") == "python"
    assert (served.last.header("user-agent") or "").startswith("OpenAI/Python")
    assert served.last.query == {"a": "b c", "beta": "true"}
    assert b"12345678901234567890" in served.last.body


def test_unknown_fields_of_the_answer_pass(client: OpenAI) -> None:
    whole: Any = client.chat.completions.create(model="unknown-fields", messages=QUESTION)
    chunk: Any = next(iter(client.chat.completions.create(model="unknown-fields", messages=QUESTION, stream=True)))

    assert whole.x_new_field == said.UNKNOWN_FIELDS["x_new_field"]
    assert chunk.x_new_field == said.UNKNOWN_FIELDS["x_new_field"]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate"])
@pytest.mark.parametrize("stream", [False, True])
def test_compressed_answers_are_read(client: OpenAI, served: Served, coding: str, stream: bool) -> None:
    if stream:
        text = text_of(list(client.chat.completions.create(model=coding, messages=QUESTION, stream=True)))
    else:
        text = client.chat.completions.create(model=coding, messages=QUESTION).choices[0].message.content or ""

    assert text == said.TEXT
    assert served.sent_header(b"content-encoding") == coding


def test_zstd_answers_pass_as_they_are(client: OpenAI, served: Served) -> None:
    raw = client.chat.completions.with_raw_response.create(model="zstd", messages=QUESTION)

    plain = zstandard.ZstdDecompressor().decompressobj().decompress(raw.content)
    assert raw.headers["content-encoding"] == "zstd"
    assert json.loads(plain)["choices"][0]["message"]["content"] == said.TEXT


@pytest.mark.parametrize("model", ["trailers", "close-delimited", "keepalive-close", "1xx", "dribble"])
def test_unusual_but_sound_framing_is_read(client: OpenAI, model: str) -> None:
    chunks = list(client.chat.completions.create(model=model, messages=QUESTION, stream=True))

    assert text_of(chunks) == said.TEXT


@pytest.mark.parametrize("model", ["dies-after-3", "resets", "bad-chunk", "error-in-stream"])
def test_a_stream_that_breaks_off_raises(client: OpenAI, model: str) -> None:
    chunks: list[Any] = []
    with pytest.raises(openai.APIError):
        chunks.extend(client.chat.completions.create(model=model, messages=QUESTION, stream=True))


def test_an_answer_that_breaks_off_raises(client: OpenAI) -> None:
    with pytest.raises(openai.APIConnectionError):
        client.chat.completions.create(model="dies-in-body", messages=QUESTION)


def test_an_html_error_page_is_an_internal_server_error(client: OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="html-error", messages=QUESTION)

    assert caught.value.status_code == 502
    assert "502 Bad Gateway" in caught.value.response.text


def test_many_threads_get_their_own_answers(client: OpenAI) -> None:
    answers: list[str] = []

    def ask() -> None:
        stream = client.chat.completions.create(model="slow-50ms", messages=QUESTION, stream=True)
        answers.append(text_of(list(stream)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [said.TEXT] * 8
