"""The fake upstream, spoken to by the official SDKs directly: what it says is what a provider would say."""

import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
import zstandard
from google import genai
from google.genai import types
from google.genai.models import AsyncModels

from tests.fakes.upstream import Upstream, UpstreamThread, said

QUESTION: list[Any] = [{"role": "user", "content": "Say hello."}]
CHAT_TOOLS: list[Any] = [{"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}]


def openai_client(upstream: Upstream, path: str = "openai") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{upstream.url}/{path}/v1", api_key="sk-fake", max_retries=0)


def anthropic_client(upstream: Upstream, **options: Any) -> anthropic.AsyncAnthropic:
    settings: dict[str, Any] = {"base_url": f"{upstream.url}/anthropic", "api_key": "sk-ant-fake", "max_retries": 0}
    return anthropic.AsyncAnthropic(**settings | options)


@contextlib.asynccontextmanager
async def gemini_client(upstream: Upstream) -> AsyncIterator[AsyncModels]:
    client = new_gemini_client(upstream)
    yield client.aio.models
    await client.aio.aclose()
    client.close()


def new_gemini_client(upstream: Upstream | UpstreamThread) -> genai.Client:
    return genai.Client(api_key="fake", http_options=types.HttpOptions(base_url=f"{upstream.url}/gemini"))


async def test_openai_chat_answers_whole_and_streamed(upstream: Upstream) -> None:
    async with openai_client(upstream) as client:
        whole = await client.chat.completions.create(model="reasoning", messages=QUESTION)
        stream = await client.chat.completions.create(
            model="ok", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]

    assert whole.choices[0].message.content == said.TEXT
    assert whole.usage is not None
    assert whole.usage.completion_tokens_details is not None
    assert whole.usage.completion_tokens_details.reasoning_tokens == said.REASONING_TOKENS
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == said.TEXT
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None


async def test_openai_tools_stream_their_arguments(upstream: Upstream) -> None:
    async with openai_client(upstream) as client:
        whole = await client.chat.completions.create(model="tools", messages=QUESTION, tools=CHAT_TOOLS)
        stream = await client.chat.completions.create(model="tools", messages=QUESTION, tools=CHAT_TOOLS, stream=True)
        calls = [call async for chunk in stream for call in chunk.choices[0].delta.tool_calls or []]

    call: Any = (whole.choices[0].message.tool_calls or [])[0]
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments) == {"city": "Zürich", "unit": "celsius"}
    assert "".join((call.function and call.function.arguments) or "" for call in calls) == "".join(said.ARGUMENTS)


async def test_openai_embeddings_speak_base64_and_floats(upstream: Upstream) -> None:
    async with openai_client(upstream) as client:
        packed = await client.embeddings.create(model="ok", input=["a", "bc"])
        floats = await client.embeddings.create(model="ok", input=["a", "bc"], encoding_format="float")

    assert upstream.received[0].json["encoding_format"] == "base64"
    assert [row.embedding for row in packed.data] == [said.vector("a"), said.vector("bc")]
    assert [row.embedding for row in floats.data] == [said.vector("a"), said.vector("bc")]


async def test_openai_serves_media_and_moderations(upstream: Upstream) -> None:
    async with openai_client(upstream) as client:
        speech = await client.audio.speech.create(model="ok", voice="alloy", input="Hello")
        image = await client.images.generate(model="ok", prompt="a pixel")
        moderation = await client.moderations.create(model="ok", input="Hello")
        models = await client.models.list()

    assert speech.content == said.SPEECH
    assert base64.b64decode((image.data or [])[0].b64_json or "") == said.PNG
    assert not moderation.results[0].flagged
    assert [model.id for model in models.data] == said.CATALOG


@pytest.mark.parametrize(
    ("status", "kind"), [(401, "AuthenticationError"), (404, "NotFoundError"), (429, "RateLimitError")]
)
async def test_each_status_is_a_native_error(upstream: Upstream, status: int, kind: str) -> None:
    async with openai_client(upstream) as client, anthropic_client(upstream) as other:
        with pytest.raises(openai.APIStatusError) as caught:
            await client.chat.completions.create(model=str(status), messages=QUESTION)
        with pytest.raises(anthropic.APIStatusError) as also:
            await other.messages.create(model=str(status), max_tokens=9, messages=QUESTION)
    async with gemini_client(upstream) as models:
        with pytest.raises(genai.errors.ClientError) as google:
            await models.generate_content(model=str(status), contents="Hello")

    assert (type(caught.value).__name__, type(also.value).__name__) == (kind, kind)
    assert caught.value.request_id == "req_openai_1"
    assert also.value.request_id == "req_anthropic_2"
    assert google.value.code == status


async def test_responses_are_remembered(upstream: Upstream) -> None:
    async with openai_client(upstream, "responses") as client:
        made = await client.responses.create(model="ok", input="Hello")
        again = await client.responses.retrieve(made.id)
        items = await client.responses.input_items.list(made.id)
        await client.responses.delete(made.id)
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(made.id)

    assert made.output_text == said.TEXT
    assert again == made
    assert [item.type for item in items.data] == ["message"]


async def test_responses_stream_numbered_events_and_resume(upstream: Upstream) -> None:
    async with openai_client(upstream, "responses") as client:
        events = [event async for event in await client.responses.create(model="reasoning", input="Hi", stream=True)]
        created: Any = events[0]
        resumed = [
            event async for event in await client.responses.retrieve(created.response.id, stream=True, starting_after=4)
        ]

    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].type == "response.completed"
    assert resumed == events[5:]


