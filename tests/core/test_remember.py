"""Tests of remembering within a bound."""

from bodhi.core.remember import remember

MOST = 3


def test_what_is_remembered_is_there() -> None:
    known: dict[str, int] = {}
    for number, key in enumerate("abc"):
        remember(known, key, number, MOST)

    assert known == {"a": 0, "b": 1, "c": 2}


def test_when_there_are_too_many_what_is_in_use_comes_again() -> None:
    known = dict.fromkeys("abc", 0)

    remember(known, "d", 1, MOST)

    assert known == {"d": 1}
