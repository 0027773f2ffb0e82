import pytest

from tests.proxy.conftest import Caller

ANTHROPIC = {"anthropic-version": "2023-06-01"}


@pytest.fixture(scope="module", autouse=True)
def api_models(caller: Caller) -> None:
    caller.gateway.add_api_model("openai", caller.upstream.base_url("openai"), models=("one", "two"), prefix="list/")
    caller.gateway.add_api_model("anthropic", caller.upstream.base_url("anthropic"), models=("three",), prefix="a/")
    caller.gateway.add_api_model("gemini", caller.upstream.base_url("gemini"), models=("four",), prefix="g/")


def test_a_list_holds_the_ids_that_clients_send(caller: Caller) -> None:
    before = len(caller.upstream.received)
    ids = [each["id"] for each in caller.call("GET", "/v1/models").document["data"]]

    assert {"list/one", "list/two"} <= set(ids)
    assert not [each for each in ids if each.startswith(("a/", "g/"))]
    assert len(caller.upstream.received) == before


def test_each_dialect_lists_its_own(caller: Caller) -> None:
    of_anthropic = caller.call("GET", "/v1/models", headers=ANTHROPIC).document
    of_gemini = caller.call("GET", "/v1beta/models").document

    assert "a/three" in [each["id"] for each in of_anthropic["data"]]
    assert "models/g/four" in [each["name"] for each in of_gemini["models"]]


@pytest.mark.parametrize("path", ["/v1/models/list/one", "/v1/models/list%2Fone"])
def test_one_model_is_found_with_a_raw_or_encoded_slash(caller: Caller, path: str) -> None:
    answer = caller.call("GET", path)

    assert (answer.status, answer.document["id"]) == (200, "list/one")
    assert answer.headers["x-bodhi-request-id"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/v1/models/list/none", "/v1/models/a/three"])
def test_a_model_that_is_not_listed_is_not_found(caller: Caller, path: str) -> None:
    answer = caller.call("GET", path)

    assert (answer.status, answer.headers["x-bodhi-error"]) == (404, "model_not_found")


def test_a_token_lists_only_the_models_that_it_may_use(caller: Caller) -> None:
    token = caller.gateway.mint(allowed_models=["list/o*"])
    answer = caller.call("GET", "/v1/models", headers={"authorization": f"Bearer {token}"})

    assert [each["id"] for each in answer.document["data"]] == ["list/one"]


def test_a_list_is_paged_as_its_dialect_pages(caller: Caller) -> None:
    answer = caller.call("GET", "/v1beta/models?pageSize=1")

    assert len(answer.document["models"]) == 1


def test_a_query_of_many_parameters_is_no_fault_of_ours(caller: Caller) -> None:
    answer = caller.call("GET", "/v1beta/models?pageSize=1&" + "&".join(["a=1"] * 500))

    assert (answer.status, len(answer.document["models"])) == (200, 1)


def test_reading_a_list_leaves_a_usage_record(caller: Caller) -> None:
    answer = caller.call("GET", "/v1/models")
    record = caller.record()

    assert (record.endpoint, record.status, record.bytes_out) == ("openai.models", 200, len(answer.body))
