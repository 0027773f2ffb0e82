import gzip
import json
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from bodhi.ui.assets import Assets

PAGE = b'<!doctype html><script type="module" src="/ui/assets/index-abc.js"></script>'
SCRIPT = b"console.log(1);" * 100


@pytest.fixture
def built(tmp_path: Path) -> Path:
    files = {
        "index.html": PAGE,
        "icon.svg": b"<svg/>",
        "assets/index-abc.js": SCRIPT,
        "assets/index-abc.js.gz": gzip.compress(SCRIPT),
        "assets/inter-abc.woff2": b"wOF2",
        ".stamp": b"0123",
        ".vite/manifest.json": b"{}",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    return tmp_path


async def answer(built: Path, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("files need no request body")

    lines = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await Assets(built)({"type": "http", "method": method, "path": path, "headers": lines}, receive, send)
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


@pytest.mark.parametrize("path", ["/ui/", "/ui/models/", "/ui/models/api/edit/01ABC", "/ui/setup", "/ui/invite/"])
async def test_an_address_without_a_file_answers_the_page(built: Path, path: str) -> None:
    status, headers, body = await answer(built, path)

    assert (status, body) == (200, PAGE)
    assert headers[b"content-type"] == b"text/html; charset=utf-8"
    assert headers[b"content-length"] == str(len(PAGE)).encode()
    assert headers[b"cache-control"] == b"no-cache"


@pytest.mark.parametrize("path", ["/", "/ui"])
async def test_the_root_leads_to_the_pages(built: Path, path: str) -> None:
    status, headers, _ = await answer(built, path)

    assert (status, headers[b"location"]) == (308, b"/ui/")


@pytest.mark.parametrize(
    ("path", "content_type", "caching"),
    [
        ("/ui/icon.svg", b"image/svg+xml", b"no-cache"),
        ("/ui/assets/index-abc.js", b"text/javascript; charset=utf-8", b"public, max-age=31536000, immutable"),
        ("/ui/assets/inter-abc.woff2", b"font/woff2", b"public, max-age=31536000, immutable"),
    ],
)
async def test_only_files_named_by_their_content_are_kept_for_ever(
    built: Path, path: str, content_type: bytes, caching: bytes
) -> None:
    status, headers, _ = await answer(built, path)

    assert (status, headers[b"content-type"], headers[b"cache-control"]) == (200, content_type, caching)


@pytest.mark.parametrize(
    "path",
    ["/ui/nothing.js", "/ui/../settings.py", "/ui/.stamp", "/ui/.vite/manifest.json", "/ui/assets/index-abc.js.gz"],
)
async def test_what_is_no_file_of_the_pages_is_not_found(built: Path, path: str) -> None:
    status, _, body = await answer(built, path)

    assert status == 404
    assert b"/ui/" in body


@pytest.mark.parametrize("path", ["/", "/ui/", "/ui/assets/index-abc.js", "/ui/nothing.js"])
async def test_every_answer_forbids_what_pages_do_not_need(built: Path, path: str) -> None:
    _, headers, _ = await answer(built, path)
    policy = headers[b"content-security-policy"].decode()

    assert "script-src 'self';" in policy
    assert (
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'" in policy
    )
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert headers[b"referrer-policy"] == b"no-referrer"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "GZIP"])
async def test_a_compressed_copy_goes_to_whoever_takes_it(built: Path, accepted: str) -> None:
    _, headers, body = await answer(built, "/ui/assets/index-abc.js", accept_encoding=accepted)

    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"vary"] == b"accept-encoding"
    assert gzip.decompress(body) == SCRIPT


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "gzip; q=0.0"])
async def test_nobody_else_gets_the_compressed_copy(built: Path, accepted: str) -> None:
    _, headers, body = await answer(built, "/ui/assets/index-abc.js", accept_encoding=accepted)

    assert b"content-encoding" not in headers
    assert headers[b"vary"] == b"accept-encoding"
    assert body == SCRIPT


@pytest.mark.parametrize("path", ["/ui/", "/ui/icon.svg", "/ui/assets/index-abc.js"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', "*"])
async def test_what_the_browser_has_already_is_not_sent_again(built: Path, path: str, form: str) -> None:
    _, first, _ = await answer(built, path)
    status, headers, body = await answer(built, path, if_none_match=form.format(first[b"etag"].decode()))

    assert (status, body) == (304, b"")
    assert headers[b"etag"] == first[b"etag"]
    assert headers[b"cache-control"] == first[b"cache-control"]


async def test_each_encoding_has_its_own_tag(built: Path) -> None:
    _, plain, _ = await answer(built, "/ui/assets/index-abc.js")
    _, compressed, _ = await answer(built, "/ui/assets/index-abc.js", accept_encoding="gzip")

    assert plain[b"etag"] != compressed[b"etag"]


async def test_head_has_the_head_of_get_and_no_body(built: Path) -> None:
    _, of_get, _ = await answer(built, "/ui/")
    status, of_head, body = await answer(built, "/ui/", "HEAD")

    assert (status, of_head, body) == (200, of_get, b"")


async def test_other_methods_are_told_what_is_allowed(built: Path) -> None:
    status, headers, _ = await answer(built, "/ui/", "POST")

    assert (status, headers[b"allow"]) == (405, b"GET, HEAD")


async def test_the_version_is_the_stamp_of_the_build(built: Path) -> None:
    status, headers, body = await answer(built, "/ui/version.json")

    assert (status, json.loads(body)) == (200, {"stamp": "0123"})
    assert headers[b"cache-control"] == b"no-cache"


async def test_a_build_without_a_stamp_is_known_by_its_page(built: Path) -> None:
    (built / ".stamp").unlink()
    before = await answer(built, "/ui/version.json")
    (built / "index.html").write_bytes(PAGE + b"\n")

    assert (await answer(built, "/ui/version.json"))[2] != before[2]


@pytest.mark.parametrize("path", ["/ui/", "/ui/models/"])
async def test_a_checkout_that_was_never_built_says_how_to_build(tmp_path: Path, path: str) -> None:
    status, headers, body = await answer(tmp_path / "dist", path)

    assert status == 503
    assert b"Run: python web/build.py" in body
    assert headers[b"cache-control"] == b"no-store"


async def test_without_a_build_files_are_not_found(tmp_path: Path) -> None:
    assert (await answer(tmp_path / "dist", "/ui/assets/index-abc.js"))[0] == 404


async def test_what_is_served_stays_one_build(built: Path) -> None:
    assets = Assets(built)
    (built / "assets" / "index-abc.js").unlink()
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError("files need no request body")

    await assets({"type": "http", "method": "GET", "path": "/ui/assets/index-abc.js", "headers": []}, receive, send)

    assert sent[1]["body"] == SCRIPT
