"""Checked-in files that the code writes are current; the message says which command writes them anew."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_openapi_document_is_current(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("bodhi")), "openapi"]
    environment = {"PATH": "/usr/bin:/bin", "BODHI_HOME": str(tmp_path)}
    written = subprocess.run(command, capture_output=True, check=True, env=environment, timeout=50).stdout
    checked_in = (ROOT / "docs" / "openapi.json").read_bytes()

    assert checked_in == written, "run: .venv/bin/bodhi openapi > docs/openapi.json"


def test_writing_the_openapi_document_touches_no_home(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("bodhi")), "openapi"]
    environment = {"PATH": "/usr/bin:/bin", "BODHI_HOME": str(tmp_path / "home")}
    subprocess.run(command, capture_output=True, check=True, env=environment, timeout=50)

    assert not (tmp_path / "home").exists()
