from pathlib import Path

import pytest

from bench.pages import BEGIN, END, PAGES, with_figures, write_pages
from bench.results import Machine, Results


@pytest.fixture
def nothing_measured() -> Results:
    machine = Machine("Made-up", cores=2, kernel="6", python="3.11", load_average=0.0)
    return Results("2026-01-01T00:00:00+00:00", machine, seconds=2.0, rounds=3)


def test_figures_replace_what_stood_between_the_marks(nothing_measured: Results) -> None:
    text = with_figures(f"before\n{BEGIN}\nold\n{END}\nafter\n", nothing_measured)

    assert text.startswith(f"before\n{BEGIN}\n| figure |")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "old" not in text


def test_writing_figures_again_changes_nothing(nothing_measured: Results) -> None:
    once = with_figures(f"{BEGIN}{END}", nothing_measured)

    assert with_figures(once, nothing_measured) == once


def test_page_without_marks_is_left_alone(nothing_measured: Results, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place")

    assert write_pages(nothing_measured, (page,)) == []
    assert page.read_text() == "no place"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_have_a_place_for_figures(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text.count(BEGIN) == text.count(END) == 1
