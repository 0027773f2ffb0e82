"""Percentiles of durations: exact to two significant digits, alike on both databases."""

import math

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import delete

from bodhi.storage.engine import Store
from bodhi.storage.tables import usage_records
from bodhi.storage.usage import insert_usage
from bodhi.storage.usage_filter import EVERYTHING, UsageFilter
from bodhi.storage.usage_percentiles import LONGEST, durations_of_groups, percentiles
from bodhi.storage.usage_sums import GroupBy, sum_usage
from tests.storage.test_usage_sums import CALL, mixed

WANTED = (1, 50, 95, 99, 100)


def exact(values: list[int], per_cent: int) -> int:
    """Return the nearest-rank percentile (NIST handbook 7.2.6.2), worked out from every value."""
    return sorted(values)[max(1, math.ceil(len(values) * per_cent / 100)) - 1]


def rounded(value: int) -> int:
    """Round to two significant digits, a half up."""
    unit = 10 ** max(0, len(str(value)) - 2)
    return (value + unit // 2) // unit * unit


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(values=[0, 9, 10, 99, 100, 104, 105, 994, 995, 999, 1_000, 10**12])
@example(values=[1])
@given(values=st.lists(st.one_of(st.integers(0, 300), st.integers(0, LONGEST - 1)), min_size=1, max_size=60))
async def test_percentiles_are_the_exact_ones_to_two_digits(store: Store, values: list[int]) -> None:
    records = [replace(CALL, id=f"{n:03}", total_us=value) for n, value in enumerate(values)]
    async with store.usage_write() as connection:
        await connection.execute(delete(usage_records))
        await insert_usage(connection, records)
        found = await durations_of_groups(connection, EVERYTHING, GroupBy.USER, ["ada"])
    got = percentiles(found["ada"].total, WANTED)

    assert got == [rounded(exact(values, each)) for each in WANTED]
    for each, value in zip(WANTED, got, strict=True):
        assert abs((value or 0) - exact(values, each)) <= exact(values, each) * 0.05


async def test_what_is_beyond_months_counts_as_that(store: Store) -> None:
    async with store.usage_write() as connection:
        await insert_usage(connection, [replace(CALL, total_us=2**62, first_byte_us=None)])
        found = await durations_of_groups(connection, EVERYTHING, GroupBy.USER, ["ada"])
    assert percentiles(found["ada"].total, (50,)) == [LONGEST]
    assert percentiles(found["ada"].first, (50, 99)) == [None, None]


@pytest.mark.parametrize("group_by", GroupBy)
async def test_each_group_has_its_own_durations(store: Store, group_by: GroupBy) -> None:
    records = mixed(300)
    async with store.usage_write() as connection:
        await insert_usage(connection, records)
        summary = await sum_usage(connection, EVERYTHING, group_by)
        names = [name for name, _ in summary.groups]
        found = await durations_of_groups(connection, EVERYTHING, group_by, names)
    assert {name: sum(each.total.values()) for name, each in found.items()} == {
        name: sums.count for name, sums in summary.groups
    }


async def test_only_the_groups_that_were_named_are_counted(store: Store) -> None:
    records = [CALL, replace(CALL, id="01", user_id="eve"), replace(CALL, id="02", user_id=None)]
    async with store.usage_write() as connection:
        await insert_usage(connection, records)
        assert set(await durations_of_groups(connection, EVERYTHING, GroupBy.USER, ["eve"])) == {"eve"}
        assert set(await durations_of_groups(connection, EVERYTHING, GroupBy.USER, ["eve", None])) == {"eve", None}
        assert await durations_of_groups(connection, EVERYTHING, GroupBy.USER, []) == {}
        narrowed = await durations_of_groups(connection, UsageFilter(owner_id="ada"), GroupBy.USER, ["eve", "ada"])
    assert set(narrowed) == {"ada"}
