"""The official Anthropic SDK, unmodified, through the gateway: messages, counting, models, betas, errors, retries."""

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import pydantic
import pytest
from anthropic import Anthropic, AsyncAnthropic

from tests.fakes.served import Served
from tests.fakes.upstream import said
from tests.fakes.waiting import eventually, eventually_in_thread

QUESTION: list[Any] = [{"role": "user", "content": "Say hello."}]
TOOL: Any = {"name": "weather", "description": "d", "input_schema": {"type": "object", "properties": {}}}
ERRORS = {
    400: (anthropic.BadRequestError, "invalid_request_error"),
    401: (anthropic.AuthenticationError, "authentication_error"),
    403: (anthropic.PermissionDeniedError, "permission_error"),
    404: (anthropic.NotFoundError, "not_found_error"),
    413: (anthropic.APIStatusError, "request_too_large"),
    422: (anthropic.UnprocessableEntityError, "invalid_request_error"),
    429: (anthropic.RateLimitError, "rate_limit_error"),
    500: (anthropic.InternalServerError, "api_error"),
    529: (anthropic.InternalServerError, "overloaded_error"),
}


@pytest.fixture
def client(served: Served) -> Iterator[Anthropic]:
    with Anthropic(base_url=served.anthropic_url, api_key=served.key, max_retries=0) as made:
        yield made


@pytest.fixture
async def aclient(served: Served) -> AsyncIterator[AsyncAnthropic]:
    async with AsyncAnthropic(base_url=served.anthropic_url, api_key=served.key, max_retries=0) as made:
        yield made


def ask(client: Anthropic, model: str, **options: Any) -> Any:
    return client.messages.create(model=model, max_tokens=50, messages=QUESTION, **options)


def test_a_message_is_answered(client: Anthropic, served: Served) -> None:
    message = ask(client, "ok")

    assert message.content[0].text == said.TEXT
    assert message.usage.cache_read_input_tokens == said.CACHED_TOKENS
    assert message._request_id == served.sent_header(b"request-id")


async def test_a_message_is_answered_to_the_async_client(aclient: AsyncAnthropic) -> None:
    message: Any = await aclient.messages.create(model="ok", max_tokens=50, messages=QUESTION)

    assert message.content[0].text == said.TEXT


def test_a_raw_stream_has_the_events_in_order(client: Anthropic) -> None:
    kinds = [event.type for event in ask(client, "ok", stream=True)]

    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]


def test_the_stream_helper_collects_the_message(client: Anthropic) -> None:
    with client.messages.stream(model="ok", max_tokens=50, messages=QUESTION) as stream:
        text = "".join(stream.text_stream)
        final = stream.get_final_message()

    assert text == said.TEXT
    assert final.usage.output_tokens == said.OUTPUT_TOKENS
    assert final.usage.input_tokens == said.INPUT_TOKENS


async def test_the_stream_helper_works_with_the_async_client(aclient: AsyncAnthropic) -> None:
    async with aclient.messages.stream(model="slow-50ms", max_tokens=50, messages=QUESTION) as stream:
        text = "".join([piece async for piece in stream.text_stream])

    assert text == said.TEXT


def test_a_stream_passes_byte_for_byte(client: Anthropic, served: Served) -> None:
    with client.messages.with_streaming_response.create(
        model="ok", max_tokens=50, messages=QUESTION, stream=True
    ) as response:
        body = b"".join(response.iter_bytes())

    assert body == served.last_exchange.sent_body
    assert b"event: ping\n" in body


def test_tools_are_called_whole_and_in_pieces(client: Anthropic, served: Served) -> None:
    whole = ask(client, "tools", tools=[TOOL])
    with client.messages.stream(model="tools", max_tokens=50, messages=QUESTION, tools=[TOOL]) as stream:
        final: Any = stream.get_final_message()

    assert whole.stop_reason == final.stop_reason == "tool_use"
    assert whole.content[0].name == final.content[0].name == "weather"
    assert whole.content[0].input == final.content[0].input == {"city": "Zürich", "unit": "celsius"}
    assert served.last.json["tools"] == [TOOL]


