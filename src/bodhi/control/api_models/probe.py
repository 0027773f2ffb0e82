"""Tries a provider: one tiny call, or its catalog. The calls go the way of all traffic; no key is stored here.

What went wrong is told in one of five messages, with the provider's own text beside it.
"""

import asyncio
import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from bodhi.core.api_model import ApiModel, Timeouts, is_model_id
from bodhi.core.call import Route
from bodhi.core.clock import Clock
from bodhi.core.credential import Secret
from bodhi.core.errors import BodhiError, UpstreamTimeout, UpstreamUnreachable
from bodhi.core.types import Header
from bodhi.formats.contract import Endpoint, Format, ModelIn
from bodhi.relay.decode import new_decoder
from bodhi.relay.outbound import CallText, new_leg, new_outbound
from bodhi.relay.scrub import scrub
from bodhi.relay.upstream import UpstreamClient

WORKS = "Connection works"
INVALID_KEY = "Invalid API key"
RATE_LIMIT = "Rate limit exceeded"
NETWORK = "Network error"
FAILED = "Connection failed"

TEST_SECONDS = 60.0
CATALOG_SECONDS = 30.0
MAX_PAGES = 20
MAX_IDS = 5_000
MAX_ANSWER = 16 * 1024 * 1024
MAX_ERROR = 256 * 1024
MAX_DETAIL = 1_000

_HEADERS: tuple[Header, ...] = ((b"accept", b"application/json"), (b"accept-encoding", b"identity"))
_JSON_HEADERS: tuple[Header, ...] = (*_HEADERS, (b"content-type", b"application/json"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered, decoded, and without any trace of its key."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try went."""

    ok: bool
    message: str
    detail: str
    status: int | None
    duration_ms: int
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

    async def test(self, model: str) -> Outcome:
        """Ask a model for one token."""
        probe = self._format.dialect.probe(model)
        body = json.dumps(probe.body).encode()
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(TEST_SECONDS):
                answer = await self._call(probe.endpoint, model, b"", body)
        except (BodhiError, TimeoutError) as error:
            return self._failure(began, *_worded(error))
        if _is_success(answer):
            return Outcome(ok=True, message=WORKS, detail="", status=answer.status, duration_ms=self._elapsed(began))
        return self._failure(began, *self._judged(answer), answer.status)

    async def fetch(self) -> Outcome:
        """Read the catalog, page by page."""
        catalog = _Catalog()
        began = self._clock.monotonic()
        try:
            async with asyncio.timeout(CATALOG_SECONDS):
                refused = await self._pages(catalog)
        except (BodhiError, TimeoutError) as error:
            return self._failure(began, *_worded(error))
        if refused is not None:
            return self._failure(began, *self._judged(refused), refused.status)
        return Outcome(
            ok=True,
            message=WORKS,
            detail="",
            status=HTTPStatus.OK,
            duration_ms=self._elapsed(began),
            models=tuple(catalog.ids),
            truncated=catalog.truncated,
        )

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
            if not _is_success(answer):
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
        response = await self._upstream.open(new_outbound(text, endpoint, route, leg))
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
        return Answer(response.status, headers.get(b"content-type", b"").decode("latin-1"), plain[:MAX_ANSWER])

    def _judged(self, answer: Answer) -> tuple[str, str]:
        """Choose the message for an answer that is no success, and the text beside it."""
        said = self._format.dialect.read_error(answer.body)
        detail = _one_line(said) if said else _described(answer)
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return INVALID_KEY, detail
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            return RATE_LIMIT, detail
        # Some providers answer 400 to a wrong key, and only their text tells.
        if answer.status == HTTPStatus.BAD_REQUEST and said and "api key" in said.lower():
            return INVALID_KEY, detail
        return FAILED, detail

    def _failure(self, began: float, message: str, detail: str, status: int | None = None) -> Outcome:
        return Outcome(ok=False, message=message, detail=detail, status=status, duration_ms=self._elapsed(began))

    def _elapsed(self, began: float) -> int:
        return round((self._clock.monotonic() - began) * 1000)


def _worded(error: BodhiError | TimeoutError) -> tuple[str, str]:
    """Choose the message for an answer that did not come."""
    if isinstance(error, TimeoutError):
        return NETWORK, "The provider did not answer in time."
    if isinstance(error, UpstreamUnreachable | UpstreamTimeout):
        return NETWORK, _one_line(error.message.removeprefix(f"{NETWORK}: "))
    return FAILED, _one_line(error.message)


def _is_success(answer: Answer) -> bool:
    """Tell whether an answer is a success and JSON, so that a web page at the address does not count."""
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        return False
    try:
        json.loads(answer.body)
    except (ValueError, RecursionError):
        return False
    return True


def _described(answer: Answer) -> str:
    """Describe an answer in which the provider explains nothing."""
    if answer.status < HTTPStatus.MULTIPLE_CHOICES:
        kind = answer.content_type.partition(";")[0].strip()[:80] or "something"
        return f"The provider answered {answer.status} with {kind} instead of the expected JSON. Check the base URL."
    if answer.status < HTTPStatus.BAD_REQUEST:
        return f"The provider answered with a redirect ({answer.status}), which is not followed. Correct the base URL."
    if answer.status == HTTPStatus.NOT_FOUND:
        return "The provider has nothing at this address (404). Check the base URL, or type model ids by hand."
    return f"The provider answered with status {answer.status} and did not say why."


def _one_line(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_DETAIL]
    return line[:1].upper() + line[1:]
