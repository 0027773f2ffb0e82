"""What the gateway itself refuses, as native exceptions of the unmodified official SDKs."""

from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import errors, types
from openai import OpenAI
from websockets.exceptions import InvalidStatus

from tests.fakes.gateway import Gateway
from tests.fakes.served import Served

QUESTION: list[Any] = [{"role": "user", "content": "Say hello."}]
BAD_TOKENS = ["sk-proj-a-providers-own-key", "bodhi_u_0000000000000000000000000000000000000000000000000"]
NEVER_WELL = ["dies-before-head", "resets-before-head", "garbage", "redirect"]


def ask_openai(gateway: Gateway, token: str, model: str, **options: Any) -> Any:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=token, **{"max_retries": 0, **options}) as client:
        return client.chat.completions.create(model=model, messages=QUESTION)


def ask_responses(gateway: Gateway, token: str, model: str) -> Any:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=token, max_retries=0) as client:
        return client.responses.create(model=model, input="Hello")


def ask_anthropic(gateway: Gateway, token: str, model: str, **options: Any) -> Any:
    with Anthropic(base_url=gateway.url, api_key=token, **{"max_retries": 0, **options}) as client:
        return client.messages.create(model=model, max_tokens=9, messages=QUESTION)


def ask_gemini(gateway: Gateway, token: str, model: str) -> Any:
    with genai.Client(api_key=token, http_options=types.HttpOptions(base_url=gateway.url)) as client:
        return client.models.generate_content(model=model, contents="Hello")


@pytest.fixture
def limited_token(sdk_gateway: Gateway) -> str:
    return sdk_gateway.mint(allowed_models=["tools", "openai/*"])


