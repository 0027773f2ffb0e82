"""Puts the figures of a run into the documentation, between two marks: no page shows a number that nobody measured."""

import re
from collections.abc import Sequence
from pathlib import Path

from bench.figures import Row, rows
from bench.plots import Bar, Group, bar_chart
from bench.report import NOISE, page_report, ratio_text
from bench.results import LIMIT, PUBLISHED, Results

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGE = ROOT / "docs" / "performance.md"
PAGES = (README, PAGE)
IMAGES = ROOT / "docs" / "images"
BEGIN = "<!-- figures -->"
END = "<!-- end of figures -->"
_BETWEEN = re.compile(rf"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)

PLOTS = {
    "performance-cpu.svg": (
        "CPU time that a proxy takes",
        ("cpu-1k", "cpu-10k", "cpu-200k", "cpu-event-50", "cpu-event-200"),
    ),
    "performance-latency.svg": (
        "Time that a proxy adds to a call",
        ("added-p50-20", "added-p50-200", "added-p99-200", "added-p50-1000", "added-p99-1000"),
    ),
}
"""The pictures of docs/performance.md: the title of each, and the figures that it shows."""


def write_pages(results: Results, pages: Sequence[Path] = PAGES, images: Path = IMAGES) -> list[Path]:
    """Replace the figures in the pages, and the pictures; return the files that were written."""
    written = []
    for page in pages:
        text = page.read_text(encoding="utf-8")
        if _BETWEEN.search(text):
            pictured = with_figures(text, results, pictures=page.name == PAGE.name)
            page.write_text(pictured, encoding="utf-8")
            written.append(page)
    for name, text in plots(results).items():
        (images / name).write_text(text, encoding="utf-8")
        written.append(images / name)
    return written


def publish(results: Results) -> list[Path]:
    """Write the pages, and keep the raw results that they show."""
    return [*write_pages(results), results.save(PUBLISHED)]


def with_figures(text: str, results: Results, *, pictures: bool = False) -> str:
    """Return a page's text with the figures of these results in it."""
    shown = [f"![{PLOTS[name][0]}](images/{name})" for name in plots(results)] if pictures else []
    figures = f"{BEGIN}\n{page_report(results, shown)}\n{END}"
    return _BETWEEN.sub(lambda _: figures, text)


def plots(results: Results) -> dict[str, str]:
    """Return the pictures by the names of their files, without those that nothing was measured for."""
    by_name = {row.name: row for row in rows(results)}
    pictures = {}
    for file, (title, names) in PLOTS.items():
        groups = [_group(by_name[name], results.proxies) for name in names if name in by_name]
        if groups:
            pictures[file] = bar_chart(f"{title}: less is better", "microseconds", groups)
    return pictures


def _group(row: Row, proxies: Sequence[str]) -> Group:
    bars = [_bar(row, proxy) for proxy in proxies if proxy in row.values or proxy in row.notes]
    return Group(row.title.rsplit(" (", 1)[0], tuple(bars))


def _bar(row: Row, proxy: str) -> Bar:
    value = row.values.get(proxy)
    if value is None:
        return Bar(proxy, None, row.notes[proxy])
    if value <= 0:
        return Bar(proxy, None, NOISE)
    ratio = row.ratio(proxy)
    beside = "" if ratio is None or proxy == LIMIT else f" ({ratio_text(ratio)} times)"
    return Bar(proxy, value, f"{value:,.{row.digits if value < 100 else 0}f}{beside}")
