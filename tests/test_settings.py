from dataclasses import fields
from pathlib import Path

import pytest

from bodhi.core.errors import StartupError
from bodhi.settings import SETTINGS, Settings, read_settings

BAD_VALUES = {
    "BODHI_PORT": ["-1", "65536", "http", ""],
    "BODHI_BEHIND_TLS_PROXY": ["maybe"],
    "BODHI_PRIVATE_NETWORKS": ["2"],
    "BODHI_MAX_BODY_BYTES": ["0", "64MB"],
    "BODHI_CONNECT_TIMEOUT": ["0", "-1", "nan", "inf", "soon"],
    "BODHI_LOG_LEVEL": ["loud"],
}


def test_every_setting_has_its_own_name_and_a_sentence() -> None:
    names = [setting.env_name for setting in SETTINGS]

    assert len(names) == len(set(names)) == len(fields(Settings))
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
    environment = {"BODHI_ENCRYPTION_KEY": "canary-key", "BODHI_DATABASE_URL": "postgresql://u:canary@h/d"}

    assert "canary" not in repr(read_settings(environment))


def test_timeouts_of_upstream_calls_come_from_the_settings() -> None:
    timeouts = read_settings({"BODHI_CONNECT_TIMEOUT": "1.5", "BODHI_WRITE_TIMEOUT": "7"}).timeouts

    assert (timeouts.connect, timeouts.first_byte, timeouts.idle) == (1.5, 600.0, 300.0)
    assert (timeouts.total, timeouts.write_stall) == (3600.0, 7.0)
