import json

import pytest

from bench.calls import MODEL_PREFIX, new_body
from bench.scenarios import SCENARIOS, chosen


@pytest.mark.parametrize("size", [1024, 10 * 1024, 200 * 1024])
def test_body_is_about_as_large_as_asked(size: int) -> None:
    body = new_body("json-1k", size, stream=False)

    assert len(body) == pytest.approx(size, rel=0.1)
    assert json.loads(body)["model"] == f"{MODEL_PREFIX}json-1k"


def test_streaming_body_asks_for_usage() -> None:
    assert json.loads(new_body("sse-5ms", 1024, stream=True))["stream_options"] == {"include_usage": True}


def test_extra_scenarios_run_only_when_named() -> None:
    assert all(not scenario.extra for scenario in chosen([]))
    assert [scenario.name for scenario in chosen(["sse-0ms"])] == ["sse-0ms"]


def test_slow_rate_is_measured_beside_peers() -> None:
    assert {each.name for each in chosen([], with_peers=True)} - {each.name for each in chosen([])} == {"rate-20"}


def test_scenarios_have_names_of_their_own() -> None:
    assert len({scenario.name for scenario in SCENARIOS}) == len(SCENARIOS)
