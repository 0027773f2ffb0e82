"""Texts of settings and their values: what is written is read back."""

from contextlib import suppress
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core import setting_values as texts

WORD = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"], exclude_characters=",=~"), min_size=1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (10.0, "10"),
        (0.25, "0.25"),
        (86_400.0, "86400"),
        ("", ""),
        (Path("/srv/bodhi"), "/srv/bodhi"),
        ((), ""),
        (("a", "b"), "a,b"),
        ((("CN=Ops", "admin"), ("devs", "user")), "CN=Ops=admin,devs=user"),
        ((ip_network("10.0.0.0/8"), ip_network("::1")), "10.0.0.0/8,::1/128"),
    ],
)
def test_a_value_is_written_as_it_would_be_set(value: object, text: str) -> None:
    assert texts.write_value(value) == text


@given(st.booleans(), st.integers(0, 65_535), st.lists(WORD.map(str.lower)), st.lists(st.tuples(WORD, WORD)))
def test_what_is_written_is_read_back(
    flag: bool,
    port: int,
    names: list[str],
    pairs: list[tuple[str, str]],
) -> None:
    lowered = tuple((value, role.lower()) for value, role in pairs)
    assert texts.read_flag(texts.write_value(flag)) is flag
    assert texts.read_port(texts.write_value(port)) == port
    assert texts.read_names(texts.write_value(tuple(names))) == tuple(name.lower() for name in names)
    assert texts.read_pairs(texts.write_value(lowered)) == lowered


@pytest.mark.parametrize(
    "read", [getattr(texts, name) for name in dir(texts) if name.startswith("read_")], ids=lambda read: read.__name__
)
@pytest.mark.parametrize("text", ["", " ", "x", "-1", "1e999", "nan", "\x00", "http://[", "a" * 5_000, ",", "="])
def test_a_reader_gives_a_value_or_says_that_it_is_none(read: object, text: str) -> None:
    assert callable(read)
    with suppress(ValueError):
        read(text)