@pytest.mark.parametrize("ask", [ask_openai, ask_responses])
@pytest.mark.parametrize("token", BAD_TOKENS)
def test_openai_raises_for_a_bad_token(sdk_gateway: Gateway, served: Served, ask: Any, token: str) -> None:
    before = len(served.upstream.received)
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(sdk_gateway, token, "ok")

    assert caught.value.code == "invalid_api_key"
    assert caught.value.request_id
    assert caught.value.response.headers["x-bodhi-error"] == "token_invalid"
    assert len(served.upstream.received) == before


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_anthropic_raises_for_a_bad_token(sdk_gateway: Gateway, token: str) -> None:
    with pytest.raises(anthropic.AuthenticationError) as caught:
        ask_anthropic(sdk_gateway, token, "ok")

    body: Any = caught.value.body
    assert body["error"]["type"] == "authentication_error"
    assert caught.value.request_id == body["request_id"]


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_gemini_raises_for_a_bad_token(sdk_gateway: Gateway, token: str) -> None:
    with pytest.raises(errors.ClientError) as caught:
        ask_gemini(sdk_gateway, token, "ok")

    details: Any = caught.value.details
    assert details["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert "Bodhi" in (caught.value.message or "")


@pytest.mark.parametrize("ask", [ask_openai, ask_responses])
def test_openai_raises_for_an_unknown_model_and_names_close_ones(sdk_gateway: Gateway, ask: Any) -> None:
    with pytest.raises(openai.NotFoundError, match="reasoning") as caught:
        ask(sdk_gateway, sdk_gateway.token, "reasonin")

    assert caught.value.code == "model_not_found"
    assert caught.value.param == "model"


def test_anthropic_raises_for_an_unknown_model(sdk_gateway: Gateway) -> None:
    with pytest.raises(anthropic.NotFoundError, match="reasoning") as caught:
        ask_anthropic(sdk_gateway, sdk_gateway.token, "reasonin")

    body: Any = caught.value.body
    assert body["error"]["type"] == "not_found_error"


def test_gemini_raises_for_an_unknown_model(sdk_gateway: Gateway) -> None:
    with pytest.raises(errors.ClientError, match="reasoning") as caught:
        ask_gemini(sdk_gateway, sdk_gateway.token, "reasonin")

    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


def test_openai_raises_for_a_model_of_another_format_and_names_its_endpoint(sdk_gateway: Gateway) -> None:
    with pytest.raises(openai.BadRequestError, match="POST /v1/messages"):
        ask_openai(sdk_gateway, sdk_gateway.token, "anthropic/ok")
    with pytest.raises(openai.BadRequestError, match="POST /v1/chat/completions"):
        ask_responses(sdk_gateway, sdk_gateway.token, "openai/ok")


def test_anthropic_raises_for_a_model_of_another_format(sdk_gateway: Gateway) -> None:
    with pytest.raises(anthropic.BadRequestError, match="POST /v1/responses"):
        ask_anthropic(sdk_gateway, sdk_gateway.token, "openai_responses/ok")


def test_gemini_raises_for_a_model_of_another_format(sdk_gateway: Gateway) -> None:
    with pytest.raises(errors.ClientError, match="POST /v1/messages") as caught:
        ask_gemini(sdk_gateway, sdk_gateway.token, "anthropic/ok")

    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


def test_a_model_that_the_token_may_not_use_is_denied(sdk_gateway: Gateway, limited_token: str) -> None:
    assert ask_openai(sdk_gateway, limited_token, "openai/ok")
    assert ask_anthropic(sdk_gateway, limited_token, "tools")
    with pytest.raises(openai.PermissionDeniedError) as first:
        ask_openai(sdk_gateway, limited_token, "ok")
    with pytest.raises(anthropic.PermissionDeniedError):
        ask_anthropic(sdk_gateway, limited_token, "ok")
    with pytest.raises(errors.ClientError) as third:
        ask_gemini(sdk_gateway, limited_token, "ok")

    assert first.value.code == "model_not_allowed"
    assert third.value.status == "PERMISSION_DENIED"


def test_lists_show_only_what_the_token_may_use(sdk_gateway: Gateway, limited_token: str) -> None:
    with OpenAI(base_url=f"{sdk_gateway.url}/v1", api_key=limited_token) as client:
        assert {model.id for model in client.models.list()} == {"tools", "openai/ok"}
        with pytest.raises((openai.NotFoundError, openai.PermissionDeniedError)):
            client.models.retrieve("ok")


def test_an_anthropic_subscription_serves_nobody_but_its_owner(sdk_gateway: Gateway, served: Served) -> None:
    token = sdk_gateway.mint(sdk_gateway.add_user("somebody-else"))
    before = len(served.upstream.received)
    with pytest.raises(anthropic.NotFoundError):
        ask_anthropic(sdk_gateway, token, "oauth/ok")

    assert len(served.upstream.received) == before


def test_a_response_belongs_to_whoever_created_it(sdk_gateway: Gateway) -> None:
    other = sdk_gateway.mint(sdk_gateway.add_user("twin"))
    made = ask_responses(sdk_gateway, sdk_gateway.token, "ok")
    with OpenAI(base_url=f"{sdk_gateway.url}/v1", api_key=other, max_retries=0) as client:
        calls: list[Any] = [
            client.responses.retrieve,
            client.responses.delete,
            client.responses.cancel,
            client.responses.input_items.list,
        ]
        for call in calls:
            with pytest.raises(openai.NotFoundError):
                call(made.id)
        with pytest.raises(openai.BadRequestError) as caught:
            client.responses.create(model="ok", input="More", previous_response_id=made.id)

    assert caught.value.code == "previous_response_not_found"


@pytest.mark.parametrize("model", NEVER_WELL)
def test_openai_raises_when_the_provider_does_not_answer_well(sdk_gateway: Gateway, model: str) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        ask_openai(sdk_gateway, sdk_gateway.token, model)

    assert caught.value.status_code == 502
    assert caught.value.code == caught.value.response.headers["x-bodhi-error"]
    assert "location" not in caught.value.response.headers


@pytest.mark.parametrize("model", NEVER_WELL)
def test_anthropic_raises_when_the_provider_does_not_answer_well(sdk_gateway: Gateway, model: str) -> None:
    with pytest.raises(anthropic.InternalServerError) as caught:
        ask_anthropic(sdk_gateway, sdk_gateway.token, model)

    body: Any = caught.value.body
    assert (caught.value.status_code, body["error"]["type"]) == (502, "api_error")


@pytest.mark.parametrize("model", NEVER_WELL)
def test_gemini_raises_when_the_provider_does_not_answer_well(sdk_gateway: Gateway, model: str) -> None:
    with pytest.raises(errors.ServerError) as caught:
        ask_gemini(sdk_gateway, sdk_gateway.token, model)

    assert (caught.value.code, caught.value.status) == (502, "UNAVAILABLE")


def test_an_error_that_no_retry_can_mend_is_not_retried(sdk_gateway: Gateway, served: Served) -> None:
    before = len(served.upstream.received)
    with pytest.raises(openai.InternalServerError):
        ask_openai(sdk_gateway, sdk_gateway.token, "redirect", max_retries=2)
    with pytest.raises(anthropic.InternalServerError):
        ask_anthropic(sdk_gateway, sdk_gateway.token, "redirect", max_retries=2)

    assert len(served.upstream.received) == before + 2
    assert all(received.path != "/stolen" for received in served.upstream.received)


def test_an_endpoint_that_is_not_served_is_not_found(sdk_gateway: Gateway) -> None:
    with (
        OpenAI(base_url=f"{sdk_gateway.url}/v1", api_key=sdk_gateway.token, max_retries=0) as client,
        pytest.raises(openai.NotFoundError) as caught,
    ):
        client.files.list()

    assert caught.value.code == "endpoint_not_found"


def test_websockets_are_refused_with_426_so_that_clients_fall_back_at_once(sdk_gateway: Gateway) -> None:
    with (
        OpenAI(base_url=f"{sdk_gateway.url}/v1", api_key=sdk_gateway.token, max_retries=0) as client,
        pytest.raises(InvalidStatus) as caught,
        client.responses.connect(max_retries=0),
    ):
        pass

    assert caught.value.response.status_code == 426


def test_headers_that_only_harm_do_not_reach_the_client(sdk_gateway: Gateway) -> None:
    with OpenAI(base_url=f"{sdk_gateway.url}/v1", api_key=sdk_gateway.token) as client:
        raw = client.chat.completions.with_raw_response.create(model="set-cookie", messages=QUESTION)

    harmful = {
        "set-cookie",
        "alt-svc",
        "strict-transport-security",
        "clear-site-data",
        "location",
        "x-hop",
        "keep-alive",
    }
    assert not harmful & set(raw.headers)
    assert raw.headers.get_list("server-timing") == ["first;dur=1", "second;dur=2"]
    assert raw.headers["x-mixed-case"] == "Kept As Is"
