"""What a page makes a browser load at first, compressed: the entry, the page's own part, and all that these import."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

DIST = Path(__file__).resolve().parents[2] / "src" / "bodhi" / "ui" / "dist"
KB = 1000

BUDGETS = {
    "src/pages/models/index.tsx": 160,
    "src/pages/models/form.tsx": 210,
    "src/pages/chat/index.tsx": 230,  # KaTeX and highlighting are loaded when a text needs them.
    "src/pages/usage/index.tsx": 200,
}
"""Kilobytes of JavaScript for a page."""
STYLES = 15
FONTS = 90
SHOWN_AT_ONCE = ("inter-latin-wght-normal", "jetbrains-mono-latin-wght-normal")
"""The fonts that English text needs; the browser leaves out the other alphabets by their unicode-range."""


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    path = DIST / ".vite" / "manifest.json"
    assert path.is_file(), "The web UI is not built. Run: python web/build.py"
    return dict(json.loads(path.read_text()))


def loaded_with(manifest: dict[str, Any], *chunks: str) -> dict[str, set[str]]:
    """Return the files that come with some chunks, by kind: what is imported statically, as far as that goes."""
    waiting, seen = list(chunks), set[str]()
    while waiting:
        chunk = waiting.pop()
        if chunk not in seen:
            seen.add(chunk)
            waiting += manifest[chunk].get("imports", [])
    return {
        "scripts": {manifest[chunk]["file"] for chunk in seen},
        "styles": {style for chunk in seen for style in manifest[chunk].get("css", [])},
        "assets": {asset for chunk in seen for asset in manifest[chunk].get("assets", [])},
    }


def kilobytes(files: set[str]) -> float:
    return sum(len(gzip.compress((DIST / name).read_bytes(), 9)) for name in files) / KB


@pytest.mark.parametrize("route", BUDGETS)
def test_a_page_loads_no_more_script_than_its_budget(manifest: dict[str, Any], route: str) -> None:
    used = kilobytes(loaded_with(manifest, "index.html", route)["scripts"])
    print(f"{route}: {used:.1f} of {BUDGETS[route]} KB")  # noqa: T201 # the figure, for whoever runs this with -s

    assert used <= BUDGETS[route]


@pytest.mark.parametrize("route", BUDGETS)
def test_a_page_loads_no_more_style_than_its_budget(manifest: dict[str, Any], route: str) -> None:
    assert kilobytes(loaded_with(manifest, "index.html", route)["styles"]) <= STYLES


def test_the_fonts_of_a_page_are_within_their_budget(manifest: dict[str, Any]) -> None:
    assets = loaded_with(manifest, "index.html")["assets"]
    shown = [name for name in assets if any(f"/{font}" in name for font in SHOWN_AT_ONCE)]

    assert len(shown) == len(SHOWN_AT_ONCE)
    assert sum((DIST / name).stat().st_size for name in shown) / KB <= FONTS
