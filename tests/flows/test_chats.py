"""Conversations on a whole gateway: sealed on disk, whatever the files are, and there after keys have changed."""

import json
from pathlib import Path
from typing import Any

from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.identity.sign_in import BEARER
from tests.fakes.canaries import Canary, LogHeap, files_below
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, ask

TITLE = "canary-of-a-title-7f3a"
PROMPT = "canary-of-a-prompt-91bc"
SETTING = "canary-of-a-system-prompt-55de"
LONG = "canary-of-an-attachment-20ef" * 40_000


def call(gateway: Gateway, session: str, method: str, path: str, body: Any = None) -> RawAnswer:
    """Call the control API with a session."""
    headers = [(b"authorization", b"Bearer " + session.encode()), (b"content-type", b"application/json")]
    sent = None if body is None else json.dumps(body).encode()
    return ask(gateway.port, method.encode(), f"/bodhi/v1{path}".encode(), headers, sent)


def document(answer: RawAnswer) -> Any:
    assert answer.status < 300, answer.body
    return json.loads(answer.body)


def converse(gateway: Gateway, session: str) -> str:
    """Hold a conversation, and return its id."""
    chat = document(call(gateway, session, "POST", "/chats", {"title": TITLE, "settings": {"system": SETTING}}))
    first, second = new_id(), new_id()
    messages = f"/chats/{chat['id']}/messages"
    for message_id, parent_id, role, text in ((first, None, "user", PROMPT), (second, first, "assistant", LONG)):
        body = {"parent_id": parent_id, "role": role, "content": {"text": text}}
        document(call(gateway, session, "PUT", f"{messages}/{message_id}", body))
    chat_id: str = chat["id"]
    return chat_id


def said(gateway: Gateway, session: str, chat_id: str) -> tuple[str, str, list[str]]:
    chat = document(call(gateway, session, "GET", f"/chats/{chat_id}"))
    return chat["title"], chat["settings"]["system"], [message["content"]["text"] for message in chat["messages"]]


EVERYTHING = (TITLE, SETTING, [PROMPT, LONG])


def test_what_people_write_is_in_no_file_and_no_log(tmp_path: Path) -> None:
    canaries = [Canary(text[:12], text[:28]) for text in (TITLE, PROMPT, SETTING, LONG)]
    log = LogHeap()
    log.start()
    try:
        with Gateway(tmp_path) as gateway:
            session = gateway.open_session(carried_by=BEARER)
            chat_id = converse(gateway, session)
            assert len(document(call(gateway, session, "GET", f"/chats?search={TITLE.upper()}"))["data"]) == 1
            assert said(gateway, session, chat_id) == EVERYTHING
            # While it runs: the write-ahead log, where there is one, holds what was written last.
            heap = b"".join(files_below(tmp_path).values())
        heap += b"".join(files_below(tmp_path).values())
    finally:
        log.stop()
    heap += log.heap
    assert chat_id.encode() in heap
    assert len(heap) > len(LONG)
    assert {canary.name: canary.found_in(heap) for canary in canaries if canary.found_in(heap)} == {}


def test_a_conversation_survives_a_new_data_key_and_a_restart(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        session = gateway.open_session(carried_by=BEARER)
        chat_id = converse(gateway, session)
        before = {key["id"]: key for key in document(call(gateway, session, "GET", "/keys"))["data"]}
        (old,) = [key for key in before.values() if key["purpose"] == "seal"]
        assert old["rows"] == 3

        rotated = document(call(gateway, session, "POST", "/keys/rotate-data", {}))

        assert (rotated["chats"], rotated["failed"]) == (3, 0)
        rows = {key["id"]: key["rows"] for key in document(call(gateway, session, "GET", "/keys"))["data"]}
        assert (rows[old["id"]], rows[rotated["active"]]) == (0, 3)
        assert said(gateway, session, chat_id) == EVERYTHING
    with Gateway(tmp_path) as gateway:
        assert said(gateway, session, chat_id) == EVERYTHING


def test_a_conversation_is_nobody_elses_and_goes_with_its_person(tmp_path: Path) -> None:
    with Gateway(tmp_path) as gateway:
        ada = gateway.add_user("ada")
        hers, admins = gateway.open_session(ada, carried_by=BEARER), gateway.open_session(carried_by=BEARER)
        others = gateway.open_session(gateway.add_user("manager", Role.MANAGER), carried_by=BEARER)
        chat_id, unknown, message_id = converse(gateway, hers), new_id(), new_id()
        tried: list[tuple[str, str, Any]] = [
            ("GET", "", None),
            ("PATCH", "", {"title": "mine"}),
            ("DELETE", "", None),
            ("PUT", f"/messages/{message_id}", {"parent_id": None, "role": "user", "content": {}}),
        ]
        for session in (admins, others):
            for method, rest, body in tried:
                foreign = call(gateway, session, method, f"/chats/{chat_id}{rest}", body)
                absent = call(gateway, session, method, f"/chats/{unknown}{rest}", body)
                assert (foreign.status, foreign.body) == (absent.status, absent.body)
                assert foreign.header(b"x-bodhi-error") == b"object_not_found"
                assert [name for name, _ in foreign.headers] == [name for name, _ in absent.headers]
            assert document(call(gateway, session, "GET", "/chats"))["data"] == []
        assert said(gateway, hers, chat_id) == EVERYTHING

        assert call(gateway, admins, "DELETE", f"/users/{ada.id}").status == 204
        rows = {key["id"]: key["rows"] for key in document(call(gateway, admins, "GET", "/keys"))["data"]}
        assert set(rows.values()) == {0}
