from dataclasses import asdict, fields, replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from bodhi.core.errors import StartupError
from bodhi.settings import SETTINGS, Settings, Source, effective, read_settings

BAD_VALUES = {
    "BODHI_PORT": ["-1", "65536", "http", ""],
    "BODHI_BEHIND_TLS_PROXY": ["maybe"],
    "BODHI_PRIVATE_NETWORKS": ["2"],
    "BODHI_MAX_BODY_BYTES": ["0", "64MB"],
    "BODHI_CONNECT_TIMEOUT": ["0", "-1", "nan", "inf", "soon"],
    "BODHI_LOG_LEVEL": ["loud"],
    "BODHI_HOME": ["", " ", "~nobody-of-that-name/x"],
    "BODHI_ENCRYPTION_KEY_FILE": ["~nobody-of-that-name/x"],
    "BODHI_MAX_CONNECTIONS": ["-5", "1.5"],
    "BODHI_DRAIN_TIMEOUT": ["86401"],
    "BODHI_WORKERS": ["0", "-1", "many", "65"],
    "BODHI_USAGE_DAYS": ["-1", "36501", "a year"],
    "BODHI_AUDIT_DAYS": ["-1", "36501", "a year"],
    "BODHI_OIDC_ROLES": ["admins", "=admin", "admins=", "admins=admin,devs"],
}


READ = {
    "BODHI_HOST": ("::1", "host", "::1"),
    "BODHI_PORT": ("0", "port", 0),
    "BODHI_HOME": ("/srv/bodhi", "home", Path("/srv/bodhi")),
    "BODHI_DATABASE_URL": ("postgresql://u:p@h/d", "database_url", "postgresql://u:p@h/d"),
    "BODHI_ENCRYPTION_KEY": ("a2V5", "encryption_key", "a2V5"),
    "BODHI_ENCRYPTION_KEY_FILE": ("/run/key", "encryption_key_file", Path("/run/key")),
    "BODHI_ALLOWED_HOSTS": (" A.example ,,b", "allowed_hosts", ("a.example", "b")),
    "BODHI_BEHIND_TLS_PROXY": ("Yes", "behind_tls_proxy", True),
    "BODHI_PRIVATE_NETWORKS": ("off", "private_networks", False),
    "BODHI_MAX_BODY_BYTES": ("1", "max_body_bytes", 1),
    "BODHI_DROPPED_HEADERS": ("OpenAI-Organization", "dropped_headers", ("openai-organization",)),
    "BODHI_CONNECT_TIMEOUT": ("0.5", "connect_timeout", 0.5),
    "BODHI_FIRST_BYTE_TIMEOUT": ("5", "first_byte_timeout", 5.0),
    "BODHI_IDLE_TIMEOUT": ("6", "idle_timeout", 6.0),
    "BODHI_TOTAL_TIMEOUT": ("7", "total_timeout", 7.0),
    "BODHI_WRITE_TIMEOUT": ("8", "write_timeout", 8.0),
    "BODHI_MAX_CONNECTIONS": ("9", "max_connections", 9),
    "BODHI_WORKERS": ("2", "workers", 2),
    "BODHI_DRAIN_TIMEOUT": ("86400", "drain_timeout", 86_400.0),
    "BODHI_LOG_LEVEL": ("WARNING", "log_level", "warning"),
    "BODHI_PUBLIC_URL": ("https://bodhi.example/", "public_url", "https://bodhi.example"),
    "BODHI_TRUSTED_PROXIES": ("10.0.0.0/8, ::1", "trusted_proxies", (ip_network("10.0.0.0/8"), ip_network("::1"))),
    "BODHI_USAGE_DAYS": ("0", "usage_days", 0),
    "BODHI_AUDIT_DAYS": ("365", "audit_days", 365),
    "BODHI_OIDC_ISSUER": (" https://id.example/ ", "oidc_issuer", "https://id.example/"),
    "BODHI_OIDC_CLIENT_ID": ("Bodhi", "oidc_client_id", "Bodhi"),
    "BODHI_OIDC_CLIENT_SECRET": ("s=c,r t ", "oidc_client_secret", "s=c,r t"),
    "BODHI_OIDC_NAME": ("Our Login", "oidc_name", "Our Login"),
    "BODHI_OIDC_SCOPES": ("openid, email  groups", "oidc_scopes", ("openid", "email", "groups")),
    "BODHI_OIDC_ROLE_CLAIM": ("realm_access.roles", "oidc_role_claim", "realm_access.roles"),
    "BODHI_OIDC_ROLES": ("CN=Ops=Admin, devs = user", "oidc_roles", (("CN=Ops", "admin"), ("devs", "user"))),
    "BODHI_OIDC_DEFAULT_ROLE": ("user", "oidc_default_role", "user"),
    "BODHI_OIDC_ALGORITHMS": ("RS256 EdDSA", "oidc_algorithms", ("RS256", "EdDSA")),
}
"""Variable to a text, the field that it sets, and its value."""


def test_every_variable_is_tried_here() -> None:
    assert set(READ) == {setting.env_name for setting in SETTINGS}


