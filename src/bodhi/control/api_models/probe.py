"""Tries a provider: one tiny call, or its catalog. The calls go the way of all traffic; no key is stored here.

What went wrong is judged in `verdict`: one of five messages, with the provider's own text beside it.
"""

import asyncio
import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from bodhi.control.api_models.verdict import WORKS, Answer, Kind, Verdict, is_success, judge, seconds_to_wait, word
from bodhi.core.api_model import ApiModel, Timeouts, is_model_id
from bodhi.core.call import Route
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import BodhiError
from bodhi.core.types import Header
from bodhi.formats.contract import Endpoint, Format, ModelIn
from bodhi.relay.decode import new_decoder
from bodhi.relay.outbound import CallText, new_leg, new_outbound
from bodhi.relay.scrub import scrub
from bodhi.relay.upstream import UpstreamClient

TEST_SECONDS = 60.0
CATALOG_SECONDS = 30.0
MAX_PAGES = 20
MAX_IDS = 5_000
MAX_ANSWER = 16 * 1024 * 1024
MAX_ERROR = 256 * 1024
MAX_REPLY = 4 * 1024

_HEADERS: tuple[Header, ...] = ((b"accept", b"application/json"), (b"accept-encoding", b"identity"))
_JSON_HEADERS: tuple[Header, ...] = (*_HEADERS, (b"content-type", b"application/json"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went."""

    ok: bool
    message: str
    detail: str
    status: int | None
    duration_ms: int
    url: str
    """The URL that was called: the last one, where a catalog has pages."""
    kind: Kind | None = None
    retry_after: int | None = None
    """For how many seconds the provider asks to be left alone."""
    reply: str = ""
    """The beginning of an answer that is no success, as it came."""
    models: tuple[str, ...] = ()
    truncated: bool = False


@dataclass(slots=True)
class _Catalog:
    """Ids collected so far."""

    ids: dict[str, None] = field(default_factory=dict)
    truncated: bool = False

    def add(self, ids: tuple[str, ...]) -> None:
        for model in ids:
            if len(self.ids) >= MAX_IDS:
                self.truncated = True
                return
            # A name that could not be called, or would break a page that shows it, is left out.
            if is_model_id(model):
                self.ids[model] = None


class Prober:
    """Tries one provider with one key."""

    def __init__(
        self,
        upstream: UpstreamClient,
        clock: Clock,
        api_model: ApiModel,
        upstream_format: Format,
        secret: Secret | None,
    ) -> None:
        self._upstream = upstream
        self._clock = clock
        self._api_model = api_model
        self._format = upstream_format
        self._secret = secret
        self._url = api_model.base_url.encode()

    async def test(self, model: str) -> Outcome:
        """Ask a model for one token."""
        probe = self._format.dialect.probe(model)
        body = json.dumps(probe.body).encode()
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(TEST_SECONDS):
                answer = await self._call(probe.endpoint, model, b"", body)
        except (BodhiError, TimeoutError) as error:
            return self._failure(began, word(error))
        return self._success(began, answer.status) if is_success(answer) else self._judged(began, answer)

    async def fetch(self) -> Outcome:
        """Read the catalog, page by page."""
        catalog = _Catalog()
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(CATALOG_SECONDS):
                refused = await self._pages(catalog)
        except (BodhiError, TimeoutError) as error:
            return self._failure(began, word(error))
        if refused is not None:
            return self._judged(began, refused)
        read = self._success(began, HTTPStatus.OK)
        return replace(read, models=tuple(catalog.ids), truncated=catalog.truncated)

    async def _pages(self, catalog: _Catalog) -> Answer | None:
        """Collect ids; return the answer that is no page, if there is one."""
        dialect = self._format.dialect
        endpoint = Endpoint(name="catalog", method="GET", path="", suffix=dialect.catalog_suffix, model_in=ModelIn.NONE)
        query: str | None = dialect.catalog_query
        asked: set[str] = set()
        while query is not None and not catalog.truncated:
            if query in asked or len(asked) >= MAX_PAGES:
                catalog.truncated = True
                break
            asked.add(query)
            answer = await self._call(endpoint, None, query.encode(), b"")
            if not is_success(answer):
                return answer
            try:
                page = dialect.read_catalog(answer.body)
            except ValueError:
                return answer
            catalog.add(page.ids)
            query = page.next_query
        return None

    async def _call(self, endpoint: Endpoint, model: str | None, query: bytes, body: bytes) -> Answer:
        """Send one call the way that all calls go, and read its whole answer."""
        text = CallText(
            method=endpoint.method.encode(),
            params={} if model is None else {"model": model},
            query=query,
            headers=_JSON_HEADERS if body else _HEADERS,
            body=body,
        )
        # The probe names the upstream's own model id, so there is no prefix to strip.
        leg = new_leg(self._api_model, self._format, self._secret, Timeouts())
        route = Route(replace(self._api_model, prefix=""), model)
        outbound = new_outbound(text, endpoint, route, leg)
        self._url = f"{leg.origin.scheme}://{leg.origin.authority}".encode() + outbound.target
        response = await self._upstream.open(outbound)
        try:
            headers = dict(response.headers)
            pieces, size = [], 0
            while (piece := await response.read()) and size <= MAX_ANSWER:
                pieces.append(piece)
                size += len(piece)
        finally:
            response.release()
        decoder = new_decoder(headers.get(b"content-encoding", b""))
        raw = b"".join(pieces)
        plain = decoder.feed(raw) if decoder else raw
        if self._secret is not None and response.status >= HTTPStatus.BAD_REQUEST:
            plain = scrub(plain[:MAX_ERROR], self._secret)
        content_type, retry_after = (headers.get(n, b"").decode("latin-1") for n in (b"content-type", b"retry-after"))
        return Answer(response.status, content_type, plain[:MAX_ANSWER], retry_after)

    def _judged(self, began: float, answer: Answer) -> Outcome:
        wait = seconds_to_wait(answer.retry_after, self._clock.now())
        failure = self._failure(began, judge(self._format.dialect, answer), answer.status, wait)
        return replace(failure, reply=self._quoted(answer))

    def _quoted(self, answer: Answer) -> str:
        """Return the beginning of an answer for a person: a page that succeeds may repeat the key as well."""
        beginning = answer.body[:MAX_ERROR]
        scrubbed = beginning if self._secret is None else scrub(beginning, self._secret)
        text = scrubbed[:MAX_REPLY].decode(errors="replace")
        return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)

    def _failure(
        self, began: float, verdict: Verdict, status: int | None = None, retry_after: int | None = None
    ) -> Outcome:
        return Outcome(
            ok=False,
            message=verdict.message,
            detail=verdict.detail,
            status=status,
            duration_ms=self._elapsed(began),
            url=self._called(),
            kind=verdict.kind,
            retry_after=retry_after,
        )

    def _success(self, began: float, status: int) -> Outcome:
        return Outcome(
            ok=True, message=WORKS, detail="", status=status, duration_ms=self._elapsed(began), url=self._called()
        )

    def _called(self) -> str:
        """Return the URL, without the key where somebody put it there."""
        return (self._url if self._secret is None else scrub(self._url, self._secret)).decode()

    def _elapsed(self, began: float) -> int:
        return round((self._clock.monotonic() - began) * 1000)
