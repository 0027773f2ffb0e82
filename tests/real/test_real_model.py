"""Real text from a real model through the gateway, with the official SDKs, streamed and not."""

from base64 import b64decode
from collections.abc import Callable
from typing import Literal

import anthropic
import openai
import pytest

from tests.real.conftest import Watch
from tests.real.programs import EMBEDDING_MODEL, MODEL, PROMPT, Gateway

NewWatch = Callable[[], Watch]


def test_chat_completions_answer_with_text(openai_client: openai.OpenAI, watch: NewWatch) -> None:
    call = watch()
    answer = openai_client.chat.completions.create(
        model=MODEL, max_tokens=16, messages=[{"role": "user", "content": PROMPT}]
    )
    text = answer.choices[0].message.content
    record = call.record("chat completion", text or "")

    assert text
    assert answer.usage
    assert (record["endpoint"], record["status"], bool(record["stream"])) == ("openai.chat_completions", 200, False)
    assert record["input_tokens"] == answer.usage.prompt_tokens
    assert record["output_tokens"] == answer.usage.completion_tokens


def test_chat_completions_stream_text(openai_client: openai.OpenAI, watch: NewWatch) -> None:
    call = watch()
    chunks = list(
        openai_client.chat.completions.create(
            model=MODEL,
            max_tokens=16,
            messages=[{"role": "user", "content": PROMPT}],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    record = call.record("chat completion, streamed", text)
    usage = chunks[-1].usage

    assert text
    assert len(chunks) > 4
    assert usage
    assert bool(record["stream"])
    assert record["input_tokens"] == usage.prompt_tokens
    assert record["output_tokens"] == usage.completion_tokens


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings_are_vectors(
    openai_client: openai.OpenAI, watch: NewWatch, encoding: Literal["float", "base64"]
) -> None:
    call = watch()
    answer = openai_client.embeddings.create(model=EMBEDDING_MODEL, input=PROMPT, encoding_format=encoding)
    record = call.record(f"embedding, {encoding}")

    embedding: list[float] | str = answer.data[0].embedding
    width = len(b64decode(embedding)) // 4 if isinstance(embedding, str) else len(embedding)
    assert width == 640
    assert record["status"] == 200
    assert record["input_tokens"] == answer.usage.prompt_tokens


def test_responses_answer_with_text(openai_client: openai.OpenAI, watch: NewWatch) -> None:
    call = watch()
    answer = openai_client.responses.create(model=f"local/{MODEL}", max_output_tokens=16, input=PROMPT)
    record = call.record("response", answer.output_text)

    assert answer.output_text
    assert answer.usage
    assert (record["endpoint"], record["status"], record["model_sent"]) == ("responses.create", 200, MODEL)
    assert record["input_tokens"] == answer.usage.input_tokens
    assert record["output_tokens"] == answer.usage.output_tokens
    assert record["cached_tokens"] == answer.usage.input_tokens_details.cached_tokens


def test_responses_stream_text(openai_client: openai.OpenAI, watch: NewWatch) -> None:
    call = watch()
    events = list(
        openai_client.responses.create(model=f"local/{MODEL}", max_output_tokens=16, input=PROMPT, stream=True)
    )
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    record = call.record("response, streamed", "".join(deltas))
    [answer] = [event.response for event in events if event.type == "response.completed"]

    assert "".join(deltas) == answer.output_text != ""
    assert len(deltas) > 2
    assert answer.usage
    assert bool(record["stream"])
    assert record["input_tokens"] == answer.usage.input_tokens
    assert record["output_tokens"] == answer.usage.output_tokens


def input_of(usage: anthropic.types.Usage) -> int:
    """Return all input tokens: Anthropic reports what came from its cache beside the rest, not within it."""
    return usage.input_tokens + (usage.cache_read_input_tokens or 0) + (usage.cache_creation_input_tokens or 0)


def test_messages_answer_with_text(anthropic_client: anthropic.Anthropic, watch: NewWatch) -> None:
    call = watch()
    answer = anthropic_client.messages.create(
        model=f"llama/{MODEL}", max_tokens=16, messages=[{"role": "user", "content": PROMPT}]
    )
    text = "".join(block.text for block in answer.content if block.type == "text")
    record = call.record("message", text)

    assert text
    assert (record["endpoint"], record["status"], record["model_asked"]) == (
        "anthropic.messages",
        200,
        f"llama/{MODEL}",
    )
    assert record["input_tokens"] == input_of(answer.usage)
    assert record["output_tokens"] == answer.usage.output_tokens


def test_messages_stream_text(anthropic_client: anthropic.Anthropic, watch: NewWatch) -> None:
    call = watch()
    with anthropic_client.messages.stream(
        model=f"llama/{MODEL}", max_tokens=16, messages=[{"role": "user", "content": PROMPT}]
    ) as stream:
        deltas = list(stream.text_stream)
        answer = stream.get_final_message()
    record = call.record("message, streamed", "".join(deltas))

    assert "".join(deltas)
    assert len(deltas) > 2
    assert bool(record["stream"])
    assert record["input_tokens"] == input_of(answer.usage)
    assert record["output_tokens"] == answer.usage.output_tokens


def test_messages_are_counted(anthropic_client: anthropic.Anthropic, watch: NewWatch) -> None:
    call = watch()
    count = anthropic_client.messages.count_tokens(
        model=f"llama/{MODEL}", messages=[{"role": "user", "content": PROMPT}]
    )
    record = call.record("token count")

    assert count.input_tokens > 4
    assert record["endpoint"] == "anthropic.count_tokens"


def test_the_upstream_is_tested_by_the_command_line(gateway: Gateway) -> None:
    assert "llama chat" in gateway.run("api-model", "list", "--json")
    gateway.run("api-model", "test", "llama chat")
