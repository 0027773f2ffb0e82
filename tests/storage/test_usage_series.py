"""Usage through time: every record is in exactly one part of its window, and the parts add up to the summary."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import structs
from sqlalchemy import delete

from bodhi.core.usage import UsageRecord
from bodhi.storage.engine import Store
from bodhi.storage.tables import usage_records
from bodhi.storage.usage import insert_usage
from bodhi.storage.usage_filter import UsageFilter
from bodhi.storage.usage_percentiles import percentiles
from bodhi.storage.usage_series import Part, Series, read_series
from bodhi.storage.usage_sums import GroupBy, UsageSums, sum_usage
from tests.storage.test_usage_sums import CALL

SINCE, UNTIL = 1_800_000_000.1, 1_800_003_600.1
LONG_BEFORE = SINCE - 2 * (UNTIL - SINCE)

times = st.one_of(
    st.floats(LONG_BEFORE, UNTIL + 100, allow_nan=False),
    st.sampled_from([SINCE, UNTIL, SINCE - (UNTIL - SINCE), *(SINCE + n * (UNTIL - SINCE) / 7 for n in range(8))]),
)
counts = st.one_of(st.none(), st.integers(0, 2**63 - 1))


@st.composite
def calls(draw: st.DrawFn) -> UsageRecord:
    status, error = draw(
        st.sampled_from([(200, None), (200, "upstream_broke_off"), (200, "client_left"), (404, "x"), (503, "y")])
    )
    return structs.replace(
        CALL,
        at=draw(times),
        status=status,
        error=error,
        model_sent=draw(st.sampled_from(["a", "b", None])),
        total_us=draw(st.integers(0, 10**9)),
        first_byte_us=draw(st.one_of(st.none(), st.integers(0, 10**9))),
        input_tokens=draw(counts),
        output_tokens=draw(counts),
        cost_nano=draw(counts),
    )


async def both(
    store: Store, records: list[UsageRecord], wanted: UsageFilter, points: int
) -> tuple[Series, UsageSums, UsageSums]:
    """Return the series, and the summaries of its window and of the one before."""
    since, until = wanted.since or 0.0, wanted.until or 0.0
    async with store.usage_write() as connection:
        await connection.execute(delete(usage_records))
        await insert_usage(connection, [structs.replace(record, id=f"{n:04}") for n, record in enumerate(records)])
        series = await read_series(connection, wanted, points=points)
        here = await sum_usage(connection, wanted, GroupBy.STATUS)
        earlier = replace(wanted, since=since - (until - since), until=since)
        before = await sum_usage(connection, earlier, GroupBy.STATUS)
    return series, here.total, before.total


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(records=[structs.replace(CALL, at=SINCE)], points=1, model=None)
@given(
    records=st.lists(calls(), max_size=30),
    points=st.sampled_from([1, 3, 7, 48, 400]),
    model=st.sampled_from([None, "a", "\x00"]),
)
async def test_the_parts_add_up_to_the_summary(
    store: Store, records: list[UsageRecord], points: int, model: str | None
) -> None:
    wanted = UsageFilter(since=SINCE, until=UNTIL, model=model)
    series, here, before = await both(store, records, wanted, points)
    together = Part()
    for part in series.parts:
        together.add(part)

    assert len(series.parts) == points
    assert together.sums == series.total.sums == here
    assert series.before.sums == before
    assert series.total.durations.total.total() == here.count
    for part in [*series.parts, series.before]:
        assert 0 <= part.client_errors <= part.sums.errors <= part.sums.count
        assert part.durations.total.total() == part.sums.count
    for number, part in enumerate(series.parts):
        start = SINCE + number * (UNTIL - SINCE) / points
        if part.sums.first is not None and part.sums.last is not None:
            assert start - 1e-6 <= part.sums.first <= part.sums.last <= start + (UNTIL - SINCE) / points + 1e-6


async def test_a_part_tells_whose_fault_its_errors_were(store: Store) -> None:
    kinds = [(200, None), (401, "token_invalid"), (499, "client_left"), (200, "client_left"), (429, "upstream_429"),
             (502, "upstream_unreachable"), (200, "upstream_broke_off")]  # fmt: skip
    records = [structs.replace(CALL, at=SINCE, status=status, error=error) for status, error in kinds]
    series, _, _ = await both(store, records, UsageFilter(since=SINCE, until=UNTIL), 2)
    assert [(part.sums.count, part.sums.errors, part.client_errors) for part in series.parts] == [(7, 6, 4), (0, 0, 0)]
    assert percentiles(series.parts[1].durations.total, (50,)) == [None]


async def test_a_series_needs_a_window(store: Store) -> None:
    for wanted in (UsageFilter(), UsageFilter(since=1.0), UsageFilter(since=2.0, until=2.0)):
        async with store.usage_read() as connection:
            with pytest.raises(ValueError, match="window"):
                await read_series(connection, wanted, points=3)
