"""Heads of the audit trail."""

import pytest

from bodhi.storage.audit import ChainKeys
from bodhi.storage.audit_head import Head, read_head, signed_head
from bodhi.storage.engine import Store
from tests.fakes.clocks import StillClock
from tests.storage.chain import new_audit, write_acts

KEYS = ChainKeys(b"a" * 32)
HEAD = Head(deployment="d1", seq=3, mac="ab", at="2026-01-31T00:00:00.000Z").signed(KEYS)


async def test_a_head_names_the_last_row(store: Store) -> None:
    audit = new_audit(StillClock())
    async with store.read() as connection:
        assert (await signed_head(connection, audit.keys, 0.0)).seq == 0
    await write_acts(store, audit, 2)
    async with store.read() as connection:
        head = await signed_head(connection, audit.keys, 0.0)
    assert (head.seq, head.at, len(head.mac)) == (2, "1970-01-01T00:00:00.000Z", 64)
    assert head.is_signed(audit.keys)


def test_a_head_survives_its_line() -> None:
    assert read_head(HEAD.as_line()) == HEAD
    assert "\n" not in HEAD.as_line()


@pytest.mark.parametrize("change", [{"deployment": "d2"}, {"seq": 4}, {"mac": "ac"}, {"at": ""}, {"signature": "é"}])
def test_a_changed_head_is_not_signed(change: dict[str, object]) -> None:
    fields = {name: getattr(HEAD, name) for name in Head.__dataclass_fields__}
    assert HEAD.is_signed(KEYS)
    assert not Head(**{**fields, **change}).is_signed(KEYS)
    assert not HEAD.is_signed(ChainKeys(b"b" * 32))


@pytest.mark.parametrize(
    "line", ["", "null", "[]", "{}", '{"seq":1}', HEAD.as_line()[:-1], HEAD.as_line().replace("3", "true", 1)]
)
def test_what_is_no_head_is_refused(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # the standard library's messages are its own
        read_head(line)