@pytest.mark.parametrize("name", READ)
def test_a_variable_sets_its_field_and_nothing_else(name: str) -> None:
    text, field, value = READ[name]
    settings, default = read_settings({name: text}), read_settings({})

    assert getattr(settings, field) == value
    changed = [each.name for each in fields(Settings) if getattr(settings, each.name) != getattr(default, each.name)]
    assert changed == [field, "sources"]
    assert settings.sources == {field: Source.ENVIRONMENT}


def test_every_setting_has_its_own_name_and_a_sentence() -> None:
    names = [setting.env_name for setting in SETTINGS]

    assert len(names) == len(set(names)) == len(fields(Settings)) - 1
    assert all(name.startswith("BODHI_") for name in names)
    assert all(setting.doc.endswith(".") for setting in SETTINGS)


def test_the_defaults_are_what_the_docs_say() -> None:
    settings = read_settings({})

    assert (settings.host, settings.port) == ("127.0.0.1", 1135)
    assert settings.home == Path("~/.bodhi").expanduser()
    assert settings.max_body_bytes == 64 * 1024 * 1024
    assert settings.private_networks
    assert not settings.behind_tls_proxy
    assert settings.encryption_key_file is None


def test_variables_are_read_and_options_replace_them() -> None:
    environment = {"BODHI_PORT": "8080", "BODHI_HOST": "0.0.0.0", "BODHI_ALLOWED_HOSTS": "A.example, b.example,"}

    settings = read_settings(environment, port=0, host=None)

    assert (settings.host, settings.port) == ("0.0.0.0", 0)
    assert settings.allowed_hosts == ("a.example", "b.example")


def test_the_environment_is_the_processs_own_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODHI_PORT", "4711")

    assert read_settings().port == 4711


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD_VALUES.items() for text in texts])
def test_a_bad_value_stops_the_start_and_names_the_variable(name: str, text: str) -> None:
    with pytest.raises(StartupError) as caught:
        read_settings({name: text})

    assert name in caught.value.message
    assert caught.value.exit_status == 2


def test_secrets_are_not_in_the_repr() -> None:
    environment = {
        "BODHI_ENCRYPTION_KEY": "canary-key",
        "BODHI_DATABASE_URL": "postgresql://u:canary@h/d",
        "BODHI_OIDC_CLIENT_SECRET": "canary-of-a-client",
    }

    assert "canary" not in repr(read_settings(environment))


def test_timeouts_of_upstream_calls_come_from_the_settings() -> None:
    timeouts = read_settings({"BODHI_CONNECT_TIMEOUT": "1.5", "BODHI_WRITE_TIMEOUT": "7"}).timeouts

    assert (timeouts.connect, timeouts.first_byte, timeouts.idle) == (1.5, 600.0, 300.0)
    assert (timeouts.total, timeouts.write_stall) == (3600.0, 7.0)


def test_each_effective_value_names_its_source_and_no_secret() -> None:
    environment = {
        "BODHI_HOST": "127.0.0.1",
        "BODHI_PORT": "8080",
        "BODHI_DATABASE_URL": "postgresql://u:canary@h/d",
        "BODHI_OIDC_CLIENT_SECRET": "canary-of-a-client",
        "BODHI_OIDC_ROLES": "admins=Admin, devs=user",
        "BODHI_TRUSTED_PROXIES": "10.0.0.0/8",
    }
    shown = effective(read_settings(environment, port=0, home=Path("/srv/bodhi")))
    assert [each.env for each in shown] == [each.env_name for each in SETTINGS]
    assert all(each.group and each.doc for each in shown)
    assert "canary" not in repr(shown)
    assert {each.name: (each.value, each.source.value) for each in shown if each.source is not Source.DEFAULT} == {
        "host": ("127.0.0.1", "environment"),
        "port": ("0", "command line"),
        "home": ("/srv/bodhi", "command line"),
        "database_url": ("set", "environment"),
        "encryption_key": ("set", "file"),
        "oidc_client_secret": ("set", "environment"),
        "oidc_roles": ("admins=admin,devs=user", "environment"),
        "trusted_proxies": ("10.0.0.0/8", "environment"),
    }
    values = {each.name: (each.value, each.default) for each in shown}
    assert values["connect_timeout"] == ("10", "10")
    assert values["behind_tls_proxy"] == ("false", "false")
    assert values["oidc_scopes"] == ("openid,profile,email", "openid profile email")
    assert values["allowed_hosts"] == (None, None)


def test_a_root_key_in_a_variable_is_shown_as_set_there() -> None:
    shown = {each.name: each for each in effective(read_settings({"BODHI_ENCRYPTION_KEY": "canary"}))}
    assert (shown["encryption_key"].value, shown["encryption_key"].source) == ("set", Source.ENVIRONMENT)


def test_settings_from_elsewhere_are_still_settings() -> None:
    made = read_settings({"BODHI_PORT": "0"})
    assert replace(made, sources={}) == made
    assert "sources" not in repr(made)
    assert asdict(made)["port"] == 0
