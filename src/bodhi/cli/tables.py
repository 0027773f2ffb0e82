"""Tables for people, on a terminal or in a pipe."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bodhi.cli.output import plain, print_line

PIPED_WIDTH = 200
"""Columns where nobody looks at a terminal, so that a line stays a line."""


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
