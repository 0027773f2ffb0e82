"""The time before there is an Admin."""

import pytest

from bodhi.control.access import ROWS, Access
from bodhi.core.principal import Role
from tests.fakes.control import Control


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.method} {row.path}")
async def test_only_setup_and_health_answer_before_there_is_an_admin(control: Control, row: Access) -> None:
    path = row.path.replace("{", "").replace("}", "")
    response = await control.client.request(row.method, control.url + path)

    if row.before_setup:
        assert response.headers.get("x-bodhi-error") != "setup_required"
    else:
        assert (response.status_code, response.headers["x-bodhi-error"]) == (503, "setup_required")
        assert response.headers["cache-control"] == "no-store"


async def test_a_path_that_does_not_exist_tells_nothing_before_there_is_an_admin(control: Control) -> None:
    response = await control.call("GET", "/nothing", {})

    assert response.headers["x-bodhi-error"] == "setup_required"


async def test_everything_answers_as_soon_as_there_is_an_admin(control: Control) -> None:
    assert (await control.call("GET", "/formats", {})).status_code == 503

    admin = await control.session_of("ada", Role.ADMIN)

    assert (await control.call("GET", "/formats", admin)).status_code == 200
    assert (await control.call("GET", "/formats", {})).status_code == 401
