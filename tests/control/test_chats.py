"""Chats of the chat page: stored, listed, changed, removed, by their owner alone."""

import json
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.storage import tables
from tests.fakes.control import Control, error_of


@pytest.fixture
async def ada(control: Control) -> dict[str, str]:
    await control.store_keys()
    await control.session_of("root", Role.ADMIN)
    return await control.session_of("ada", Role.USER)


def a_message(parent_id: str | None = None, **changes: Any) -> dict[str, Any]:
    return {"parent_id": parent_id, "role": "user", "content": {"text": "Guten Tag"}} | changes


async def send(control: Control, method: str, path: str, who: dict[str, str], body: Any) -> httpx2.Response:
    """Send JSON by escapes only, as half of a surrogate pair needs, which the client would refuse."""
    headers = {**who, "content-type": "application/json"}
    return await control.client.request(
        method, f"{control.url}/bodhi/v1{path}", headers=headers, content=json.dumps(body)
    )


async def new_chat(control: Control, who: dict[str, str], **fields: Any) -> dict[str, Any]:
    response = await control.call("POST", "/chats", who, {"title": "A chat"} | fields)
    assert response.status_code == 201, response.text
    chat: dict[str, Any] = response.json()
    return chat


async def put(control: Control, who: dict[str, str], chat_id: str, parent_id: str | None, **changes: Any) -> str:
    message_id = new_id(control.time.clock)
    path = f"/chats/{chat_id}/messages/{message_id}"
    response = await send(control, "PUT", path, who, a_message(parent_id, **changes))
    assert response.status_code == 200, response.text
    control.time.advance(1)
    return message_id


async def get(control: Control, who: dict[str, str], chat_id: str) -> dict[str, Any]:
    response = await control.call("GET", f"/chats/{chat_id}", who)
    assert response.status_code == 200, response.text
    chat: dict[str, Any] = response.json()
    return chat


async def titles(control: Control, who: dict[str, str], query: str = "") -> list[str]:
    return [row["title"] for row in (await control.call("GET", f"/chats{query}", who)).json()["data"]]


async def test_a_chat_comes_back_as_it_was_written(control: Control, ada: dict[str, str]) -> None:
    chat = await new_chat(control, ada, settings={"temperature": 0.5})
    content = {"text": "Grüße 😀 \x00", "half": "\ud83d", "deep": [1, 2.5, None, {"a": True}]}
    first = await put(control, ada, chat["id"], None, content=content)
    second = await put(control, ada, chat["id"], first, role="assistant", leaf=False)

    found = await get(control, ada, chat["id"])

    assert set(found) == {"id", "title", "settings", "leaf_id", "created_at", "updated_at", "messages"}
    assert (found["title"], found["settings"], found["leaf_id"]) == ("A chat", {"temperature": 0.5}, first)
    assert [(m["id"], m["parent_id"], m["role"]) for m in found["messages"]] == [
        (first, None, "user"),
        (second, first, "assistant"),
    ]
    assert found["messages"][0]["content"] == content
    assert set(found["messages"][0]) == {"id", "parent_id", "role", "content", "created_at"}
    assert found["created_at"] < found["updated_at"]


async def test_storing_a_message_again_replaces_it_and_keeps_its_time(control: Control, ada: dict[str, str]) -> None:
    chat = await new_chat(control, ada)
    message = await put(control, ada, chat["id"], None)
    path = f"/chats/{chat['id']}/messages/{message}"

    again = await control.call("PUT", path, ada, a_message(content={"text": "other"}))

    assert again.status_code == 200
    found = await get(control, ada, chat["id"])
    assert found["messages"] == [again.json()]
    assert (again.json()["content"], again.json()["created_at"]) == ({"text": "other"}, chat["created_at"])


