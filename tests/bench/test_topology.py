import os

import pytest

from bench.topology import Cores, on_core


def having(monkeypatch: pytest.MonkeyPatch, *cores: int) -> Cores:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(cores))
    return Cores.available()


def test_two_workers_share_both_cores_where_there_are_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = having(monkeypatch, 0, 1)

    assert (cores.of_proxy(), cores.of_others()) == ((0,), (1,))
    assert cores.of_proxy(2) == cores.of_others(2) == (0, 1)


def test_two_workers_have_cores_of_their_own_where_there_are_four(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = having(monkeypatch, 2, 3, 5, 7)

    assert (cores.of_proxy(2), cores.of_others(2)) == ((2, 3), (5, 7))


def test_one_core_is_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    cores = having(monkeypatch, 4)

    assert cores.of_proxy() == cores.of_others() == cores.of_proxy(2) == cores.of_others(2) == (4,)


def test_this_process_is_pinned_only_for_a_while() -> None:
    before = os.sched_getaffinity(0)

    with on_core(min(before)):
        assert os.sched_getaffinity(0) == {min(before)}

    assert os.sched_getaffinity(0) == before
