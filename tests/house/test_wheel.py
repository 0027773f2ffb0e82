"""The wheel that people install: whole, and nothing in it runs by itself."""

import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import bodhi

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
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


def test_the_wheel_installs_only_the_package_and_runs_nothing_by_itself(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}

    assert tops == {"bodhi", f"bodhi-{bodhi.__version__}.dist-info"}
    assert not [name for name in wheel.namelist() if name.endswith((".pth", ".start"))]


def test_the_wheel_declares_the_command_and_the_license(wheel: zipfile.ZipFile) -> None:
    about = f"bodhi-{bodhi.__version__}.dist-info"

    assert "bodhi = bodhi.cli.main:main" in wheel.read(f"{about}/entry_points.txt").decode()
    assert "Apache License" in wheel.read(f"{about}/licenses/LICENSE").decode()


def test_the_package_imports_from_the_wheel_in_an_empty_environment(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    venv.create(tmp_path / "empty", with_pip=False)
    site = next((tmp_path / "empty" / "lib").glob("python3.*")) / "site-packages"
    wheel.extractall(site)
    statement = "import bodhi; print(bodhi.__version__, bodhi.__file__)"
    command = [str(tmp_path / "empty" / "bin" / "python"), "-I", "-W", "error", "-c", statement]

    answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout

    assert answer.split() == [bodhi.__version__, str(site / "bodhi" / "__init__.py")]