async def test_the_list_is_by_the_last_message_and_pages(control: Control, ada: dict[str, str]) -> None:
    chats = []
    for number in range(5):
        chats.append(await new_chat(control, ada, title=f"chat {number}"))
        control.time.advance(1)
    await put(control, ada, chats[1]["id"], None)
    await control.call("PATCH", f"/chats/{chats[0]['id']}", ada, {"title": "renamed"})
    expected = ["chat 1", "chat 4", "chat 3", "chat 2", "renamed"]

    assert await titles(control, ada) == expected
    page = (await control.call("GET", "/chats?limit=2", ada)).json()
    assert [row["title"] for row in page["data"]] == expected[:2]
    assert set(page["data"][0]) == {"id", "title", "created_at", "updated_at"}
    # What the cursor names may go meanwhile.
    await control.call("DELETE", f"/chats/{page['data'][1]['id']}", ada)
    assert await titles(control, ada, f"?limit=9&cursor={page['next_cursor']}") == expected[2:]
    for wrong in ("x", "nan_1", "1.5", "1.5_%00"):
        assert error_of(await control.call("GET", f"/chats?cursor={wrong}", ada)) == (400, "invalid_field", "cursor")


async def test_a_search_finds_parts_of_titles_however_written(control: Control, ada: dict[str, str]) -> None:
    for title in ("Straße nach Rom", "100% sure", "strasse", "nothing"):
        await new_chat(control, ada, title=title)
        control.time.advance(1)

    assert await titles(control, ada, "?search=STRASSE") == ["strasse", "Straße nach Rom"]
    assert await titles(control, ada, "?search=0%25 s") == ["100% sure"]
    assert await titles(control, ada, "?search=s&limit=1") == ["strasse"]
    assert await titles(control, ada, "?search=zebra") == []


async def test_a_change_touches_what_it_names(control: Control, ada: dict[str, str]) -> None:
    chat = await new_chat(control, ada, settings={"a": 1})
    message = await put(control, ada, chat["id"], None)
    path = f"/chats/{chat['id']}"

    changed = await send(control, "PATCH", path, ada, {"title": "New \ud83d"})
    assert changed.json()["title"] == "New ?"
    await control.call("PATCH", path, ada, {"leaf_id": None})
    found = await get(control, ada, chat["id"])
    assert (found["title"], found["settings"], found["leaf_id"]) == ("New ?", {"a": 1}, None)
    await control.call("PATCH", path, ada, {"settings": {"b": 2}, "leaf_id": message})
    found = await get(control, ada, chat["id"])
    assert (found["title"], found["settings"], found["leaf_id"]) == ("New ?", {"b": 2}, message)
    assert error_of(await control.call("PATCH", path, ada, {"leaf_id": new_id()})) == (400, "invalid_field", "leaf_id")


async def test_chats_are_deleted_one_or_all(control: Control, ada: dict[str, str]) -> None:
    bob = await control.session_of("bob", Role.USER)
    await new_chat(control, bob, title="bob's")
    chats = [await new_chat(control, ada) for _ in range(3)]
    await put(control, ada, chats[0]["id"], None)
    assert (await control.call("DELETE", f"/chats/{chats[0]['id']}", ada)).status_code == 204
    assert error_of(await control.call("GET", f"/chats/{chats[0]['id']}", ada)) == (404, "object_not_found", None)
    assert error_of(await control.call("DELETE", f"/chats/{chats[0]['id']}", ada)) == (404, "object_not_found", None)
    assert (await control.call("DELETE", "/chats", ada)).status_code == 204
    assert await titles(control, ada) == []
    assert await titles(control, bob) == ["bob's"]


