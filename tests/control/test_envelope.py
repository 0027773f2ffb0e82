"""What goes around every call."""

from bodhi.control.envelope import MAX_BODY
from tests.fakes.control import Control, error_of


async def test_a_body_over_the_limit_is_refused(control: Control, admin: dict[str, str]) -> None:
    response = await control.call("POST", "/api-models", admin, {"name": "x" * MAX_BODY})
    assert error_of(response) == (413, "body_too_large", None)


async def test_nothing_is_cached_or_sniffed(control: Control, admin: dict[str, str]) -> None:
    for path in ["/api-models", "/nowhere"]:
        response = await control.call("GET", path, admin)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
