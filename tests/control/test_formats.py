"""The formats over HTTP."""

from tests.fakes.control import Control

PRESETS = {
    "OpenAI", "OpenAI Responses", "Anthropic", "Anthropic OAuth", "Gemini", "OpenRouter", "Hugging Face", "Groq",
    "Together AI", "vLLM", "LM Studio", "Ollama", "llama.cpp", "Custom",
}  # fmt: skip


async def test_every_format_comes_with_what_the_form_needs(control: Control, admin: dict[str, str]) -> None:
    data = (await control.call("GET", "/formats", admin)).json()["data"]
    assert [each["label"] for each in data] == ["OpenAI", "OpenAI Responses", "Anthropic", "Anthropic OAuth", "Gemini"]
    assert all(each["base_url"].startswith("https://") and each["endpoints"] for each in data)
    oauth = next(each for each in data if each["private"])
    assert oauth["preset_headers"]
    assert oauth["preset_body"]
    assert oauth["notice"]
    assert oauth["key_prefix"] == "sk-ant-oat01-"


async def test_every_promised_provider_is_a_preset(control: Control, admin: dict[str, str]) -> None:
    data = (await control.call("GET", "/formats", admin)).json()["data"]
    assert {provider["label"] for each in data for provider in each["providers"]} >= PRESETS


async def test_the_form_can_say_where_a_request_goes_and_what_a_test_calls(
    control: Control, admin: dict[str, str]
) -> None:
    data = (await control.call("GET", "/formats", admin)).json()["data"]
    probed = {each["name"]: [e["url_suffix"] for e in each["endpoints"] if e["probe"]] for each in data}
    assert probed == {
        "openai": ["/chat/completions"],
        "openai_responses": ["/responses"],
        "anthropic": ["/messages"],
        "anthropic_oauth": ["/messages"],
        "gemini": ["/models/{model}:generateContent"],
    }
