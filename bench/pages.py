"""Puts the figures of a run into the documentation, between two marks: no page shows a number that nobody measured."""

import re
from pathlib import Path

from bench.report import ratio_report
from bench.results import Results

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", ROOT / "docs" / "performance.md")
BEGIN = "<!-- figures -->"
END = "<!-- end of figures -->"
_BETWEEN = re.compile(rf"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)


def write_pages(results: Results, pages: tuple[Path, ...] = PAGES) -> list[Path]:
    """Replace the figures in the pages and return those that have a place for them."""
    written = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        if _BETWEEN.search(text):
            page.write_text(with_figures(text, results), encoding="utf-8")
            written.append(page)
    return written


def with_figures(text: str, results: Results) -> str:
    """Return a page's text with the figures of these results in it."""
    figures = f"{BEGIN}\n{ratio_report(results)}\n{END}"
    return _BETWEEN.sub(lambda _: figures, text)
