import re
from collections.abc import MutableMapping
from importlib.resources import files
from typing import Any

import pytest

from bodhi.control.invites import INVITE_PAGE, Acceptance, InviteSeen, Reset, ResetDone
from bodhi.control.setup import Claim, SetupState
from bodhi.control.users import RESET_PAGE
from bodhi.ui.assets import Assets


async def answer(path: str, method: str = "GET") -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("files need no request body")

    await Assets()({"type": "http", "method": method, "path": path}, receive, send)
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", b"text/html"),
        ("/ui", b"text/html"),
        ("/ui/", b"text/html"),
        ("/ui/setup", b"text/html"),
        ("/ui/icon.svg", b"image/svg+xml"),
        ("/ui/setup.js", b"text/javascript"),
        ("/ui/invite", b"text/html"),
        ("/ui/invite/", b"text/html"),
        ("/ui/invite.js", b"text/javascript"),
        ("/ui/password-reset", b"text/html"),
        ("/ui/password-reset/", b"text/html"),
        ("/ui/reset.js", b"text/javascript"),
    ],
)
async def test_a_page_is_served_with_its_type_and_length(path: str, content_type: bytes) -> None:
    status, headers, body = await answer(path)

    assert status == 200
    assert headers[b"content-type"].startswith(content_type)
    assert headers[b"content-length"] == str(len(body)).encode() != b"0"


@pytest.mark.parametrize("path", ["/", "/ui/nothing", "/ui/../settings.py"])
async def test_every_answer_forbids_what_pages_do_not_need(path: str) -> None:
    _, headers, _ = await answer(path)

    assert b"default-src 'none'" in headers[b"content-security-policy"]
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"cache-control"] == b"no-cache"


@pytest.mark.parametrize("path", ["/ui/nothing", "/ui/../settings.py", "/ui/setup.html/"])
async def test_what_is_no_page_is_not_found(path: str) -> None:
    status, _, body = await answer(path)

    assert status == 404
    assert b"/ui/" in body


async def test_head_has_the_head_of_get_and_no_body() -> None:
    _, of_get, _ = await answer("/ui/")
    status, of_head, body = await answer("/ui/", "HEAD")

    assert (status, of_head, body) == (200, of_get, b"")


async def test_other_methods_are_told_what_is_allowed() -> None:
    status, headers, _ = await answer("/ui/", "POST")

    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")


async def test_no_page_loads_anything_from_elsewhere() -> None:
    paths = (
        "/ui/",
        "/ui/setup.js",
        "/ui/setup.css",
        "/ui/invite/",
        "/ui/invite.js",
        "/ui/password-reset/",
        "/ui/reset.js",
    )
    for path in paths:
        _, _, body = await answer(path)
        assert not re.search(rb"""(src|href|action)=["']?(https?:)?//|url\(["']?(https?:)?//|import .*//""", body)


def test_the_setup_page_and_the_control_api_name_the_same_fields() -> None:
    pages = files("bodhi.ui") / "pages"
    script, form = (pages / "setup.js").read_text(), (pages / "setup.html").read_text()

    assert set(re.findall(r"\bstate\.(\w+)", script)) == set(SetupState.model_fields)
    assert {"bearer", *re.findall(r'<input name="(\w+)"', form)} == set(Claim.model_fields)


def test_the_page_of_an_invite_and_the_control_api_name_the_same_fields() -> None:
    pages = files("bodhi.ui") / "pages"
    script, form = (pages / "invite.js").read_text(), (pages / "invite.html").read_text()

    assert set(re.findall(r"\binvite\.(\w+)", script)) == set(InviteSeen.model_fields)
    assert {"code", "bearer", *re.findall(r'<input name="(\w+)"', form)} == set(Acceptance.model_fields)


def test_the_page_for_a_new_password_and_the_control_api_name_the_same_fields() -> None:
    pages = files("bodhi.ui") / "pages"
    script, form = (pages / "reset.js").read_text(), (pages / "reset.html").read_text()

    assert set(re.findall(r"\bbody\.(\w+)", script)) == set(ResetDone.model_fields)
    assert {"code", *re.findall(r'<input name="(\w+)"', form)} == set(Reset.model_fields)


@pytest.mark.parametrize("path", [INVITE_PAGE, RESET_PAGE])
async def test_a_page_that_links_lead_to_has_no_script_or_style_of_its_own(path: str) -> None:
    _, headers, body = await answer(path)

    assert not re.search(rb"<style|style=|<script>|<script [^>]*>[^<]|\son\w+=", body)
    assert headers[b"referrer-policy"] == b"no-referrer"


@pytest.mark.parametrize("name", ["invite.js", "reset.js"])
def test_a_code_leaves_the_address_bar_and_never_enters_a_url(name: str) -> None:
    script = (files("bodhi.ui") / "pages" / name).read_text()

    assert 'history.replaceState(null, "", location.pathname)' in script
    assert not re.search(r"\$\{code\}|innerHTML|localStorage|sessionStorage|console\.", script)
