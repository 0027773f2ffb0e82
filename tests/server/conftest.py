import pytest


@pytest.fixture(scope="session", params=[True, False], ids=["uvloop", "asyncio"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Run every coroutine test here on both loops: their transports differ in closing, resetting and half-closing."""
    return ("asyncio", {"use_uvloop": request.param})
