"""Sums over usage records: exact, whatever the numbers are, and the same on both databases."""

from random import Random

import pytest
from msgspec.structs import replace

from bodhi.core.usage import UsageRecord
from bodhi.storage.engine import Store
from bodhi.storage.usage import insert_usage
from bodhi.storage.usage_filter import EVERYTHING, UsageFilter
from bodhi.storage.usage_sums import MOST_GROUPS, SUMMED, GroupBy, Summary, sum_usage

LARGEST = 2**63 - 1
CALL = UsageRecord(
    "00", 0.0, "ada", "t1", "m1", "o/gpt", "gpt", "openai.chat_completions", 200, None, True, 1, 20, 3, 4, 5, 6, 7, 0
)


async def summary(
    store: Store, records: list[UsageRecord], group_by: GroupBy, wanted: UsageFilter = EVERYTHING
) -> Summary:
    async with store.usage_write() as connection:
        await insert_usage(connection, records)
        return await sum_usage(connection, wanted, group_by)


def mixed(count: int) -> list[UsageRecord]:
    random = Random(7)
    return [
        replace(
            CALL,
            id=f"{n:06}",
            at=n * 1_000.5,
            model_asked=random.choice(["a", "b", None]),
            model_sent=random.choice(["a", "c", None]),
            user_id=random.choice(["ada", "eve", None]),
            token_id=random.choice(["t1", "t2", None]),
            api_model_id=random.choice(["m1", None]),
            endpoint=random.choice(["x", "unknown"]),
            status=(status := random.choice([200, 404, 502])),
            error=None if status == 200 else f"upstream_{status}",
            total_us=random.randrange(10**7),
            input_tokens=random.choice([None, 0, random.randrange(10**12)]),
            output_tokens=random.choice([None, 0, random.randrange(10**12)]),
            cached_tokens=random.choice([None, 0, random.randrange(10**12)]),
            reasoning_tokens=random.choice([None, 0, random.randrange(10**12)]),
            cache_write_tokens=random.choice([None, 0, random.randrange(10**12)]),
            cost_nano=random.choice([None, 0, random.randrange(10**12)]),
        )
        for n in range(count)
    ]


def key_of(record: UsageRecord, group_by: GroupBy) -> str | None:
    match group_by:
        case GroupBy.MODEL:
            return record.model_asked if record.model_sent is None else record.model_sent
        case GroupBy.DAY:
            return f"1970-01-{int(record.at // 86_400) + 1:02}"
        case GroupBy.STATUS:
            return str(record.status)
        case GroupBy.ENDPOINT:
            return record.endpoint
        case GroupBy.ERROR:
            return record.error
        case _:
            key: str | None = getattr(record, f"{group_by.value}_id")
            return key


@pytest.mark.parametrize("group_by", GroupBy)
async def test_each_group_holds_the_exact_sums_of_its_records(store: Store, group_by: GroupBy) -> None:
    records = mixed(700)
    found = await summary(store, records, group_by)
    groups = dict(found.groups)
    assert found.rest is None
    assert set(groups) == {key_of(record, group_by) for record in records}
    for key, sums in [*groups.items(), ("all", found.total)]:
        mine = [record for record in records if key == "all" or key_of(record, group_by) == key]
        assert (sums.count, sums.errors) == (len(mine), sum(record.error is not None for record in mine))
        assert sums.priced == sum(record.cost_nano is not None for record in mine)
        assert (sums.total_us, sums.longest_us) == (sum(r.total_us for r in mine), max(r.total_us for r in mine))
        assert (sums.first, sums.last) == (min(r.at for r in mine), max(r.at for r in mine))
        for name in SUMMED:
            assert getattr(sums, name) == sum(getattr(record, name) or 0 for record in mine), name
    assert [sums.count for _, sums in found.groups] == sorted((s.count for s in groups.values()), reverse=True)


async def test_sums_beyond_64_bits_are_exact(store: Store) -> None:
    records = [replace(CALL, id=str(n), input_tokens=LARGEST, cost_nano=LARGEST - n) for n in range(9)]
    found = await summary(store, records, GroupBy.MODEL)
    assert (found.total.input_tokens, found.total.cost_nano) == (9 * LARGEST, 9 * LARGEST - 36)


async def test_the_groups_are_bounded_and_the_rest_is_summed(store: Store) -> None:
    records = [replace(CALL, id=f"{n:04}", model_sent=f"odd-{n:04}") for n in range(MOST_GROUPS + 50)]
    records += [replace(CALL, id=f"x{n}", model_sent="often") for n in range(3)]
    found = await summary(store, records, GroupBy.MODEL)
    assert (len(found.groups), found.groups[0][0], found.groups[0][1].count) == (MOST_GROUPS, "often", 3)
    assert found.rest is not None
    assert (found.rest.count, found.total.count, found.total.input_tokens) == (51, len(records), 5 * len(records))


async def test_a_day_begins_at_midnight_in_utc(store: Store) -> None:
    ats = (86_399.999, 86_400.0, 129_600.0, 172_799.999_9)
    found = await summary(store, [replace(CALL, id=str(at), at=at) for at in ats], GroupBy.DAY)
    assert {key: sums.count for key, sums in found.groups} == {"1970-01-01": 1, "1970-01-02": 3}


async def test_only_what_is_wanted_is_summed(store: Store) -> None:
    records = [CALL, replace(CALL, id="01", user_id="eve")]
    assert (await summary(store, records, GroupBy.USER, UsageFilter(owner_id="eve"))).total.count == 1
    nothing = await summary(store, [], GroupBy.USER, UsageFilter(model="\x00"))
    assert (nothing.groups, nothing.rest, nothing.total.count, nothing.total.first) == ([], None, 0, None)