async def test_background_responses_are_cancelled_once(upstream: Upstream) -> None:
    async with openai_client(upstream, "responses") as client:
        queued = await client.responses.create(model="ok", input="Hi", background=True)
        cancelled = await client.responses.cancel(queued.id)
        compacted = await client.responses.compact(model="ok", input="Hi")
        counted = await client.responses.input_tokens.count(model="ok", input="Hi")

    assert (queued.status, cancelled.status) == ("queued", "cancelled")
    assert compacted.output[-1].type == "compaction"
    assert counted.input_tokens == said.INPUT_TOKENS


async def test_anthropic_answers_whole_streamed_and_counted(upstream: Upstream) -> None:
    async with anthropic_client(upstream) as client:
        whole = await client.messages.create(model="ok", max_tokens=9, messages=QUESTION)
        async with client.messages.stream(model="reasoning", max_tokens=9, messages=QUESTION) as stream:
            final = await stream.get_final_message()
        counted = await client.messages.count_tokens(model="ok", messages=QUESTION)

    assert whole.content[0].type == "text"
    assert whole.content[0].text == said.TEXT
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert final.usage.output_tokens == said.OUTPUT_TOKENS + said.REASONING_TOKENS
    assert counted.input_tokens == said.INPUT_TOKENS


async def test_anthropic_models_take_several_pages(upstream: Upstream) -> None:
    async with anthropic_client(upstream) as client:
        models = [model.id async for model in client.models.list(limit=1000)]

    assert models == said.CATALOG
    assert len(upstream.received) > 1


async def test_anthropic_oauth_wants_its_token_and_its_beta(upstream: Upstream) -> None:
    options: dict[str, Any] = {"base_url": f"{upstream.url}/anthropic-oauth", "api_key": None}
    beta = {"anthropic-beta": "other-2026-01-01, oauth-2025-04-20"}
    async with anthropic_client(upstream, **options, auth_token="sk-ant-oat01-fake") as client:
        good = await client.messages.create(model="ok", max_tokens=9, messages=QUESTION, extra_headers=beta)
        with pytest.raises(anthropic.AuthenticationError, match="not supported"):
            await client.messages.create(model="ok", max_tokens=9, messages=QUESTION)

    assert good.stop_reason == "end_turn"


async def test_gemini_answers_whole_streamed_counted_and_listed(upstream: Upstream) -> None:
    async with gemini_client(upstream) as models:
        whole = await models.generate_content(model="ok", contents="Hello")
        chunks = [chunk async for chunk in await models.generate_content_stream(model="ok", contents="Hello")]
        counted = await models.count_tokens(model="ok", contents="Hello")
        listed = [model.name async for model in await models.list(config={"page_size": 10})]
        embedded = await models.embed_content(model="text-embedding-fake", contents=["a", "bc"])

    assert whole.text == said.TEXT
    assert "".join(chunk.text or "" for chunk in chunks) == said.TEXT
    assert counted.total_tokens == said.INPUT_TOKENS
    assert listed == [f"models/{model}" for model in said.CATALOG]
    assert [row.values for row in embedded.embeddings or []] == [said.vector("a"), said.vector("bc")]


def test_gemini_calls_functions_from_a_thread(upstream_thread: UpstreamThread) -> None:
    def weather(city: str, unit: str) -> str:
        """Return the weather."""
        return f"sunny in {city}, {unit}"

    with new_gemini_client(upstream_thread) as client:
        answer = client.models.generate_content(
            model="tools", contents="Weather?", config=types.GenerateContentConfig(tools=[weather])
        )

    assert answer.text == said.TEXT
    assert "sunny in Zürich" in str(upstream_thread.last.json)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate"])
async def test_compressed_answers_can_be_read(upstream: Upstream, coding: str) -> None:
    async with openai_client(upstream) as client:
        whole = await client.chat.completions.create(model=coding, messages=QUESTION)
        stream = await client.chat.completions.create(model=coding, messages=QUESTION, stream=True)
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert whole.choices[0].message.content == text == said.TEXT
    assert (b"content-encoding", coding.encode()) in upstream.exchanges[-1].sent_headers


async def test_zstd_answers_can_be_read(upstream: Upstream) -> None:
    async with openai_client(upstream) as client:
        raw = await client.chat.completions.with_raw_response.create(model="zstd", messages=QUESTION)

    assert (
        json.loads(zstandard.ZstdDecompressor().decompressobj().decompress(raw.content))["choices"][0]["message"][
            "content"
        ]
        == said.TEXT
    )
