"""The C programs of the bench: compiled when their sources are newer than what is there.

What they do stands at the top of `mock.c` and `load.c`.
"""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parent
BUILD = SOURCES / "build"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")


class CannotRun(Exception):
    """Something that the bench needs is missing or does not start; the text says what to do."""


@dataclass(frozen=True)
class Programs:
    """Where the compiled programs are."""

    mock: Path
    load: Path


def build_programs(folder: Path = BUILD) -> Programs:
    """Compile what is missing or older than its source."""
    folder.mkdir(exist_ok=True)
    return Programs(mock=_compiled("mock", folder), load=_compiled("load", folder))


def _compiled(name: str, folder: Path) -> Path:
    program = folder / name
    sources = (SOURCES / f"{name}.c", SOURCES / "wire.h")
    if program.exists() and all(program.stat().st_mtime > source.stat().st_mtime for source in sources):
        return program
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise CannotRun("The bench needs a C compiler: apt-get install gcc libc6-dev")
    command = [compiler, *FLAGS, "-o", str(program), str(sources[0])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotRun(f"{name}.c does not compile:\n{done.stderr}")
    return program
