"""The pictures of the docs: each is made by a test in the browser, is shown on a page, and is small."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "docs" / "pictures"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SHOWN = re.compile(r"!\[([^\]]*)\]\((?:docs/)?pictures/([^)]+)\)")
SHOT = re.compile(r'\bshot\([^,()]+, (f?)"([^"]+)"')
LARGEST = 150_000
MOST = 12


def names_of_shots() -> list[re.Pattern[str]]:
    """Return what the tests call their pictures: a text, or one in which a part differs from look to look."""
    found = []
    for path in sorted((ROOT / "tests" / "browser").glob("test_*.py")):
        for formatted, name in SHOT.findall(path.read_text(encoding="utf-8")):
            pattern = re.escape(name)
            found.append(re.compile(re.sub(r"\\\{.*?\\\}", "(?:light|dark)", pattern) if formatted else pattern))
    return found


def shown() -> dict[str, str]:
    """Return the pictures that the docs show, with their descriptions."""
    return {name: said for page in PAGES for said, name in SHOWN.findall(page.read_text(encoding="utf-8"))}


def test_every_picture_of_the_docs_is_there_and_is_described() -> None:
    assert len(shown()) > 5
    assert [name for name in shown() if not (PICTURES / name).is_file()] == []
    assert [name for name, said in shown().items() if len(said) < 10] == []


def test_every_picture_is_made_by_a_test_in_the_browser() -> None:
    shots = names_of_shots()

    assert [path.name for path in PICTURES.iterdir() if not any(shot.fullmatch(path.stem) for shot in shots)] == []
    assert [name for name in shown() if not any(shot.fullmatch(Path(name).stem) for shot in shots)] == []


def test_every_picture_is_shown_and_they_are_few_and_small() -> None:
    there = {path.name: path.stat().st_size for path in PICTURES.iterdir()}

    assert sorted(set(there) - set(shown())) == []
    assert len(there) <= MOST
    assert {name: size for name, size in there.items() if size > LARGEST} == {}
