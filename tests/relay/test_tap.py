import gzip
import logging
from dataclasses import replace

import pytest

from bodhi.core.usage import TokenCounts
from bodhi.formats.openai import DIALECT
from bodhi.formats.taps import UsageTap
from bodhi.relay.tap import tap_for

BODY = b'{"id":"c","usage":{"prompt_tokens":5,"completion_tokens":7}}'
STREAM = b'data: {"choices":[]}\n\ndata: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":7}}\n\ndata: [DONE]\n\n'


def counts(tap: UsageTap, body: bytes, step: int = 10) -> TokenCounts:
    for start in range(0, len(body), step):
        tap.feed(body[start : start + step])
    return tap.finish()


@pytest.mark.parametrize(("content_type", "body"), [(b"application/json", BODY), (b"text/event-stream", STREAM)])
@pytest.mark.parametrize("coding", [None, b"identity", b"gzip"])
def test_tokens_are_counted_in_bodies_and_streams_compressed_or_not(
    content_type: bytes, body: bytes, coding: bytes | None
) -> None:
    sent = gzip.compress(body) if coding == b"gzip" else body

    counted = counts(tap_for(DIALECT, content_type, coding), sent)

    assert (counted.input, counted.output) == (5, 7)


@pytest.mark.parametrize("coding", [b"compress", b"gzip, br"])
def test_an_unknown_coding_counts_nothing(coding: bytes) -> None:
    assert counts(tap_for(DIALECT, b"application/json", coding), BODY) == TokenCounts()


@pytest.mark.parametrize("coding", [None, b"gzip", b"br", b"zstd"])
def test_rubbish_counts_nothing_and_raises_nothing(coding: bytes | None) -> None:
    assert counts(tap_for(DIALECT, b"application/json", coding), b"\x00\xff rubbish") == TokenCounts()


def test_a_fault_in_a_tap_costs_the_counts_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def broken(document: bytes, into: TokenCounts) -> None:
        raise RuntimeError("a fault of ours")

    tap = tap_for(replace(DIALECT, read_usage=broken), b"text/event-stream", None)
    with caplog.at_level(logging.ERROR):
        counted = counts(tap, STREAM, step=len(STREAM))

    assert counted == TokenCounts()
    assert "usage tap failed" in caplog.text
