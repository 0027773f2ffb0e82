"""Exports as JSON Lines or CSV, written batch by batch as the store gives them. Which rows, and for whom: elsewhere."""

import csv
import io
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from fastapi.responses import StreamingResponse

Row = Mapping[str, Any]


class ExportFormat(StrEnum):
    """In which form an export is written."""

    JSONL = "jsonl"
    """One JSON object a line (jsonlines.org)."""
    CSV = "csv"
    """Comma-separated values with one line of names (RFC 4180)."""


CONTENT_TYPES: Mapping[ExportFormat, str] = {
    ExportFormat.JSONL: "application/x-ndjson",
    ExportFormat.CSV: "text/csv; charset=utf-8; header=present",
}
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a cell that begins so for a formula, and runs it (owasp.org, CSV Injection)."""


async def stream_export(
    export_format: ExportFormat, columns: Sequence[str], batches: AsyncIterator[Sequence[Row]], *, name: str = "export"
) -> StreamingResponse:
    """Answer with a file of many rows. The first batch is read before, so that an outage is still a clean error.

    A later failure breaks the transfer off, which the client sees; a short file never looks whole.

    Args:
        export_format: how to write it.
        columns: the names of the values, in their order.
        batches: the rows; each holds the columns, and its values are what JSON has.
        name: of the file, without its ending.
    """
    first = await anext(batches, None)

    async def written() -> AsyncIterator[str]:
        yield write_head(export_format, columns) + write_rows(export_format, columns, first or [])
        async for batch in batches:
            yield write_rows(export_format, columns, batch)

    headers = {"content-disposition": f'attachment; filename="{name}.{export_format.value}"'}
    return StreamingResponse(written(), media_type=CONTENT_TYPES[export_format], headers=headers)


def write_head(export_format: ExportFormat, columns: Sequence[str]) -> str:
    """Write what comes before the first row."""
    return _csv([columns]) if export_format is ExportFormat.CSV else ""


def write_rows(export_format: ExportFormat, columns: Sequence[str], rows: Iterable[Row]) -> str:
    """Write rows, each ended by its line break."""
    if export_format is ExportFormat.CSV:
        return _csv([_cell(row[column]) for column in columns] for row in rows)
    return "".join(
        json.dumps({column: row[column] for column in columns}, ensure_ascii=False, separators=(",", ":")) + "\n"
        for row in rows
    )


def _csv(lines: Iterable[Iterable[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue()


def _cell(value: object) -> str:
    """Write one value for a spreadsheet: null as nothing, lists and objects as JSON, no text as a formula."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_STARTS) else value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