def test_tool_results_are_answered(client: Anthropic) -> None:
    first = ask(client, "tools", tools=[TOOL])
    result = {"type": "tool_result", "tool_use_id": first.content[0].id, "content": "sunny"}
    turns: list[Any] = [
        *QUESTION,
        {"role": "assistant", "content": first.content},
        {"role": "user", "content": [result]},
    ]
    answer: Any = client.messages.create(model="tools", max_tokens=50, messages=turns, tools=[TOOL])

    assert answer.content[0].text == said.TEXT


def test_thinking_comes_with_its_signature(client: Anthropic) -> None:
    whole = ask(client, "reasoning", thinking={"type": "enabled", "budget_tokens": 1024})
    with client.messages.stream(model="reasoning", max_tokens=50, messages=QUESTION) as stream:
        final: Any = stream.get_final_message()

    assert whole.content[0].thinking == final.content[0].thinking == "".join(said.THOUGHT)
    assert whole.content[0].signature == final.content[0].signature == "c2lnbmVk"


def test_images_reach_the_model(client: Anthropic, served: Served) -> None:
    encoded = base64.b64encode(said.PNG * 2000).decode()
    source = {"type": "base64", "media_type": "image/png", "data": encoded}
    turns: list[Any] = [{"role": "user", "content": [{"type": "image", "source": source}]}]
    answer: Any = client.messages.create(model="ok", max_tokens=50, messages=turns)

    assert answer.content[0].text.endswith("I saw 1 image(s).")
    assert served.last.json["messages"][0]["content"][0]["source"]["data"] == encoded


def test_a_system_of_several_blocks_keeps_its_order(client: Anthropic, served: Served) -> None:
    system = [{"type": "text", "text": "one"}, {"type": "text", "text": "two", "cache_control": {"type": "ephemeral"}}]
    ask(client, "ok", system=system)

    assert served.last.json["system"] == system


def test_structured_answers_are_parsed(client: Anthropic) -> None:
    class Answer(pydantic.BaseModel):
        answer: int

    parsed = client.messages.parse(model="ok", max_tokens=50, messages=QUESTION, output_format=Answer)

    assert parsed.parsed_output == Answer(answer=42)


def test_tokens_are_counted(client: Anthropic, served: Served) -> None:
    counted = client.messages.count_tokens(model="ok", messages=QUESTION, system="Be brief.")

    assert counted.input_tokens == said.INPUT_TOKENS
    assert served.last.path.endswith("/v1/messages/count_tokens")


def test_models_are_listed_over_pages(client: Anthropic) -> None:
    first = client.models.list(limit=5)
    every = [model.id for model in client.models.list(limit=5)]

    assert len(first.data) == 5
    assert first.has_more
    assert {"ok", "org/ok", "ft:ok:acme::7hx"} <= set(every)
    assert len(every) == len(set(every))


async def test_models_are_listed_to_the_async_client(aclient: AsyncAnthropic) -> None:
    assert "ok" in [model.id async for model in aclient.models.list(limit=1000)]


def test_models_page_backwards(client: Anthropic) -> None:
    first = client.models.list(limit=4)
    second = first.get_next_page()
    back = client.models.list(limit=4, before_id=second.data[0].id)

    assert back.data == first.data


@pytest.mark.parametrize("model", ["ok", "org/ok", "ft:ok:acme::7hx"])
def test_one_model_is_retrieved(client: Anthropic, model: str) -> None:
    found = client.models.retrieve(model)

    assert found.id == model
    assert found.type == "model"
    assert found.created_at.year >= 2026


def test_an_unknown_model_is_not_retrieved(client: Anthropic) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.models.retrieve("no-such-model")


@pytest.mark.parametrize("status", ERRORS)
@pytest.mark.parametrize("stream", [False, True])
def test_each_error_is_its_native_exception(client: Anthropic, served: Served, status: int, stream: bool) -> None:
    kind, name = ERRORS[status]
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(client, str(status), stream=stream)

    body: Any = caught.value.body
    assert isinstance(caught.value, kind)
    assert caught.value.status_code == status
    assert body["error"]["type"] == name
    assert caught.value.request_id == body["request_id"] == served.sent_header(b"request-id")
    assert caught.value.response.content == served.last_exchange.sent_body


def test_a_retry_waits_as_long_as_retry_after_says(served: Served) -> None:
    with Anthropic(base_url=served.anthropic_url, api_key=served.key, max_retries=1) as client:
        message = ask(client, "429-then-ok")

    first, second = served.upstream.received[-2:]
    assert message.content[0].text == said.TEXT
    assert second.at - first.at >= 1.0


