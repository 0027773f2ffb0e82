"""The page of tables: every name follows one scheme, so that PostgreSQL and SQLite agree on it."""

import pytest
from sqlalchemy import MetaData, Table

from bodhi.storage import tables

ALL: list[Table] = [table for metadata in (tables.main, tables.usage) for table in metadata.sorted_tables]


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_constraints_and_indexes_are_named_and_short_enough(table: Table) -> None:
    names = [str(constraint.name) for constraint in table.constraints] + [str(index.name) for index in table.indexes]
    assert "None" not in names
    assert [name for name in names if len(name) > 63] == []


def test_the_two_databases_share_no_table() -> None:
    first, second = tables.main, tables.usage
    assert isinstance(first, MetaData)
    assert first.tables.keys().isdisjoint(second.tables.keys())
