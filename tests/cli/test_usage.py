"""`bodhi usage`."""

import csv
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from bodhi.core.usage import UsageRecord
from bodhi.storage.usage import COLUMNS
from tests.cli.conftest import Cli


@pytest.fixture
def used(cli: Cli) -> Cli:
    """Give a home folder with three calls, one of them of the user ada."""
    home: Path = cli.home
    main = sqlite3.connect(home / "bodhi.db")
    (ada,) = main.execute("SELECT id FROM users").fetchone()
    main.close()
    one = UsageRecord(
        "1", 1.0, ada, "t", "m", "gpt-4o", "gpt-4o", "openai.chat_completions", 200, None, False, 1, 2, 3, 4, 10, 5,
        None, None, None, 75_000,
    )  # fmt: skip
    calls = [one]
    for call_id, at, model in (("2", 2.0, "=evil"), ("3", 90_000.0, None)):
        calls.append(
            UsageRecord(
                call_id, at, None, None, None, model, None, "unknown", 404, "model_unknown", False, None, 1, 0, 0, None,
                None, None, None,
            )
        )  # fmt: skip
    usage = sqlite3.connect(home / "usage.db")
    marks = ", ".join("?" * len(COLUMNS))
    rows = [tuple(getattr(call, name) for name in COLUMNS) for call in calls]
    usage.executemany(f"INSERT INTO usage_records ({', '.join(COLUMNS)}) VALUES ({marks})", rows)
    usage.commit()
    usage.close()
    return cli


def test_a_summary_shows_what_is_known_and_what_is_not(used: Cli) -> None:
    lines = used("usage", "summary").out.splitlines()
    assert [line.split() for line in lines[1:] if "gpt-4o" in line or "total" in line] == [
        ["gpt-4o", "1", "0", "10", "5", "0.000075000", "0"],
        ["total", "3", "2", "10", "5", "0.000075000", "2"],
    ]
    assert any("(none)" in line and "unknown" in line for line in lines)


def test_a_summary_is_given_as_json_by_any_group(used: Cli) -> None:
    answer: dict[str, Any] = used("usage", "summary", "--group-by", "day", "--json").json
    assert [(group["key"], group["count"]) for group in answer["data"]] == [("1970-01-01", 2), ("1970-01-02", 1)]
    assert (answer["total"]["cost_nano"], answer["rest"]) == (75_000, None)
    only = used("usage", "summary", "--user", "ada", "--until", "1970-01-02T00:00:00Z", "--json").json
    assert only["total"]["count"] == 1
    assert used("usage", "summary", "--user", "nobody").status == 1
    assert "There are no such calls." in used("usage", "summary", "--model", "gpt%").out


def test_an_export_is_written_and_noted_in_the_trail(used: Cli) -> None:
    rows = list(csv.DictReader(io.StringIO(used("usage", "export").out)))
    assert [(row["id"], row["model_asked"], row["cost_usd"]) for row in rows] == [
        ("3", "", ""), ("2", "'=evil", ""), ("1", "gpt-4o", "0.000075000"),
    ]  # fmt: skip
    lines = used("usage", "export", "--format", "jsonl", "--model", "gpt-4o").out.splitlines()
    assert [json.loads(line)["cost_nano"] for line in lines] == [75_000]
    main = sqlite3.connect(used.home / "bodhi.db")
    trail = main.execute("SELECT via, after FROM audit_log WHERE action = 'usage.export' ORDER BY seq").fetchall()
    main.close()
    assert [(via, json.loads(after)) for via, after in trail] == [
        ("host", {"format": "csv"}),
        ("host", {"format": "jsonl", "model": "gpt-4o"}),
    ]