def test_an_error_that_says_so_is_not_retried(served: Served) -> None:
    before = len(served.upstream.received)
    with (
        Anthropic(base_url=served.anthropic_url, api_key=served.key, max_retries=2) as client,
        pytest.raises(anthropic.InternalServerError),
    ):
        ask(client, "500-no-retry")

    assert len(served.upstream.received) == before + 1


def test_a_timeout_of_the_client_ends_the_call_upstream(client: Anthropic, served: Served) -> None:
    with pytest.raises(anthropic.APITimeoutError):
        ask(client.with_options(timeout=0.3), "hang")
    exchange = served.last_exchange

    eventually_in_thread(lambda: exchange.aborted)


def test_closing_a_stream_early_ends_the_call_upstream(client: Anthropic, served: Served) -> None:
    with client.messages.stream(model="hang-mid", max_tokens=50, messages=QUESTION) as stream:
        next(iter(stream))
        exchange = served.last_exchange

    eventually_in_thread(lambda: exchange.aborted)


async def test_cancelling_a_task_ends_the_call_upstream(aclient: AsyncAnthropic, served: Served) -> None:
    before = len(served.upstream.received)
    async with asyncio.TaskGroup() as group:
        call = group.create_task(aclient.messages.create(model="hang", max_tokens=50, messages=QUESTION))
        await eventually(lambda: len(served.upstream.received) > before)
        call.cancel()
    exchange = served.last_exchange

    await eventually(lambda: exchange.aborted)


@pytest.mark.parametrize("model", ["dies-after-3", "resets", "error-in-stream"])
def test_a_stream_that_breaks_off_raises(client: Anthropic, model: str) -> None:
    events: list[Any] = []
    with pytest.raises(anthropic.APIError) as caught:
        events.extend(ask(client, model, stream=True))

    assert caught.value is not None


def test_an_answer_that_breaks_off_raises(client: Anthropic) -> None:
    with pytest.raises(anthropic.APIConnectionError):
        ask(client, "dies-in-body")


def test_the_version_of_the_sdk_reaches_the_provider_once(client: Anthropic, served: Served) -> None:
    ask(client, "ok")

    assert len(served.last.all("anthropic-version")) == 1
    assert served.last.header("anthropic-version") == client.default_headers["anthropic-version"]


def test_beta_calls_keep_their_query_and_headers(client: Anthropic, served: Served) -> None:
    betas = ["context-management-2025-06-27", "token-efficient-tools-2026-03-28"]
    message: Any = client.beta.messages.create(
        model="ok",
        max_tokens=50,
        messages=QUESTION,
        betas=betas,
        extra_headers={"anthropic-user-profile-id": "u1"},
        extra_query={"beta": "true"},
    )

    sent = [beta.strip() for line in served.last.all("anthropic-beta") for beta in line.split(",")]
    assert message.content[0].text == said.TEXT
    assert served.last.query == {"beta": "true"}
    assert sent == betas
    assert served.last.header("anthropic-user-profile-id") == "u1"


def test_raw_responses_show_the_upstreams_headers(client: Anthropic) -> None:
    raw = client.messages.with_raw_response.create(model="ok", max_tokens=50, messages=QUESTION)

    assert raw.headers["anthropic-ratelimit-requests-remaining"] == "99"
    assert raw.headers["anthropic-organization-id"].startswith("7f3c1a52")


def test_unknown_fields_pass_in_both_directions(client: Anthropic, served: Served) -> None:
    message = ask(client, "unknown-fields", extra_body={"x_future": {"a": 1}})

    assert served.last.json["x_future"] == {"a": 1}
    assert message.x_new_field == said.UNKNOWN_FIELDS["x_new_field"]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate"])
def test_compressed_answers_are_read(client: Anthropic, coding: str) -> None:
    with client.messages.stream(model=coding, max_tokens=50, messages=QUESTION) as stream:
        streamed = "".join(stream.text_stream)

    assert ask(client, coding).content[0].text == streamed == said.TEXT


def test_an_html_error_page_is_an_internal_server_error(client: Anthropic) -> None:
    with pytest.raises(anthropic.InternalServerError) as caught:
        ask(client, "html-error")

    assert caught.value.status_code == 502
