"""Which request heads callbacks take. What they do with them is held against the coroutine way in flows/test_lane."""

from collections.abc import Iterator

import pytest

from bodhi.proxy.lane import Lane
from tests.fakes.gateway import Gateway


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("home")) as running:
        yield running


def admits(gateway: Gateway, method: str, path: str, *more: tuple[bytes, bytes], query: bytes = b"") -> bool:
    lane = gateway.server.lane
    assert isinstance(lane, Lane)
    headers = [(b"host", b"a"), (b"content-length", b"10"), (b"authorization", b"Bearer bodhi_u_x"), *more]
    scope = {"method": method, "raw_path": path.encode(), "query_string": query, "headers": headers}
    return lane.admit(scope) is not None


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions", "/v1/embeddings", "/v1/messages", "/v1beta/models/gemini:generateContent"]
)
def test_generating_calls_are_taken(gateway: Gateway, path: str) -> None:
    assert admits(gateway, "POST", path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/v1/chat/completions"),
        ("POST", "/v1/responses"),
        ("POST", "/v1/responses/r1/cancel"),
        ("POST", "/v1/nothing"),
        ("POST", "/v1//chat/completions"),
        ("POST", "/bodhi/v1/api-models"),
        ("POST", "/bodhi/v1/session"),
        ("POST", "/ui/"),
    ],
)
def test_what_has_to_wait_or_be_refused_is_left_to_a_task(gateway: Gateway, method: str, path: str) -> None:
    assert not admits(gateway, method, path)


def test_a_head_with_two_credentials_or_a_compressed_body_is_left_to_a_task(gateway: Gateway) -> None:
    assert not admits(gateway, "POST", "/v1/chat/completions", (b"x-api-key", b"other"))
    assert not admits(gateway, "POST", "/v1/chat/completions", query=b"key=other")
    assert not admits(gateway, "POST", "/v1/chat/completions", (b"content-encoding", b"gzip"))


def test_a_body_that_is_announced_as_too_large_is_left_to_a_task(gateway: Gateway) -> None:
    limit = gateway.settings.max_body_bytes
    lane = gateway.server.lane
    assert isinstance(lane, Lane)
    scope = {
        "method": "POST",
        "raw_path": b"/v1/chat/completions",
        "query_string": b"",
        "headers": [(b"content-length", b"%d" % (limit + 1)), (b"authorization", b"Bearer bodhi_u_x")],
    }
    assert lane.admit(scope) is None


def test_no_endpoint_of_the_control_api_is_one_of_the_lane(gateway: Gateway) -> None:
    for path in ("/bodhi/v1/users", "/bodhi/v1/chats", "/bodhi/v1/tokens", "/livez", "/readyz"):
        assert not admits(gateway, "POST", path)
