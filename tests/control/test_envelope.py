"""What goes around every call."""

from bodhi.control.envelope import MAX_BODY
from bodhi.core.ids import new_id
from tests.fakes.control import Control, error_of


async def test_a_body_over_the_limit_is_refused(control: Control, admin: dict[str, str]) -> None:
    response = await control.call("POST", "/api-models", admin, {"name": "x" * MAX_BODY})
    assert error_of(response) == (413, "body_too_large", None)


async def test_nothing_is_cached_or_sniffed(control: Control, admin: dict[str, str]) -> None:
    for path in ["/api-models", "/nowhere"]:
        response = await control.call("GET", path, admin)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


async def test_bodies_of_chats_may_be_longer_and_no_others(control: Control) -> None:
    headers, body = await control.session_of("ada"), {"title": "x", "more": "x" * 300_000}
    chat = f"/chats/{new_id()}"
    statuses = [
        (await control.call(method, path, headers, body)).status_code
        for method, path in (
            ("POST", "/chats"),
            ("PUT", f"{chat}/messages/{new_id()}"),
            ("PATCH", chat),
            ("PATCH", "/preferences"),
        )
    ]
    assert statuses == [400, 400, 413, 413]
