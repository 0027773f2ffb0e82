"""What the commands print: lines for people, JSON for programs, problems on standard error. Tables are `tables`'."""

import json
import sys
from datetime import UTC, datetime
from typing import Any


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


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