async def test_what_is_no_chat_or_message_is_refused_by_its_field(control: Control, ada: dict[str, str]) -> None:
    chat = await new_chat(control, ada)
    message = f"/chats/{chat['id']}/messages/{new_id()}"
    wrong: list[tuple[str, str, Any, str | None]] = [
        ("POST", "/chats", {}, "title"),
        ("POST", "/chats", {"title": "x" * 201}, "title"),
        ("POST", "/chats", {"title": "x", "id": "short"}, "id"),
        ("POST", "/chats", {"title": "x", "settings": {"a": "x" * 65_536}}, "settings"),
        ("POST", "/chats", {"title": "x", "settings": []}, "settings"),
        ("POST", "/chats", {"title": "x", "more": 1}, "more"),
        ("POST", "/chats", {"title": "x", "leaf_id": new_id()}, "leaf_id"),
        ("PATCH", f"/chats/{chat['id']}", {"title": None}, "title"),
        ("PATCH", f"/chats/{chat['id']}", {"settings": {"a": "x" * 65_536}}, "settings"),
        ("PUT", message, {"parent_id": None, "role": "system", "content": {}}, "role"),
        ("PUT", message, {"role": "user", "content": {}}, "parent_id"),
        ("PUT", message, {"parent_id": None, "role": "user", "content": "text"}, "content"),
        ("PUT", message, a_message(new_id()), "parent_id"),
        ("PUT", message, a_message(content={"text": "x" * 12 * 1024 * 1024}), "content"),
        ("PUT", message, a_message(content={"number": float("nan")}), "content"),
        ("PUT", f"/chats/{chat['id']}/messages/short", a_message(), "message_id"),
    ]
    for method, path, body, param in wrong:
        response = await send(control, method, path, ada, body)
        assert error_of(response) == (400, "invalid_field", param), (path, param)
    assert error_of(await send(control, "POST", "/chats", ada, [])) == (400, "invalid_json", None)
    too_large = await send(control, "PUT", message, ada, a_message(content={"text": "x" * 14 * 1024 * 1024}))
    assert too_large.status_code == 413


async def test_a_body_is_read_only_when_it_is_known_who_sends_it(control: Control, ada: dict[str, str]) -> None:
    for who, code in (({}, "token_missing"), (await control.session_of("guest", Role.GUEST), "role_too_low")):
        for method, path in (("POST", "/chats"), ("PUT", f"/chats/{new_id()}/messages/{new_id()}")):
            response = await send(control, method, path, who, "no object")
            assert response.headers["x-bodhi-error"] == code


async def test_a_message_cannot_follow_itself(control: Control, ada: dict[str, str]) -> None:
    chat = await new_chat(control, ada)
    first = await put(control, ada, chat["id"], None)
    second = await put(control, ada, chat["id"], first)
    for message, parent in ((first, first), (first, second)):
        response = await control.call("PUT", f"/chats/{chat['id']}/messages/{message}", ada, a_message(parent))
        assert error_of(response) == (400, "invalid_field", "parent_id")


async def test_a_chat_that_was_read_can_be_stored_whole_again(control: Control, ada: dict[str, str]) -> None:
    bob = await control.session_of("bob", Role.USER)
    chat = await new_chat(control, ada, settings={"a": 1})
    first = await put(control, ada, chat["id"], None)
    await put(control, ada, chat["id"], first, role="assistant")
    await put(control, ada, chat["id"], first, role="assistant")
    read = await get(control, ada, chat["id"])
    exported = {name: read[name] for name in ("id", "title", "settings", "leaf_id", "messages")}
    exported["messages"].reverse()

    again = await control.call("POST", "/chats", ada, exported)
    assert error_of(again) == (409, "conflict", "id")
    imported = await control.call("POST", "/chats", bob, exported)

    assert imported.status_code == 201
    assert imported.json() == await get(control, bob, chat["id"])
    exported["messages"].reverse()
    assert {name: imported.json()[name] for name in exported} == exported


async def test_damage_hides_what_is_damaged_and_nothing_else(control: Control, ada: dict[str, str]) -> None:
    chat, other = await new_chat(control, ada), await new_chat(control, ada, title="other")
    await put(control, ada, chat["id"], None)
    async with control.store.write() as connection:
        await connection.execute(update(tables.chat_messages).values(sealed="v1.k1.AAAA"))
    (message,) = (await get(control, ada, chat["id"]))["messages"]
    assert message["content"]["error"] == "This message cannot be opened."
    async with control.store.write() as connection:
        damaged = update(tables.chats).where(tables.chats.c.id == chat["id"])
        await connection.execute(damaged.values(sealed_title="v1.k1.AAAA"))
    assert sorted(await titles(control, ada)) == ["(this title cannot be opened)", "other"]
    assert error_of(await control.call("GET", f"/chats/{chat['id']}", ada)) == (409, "conflict", None)
    response = await control.call("PATCH", f"/chats/{chat['id']}", ada, {"settings": {}})
    assert error_of(response) == (409, "conflict", None)
    assert (await control.call("PATCH", f"/chats/{chat['id']}", ada, {"title": "new"})).status_code == 200
    assert (await get(control, ada, other["id"]))["title"] == "other"
