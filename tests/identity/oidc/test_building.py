from bodhi.core.credential import Secret
from bodhi.core.principal import Role
from bodhi.identity.oidc.building import Built, new_sign_in
from bodhi.identity.oidc.config import OidcConfig
from tests.fakes.control import Control

CONFIG = OidcConfig(
    issuer="https://id.example.org",
    client_id="bodhi",
    client_secret=Secret("secret"),
    name="Example",
    scopes=("openid",),
    role_claim="",
    roles={},
    default_role=Role.USER,
    algorithms=frozenset({"RS256"}),
    redirect_uri="http://localhost:1135/bodhi/v1/oidc/callback",
)


async def test_building_asks_nobody_and_closes_again(control: Control) -> None:
    services = control.services
    sign_in = new_sign_in(
        CONFIG, Built(services.store, services.vault, services.audit, services.sessions, services.clock)
    )
    await sign_in.close()
