"""Settings looked at together, before anything listens."""

from dataclasses import replace

import pytest

from bodhi.core.errors import StartupError
from bodhi.core.principal import Role
from bodhi.identity.oidc.config import OidcChoices, check_choices

CHOICES = OidcChoices(
    issuer="https://id.example.org/realms/main",
    client_id="bodhi",
    client_secret="secret-of-the-client",
    name="Example",
    scopes=("openid", "email"),
    role_claim="groups",
    roles=(("admins", "admin"), ("devs", "power_user")),
    default_role="guest",
    algorithms=("RS256", "EdDSA"),
    public_url="https://bodhi.example.org",
    port=1135,
)


def test_good_settings_describe_a_provider() -> None:
    config = check_choices(CHOICES)
    assert config is not None
    assert config.roles == {"admins": Role.ADMIN, "devs": Role.POWER_USER}
    assert config.redirect_uri == "https://bodhi.example.org/bodhi/v1/oidc/callback"
    assert config.algorithms == {"RS256", "EdDSA"}
    assert "secret-of-the-client" not in repr(config)


def test_without_a_public_address_the_way_back_is_this_machine() -> None:
    config = check_choices(replace(CHOICES, public_url=""))
    assert config is not None
    assert config.redirect_uri == "http://localhost:1135/bodhi/v1/oidc/callback"


def test_no_settings_describe_none() -> None:
    assert check_choices(replace(CHOICES, issuer="", client_id="", client_secret=None, roles=())) is None


def test_a_public_client_has_no_secret() -> None:
    for secret in (None, ""):
        config = check_choices(replace(CHOICES, client_secret=secret))
        assert config is not None
        assert config.client_secret is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"issuer": ""}, "BODHI_OIDC_ISSUER is missing"),
        ({"client_id": ""}, "BODHI_OIDC_CLIENT_ID is missing"),
        ({"issuer": "", "client_id": ""}, "BODHI_OIDC_ISSUER and BODHI_OIDC_CLIENT_ID are missing"),
        ({"issuer": "", "client_id": "", "roles": ()}, "are missing"),
        ({"issuer": "http://id.example.org"}, "is no issuer"),
        ({"issuer": "http://localhost.example.org"}, "is no issuer"),
        ({"issuer": "id.example.org"}, "is no issuer"),
        ({"issuer": "https://user:word@id.example.org"}, "is no issuer"),
        ({"issuer": "https://id.example.org/?realm=1"}, "is no issuer"),
        ({"issuer": "https://id.example.org/#main"}, "is no issuer"),
        ({"issuer": "https://id.example.org:99999"}, "is no issuer"),
        ({"issuer": "https://"}, "is no issuer"),
        ({"scopes": ("profile",)}, "must contain openid"),
        ({"roles": (("admins", "owner"),)}, "'owner' is not a role"),
        ({"default_role": ""}, "'' is not a role"),
        ({"algorithms": ("RS256", "none")}, "none cannot be allowed"),
        ({"algorithms": ("HS256",)}, "HS256 cannot be allowed"),
        ({"algorithms": ()}, "nothing cannot be allowed"),
        ({"public_url": "", "port": 0}, "BODHI_PUBLIC_URL is missing"),
    ],
)
def test_settings_that_contradict_each_other_keep_bodhi_from_starting(change: dict[str, object], words: str) -> None:
    with pytest.raises(StartupError, match=words) as caught:
        check_choices(replace(CHOICES, **change))  # type: ignore[arg-type] # of many types
    assert caught.value.exit_status == 2
    assert "secret-of-the-client" not in caught.value.message


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_a_provider_on_this_machine_may_do_without_https(host: str) -> None:
    assert check_choices(replace(CHOICES, issuer=f"http://{host}:8080/realms/main"))
