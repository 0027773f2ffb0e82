"""What is answered of chats."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.control.chat_shown import Chat, ChatMessage, matching, read_cursor, shown_chat, shown_message, write_cursor
from bodhi.core.credential import Secret
from bodhi.core.errors import Conflict, InvalidField
from bodhi.storage.chat_messages import Written, seal_message
from bodhi.storage.chats import Position, SealedChat, SealedTitle, place, seal_texts
from bodhi.storage.vault import Vault
from tests.fakes.stores import new_vault


def a_title(vault: Vault, chat_id: str, title: str) -> SealedTitle:
    return SealedTitle("u1", chat_id, vault.seal(Secret(title), place("u1", chat_id, "title")), 1.0, 2.0)


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26),
)
def test_a_cursor_reads_back(at: float, chat_id: str) -> None:
    cursor = write_cursor(SealedTitle("u1", chat_id, "", 1.0, at))
    assert read_cursor(cursor) == Position(at, chat_id)
    assert len(cursor) <= 64


@given(st.text(max_size=64))
def test_what_is_no_cursor_is_refused_or_names_a_place(text: str) -> None:
    with suppress(InvalidField):
        read = read_cursor(text)
        assert read is not None
        assert read.id.isalnum()


def test_titles_are_compared_folded() -> None:
    vault = new_vault()
    rows = [a_title(vault, "c1", "Straße"), a_title(vault, "c2", "street"), a_title(vault, "c3", "x")]
    rows.append(rows[0]._replace(id="c4"))
    assert [title for _, title in matching(vault, rows, "STRASSE")] == ["Straße"]
    assert [row.id for row, _ in matching(vault, rows, "")] == ["c1", "c2", "c3", "c4"]
    assert [row.id for row, _ in matching(vault, rows, "cannot be opened")] == ["c4"]


def test_what_is_shown_is_as_it_is_described() -> None:
    vault = new_vault()
    message = Written("m1", None, 1.0, '{"role":"user","content":{"text":"\\ud83d"}}', 1)
    row = SealedChat("u1", "c1", *seal_texts(vault, "u1", "c1", 'a "title"', '{"a":1}'), None, 1.0, 2.5)

    shown = json.loads(shown_chat(vault, row, [seal_message(vault, "u1", "c1", message)]))
    assert set(shown) == set(Chat.model_fields)
    assert (shown["title"], shown["settings"], shown["updated_at"]) == (
        'a "title"',
        {"a": 1},
        "1970-01-01T00:00:02.500Z",
    )
    assert shown["messages"] == [json.loads(shown_message(message))]
    assert set(shown["messages"][0]) == set(ChatMessage.model_fields)
    assert json.loads(shown_chat(vault, row, []))["messages"] == []


def test_a_chat_whose_settings_do_not_open_says_so() -> None:
    vault = new_vault()
    row = SealedChat("u1", "c1", *seal_texts(vault, "u1", "other", "t", "{}"), None, 1.0, 2.5)
    with pytest.raises(Conflict):
        shown_chat(vault, row, [])
