"""Exports: what spreadsheets and programs get."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.control.exports import ExportFormat, Row, stream_export, write_head, write_rows
from bodhi.core.errors import StoreUnavailable

COLUMNS = ("id", "value")


async def batches(*given_batches: Sequence[Row]) -> AsyncIterator[Sequence[Row]]:
    for each in given_batches:
        yield each


async def text_of(export_format: ExportFormat, *given_batches: Sequence[Row]) -> str:
    response = await stream_export(export_format, COLUMNS, batches(*given_batches), name="usage")
    return "".join([str(chunk) async for chunk in response.body_iterator])


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("export_format", "content_type"),
    [(ExportFormat.JSONL, "application/x-ndjson"), (ExportFormat.CSV, "text/csv; charset=utf-8; header=present")],
)
async def test_the_answer_says_what_it_is_and_is_saved_not_shown(
    export_format: ExportFormat, content_type: str
) -> None:
    response = await stream_export(export_format, COLUMNS, batches(), name="usage")
    assert response.headers["content-type"] == content_type
    assert response.headers["content-disposition"] == f'attachment; filename="usage.{export_format.value}"'


async def test_every_batch_is_written_in_the_order_of_the_columns() -> None:
    given_batches: list[list[Row]] = [
        [{"value": 1, "id": "a"}, {"value": None, "id": "b"}],
        [{"value": True, "id": "c", "other": 1}],
    ]
    assert cells(await text_of(ExportFormat.CSV, *given_batches)) == [
        ["id", "value"],
        ["a", "1"],
        ["b", ""],
        ["c", "true"],
    ]
    lines = (await text_of(ExportFormat.JSONL, *given_batches)).splitlines()
    assert lines[0] == '{"id":"a","value":1}'
    assert [json.loads(line)["value"] for line in lines] == [1, None, True]


async def test_an_empty_export_is_its_head_alone() -> None:
    assert await text_of(ExportFormat.CSV) == "id,value\r\n"
    assert await text_of(ExportFormat.JSONL) == ""


async def test_an_outage_at_the_beginning_is_an_error_before_the_first_byte() -> None:
    async def failing(*numbers: int) -> AsyncIterator[Sequence[Row]]:
        for number in numbers:
            if number == 0:
                raise StoreUnavailable
            yield []

    with pytest.raises(StoreUnavailable):
        await stream_export(ExportFormat.CSV, COLUMNS, failing(0))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(start: str) -> None:
    written = write_rows(ExportFormat.CSV, COLUMNS, [{"id": f'{start}HYPERLINK("x")', "value": -5}])
    assert cells(written) == [[f'\'{start}HYPERLINK("x")', "-5"]]


@given(st.lists(st.tuples(st.text(), st.none() | st.integers() | st.text() | st.dictionaries(st.text(), st.text()))))
def test_any_rows_read_back_from_both_forms(rows: list[tuple[str, object]]) -> None:
    given_rows = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    lines = write_rows(ExportFormat.JSONL, COLUMNS, given_rows).split("\n")[:-1]
    assert [json.loads(line) for line in lines] == given_rows
    table = cells(write_head(ExportFormat.CSV, COLUMNS) + write_rows(ExportFormat.CSV, COLUMNS, given_rows))
    assert [len(row) for row in table] == [2] * (len(rows) + 1)
    assert [row[0].removeprefix("'") for row in table[1:]] == [text.removeprefix("'") for text, _ in rows]
