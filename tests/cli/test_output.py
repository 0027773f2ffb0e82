import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.cli.output import day, plain, print_json, print_line, print_problem


@given(st.text())
def test_no_cell_can_steer_a_terminal(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text)) == len(text)


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"name": "Zoë"})
    out, err = capsys.readouterr()

    assert (json.loads(out), err) == ({"name": "Zoë"}, "")
    assert "Zoë" in out


def test_problems_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    print_line("result")
    print_problem("problem")

    assert capsys.readouterr() == ("result\n", "problem\n")


@pytest.mark.parametrize(("seconds", "text"), [(None, ""), (0.0, "1970-01-01"), (1_800_000_000.0, "2027-01-15")])
def test_a_day_is_in_utc(seconds: float | None, text: str) -> None:
    assert day(seconds) == text
