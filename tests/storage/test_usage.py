"""Usage records: exact round trips in batches, pages, filters."""

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import fields, replace

from bodhi.core.ids import new_id
from bodhi.core.usage import UsageRecord
from bodhi.storage.engine import Store
from bodhi.storage.insert_new import MOST_ROWS
from bodhi.storage.tables import usage_records
from bodhi.storage.usage import (
    COLUMNS,
    LARGEST,
    MAX_TEXT,
    find_beside,
    find_usage,
    insert_usage,
    list_since,
    list_usage,
    list_with_ids,
    purge_usage,
)

FULL = UsageRecord(
    id="01",
    at=1_800_000_000.123,
    user_id="u",
    token_id="t",
    api_model_id="a",
    model_asked='o/gpt "5" ü\n😀',
    model_sent="gpt",
    endpoint="chat/completions",
    status=200,
    error=None,
    stream=True,
    first_byte_us=1,
    total_us=2,
    bytes_in=3,
    bytes_out=4,
    input_tokens=5,
    output_tokens=6,
    cached_tokens=0,
    reasoning_tokens=None,
)
EMPTY = replace(
    FULL,
    id="02",
    user_id=None,
    token_id=None,
    api_model_id=None,
    model_asked=None,
    model_sent=None,
    error="token_invalid",
    status=401,
    stream=False,
    first_byte_us=None,
    input_tokens=None,
    output_tokens=None,
    cached_tokens=None,
)


def records(count: int) -> list[UsageRecord]:
    return [replace(FULL, id=new_id(), at=float(number)) for number in range(count)]


def test_the_table_has_the_fields_of_a_record_in_their_order() -> None:
    assert tuple(field.name for field in fields(UsageRecord)) == COLUMNS


async def test_what_was_stored_is_read_back(store: Store) -> None:
    async with store.usage_write() as connection:
        await insert_usage(connection, [FULL, EMPTY])
    async with store.usage_read() as connection:
        assert await list_usage(connection, limit=10) == [EMPTY, FULL]


async def test_more_than_a_batch_is_stored_whole(store: Store) -> None:
    async with store.usage_write() as connection:
        await insert_usage(connection, records(MOST_ROWS + 7))
        await insert_usage(connection, [])
        assert await purge_usage(connection, 1e12, 10_000) == MOST_ROWS + 7


async def test_a_batch_that_is_retried_counts_once(store: Store) -> None:
    batch = records(3)
    for _ in range(2):
        async with store.usage_write() as connection:
            await insert_usage(connection, batch)
    async with store.usage_read() as connection:
        assert len(await list_usage(connection, limit=10)) == 3


async def test_pages_cover_everything_once_newest_first(store: Store) -> None:
    stored = records(23) + [replace(FULL, id=f"tie-{number}", at=5.0) for number in range(9)]
    seen: list[UsageRecord] = []
    async with store.usage_write() as connection:
        await insert_usage(connection, stored)
        while batch := await list_usage(connection, limit=4, before=seen[-1].id if seen else None):
            seen += batch
    assert {record.id for record in seen} == {record.id for record in stored}
    assert len(seen) == len(stored)
    assert all(newer.at >= older.at for newer, older in pairwise(seen))


async def test_a_call_is_found_by_its_id_by_whom_it_belongs_to(store: Store) -> None:
    async with store.usage_write() as connection:
        await insert_usage(connection, [FULL, EMPTY])
        assert await find_usage(connection, "01") == await find_usage(connection, "01", "u") == FULL
        assert await find_usage(connection, "01", "somebody") is None
        assert await find_usage(connection, "02", "u") is None
        assert await find_usage(connection, "\x00") is None


async def test_old_records_are_purged(store: Store) -> None:
    async with store.usage_write() as connection:
        await insert_usage(connection, records(10))
        assert await purge_usage(connection, 4.0, 10) == 4
        assert len(await list_usage(connection, limit=50)) == 6


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    model=st.text(st.characters(codec=None), max_size=MAX_TEXT * 2),
    tokens=st.integers(-(10**30), 10**30),
)
async def test_odd_values_never_cost_the_batch(store: Store, model: str, tokens: int) -> None:
    odd = replace(FULL, id=new_id(), model_asked=model, model_sent=model, input_tokens=tokens)
    async with store.usage_write() as connection:
        await insert_usage(connection, [odd, replace(FULL, id=new_id())])
        found = {record.id: record for record in await list_usage(connection, limit=1000)}[odd.id]
    assert found.input_tokens == min(max(tokens, 0), LARGEST)
    if len(model) <= MAX_TEXT and "\x00" not in model and not any("\ud800" <= c <= "\udfff" for c in model):
        assert found.model_asked == model
    else:
        assert found.model_asked is not None
        assert len(found.model_asked) <= MAX_TEXT


OPTIONAL = [column.name for column in usage_records.columns if column.nullable]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(unknown=st.lists(st.sets(st.sampled_from(OPTIONAL)), min_size=1, max_size=9))
async def test_each_record_of_a_batch_keeps_its_own_values_whatever_others_lack(
    store: Store, unknown: list[set[str]]
) -> None:
    batch = [
        replace(FULL, id=new_id(), at=float(number), bytes_in=number, **dict.fromkeys(names))
        for number, names in enumerate(unknown)
    ]
    async with store.usage_write() as connection:
        await insert_usage(connection, batch)
        assert await list_with_ids(connection, [record.id for record in batch]) == batch


async def test_beside_a_record_are_the_next_older_and_the_next_newer_one_may_see(store: Store) -> None:
    first, second, third = (replace(FULL, id=f"{n}", at=8.0) for n in range(3))
    other = replace(FULL, id="1x", at=8.0, user_id="eve")
    async with store.usage_write() as connection:
        await insert_usage(connection, [third, first, other, second])
        assert await find_beside(connection, second) == ("0", "1x")
        assert await find_beside(connection, second, "u") == ("0", "2")
        assert await find_beside(connection, first) == (None, "1")
        assert await find_beside(connection, third, "u") == ("1", None)


async def test_records_since_a_time_come_oldest_first(store: Store) -> None:
    many = records(5)
    async with store.usage_write() as connection:
        await insert_usage(connection, many[::-1])
        assert await list_since(connection, 2.0) == [(record.id, record.at) for record in many[2:]]
        found = await list_with_ids(connection, [many[4].id, many[1].id, "gone"])
    assert found == [many[1], many[4]]
