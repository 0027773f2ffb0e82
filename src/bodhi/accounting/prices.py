"""Finds what a call cost, from the table of list prices that `genai-prices` carries; nothing is ever fetched.

How a price becomes a cost is `tariffs`' part. Only the provider's own address tells that its prices hold: the same
model on one's own machine costs nothing that Bodhi could know.
"""

import asyncio
import importlib  # lint: runs-code it loads one named module of a dependency, later than at the start
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bodhi.accounting.tariffs import Tariff, read_tariff
from bodhi.core.usage import UsageRecord

MAX_TARIFFS = 1_000

log = logging.getLogger(__name__)

_Key = tuple[str, str]
"""A provider's base URL and a model."""


class Prices:
    """Sets the cost of records. One exists per process.

    Args:
        base_url_of: an api model's id to the base URL of its provider; None where there is no such api model any more.
    """

    def __init__(self, base_url_of: Callable[[str], str | None]) -> None:
        self._base_url_of = base_url_of
        self._tariffs: OrderedDict[_Key, Tariff | None] = OrderedDict()
        self._providers: Sequence[Any] | None = None

    @property
    def remembered(self) -> int:
        """How many models' prices, known or not, are kept."""
        return len(self._tariffs)

    async def price(self, records: Iterable[UsageRecord]) -> None:
        """Set the cost of each record of which enough is known. Never raises: what fails leaves the cost unknown."""
        try:
            urls: dict[str | None, str | None] = {None: None}
            keys = [(record, key) for record in records if (key := self._key(record, urls)) is not None]
            if not keys:
                return
            tariffs = await self._tariffs_of({key for _, key in keys})
            for record, key in keys:
                tariff = tariffs[key]
                record.cost_nano = None if tariff is None else tariff.cost_nano(record)
        except Exception:
            log.exception("calls could not be priced")

    def _key(self, record: UsageRecord, urls: dict[str | None, str | None]) -> _Key | None:
        """Say which price holds for a record; `urls` keeps what was found for the api models of one batch."""
        api_model_id, model = record.api_model_id, record.model_sent
        if api_model_id not in urls:
            urls[api_model_id] = self._priced_url(str(api_model_id))
        base_url = urls[api_model_id]
        return None if base_url is None or model is None or record.input_tokens is None else (base_url, model)

    def _priced_url(self, api_model_id: str) -> str | None:
        base_url = self._base_url_of(api_model_id)
        # Whoever has prices is reached by HTTPS: a gateway before models of its own never loads the table.
        return base_url if base_url is not None and base_url.startswith("https://") else None

    async def _tariffs_of(self, keys: set[_Key]) -> dict[_Key, Tariff | None]:
        remembered = self._tariffs
        if missing := keys - remembered.keys():
            # The table is large, so that only those load it who call providers with a price; and looking into it takes
            # longer than the event loop may be held up.
            remembered.update(await asyncio.to_thread(self._look_up, missing))
        tariffs = {key: remembered[key] for key in keys}
        for key in keys:
            remembered.move_to_end(key)
        while len(remembered) > MAX_TARIFFS:
            remembered.popitem(last=False)
        return tariffs

    def _look_up(self, keys: Iterable[_Key]) -> dict[_Key, Tariff | None]:
        """Find tariffs, in a thread: the first time this loads the table, which takes a quarter of a second."""
        if self._providers is None:
            self._providers = importlib.import_module("genai_prices.data").providers
        return {key: self._find(*key) for key in keys}

    def _find(self, base_url: str, model: str) -> Tariff | None:
        for provider in self._providers or ():
            if re.match(provider.api_pattern, base_url):
                # Gemini's ids may come with the name of their collection.
                found = provider.find_model(model.removeprefix("models/"), all_providers=self._providers)
                return None if found is None else read_tariff(found.prices)
        return None
