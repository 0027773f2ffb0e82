"""The effective settings over HTTP."""

from dataclasses import asdict
from pathlib import Path

import pytest

from bodhi import __version__
from bodhi.app import build
from bodhi.core.principal import Role
from bodhi.home import open_home
from bodhi.settings import SETTINGS, effective, read_settings
from tests.fakes.control import Control, error_of, running_control

ENVIRONMENT = {"BODHI_PORT": "8080", "BODHI_OIDC_CLIENT_SECRET": "canary-of-a-client"}


async def test_admins_see_each_setting_and_where_it_comes_from(tmp_path: Path) -> None:
    settings = tuple(asdict(each) for each in effective(read_settings(ENVIRONMENT, host="::1")))
    async with running_control(tmp_path, settings=settings) as control:
        admin = await control.session_of("ada")
        response = await control.call("GET", "/settings", admin)
        body = response.json()
        assert "canary" not in response.text
        assert body["version"] == __version__
        assert body["policies"] == {"capture": (await control.call("GET", "/capture", admin)).json()}
    assert [each["env"] for each in body["data"]] == [setting.env_name for setting in SETTINGS]
    shown = {each.pop("name"): each for each in body["data"]}
    assert shown["host"] == {
        "env": "BODHI_HOST", "group": "Network", "value": "::1", "default": "127.0.0.1", "source": "command line",
        "restart": True,
        "doc": "Address to listen on. Beyond loopback it needs an Admin and `BODHI_BEHIND_TLS_PROXY`.",
    }  # fmt: skip
    assert (shown["port"]["value"], shown["port"]["source"]) == ("8080", "environment")
    assert (shown["oidc_client_secret"]["value"], shown["oidc_client_secret"]["default"]) == ("set", None)
    assert (shown["encryption_key"]["value"], shown["encryption_key"]["source"]) == ("set", "file")
    assert (shown["log_level"]["value"], shown["log_level"]["source"]) == ("info", "default")


@pytest.mark.usefixtures("admin")
async def test_nobody_but_admins_sees_them(control: Control) -> None:
    manager = await control.session_of("eve", Role.MANAGER)
    assert error_of(await control.call("GET", "/settings", manager)) == (403, "role_too_low", None)


async def test_a_built_server_shows_the_settings_it_was_built_with(tmp_path: Path) -> None:
    opened = await open_home(read_settings({"BODHI_IDLE_TIMEOUT": "7"}, home=tmp_path / "home"))
    try:
        server = await build(opened)
        shown = {each["name"]: each for each in server.services.settings}
        server.services.passwords.close()
        await server.upstream.close()
    finally:
        await opened.close()
    assert (shown["idle_timeout"]["value"], shown["idle_timeout"]["source"]) == ("7", "environment")
    assert (shown["home"]["value"], shown["home"]["source"]) == (str(tmp_path / "home"), "command line")
