"""How an answer passes: untouched, with our few marks, and never shown as whole when it was not."""

import gzip

import pytest

from tests.proxy.conftest import Caller


def test_a_whole_answer_passes_with_our_marks(caller: Caller) -> None:
    answer = caller.chat("openai/ok")

    assert answer.status == 200
    assert answer.document["choices"]
    assert answer.headers["x-bodhi-request-id"] == caller.record().id
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "x-bodhi-error" not in answer.headers


def test_a_stream_passes_and_its_tokens_are_counted(caller: Caller) -> None:
    answer = caller.chat("openai/ok", stream=True, stream_options={"include_usage": True})
    record = caller.record()

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert record.stream
    assert record.first_byte_us is not None
    assert record.bytes_out == len(answer.body)
    assert record.input_tokens is not None
    assert record.output_tokens is not None


def test_a_compressed_answer_stays_compressed_and_is_counted(caller: Caller) -> None:
    answer = caller.call(
        "POST", "/v1/chat/completions", {"model": "openai/gzip", "messages": []}, {"accept-encoding": "gzip"}
    )

    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body).startswith(b"{")
    assert caller.record().output_tokens is not None


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_the_providers_own_error_passes_and_is_recorded_as_its(caller: Caller, status: int) -> None:
    answer = caller.chat(f"openai/{status}")

    assert answer.status == status
    assert "x-bodhi-error" not in answer.headers
    assert caller.record().error == f"upstream_{status}"


def test_a_stream_that_breaks_off_tells_so_and_is_cut(caller: Caller) -> None:
    answer = caller.chat("openai/dies-after-3", stream=True)

    assert b"upstream_broke_off" in answer.body
    assert b"[DONE]" not in answer.body
    assert (caller.record().status, caller.record().error) == (200, "upstream_broke_off")


def test_a_body_that_breaks_off_is_cut_without_our_words_in_it(caller: Caller) -> None:
    answer = caller.chat("openai/dies-in-body")

    assert b"upstream_broke_off" not in answer.body
    assert caller.record().error == "upstream_broke_off"


@pytest.mark.parametrize("model", ["openai/dies-before-head", "openai/resets-before-head"])
def test_an_answer_that_never_began_is_our_error(caller: Caller, model: str) -> None:
    answer = caller.chat(model)

    assert (answer.status, answer.headers["x-bodhi-error"]) == (502, "upstream_broke_off")


def test_an_error_that_repeats_the_providers_key_is_starred(caller: Caller) -> None:
    answer = caller.chat("openai/echo")

    assert b"provider-key-openai" not in answer.body or answer.status < 400
