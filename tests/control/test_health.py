"""Liveness and readiness."""

from tests.fakes.control import Control


async def test_health_is_open_to_anybody_and_says_one_word(control: Control) -> None:
    for path in ["/livez", "/readyz", "/bodhi/v1/health"]:
        response = await control.client.get(control.url + path)
        assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_while_the_store_is_out_the_process_is_degraded_but_ready(control: Control) -> None:
    control.services.directory.stale_since = 1.0
    response = await control.client.get(f"{control.url}/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "degraded"})


async def test_before_anything_is_loaded_the_process_lives_but_is_not_ready(control: Control) -> None:
    control.services.directory._snapshot = None
    assert (await control.client.get(f"{control.url}/livez")).status_code == 200
    assert (await control.client.get(f"{control.url}/readyz")).status_code == 503
