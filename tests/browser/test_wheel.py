"""The wheel in an empty environment, on a path without Node.js: it serves its own pages, and a browser opens them."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from tests.browser.watching import Watch

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".tools" / "uv" / "bin" / "uv"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel by itself; what it depends on comes from the packages of the tests, but Bodhi does not."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    settings = {**os.environ, "BODHI_SKIP_UI_BUILD": "1"}
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=50, env=settings)
    empty = folder / "empty"
    venv.create(empty, with_pip=False)
    install = [str(UV), "pip", "install", "--offline", "--no-index", "--no-deps", "--python", str(empty)]
    subprocess.run([*install, *map(str, folder.glob("*.whl"))], check=True, capture_output=True, timeout=50)
    site = next((empty / "lib").glob("python3.*")) / "site-packages"
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return empty


@pytest.fixture
def gateway(environment: Path, tmp_path: Path) -> Iterator[SimpleNamespace]:
    """Run the installed command instead of the checkout's gateway, as the rest of the harness sees it."""
    programs = environment / "bin"
    assert not (programs / "node").exists()
    command = [str(programs / "bodhi"), "serve", "--port", "0", "--home", str(tmp_path / "home")]
    with subprocess.Popen(command, env={"PATH": str(programs)}, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as run:
        assert run.stdout is not None
        ready = re.search(r"http://localhost:\d+", run.stdout.readline())
        run.stdout.readline()
        setup = re.search(r"http://\S+/ui/setup#code=(\S+)", run.stdout.readline())
        try:
            assert ready is not None
            assert setup is not None
            yield SimpleNamespace(
                url=ready[0], setup=setup[0], code=setup[1], secrets=[], application=SimpleNamespace(sent=[])
            )
        finally:
            run.terminate()


def test_an_installed_wheel_opens_its_setup_page(stranger: Page, gateway: SimpleNamespace, watch: Watch) -> None:
    watch.allow_status(401, 503)
    stranger.goto(gateway.setup)

    expect(stranger.get_by_role("heading", name="Create the admin account")).to_be_visible()
    expect(stranger).not_to_have_url(re.compile(re.escape(gateway.code)))
    stamp = stranger.request.get("/ui/version.json").json()["stamp"]
    assert stamp == (ROOT / "src" / "bodhi" / "ui" / "dist" / ".stamp").read_text()
