import pytest

from bodhi.cli.tables import print_table


def test_a_table_shows_cells_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["Id", "Name"], [("1", "[red]x[/red] \\[bold]"), (2, None)], "none")
    out, err = capsys.readouterr()

    assert [line.split() for line in out.splitlines()] == [["Id", "Name"], ["1", "[red]x[/red]", "\\[bold]"], ["2"]]
    assert err == ""


def test_a_table_without_rows_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["Id"], [], "There is nothing.")

    assert capsys.readouterr().out == "There is nothing.\n"


def test_a_piped_row_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["Id", "Name"], [("x" * 26, "n" * 120)], "none")

    assert len(capsys.readouterr().out.splitlines()) == 2
