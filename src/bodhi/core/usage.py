"""What a call cost: token counts and the record that the audit trail keeps of every call."""

from dataclasses import dataclass, field

import msgspec


@dataclass(slots=True)
class TokenCounts:
    """Tokens as the provider reports them; None where it reported nothing, which is not zero.

    `input` includes `cached`, and `output` includes `reasoning`, whatever the dialect's own convention is.
    """

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    cache_written: int | None = None
    """Of the input, what went into the provider's cache; only some providers count and charge it apart."""
    finish: str | None = field(default=None, compare=False)
    """No count, but told beside them: why the answer ended, in the provider's own word."""


class UsageRecord(msgspec.Struct, gc=False):
    """One proxied call, whatever became of it. As a dataclass it would cost three times as much to make and to read.

    Only `cost_nano` is set later, just before the record is written, and overlong models are cut when it is queued;
    nothing else ever changes.

    Durations are in microseconds, sizes in bytes, `at` is Unix time.

    `status` is the status that the client was sent, or 499 when the client left before there was one.
    `error` is a code of `core.errors`, `upstream_<status>` for an error the upstream answered, or None.
    """

    id: str
    at: float
    user_id: str | None
    token_id: str | None
    api_model_id: str | None
    model_asked: str | None
    model_sent: str | None
    endpoint: str
    status: int
    error: str | None
    stream: bool
    first_byte_us: int | None
    total_us: int
    bytes_in: int
    bytes_out: int
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    cache_write_tokens: int | None = None
    cost_nano: int | None = None
    """Cost in billionths of a US dollar; None where the price is not known, which is not zero."""
    checked_us: int | None = None
    """When the token was known, from the call's start on, as the next three; None where it did not come so far."""
    read_us: int | None = None
    chosen_us: int | None = None
    connected_us: int | None = None
    finish: str | None = None
    """Why the answer ended, in the provider's own word."""


def cost_usd(cost_nano: int | None) -> str | None:
    """Write a cost in US dollars, with nine decimals and exactly."""
    return None if cost_nano is None else f"{cost_nano // 10**9}.{cost_nano % 10**9:09d}"
