from pathlib import Path

import pytest

from bench.pages import BEGIN, END, IMAGES, PAGE, PAGES, PLOTS, plots, with_figures, write_pages
from bench.results import PUBLISHED, Results, load_results
from tests.bench.made_up import results, window


@pytest.fixture
def nothing_measured() -> Results:
    return results()


def test_figures_replace_what_stood_between_the_marks(nothing_measured: Results) -> None:
    text = with_figures(f"before\n{BEGIN}\nold\n{END}\nafter\n", nothing_measured)

    assert text.startswith(f"before\n{BEGIN}\n| figure")
    assert text.endswith(f"\n{END}\nafter\n")
    assert "old" not in text


def test_writing_figures_again_changes_nothing(nothing_measured: Results) -> None:
    once = with_figures(f"{BEGIN}{END}", nothing_measured)

    assert with_figures(once, nothing_measured) == once


def test_page_without_marks_is_left_alone(nothing_measured: Results, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place")

    assert write_pages(nothing_measured, (page,), tmp_path) == []
    assert page.read_text() == "no place"


def test_page_shows_the_pictures_that_were_written(tmp_path: Path) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"{BEGIN}{END}")
    found = results(window("json-1k", "nginx", cpu=0.02), window("json-1k", "bodhi", cpu=0.05))

    written = write_pages(found, (page,), tmp_path)

    assert written == [page, tmp_path / "performance-cpu.svg"]
    assert "(images/performance-cpu.svg)" in page.read_text()


def test_picture_says_value_and_ratio() -> None:
    found = results(
        window("json-1k", "nginx", cpu=0.02),
        window("json-1k", "bodhi", cpu=0.05),
        window("json-1k", "litellm", answers=0),
        peers=("litellm",),
    )

    picture = plots(found)["performance-cpu.svg"]

    assert "nginx 20.0, bodhi 50.0 (2.50 times), litellm too slow" in picture


def test_pictures_are_of_performance() -> None:
    assert all(name.startswith("performance-") for name in PLOTS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_have_a_place_for_figures(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text.count(BEGIN) == text.count(END) == 1


def test_pages_show_the_results_that_are_kept_with_them() -> None:
    found = load_results(PUBLISHED)

    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert with_figures(text, found, pictures=page == PAGE) == text, "run: make bench ARGS='--from ... --pages'"
    for name, picture in plots(found).items():
        assert (IMAGES / name).read_text(encoding="utf-8") == picture
