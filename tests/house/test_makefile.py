"""What the Makefile leaves to whoever runs it."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_a_python_that_somebody_chose_reaches_the_set_up() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "--eval", "chosen:; @echo $$PYTHON", "chosen"],
        cwd=ROOT, env={**os.environ, "PYTHON": "/opt/some/python3"}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert shown.stdout.strip() == "/opt/some/python3"
