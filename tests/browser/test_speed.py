"""How fast answers are drawn: figures are printed, and what makes them so is stated.

Streaming through the whole chat is measured in test_chat_streaming.py, a chat of a thousand messages in
test_chat_long.py.
"""

import pytest

from tests.browser.staging import Stage, stage, stage_assets
from tests.fakes.upstream import said

__all__ = ["stage", "stage_assets"]
STEPS = 120
BYTES = 31_000
PASSAGE = f"{said.PASSAGE}The sum is $\\sum_{{i=1}}^n x_i$, and so\n\n$$\nE = mc^2\n$$\n\n"
"""Heading, table, list, code, quote and formulas."""
ANSWER = PASSAGE * (BYTES // len(PASSAGE))
UNSETTLED = 3
"""The last blocks: what may still change its meaning, and the one that is new."""


def test_an_update_draws_the_last_blocks_alone_however_long_the_answer(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    short = stage.stream(PASSAGE * 2, STEPS // (len(ANSWER) // len(PASSAGE) // 2))
    long = stage.stream(ANSWER, STEPS)
    took = sorted(long["took"])
    with capsys.disabled():
        print(
            f"\n{len(ANSWER) / 1000:.0f} KB in {STEPS} updates: p50 {took[STEPS // 2]:.1f} ms, "
            f"p95 {took[STEPS * 95 // 100]:.1f} ms, worst {took[-1]:.1f} ms; {long['blocks']} blocks, "
            f"at most {max(long['touched'])} drawn again"
        )
    assert long["blocks"] > 100
    # What comes anew is touched, too: a passage has a dozen blocks, and a step is shorter than one.
    assert max(long["touched"]) <= max(short["touched"]) + UNSETTLED
    half = STEPS // 2
    assert sum(long["touched"][half:]) <= sum(long["touched"][:half]) * 1.25
