"""The official OpenAI SDK's Responses, unmodified, through the gateway: every call about a stored response too."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pydantic
import pytest
from openai import AsyncOpenAI, OpenAI

from tests.fakes.served import Served
from tests.fakes.upstream import said
from tests.fakes.waiting import eventually_in_thread

TOOL: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}
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
    with OpenAI(base_url=served.responses_url, api_key=served.key, max_retries=0) as made:
        yield made


@pytest.fixture
async def aclient(served: Served) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=served.responses_url, api_key=served.key, max_retries=0) as made:
        yield made


def test_a_response_is_created(client: OpenAI, served: Served) -> None:
    response = client.responses.create(model="ok", input="Hello", metadata={"a": "b"}, instructions="Be brief.")

    assert response.output_text == said.TEXT
    assert response.status == "completed"
    assert response.usage is not None
    assert response.usage.input_tokens_details.cached_tokens == said.CACHED_TOKENS
    assert response._request_id == served.sent_header(b"x-request-id")


async def test_a_response_is_created_for_the_async_client(aclient: AsyncOpenAI) -> None:
    response = await aclient.responses.create(model="ok", input="Hello")

    assert response.output_text == said.TEXT


def test_a_stream_has_named_numbered_events(client: OpenAI) -> None:
    events = list(client.responses.create(model="ok", input="Hello", stream=True))

    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == said.TEXT


async def test_a_stream_reaches_the_async_client(aclient: AsyncOpenAI) -> None:
    events = [event async for event in await aclient.responses.create(model="slow-50ms", input="Hello", stream=True)]

    assert events[-1].type == "response.completed"


def test_the_stream_helper_collects_the_response(client: OpenAI) -> None:
    with client.responses.stream(model="ok", input="Hello") as stream:
        for _ in stream:
            pass
        final = stream.get_final_response()

    assert final.output_text == said.TEXT


def test_the_wire_of_a_stream_ends_without_done(client: OpenAI, served: Served) -> None:
    with client.responses.with_streaming_response.create(model="ok", input="Hello", stream=True) as response:
        body = b"".join(response.iter_bytes())

    assert b"event: response.completed\n" in body
    assert b"[DONE]" not in body
    assert body == served.last_exchange.sent_body


def test_a_response_is_retrieved(client: OpenAI) -> None:
    made = client.responses.create(model="ok", input="Hello")

    assert client.responses.retrieve(made.id) == made


def test_a_streamed_response_is_retrieved(client: OpenAI) -> None:
    events = list(client.responses.create(model="ok", input="Hello", stream=True))
    last: Any = events[-1]

    assert client.responses.retrieve(last.response.id).output_text == said.TEXT


def test_a_response_can_be_retrieved_as_soon_as_its_first_event_came(client: OpenAI) -> None:
    with client.responses.create(model="slow-50ms", input="Hello", stream=True) as stream:
        first: Any = next(iter(stream))
        found = client.responses.retrieve(first.response.id)

    assert found.id == first.response.id


def test_a_stream_is_resumed_by_number(client: OpenAI) -> None:
    events = list(client.responses.create(model="ok", input="Hello", stream=True))
    created: Any = events[0]
    resumed = list(client.responses.retrieve(created.response.id, stream=True, starting_after=3))

    assert resumed == events[4:]


def test_a_response_is_deleted(client: OpenAI) -> None:
    made = client.responses.create(model="ok", input="Hello")
    client.responses.delete(made.id)

    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(made.id)


def test_a_background_response_is_polled(client: OpenAI) -> None:
    queued = client.responses.create(model="ok", input="Hello", background=True)
    done = client.responses.retrieve(queued.id)

    assert (queued.status, done.status) == ("queued", "completed")


def test_a_background_response_is_cancelled(client: OpenAI) -> None:
    queued = client.responses.create(model="ok", input="Hello", background=True)

    assert client.responses.cancel(queued.id).status == "cancelled"


def test_only_background_responses_can_be_cancelled(client: OpenAI) -> None:
    made = client.responses.create(model="ok", input="Hello")

    with pytest.raises(openai.BadRequestError):
        client.responses.cancel(made.id)


def test_input_items_are_paged(client: OpenAI) -> None:
    given: Any = [{"role": "user", "content": f"Message {number}"} for number in range(5)]
    made = client.responses.create(model="ok", input=given)
    items: list[Any] = list(client.responses.input_items.list(made.id, limit=2, order="asc"))

    assert [item.content[0].text for item in items] == [row["content"] for row in given]


async def test_input_items_are_paged_for_the_async_client(aclient: AsyncOpenAI) -> None:
    given: Any = [{"role": "user", "content": f"Message {number}"} for number in range(3)]
    made = await aclient.responses.create(model="ok", input=given)
    items = [item async for item in aclient.responses.input_items.list(made.id, limit=1)]

    assert len(items) == 3


def test_input_tokens_are_counted(client: OpenAI, served: Served) -> None:
    counted = client.responses.input_tokens.count(model="ok", input="Hello")

    assert counted.input_tokens == said.INPUT_TOKENS
    assert served.last.json == {"input": "Hello", "model": "ok"}


def test_a_conversation_is_compacted(client: OpenAI) -> None:
    compacted = client.responses.compact(model="ok", input="Hello")

    assert [item.type for item in compacted.output] == ["message", "compaction"]


def test_a_turn_follows_the_previous_one(client: OpenAI, served: Served) -> None:
    first = client.responses.create(model="ok", input="Hello")
    second = client.responses.create(model="ok", input="More", previous_response_id=first.id)

    assert second.previous_response_id == first.id
    assert served.last.json["previous_response_id"] == first.id


def test_a_turn_after_an_unknown_one_is_refused(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="ok", input="More", previous_response_id="resp_unknown")

    assert caught.value.code == "previous_response_not_found"
    assert caught.value.param == "previous_response_id"


def test_an_unknown_id_is_not_found(client: OpenAI) -> None:
    calls: list[Any] = [
        client.responses.retrieve,
        client.responses.delete,
        client.responses.cancel,
        client.responses.input_items.list,
    ]
    for call in calls:
        with pytest.raises(openai.NotFoundError):
            call("resp_unknown")


def test_function_calls_come_whole_and_in_pieces(client: OpenAI) -> None:
    whole: Any = client.responses.create(model="tools", input="Weather?", tools=[TOOL])
    events: list[Any] = list(client.responses.create(model="tools", input="Weather?", tools=[TOOL], stream=True))
    pieces = [event.delta for event in events if event.type == "response.function_call_arguments.delta"]

    assert whole.output[0].name == "weather"
    assert json.loads(whole.output[0].arguments)["city"] == "Zürich"
    assert "".join(pieces) == whole.output[0].arguments


def test_function_results_are_answered(client: OpenAI) -> None:
    first: Any = client.responses.create(model="tools", input="Weather?", tools=[TOOL])
    result: Any = [{"type": "function_call_output", "call_id": first.output[0].call_id, "output": "sunny"}]
    second = client.responses.create(model="tools", input=result, previous_response_id=first.id, tools=[TOOL])

    assert second.output_text == said.TEXT


def test_reasoning_is_told(client: OpenAI) -> None:
    response: Any = client.responses.create(model="reasoning", input="Think", reasoning={"effort": "low"})

    assert [item.type for item in response.output] == ["reasoning", "message"]
    assert response.usage.output_tokens_details.reasoning_tokens == said.REASONING_TOKENS


def test_images_reach_the_model(client: OpenAI) -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}
    given: Any = [{"role": "user", "content": [{"type": "input_text", "text": "What?"}, image]}]

    assert client.responses.create(model="ok", input=given).output_text.endswith("I saw 1 image(s).")


def test_structured_answers_are_parsed(client: OpenAI) -> None:
    class Answer(pydantic.BaseModel):
        answer: int

    assert client.responses.parse(model="ok", input="6 x 7", text_format=Answer).output_parsed == Answer(answer=42)


@pytest.mark.parametrize("status", ERRORS)
def test_each_error_is_its_native_exception(client: OpenAI, served: Served, status: int) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        client.responses.create(model=str(status), input="Hello")

    assert type(caught.value) is ERRORS[status]
    assert caught.value.request_id == served.sent_header(b"x-request-id")
    assert caught.value.response.content == served.last_exchange.sent_body


def test_a_refused_call_is_retried(served: Served) -> None:
    with OpenAI(base_url=served.responses_url, api_key=served.key, max_retries=1) as client:
        assert client.responses.create(model="429-ms-then-ok", input="Hello").output_text == said.TEXT


def test_an_error_inside_a_stream_is_an_event(client: OpenAI) -> None:
    events: list[Any] = list(client.responses.create(model="error-in-stream", input="Hello", stream=True))

    assert events[-1].type == "error"
    assert events[-1].code == "server_error"


@pytest.mark.parametrize("model", ["dies-after-3", "resets", "bad-chunk"])
def test_a_stream_that_breaks_off_raises(client: OpenAI, model: str) -> None:
    events: list[Any] = []
    with pytest.raises(openai.APIError):
        events.extend(client.responses.create(model=model, input="Hello", stream=True))


def test_closing_a_stream_early_ends_the_call_upstream(client: OpenAI, served: Served) -> None:
    with client.responses.create(model="hang-mid", input="Hello", stream=True) as stream:
        next(iter(stream))
        exchange = served.last_exchange

    eventually_in_thread(lambda: exchange.aborted)


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_compressed_responses_are_read_and_remembered(client: OpenAI, coding: str) -> None:
    whole = client.responses.create(model=coding, input="Hello")
    events: list[Any] = list(client.responses.create(model=coding, input="Hello", stream=True))

    assert client.responses.retrieve(whole.id).output_text == said.TEXT
    assert client.responses.retrieve(events[-1].response.id).output_text == said.TEXT


def test_unknown_fields_pass(client: OpenAI) -> None:
    response: Any = client.responses.create(model="unknown-fields", input="Hello", extra_body={"x_future": [1]})

    assert response.x_new_field == said.UNKNOWN_FIELDS["x_new_field"]


def test_the_query_and_beta_headers_pass(client: OpenAI, served: Served) -> None:
    made = client.responses.create(model="ok", input="Hello", extra_headers={"openai-beta": "responses=v2"})
    assert served.last.header("openai-beta") == "responses=v2"

    client.responses.retrieve(made.id, include=["reasoning.encrypted_content"], extra_query={"beta": "true"})
    assert served.last.query == {"include[]": "reasoning.encrypted_content", "beta": "true"}
