"""Bodies of chats: what is read of them, and how they are described."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from bodhi.control.api import openapi_document
from bodhi.control.chat_bodies import ImportedMessage, NewChat, NewMessage, bounded_json, described, written
from bodhi.core.errors import InvalidField
from bodhi.core.ids import new_id


def test_json_is_bounded_by_its_bytes_as_it_is_stored() -> None:
    assert bounded_json({"a": "ü"}, param="p", most=10) == ('{"a":"ü"}', 10)
    with pytest.raises(InvalidField):
        bounded_json({"a": "ü"}, param="p", most=9)
    half = bounded_json({"a": "ü\ud83d"}, param="p")
    assert half == (r'{"a":"\u00fc\ud83d"}', 20)


def test_what_json_has_no_word_for_is_refused() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    for value in ({"a": float("nan")}, {"a": float("-inf")}, deep):
        with pytest.raises(InvalidField) as raised:
            bounded_json(value, param="content")
        assert raised.value.param == "content"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-01T00:00:01Z", 1.0), ("1970-01-01T01:00:01.5+01:00", 1.5), ("9999-12-31T23:59:59Z", 253402300799.0)],
)
def test_an_imported_message_keeps_its_time(text: str, seconds: float) -> None:
    message = ImportedMessage(id=new_id(), parent_id=None, role="user", content={}, created_at=text)
    assert written(message.id, message, 7.0, "p").created_at == seconds
    assert written(message.id, message.model_copy(update={"created_at": None}), 7.0, "p").created_at == 7.0


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-01-01T00:00:00", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ImportedMessage(id=new_id(), parent_id=None, role="user", content={}, created_at=text)


def test_a_message_is_kept_as_its_page_wrote_it() -> None:
    message = NewMessage(parent_id=None, role="assistant", content={"text": 'a "b"', "usage": {"input": 1}})
    kept = written("m", message, 7.0, "content")
    assert json.loads(kept.text) == {"role": "assistant", "content": {"text": 'a "b"', "usage": {"input": 1}}}
    assert (kept.id, kept.created_at, kept.bytes) == ("m", 7.0, len('{"text":"a \\"b\\"","usage":{"input":1}}'))


def test_bodies_that_the_framework_does_not_read_are_described_whole() -> None:
    text = json.dumps(described(NewChat))
    assert "$ref" not in text
    assert "$defs" not in text
    paths = openapi_document()["paths"]
    schema = paths["/bodhi/v1/chats"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["messages"]["items"]["properties"]["role"]["enum"] == ["user", "assistant"]
    assert "requestBody" in paths["/bodhi/v1/chats/{chat_id}/messages/{message_id}"]["put"]
