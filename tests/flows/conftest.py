"""Fixtures of the flows: the whole program over loopback, with a provider behind it."""

from collections.abc import Iterator

import pytest

from tests.fakes.gateway import Gateway
from tests.fakes.served import BARE_MODELS, Served
from tests.fakes.upstream import UpstreamThread


@pytest.fixture(scope="session")
def provider() -> Iterator[UpstreamThread]:
    """Give one fake upstream to all flows that only look at their own calls."""
    with UpstreamThread() as fake:
        yield fake


@pytest.fixture(scope="session")
def sdk_gateway(
    provider: UpstreamThread, tmp_path_factory: pytest.TempPathFactory, has_lane: bool
) -> Iterator[Gateway]:
    """Give a gateway with an api model for each format, bare and under prefixes."""
    with Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        for name in ("openai", "openai_responses", "anthropic", "gemini"):
            base_url, key = provider.base_url(name), f"provider-key-{name}"
            gateway.add_api_model(name, base_url, key=key, models=tuple(BARE_MODELS))
            for prefix in (f"{name}/", f"eu:{name}:"):
                gateway.add_api_model(name, base_url, key=key, models=("ok",), prefix=prefix, forward_all=True)
        gateway.add_api_model(
            "anthropic_oauth",
            provider.base_url("anthropic_oauth"),
            key="sk-ant-oat01-fake",
            prefix="oauth/",
            forward_all=True,
            extra_headers={"anthropic-beta": "oauth-2025-04-20"},
        )
        yield gateway


@pytest.fixture
def served(sdk_gateway: Gateway, provider: UpstreamThread) -> Served:
    """Point the official SDKs at that gateway, whose provider has heard nothing yet: it keeps its last calls only."""
    provider.upstream.forget()
    return Served(
        openai_url=f"{sdk_gateway.url}/v1",
        responses_url=f"{sdk_gateway.url}/v1",
        anthropic_url=sdk_gateway.url,
        gemini_url=sdk_gateway.url,
        key=sdk_gateway.token,
        upstream=provider,
    )
