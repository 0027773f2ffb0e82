from bodhi.formats import anthropic
from bodhi.formats.anthropic_oauth import FORMAT
from tests.formats.recorded import recording


def test_the_dialect_is_anthropics() -> None:
    assert FORMAT.dialect is anthropic.DIALECT
    assert FORMAT.default_headers == anthropic.FORMAT.default_headers
    assert FORMAT.client_wins == {b"anthropic-version"}
    assert FORMAT.joined_headers == {b"anthropic-beta"}


def test_the_token_is_a_bearer_token_and_never_an_api_key() -> None:
    assert FORMAT.key_headers("sk-ant-oat01-x") == ((b"authorization", b"Bearer sk-ant-oat01-x"),)
    assert FORMAT.key_prefix == "sk-ant-oat01-"


def test_the_beta_that_the_api_demands_is_always_sent() -> None:
    assert FORMAT.required_values == {b"anthropic-beta": (b"oauth-2025-04-20",)}


def test_the_form_is_filled_with_the_documented_example_and_nothing_else() -> None:
    assert FORMAT.preset_headers == {
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "claude-code-20250219,oauth-2025-04-20",
    }
    assert FORMAT.preset_body == {"max_tokens": 4096}


def test_the_record_is_private_and_the_form_says_what_the_terms_allow() -> None:
    assert FORMAT.private
    assert "ordinary use of Claude Code" in FORMAT.notice
    assert [p.label for p in FORMAT.providers] == ["Anthropic OAuth"]


def test_the_refusal_without_the_beta_is_read() -> None:
    line = FORMAT.dialect.read_error(recording("anthropic_oauth/error_401.json"))

    assert line == "OAuth authentication is currently not supported."
