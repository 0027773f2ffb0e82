"""The one error body."""

import httpx2
import pytest
from fastapi import FastAPI

from bodhi.control.errors import add_error_handlers
from bodhi.core.errors import Overloaded
from tests.fakes.control import Control, error_of


async def test_unknown_paths_and_methods_have_the_one_error_body(control: Control, admin: dict[str, str]) -> None:
    assert error_of(await control.call("GET", "/nowhere", admin)) == (404, "endpoint_not_found", None)
    refused = await control.call("PUT", "/tokens", admin)
    assert error_of(refused) == (405, "method_not_allowed", None)
    assert refused.headers["allow"]
    assert error_of(await control.call("GET", "/docs", admin))[0] == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff", b"null", b"1" * 5000, b"[" * 100_000])
async def test_what_is_no_json_object_is_refused(control: Control, admin: dict[str, str], body: bytes) -> None:
    headers = {**admin, "content-type": "application/json"}
    response = await control.client.post(f"{control.url}/bodhi/v1/api-models", headers=headers, content=body)
    assert error_of(response) == (400, "invalid_json", None)


async def test_a_store_outage_is_a_503(control: Control, admin: dict[str, str]) -> None:
    async with control.store.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE tokens RENAME TO elsewhere")
    assert error_of(await control.call("GET", "/tokens", admin)) == (503, "store_unavailable", None)


async def test_a_fault_of_ours_tells_the_caller_nothing_about_itself() -> None:
    app = FastAPI()
    add_error_handlers(app)

    @app.get("/fault")
    async def fault() -> None:
        raise ZeroDivisionError("secret-canary")

    @app.get("/busy")
    async def busy() -> None:
        raise Overloaded(retry_after=7)

    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/fault")
        assert error_of(response) == (500, "internal_error", None)
        assert "canary" not in response.text
        response = await client.get("/busy")
        assert (error_of(response)[0], response.headers["retry-after"]) == (503, "7")
