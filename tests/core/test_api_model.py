"""The rules for an api model's fields, one by one and over random text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.api_model import (
    MAX_EXTRAS_BYTES,
    RESERVED_HEADERS,
    Origin,
    check_extra_body,
    check_extra_headers,
    check_key,
    check_models,
    check_name,
    check_prefix,
    is_model_id,
    parse_base_url,
)
from bodhi.core.errors import InvalidField
from bodhi.core.types import Json


@pytest.mark.parametrize(
    ("text", "origin", "path"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com:443", "/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com:443", "/v1"),
        ("HTTPS://API.Example.COM./", "https://api.example.com:443", ""),
        ("http://localhost:11434/v1", "http://localhost:11434", "/v1"),
        ("http://[::1]:8080/a/b", "http://[::1]:8080", "/a/b"),
    ],
)
def test_a_base_url_becomes_origin_and_path(text: str, origin: str, path: str) -> None:
    parsed, rest = parse_base_url(text)

    assert (str(parsed), rest) == (origin, path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.openai.com/v1",
        "ftp://example.com",
        "https://",
        "https:///v1",
        "https://user@example.com",
        "https://user:key@example.com/v1",
        "https://example.com/v1?key=1",
        "https://example.com/v1?",
        "https://example.com/v1#",
        "https://example.com:0/v1",
        "https://example.com:99999/v1",
        "https://example.com:port/v1",
        "https://[::1/v1",
        "https://example.com/../v1",
        "https://example.com//v1",
        "https://example.com/%2e%2e/v1",
        "https://ex%61mple.com",
        "https://example.com/v 1",
        "https://example.com\\@evil.example",
        "https://example.com/v1\r\nHost: evil.example",
        "https://exämple.com",
        "https://./v1",
    ],
)
def test_what_is_no_plain_base_url_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse_base_url(text)

    assert caught.value.param == "base_url"


@given(st.text(max_size=60))
def test_any_text_is_a_base_url_or_refused(text: str) -> None:
    try:
        origin, path = parse_base_url(text)
    except InvalidField:
        return

    assert origin.scheme in {"http", "https"}
    assert not path.endswith("/")


@pytest.mark.parametrize(
    ("origin", "authority"),
    [
        (Origin("https", "a.example", 443), "a.example"),
        (Origin("http", "a.example", 80), "a.example"),
        (Origin("https", "a.example", 80), "a.example:80"),
        (Origin("http", "::1", 80), "[::1]"),
        (Origin("http", "::1", 8080), "[::1]:8080"),
    ],
)
def test_the_authority_leaves_out_the_default_port(origin: Origin, authority: str) -> None:
    assert origin.authority == authority


@pytest.mark.parametrize("text", ["", "  ", "x" * 256, "a\nb", "a\x00"])
def test_a_name_is_short_and_printable(text: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_name(text)

    assert caught.value.param == "name"


def test_a_name_may_hold_any_letters() -> None:
    check_name("Zürich 東京, main")


@pytest.mark.parametrize("text", ["", "openai/", "team-a:", "a.b@c_d/", "x" * 32])
def test_a_prefix_that_every_dialect_can_send_passes(text: str) -> None:
    check_prefix(text)


@pytest.mark.parametrize("text", ["x" * 33, "a b", "ä/", "a%2F", "../", "a//b", "/a", "./a", "models/", "a?b", "a\n"])
def test_a_prefix_that_breaks_a_path_is_refused(text: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_prefix(text)

    assert caught.value.param == "prefix"


def test_selected_models_keep_their_order_and_lose_repeats() -> None:
    assert check_models([" b ", "a", "b"]) == ("b", "a")


def test_fifty_models_pass_and_fifty_one_do_not() -> None:
    assert len(check_models(f"m{n}" for n in range(50))) == 50
    with pytest.raises(InvalidField, match="51"):
        check_models(f"m{n}" for n in range(51))


@pytest.mark.parametrize(
    "text", ["gpt-4o", "models/gemini-2.5-pro", "meta-llama/Llama-3:free", "ft:gpt-4o:org::id", "a@b"]
)
def test_real_model_ids_are_model_ids(text: str) -> None:
    assert is_model_id(text)
    assert check_models([text]) == (text,)


@pytest.mark.parametrize("text", ["", "x" * 257, "a b", "a\\b", "a?b", "a#b", "a/../b", "a//b", "/a", "a/", "a\x7f"])
def test_what_a_path_cannot_carry_is_no_model_id(text: str) -> None:
    assert not is_model_id(text)
    with pytest.raises(InvalidField):
        check_models([text])


@pytest.mark.parametrize("name", sorted(RESERVED_HEADERS))
def test_reserved_headers_are_refused_in_every_spelling(name: str) -> None:
    for spelling in (name, name.upper(), name.title(), name.replace("-", "_")):
        with pytest.raises(InvalidField) as caught:
            check_extra_headers({spelling: "x"})

        assert caught.value.param == "extra_headers"


@pytest.mark.parametrize(
    "extras",
    [
        {"Proxy-Authorization": "x"},
        {"proxy_connection": "x"},
        {"a b": "x"},
        {"": "x"},
        {"a:": "x"},
        {"x-a": "1", "X-A": "2"},
        {"x-a": "1", "x_a": "2"},
        {"x-a": 1},
        {"x-a": None},
        {"x-a": "a\r\nb: c"},
        {"x-a": " padded "},
        {"x-a": "\u2603"},
        {"x-a": "y" * MAX_EXTRAS_BYTES},
    ],
)
def test_extra_headers_that_no_header_can_be_are_refused(extras: dict[str, object]) -> None:
    with pytest.raises(InvalidField) as caught:
        check_extra_headers(extras)

    assert caught.value.param == "extra_headers"


def test_ordinary_extra_headers_pass() -> None:
    check_extra_headers({"anthropic-beta": "a,b", "User-Agent": "app (x)", "x-empty": ""})


def nested(depth: int) -> dict[str, Json]:
    document: dict[str, Json] = {}
    for _ in range(depth - 1):
        document = {"a": [document]} if depth % 2 else {"a": document}
    return document


@pytest.mark.parametrize("extras", [{"model": "x"}, {"stream": True}])
def test_extra_body_cannot_set_what_routing_decides(extras: dict[str, Json]) -> None:
    with pytest.raises(InvalidField) as caught:
        check_extra_body(extras, 20)

    assert caught.value.param == "extra_body"


def test_extra_body_is_bounded_in_size_and_depth() -> None:
    check_extra_body(nested(16), MAX_EXTRAS_BYTES)
    with pytest.raises(InvalidField, match="16 KiB"):
        check_extra_body({}, MAX_EXTRAS_BYTES + 1)
    with pytest.raises(InvalidField, match="deep"):
        check_extra_body(nested(18), 100)


@pytest.mark.parametrize("key", ["", "x" * 4097, "a b", "a\n", "schlüssel"])
def test_a_key_that_no_header_can_carry_is_refused_without_being_repeated(key: str) -> None:
    with pytest.raises(InvalidField) as caught:
        check_key(key)

    assert caught.value.param == "api_key"
    assert not key or key not in caught.value.message


def test_an_ordinary_key_passes() -> None:
    check_key("sk-proj-0123456789_abcDEF")
