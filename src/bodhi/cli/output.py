"""What the commands print: tables for people, JSON for programs, problems on standard error."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 200
"""Columns where nobody looks at a terminal, so that a line stays a line."""


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> None:
    """Print rows as a table, or a sentence where there are none."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column.endswith("Id"))
    count = 0
    for row in rows:
        count += 1
        # As `Text`, since a string would be searched for markup.
        table.add_row(*(Text(plain(cell)) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    if count:
        console.print(table)
    else:
        print_line(empty)


def print_line(text: str) -> None:
    """Print one line on standard output, as it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_problem(text: str) -> None:
    """Print what went wrong on standard error."""
    sys.stderr.write(text + "\n")


def plain(cell: object) -> str:
    """Write a cell so that no control character in it has an effect."""
    text = "" if cell is None else str(cell)
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def day(seconds: float | None) -> str:
    """Write a time as a day in UTC, or nothing."""
    return "" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
