"""What one model charges, as exact integers. Which model a call went to, and where its prices come from, is elsewhere.

A rate is a dollar's fraction for a million tokens, fine enough for every price of the table; a cost adds rates times
tokens and rounds once, at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from bodhi.core.usage import UsageRecord

FINE = 10**20
"""The parts of a dollar that rates count: some prices of the table were computed and have twenty decimals."""
COARSE = FINE * 1_000_000 // 10**9
"""How many of these parts, for a million tokens, make a billionth of a dollar for one."""
LARGEST = 2**63 - 1
"""What the store can hold; a cost beyond comes of counts that cannot be true."""


class Constraint(Protocol):
    """When a price holds."""

    def active(self, request_timestamp: datetime) -> bool:
        """Tell whether the price holds at a time."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The price of a million tokens of one kind, which for some models depends on the size of the whole input."""

    plain: int
    steps: tuple[tuple[int, int], ...] = ()
    """From largest to smallest: beyond how many tokens of input, and the rate that then holds for all tokens."""

    def at(self, input_tokens: int) -> int:
        """Return the rate for a call with so many tokens of input."""
        for beyond, rate in self.steps:
            if input_tokens > beyond:
                return rate
        return self.plain


@dataclass(frozen=True, slots=True)
class Rates:
    """The prices of a model at one time. What is None is not priced by itself."""

    input: Rate | None = None
    output: Rate | None = None
    cached: Rate | None = None
    cache_written: Rate | None = None
    reasoning: Rate | None = None
    request: int = 0
    """For the call itself, in the measure of a rate times tokens."""

    def cost_nano(self, record: UsageRecord) -> int | None:
        """Return what a call cost; None where a count or a price is missing, or the counts contradict themselves."""
        tokens_in, tokens_out = record.input_tokens, record.output_tokens
        if tokens_in is None or (tokens_out is None and self.output is not None):
            return None
        given = _sum(
            tokens_in,
            tokens_in,
            self.input,
            ((record.cached_tokens, self.cached), (record.cache_write_tokens, self.cache_written)),
        )
        made = _sum(tokens_in, tokens_out or 0, self.output, ((record.reasoning_tokens, self.reasoning),))
        if given is None or made is None:
            return None
        cost = _rounded(given + made + self.request)
        return cost if cost <= LARGEST else None


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of a model through time."""

    usual: Rates
    conditional: tuple[tuple[Constraint | None, Rates], ...] = field(default=())
    """In order of precedence; `usual` holds where none of them does."""

    def cost_nano(self, record: UsageRecord) -> int | None:
        """Return what a call cost at its time."""
        if not self.conditional:
            return self.usual.cost_nano(record)
        at = datetime.fromtimestamp(record.at, UTC)
        for constraint, rates in self.conditional:
            if constraint is None or constraint.active(at):
                return rates.cost_nano(record)
        return self.usual.cost_nano(record)


def read_tariff(prices: Any) -> Tariff | None:
    """Read the prices of one model of the table of prices; None where they cannot be told exactly."""
    if not isinstance(prices, Sequence):
        rates = _read_rates(prices)
        return None if rates is None else Tariff(rates)
    found = [(each.constraint, _read_rates(each.prices)) for each in prices]
    known = [(constraint, rates) for constraint, rates in found if rates is not None]
    if not known or len(known) < len(found):
        return None
    return Tariff(known[0][1], tuple(reversed(known)))


def _read_rates(prices: Any) -> Rates | None:
    stored: Mapping[str, Any] = vars(prices)
    try:
        return Rates(
            input=_read_rate(stored.get("input_mtok")),
            output=_read_rate(stored.get("output_mtok")),
            cached=_read_rate(stored.get("cache_read_mtok")),
            cache_written=_read_rate(stored.get("cache_write_mtok")),
            reasoning=_read_rate(stored.get("output_reasoning_mtok")),
            # The table has the price of a thousand requests.
            request=_exact(stored.get("requests_kcount") or Decimal(0), FINE * 1_000),
        )
    except ValueError:
        return None


def _read_rate(price: Any) -> Rate | None:
    if price is None:
        return None
    if isinstance(price, Decimal):
        return Rate(_exact(price, FINE))
    steps = sorted(((tier.start, _exact(tier.price, FINE)) for tier in price.tiers), reverse=True)
    return Rate(_exact(price.base, FINE), tuple(steps))


def _exact(price: Decimal, scale: int) -> int:
    scaled = price * scale
    if scaled != int(scaled) or scaled < 0:
        raise ValueError("the price is finer than rates are")
    return int(scaled)


def _sum(tokens_in: int, tokens: int, rate: Rate | None, parts: Sequence[tuple[int | None, Rate | None]]) -> int | None:
    """Price tokens of which some parts have prices of their own; a part without one is charged like the rest."""
    total = 0
    for count, own in parts:
        if count and own is not None:
            tokens -= count
            total += count * own.at(tokens_in)
    if tokens < 0:
        return None
    if not tokens:
        return total
    return None if rate is None else total + tokens * rate.at(tokens_in)


def _rounded(cost: int) -> int:
    """Turn a sum of rates times tokens into billionths of a dollar, rounding a half to the even neighbour."""
    whole, rest = divmod(cost, COARSE)
    return whole + (rest * 2 > COARSE or (rest * 2 == COARSE and whole % 2 == 1))
