"""Objects at a shared provider account: only their owner can name them, from the first byte that shows their id."""

from typing import Any

import pytest

from bodhi.core.principal import Role
from tests.proxy.conftest import Answer, Caller

MODEL = "openai_responses/ok"


def create(caller: Caller, token: str = "", **fields: Any) -> Answer:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return caller.call("POST", "/v1/responses", {"model": MODEL, "input": "hi", **fields}, headers)


@pytest.fixture(scope="module")
def foreign_token(caller: Caller) -> str:
    return caller.gateway.mint(caller.gateway.add_user("kim", Role.ADMIN))


def test_an_object_is_read_and_deleted_by_its_id_alone(caller: Caller) -> None:
    made = create(caller).document["id"]

    assert caller.call("GET", f"/v1/responses/{made}").document["id"] == made
    assert caller.call("DELETE", f"/v1/responses/{made}").status == 200
    gone = caller.call("GET", f"/v1/responses/{made}")
    assert (gone.status, gone.headers["x-bodhi-error"]) == (404, "object_not_found")


def test_the_object_of_another_owner_cannot_be_told_from_one_that_never_was(caller: Caller, foreign_token: str) -> None:
    made = create(caller).document["id"]
    before = len(caller.upstream.received)
    theirs = {"authorization": f"Bearer {foreign_token}"}
    for method in ("GET", "DELETE"):
        foreign = caller.call(method, f"/v1/responses/{made}", headers=theirs)
        unknown = caller.call(method, "/v1/responses/resp_unknown", headers=theirs)

        assert foreign.status == unknown.status == 404
        assert (
            foreign.body.replace(made.encode(), b"ID").split(b"req")[0]
            == unknown.body.replace(b"resp_unknown", b"ID").split(b"req")[0]
        )
    assert len(caller.upstream.received) == before


def test_a_turn_may_follow_only_an_own_one(caller: Caller, foreign_token: str) -> None:
    made = create(caller).document["id"]

    assert create(caller, previous_response_id=made).status == 200
    refused = create(caller, foreign_token, previous_response_id=made)
    assert (refused.status, refused.headers["x-bodhi-error"]) == (400, "previous_response_not_found")


def test_a_token_without_a_model_of_the_api_model_cannot_read_its_objects(caller: Caller) -> None:
    caller.gateway.add_api_model(
        "openai_responses", caller.upstream.base_url("openai_responses"), models=("ok",), prefix="few/"
    )
    made = caller.call("POST", "/v1/responses", {"model": "few/ok", "input": "hi"}).document["id"]
    narrow = {"authorization": f"Bearer {caller.gateway.mint(allowed_models=['other/*'])}"}
    wide = {"authorization": f"Bearer {caller.gateway.mint(allowed_models=['few/*'])}"}

    assert caller.call("GET", f"/v1/responses/{made}", headers=narrow).status == 403
    assert caller.call("GET", f"/v1/responses/{made}", headers=wide).status == 200


def test_the_id_of_a_stream_is_known_once_the_stream_is_there(caller: Caller) -> None:
    answer = create(caller, stream=True)
    made = answer.body.split(b'"id":"')[1].split(b'"')[0].decode()

    assert caller.call("GET", f"/v1/responses/{made}").status == 200
