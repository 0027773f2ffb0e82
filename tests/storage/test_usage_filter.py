"""Filters of usage records: each narrows a list, and no sign in one is a wildcard."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import delete

from bodhi.core.usage import UsageRecord
from bodhi.storage.engine import Store
from bodhi.storage.tables import usage_records
from bodhi.storage.usage import insert_usage, list_usage
from bodhi.storage.usage_filter import UsageFilter

ONE = UsageRecord(
    "01", 8.0, "ada", "t1", "m1", "o/gpt%", "gpt%", "openai.chat_completions", 200, None, True, 1, 2, 3, 4, 5, 6, 7, 0
)
TWO = replace(
    ONE, id="02", at=9.0, user_id="eve", token_id="t2", api_model_id=None, model_asked="gpt%", model_sent=None,
    endpoint="unknown", status=404, error="not_found", stream=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, ["02", "01"]),
        ({"owner_id": "ada"}, ["01"]),
        ({"owner_id": "ada", "user_id": "eve"}, []),
        ({"user_id": "eve"}, ["02"]),
        ({"token_id": "t1"}, ["01"]),
        ({"api_model_id": "m1"}, ["01"]),
        ({"model": "o/gpt%"}, ["01"]),
        ({"model": "gpt%"}, ["02", "01"]),
        ({"model": "g%"}, []),
        ({"model": "gpt_"}, []),
        ({"endpoint": "unknown"}, ["02"]),
        ({"statuses": range(400, 500)}, ["02"]),
        ({"statuses": range(200, 201)}, ["01"]),
        ({"statuses": range(405, 500)}, []),
        ({"error": "not_found"}, ["02"]),
        ({"failed": True}, ["02"]),
        ({"failed": False}, ["01"]),
        ({"stream": True}, ["01"]),
        ({"stream": False, "failed": False}, []),
        ({"since": 9.0}, ["02"]),
        ({"until": 9.0}, ["01"]),
        ({"since": 0.0, "until": 0.0}, []),
        ({"model": "%" * 1_000}, []),
        ({"model": "\x00"}, []),
        ({"user_id": "\ud800"}, []),
    ],
)
async def test_a_filter_keeps_exactly_what_it_says(store: Store, given: dict[str, Any], found: list[str]) -> None:
    async with store.usage_write() as connection:
        await insert_usage(connection, [ONE, TWO])
        records = await list_usage(connection, UsageFilter(**given), limit=9)
    assert [record.id for record in records] == found


RECORDS = st.builds(
    replace,
    st.sampled_from([ONE, TWO]),
    at=st.sampled_from([8.0, 8.5, 9.0]),
    status=st.sampled_from([200, 399, 400, 499, 500]),
    error=st.sampled_from([None, "not_found", "client_left"]),
    stream=st.booleans(),
)
FILTERS = st.builds(
    UsageFilter,
    owner_id=st.sampled_from([None, "ada"]),
    user_id=st.sampled_from([None, "ada", "eve"]),
    token_id=st.sampled_from([None, "t1"]),
    api_model_id=st.sampled_from([None, "m1"]),
    model=st.sampled_from([None, "gpt%", "o/gpt%", "x"]),
    endpoint=st.sampled_from([None, "unknown"]),
    statuses=st.sampled_from([None, range(400, 500), range(200, 201)]),
    error=st.sampled_from([None, "not_found"]),
    failed=st.sampled_from([None, True, False]),
    stream=st.sampled_from([None, True, False]),
    since=st.sampled_from([None, 8.5]),
    until=st.sampled_from([None, 9.0]),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RECORDS, max_size=8), wanted=FILTERS)
async def test_a_record_at_hand_is_judged_as_the_database_judges_it(
    store: Store, records: list[UsageRecord], wanted: UsageFilter
) -> None:
    numbered = [replace(record, id=f"{n:02}") for n, record in enumerate(records)]
    async with store.usage_write() as connection:
        await connection.execute(delete(usage_records))
        await insert_usage(connection, numbered)
        found = await list_usage(connection, wanted, limit=99)
    assert {record.id for record in found} == {record.id for record in numbered if wanted.matches(record)}
