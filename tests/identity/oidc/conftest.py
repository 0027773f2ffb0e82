"""Sign-in at a lying provider without HTTP in front."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bodhi.core.principal import Role
from bodhi.identity.oidc.flow import OidcSignIn
from tests.fakes.control import Control, running_control
from tests.fakes.oidc.hostile import HostileProvider, hostile_provider, oidc_config


@pytest.fixture
def hostile() -> Iterator[HostileProvider]:
    """Give a provider that lies as it is told."""
    with hostile_provider() as running:
        yield running


@pytest.fixture
async def control(tmp_path: Path, hostile: HostileProvider) -> AsyncIterator[Control]:
    """Give what sign-in stands in, with roles by claims."""
    config = oidc_config(hostile.issuer, roles={"admins": Role.ADMIN, "devs": Role.POWER_USER})
    async with running_control(tmp_path, oidc=config) as running:
        yield running


@pytest.fixture
def sign_in(control: Control) -> OidcSignIn:
    """Give sign-in itself."""
    assert control.services.oidc is not None
    return control.services.oidc
