"""Stored responses belong to whoever made them: to everybody else they do not exist, also after a restart."""

import json
from pathlib import Path

import pytest

from bodhi.core.principal import Role
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import RESPONSES

BY_ID = [(b"GET", ""), (b"DELETE", ""), (b"POST", "/cancel"), (b"GET", "/input_items"), (b"GET", "?stream=true")]


def call(gateway: Gateway, token: str, method: bytes, path: str, body: bytes | None = None) -> RawAnswer:
    """Call below /v1/responses."""
    if body is None and method == b"POST":
        body = b"{}"
    return ask(gateway.port, method, f"/v1/responses{path}".encode(), RESPONSES.headers(token), body)


def create(gateway: Gateway, token: str, *, stream: bool = False, **more: object) -> RawAnswer:
    """Create a response."""
    fields = {"model": "ok", "input": "Hi", "stream": stream, **more}
    return call(gateway, token, b"POST", "", json.dumps(fields).encode())


def id_of(answer: RawAnswer) -> str:
    """Return the id of a created response."""
    text = answer.body.partition(b'"id"')[2]
    return text.split(b'"')[1].decode()


def without_ids(answer: RawAnswer, object_id: str) -> bytes:
    """Return an error body without the id that was asked for and the request's own."""
    return answer.body.replace(object_id.encode(), b"ID")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_another_users_response_is_answered_as_one_that_does_not_exist(
    tmp_path: Path, upstream_thread: UpstreamThread, stream: bool, has_lane: bool
) -> None:
    base = upstream_thread.base_url("openai_responses")
    with Gateway(tmp_path, lane=has_lane) as gateway:
        gateway.add_api_model("openai_responses", base, key=RESPONSES.provider_key, models=("ok",))
        other = gateway.add_api_model("openai_responses", base, key=RESPONSES.provider_key, models=("elsewhere",))
        stranger = gateway.mint(gateway.add_user("stranger", Role.ADMIN))
        mine = id_of(create(gateway, gateway.token, stream=stream))
        unknown = mine[:-3] + "xyz"
        received = len(upstream_thread.received)

        for method, rest in BY_ID:
            foreign = call(gateway, stranger, method, f"/{mine}{rest}")
            absent = call(gateway, stranger, method, f"/{unknown}{rest}")
            assert (foreign.status, foreign.header(b"x-bodhi-error")) == (404, b"object_not_found")
            assert RESPONSES.message_of(foreign.body)
            assert without_ids(foreign, mine) == without_ids(absent, unknown)
            assert [name for name, _ in foreign.headers] == [name for name, _ in absent.headers]
        for object_id in (mine, unknown):
            following = create(gateway, stranger, previous_response_id=object_id)
            assert (following.status, following.header(b"x-bodhi-error")) == (400, b"previous_response_not_found")
        elsewhere = create(gateway, gateway.token, previous_response_id=mine, model="elsewhere")
        assert elsewhere.header(b"x-bodhi-error") == b"previous_response_not_found", other.id
        assert len(upstream_thread.received) == received

        assert call(gateway, gateway.mint(), b"GET", f"/{mine}").status == 200
        assert create(gateway, gateway.token, previous_response_id=mine).status == 200
        assert call(gateway, gateway.token, b"DELETE", f"/{mine}").status == 200
        assert call(gateway, gateway.token, b"GET", f"/{mine}").header(b"x-bodhi-error") == b"object_not_found"


def test_a_restart_keeps_who_owns_what(tmp_path: Path, upstream_thread: UpstreamThread, has_lane: bool) -> None:
    base = upstream_thread.base_url("openai_responses")
    with Gateway(tmp_path, lane=has_lane) as gateway:
        gateway.add_api_model("openai_responses", base, key=RESPONSES.provider_key, models=("ok",))
        stranger = gateway.mint(gateway.add_user("stranger"))
        token, mine = gateway.token, id_of(create(gateway, gateway.token))

    with Gateway(tmp_path, lane=has_lane) as again:
        assert call(again, token, b"GET", f"/{mine}").status == 200
        assert call(again, stranger, b"GET", f"/{mine}").status == 404
