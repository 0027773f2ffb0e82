"""Pages of other sites and other ports against a real gateway: only Bodhi's own pages use a session, and model endpoints
know no cookies at all."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from sqlalchemy import Table, select

from bodhi.control.access import ROWS
from bodhi.storage import tables
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import BY_DIALECT, WAYS, Way, way_id

Fields = list[tuple[bytes, bytes]]

SITE, ORIGIN = b"sec-fetch-site", b"origin"
OURS = b"http://127.0.0.1:%d"
ANOTHER_PORT = b"http://127.0.0.1:1"
ANOTHER_SITE = b"https://evil.example"


@dataclass(frozen=True)
class Page:
    """What a browser says of the page that sends a request."""

    name: str
    fields: tuple[tuple[bytes, bytes], ...]
    ours: bool = False

    def headers(self, port: int) -> Fields:
        return [(name, value % port if value == OURS else value) for name, value in self.fields]


PAGES = (
    Page("our own page", ((SITE, b"same-origin"), (ORIGIN, OURS)), ours=True),
    Page("our own page, of a browser that says no site", ((ORIGIN, OURS),), ours=True),
    Page("our own page, of a browser that says no origin", ((SITE, b"same-origin"),), ours=True),
    Page("another port of this host", ((SITE, b"same-site"), (ORIGIN, ANOTHER_PORT))),
    Page("another port, of a browser that says no site", ((ORIGIN, ANOTHER_PORT),)),
    Page("another port, without an origin", ((SITE, b"same-site"),)),
    Page("another site", ((SITE, b"cross-site"), (ORIGIN, ANOTHER_SITE))),
    Page("another site, of a browser that says no site", ((ORIGIN, ANOTHER_SITE),)),
    Page("another site, without an origin", ((SITE, b"cross-site"),)),
    Page("a sandboxed frame", ((SITE, b"cross-site"), (ORIGIN, b"null"))),
    Page("a sandboxed frame, of a browser that says no site", ((ORIGIN, b"null"),)),
    Page("nowhere", ((SITE, b"none"),)),
    Page("contradictory: another origin", ((SITE, b"same-origin"), (ORIGIN, ANOTHER_SITE))),
    Page("contradictory: another site", ((SITE, b"cross-site"), (ORIGIN, OURS))),
    Page("a browser that says nothing", ()),
)

JSON = b"application/json"
CONTENT_TYPES = (JSON, b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x")

STATE = (tables.users, tables.tokens, tables.sessions, tables.api_models, tables.policies, tables.invites)


@pytest.fixture(scope="module")
def provider() -> Iterator[UpstreamThread]:
    with UpstreamThread() as fake:
        yield fake


@pytest.fixture(scope="module")
def gateway(provider: UpstreamThread, tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        for way in WAYS:
            base = provider.base_url(way.format)
            gateway.add_api_model(way.format, base, key=way.provider_key, models=("ok",), prefix=f"{way.format}/")
        yield gateway


@pytest.fixture(scope="module")
def cookie(gateway: Gateway) -> bytes:
    return b"bodhi_session=" + gateway.open_session().encode()


def rows_of(gateway: Gateway, *wanted: Table) -> list[list[tuple[object, ...]]]:
    """Return every row of some tables."""

    async def read() -> list[list[tuple[object, ...]]]:
        await gateway.server.refusals.flush()
        async with gateway.server.home.store.read() as connection:
            return [[tuple(row) for row in await connection.execute(select(table))] for table in wanted]

    return gateway.do(read())


def trail(gateway: Gateway) -> list[tuple[object, ...]]:
    """Return what the audit trail says, oldest first."""
    (rows,) = rows_of(gateway, tables.audit_log)
    columns = [tables.audit_log.columns.keys().index(name) for name in ("action", "outcome", "reason", "address")]
    return [tuple(row[at] for at in columns) for row in sorted(rows)]


REFUSED = ("session.cross_site", "refused", "cross_site_refused", "127.0.0.1")
CHANGES = ("POST", "PATCH", "DELETE")


def change(gateway: Gateway, method: str, headers: Fields) -> RawAnswer:
    """Ask for a change by the given method, which takes effect only if it is allowed."""
    target, fields = "/tokens", {"name": "laptop"}
    if method == "PATCH":
        (api_model, *_) = gateway.server.directory.snapshot.api_models
        target, fields = f"/api-models/{api_model.id}", {"name": f"{api_model.name}."}
    elif method == "DELETE":
        target, fields = "/sessions", {}
    plain = method == "DELETE" and (b"content-type", JSON) in headers
    body = None if plain else json.dumps(fields).encode()
    return ask(gateway.port, method.encode(), f"/bodhi/v1{target}".encode(), headers, body)


def name_of(case: object) -> str:
    return case.name if isinstance(case, Page) else str(case)


@pytest.mark.parametrize(("method", "page"), list(product(CHANGES, PAGES)), ids=name_of)
def test_a_session_changes_something_only_for_our_own_page_and_json(
    gateway: Gateway, cookie: bytes, method: str, page: Page
) -> None:
    for content_type in CONTENT_TYPES:
        gateway.open_session()  # something to end
        headers = [(b"cookie", cookie), (b"content-type", content_type), *page.headers(gateway.port)]
        before, told = rows_of(gateway, *STATE), trail(gateway)
        answer = change(gateway, method, headers)
        after, new = rows_of(gateway, *STATE), trail(gateway)[len(told) :]
        if page.ours and content_type == JSON:
            assert 200 <= answer.status < 300, answer.body
            assert after != before
            assert REFUSED not in new
            continue
        code = b"invalid_json" if page.ours else b"cross_site_refused"
        assert (answer.status, answer.header(b"x-bodhi-error")) == (400 if page.ours else 403, code)
        assert json.loads(answer.body)["error"]["message"]
        assert not answer.all(b"set-cookie")
        assert after == before
        assert new == ([] if page.ours else [REFUSED])


@pytest.mark.parametrize("page", [page for page in PAGES if not page.ours and page.fields], ids=name_of)
def test_other_sites_pages_read_nothing_with_a_session_either(gateway: Gateway, cookie: bytes, page: Page) -> None:
    if page.fields == ((SITE, b"none"),):
        return  # Typed into the address bar: nobody else's page.
    headers = [(b"cookie", cookie), *page.headers(gateway.port)]
    answer = ask(gateway.port, b"GET", b"/bodhi/v1/session", headers)
    assert (answer.status, answer.header(b"x-bodhi-error")) == (403, b"cross_site_refused")


PUBLIC = [row.path for row in ROWS if row.role is None and row.method == "POST"]


@pytest.mark.parametrize("page", [page for page in PAGES if not page.ours and page.fields], ids=name_of)
def test_no_other_page_signs_anybody_in_sets_up_or_accepts(gateway: Gateway, page: Page) -> None:
    assert len(PUBLIC) >= 4
    for path in PUBLIC:
        headers = [(b"content-type", JSON), *page.headers(gateway.port)]
        before = rows_of(gateway, *STATE)
        answer = ask(gateway.port, b"POST", path.encode(), headers, b"{}")
        if answer.header(b"x-bodhi-error") == b"endpoint_not_found":
            continue
        assert (answer.status, answer.header(b"x-bodhi-error")) == (403, b"cross_site_refused"), path
        assert not answer.all(b"set-cookie")
        assert rows_of(gateway, *STATE) == before
        assert trail(gateway)[-1] == REFUSED


def test_programs_say_nothing_of_pages_and_are_let_in(gateway: Gateway) -> None:
    bearer = gateway.open_session(carried_by="bearer")
    for credential in (bearer, gateway.mint(scope="power_user")):
        headers = [(b"authorization", b"Bearer " + credential.encode()), (b"content-type", JSON)]
        assert change(gateway, "PATCH", headers).status == 200


def test_no_answer_lets_another_origin_read_it(gateway: Gateway, cookie: bytes) -> None:
    for method in (b"GET", b"OPTIONS", b"POST"):
        preflight = [(ORIGIN, ANOTHER_SITE), (b"access-control-request-method", b"POST"), (b"cookie", cookie)]
        answer = ask(gateway.port, method, b"/bodhi/v1/session", [*preflight, (b"content-type", JSON)], b"{}")
        assert answer.status >= 400
        assert not [name for name, _ in answer.headers if name.lower().startswith(b"access-control")]


@pytest.mark.parametrize("way", BY_DIALECT, ids=way_id)
def test_a_cookie_opens_no_model_endpoint(gateway: Gateway, provider: UpstreamThread, cookie: bytes, way: Way) -> None:
    """Not even for our own page, with everything that the control API asks for."""
    session = cookie.partition(b"=")[2]
    headers = [(b"cookie", cookie), (b"content-type", JSON), *PAGES[0].headers(gateway.port)]
    received = len(provider.received)
    model = f"{way.format}/ok" if not way.model_in_path else "ok"
    for method, target, body in (
        (b"POST", way.target(model), way.body(model)),
        (b"POST", way.target(model, stream=True), way.body(model, stream=True)),
        (b"GET", b"/v1beta/models" if way.model_in_path else b"/v1/models", None),
    ):
        answer = ask(gateway.port, method, target, headers, body)
        assert (answer.status, answer.header(b"x-bodhi-error")) == (401, b"token_missing"), target
        if method == b"POST":
            assert way.message_of(answer.body)
    for name, value in (way.credential(session.decode()), (b"authorization", b"Bearer " + session)):
        answer = ask(
            gateway.port, b"POST", way.target(model), [(name, value), (b"content-type", JSON)], way.body(model)
        )
        assert answer.status == 401
    assert len(provider.received) == received


@pytest.mark.parametrize("way", WAYS, ids=way_id)
def test_a_pages_chat_token_calls_every_format_and_ends_with_its_session(
    gateway: Gateway, provider: UpstreamThread, way: Way
) -> None:
    ours = [(b"cookie", b"bodhi_session=" + gateway.open_session().encode()), *PAGES[0].headers(gateway.port)]
    minted = ask(gateway.port, b"POST", b"/bodhi/v1/session/chat-token", ours)
    token = json.loads(minted.body)["token"]
    model = f"{way.format}/ok"
    headers = [*way.headers(token), *ours]

    answer = ask(gateway.port, b"POST", way.target(model), headers, way.body(model))
    assert answer.status == 200
    assert not provider.last.all("cookie")
    assert token.encode() not in b"".join(value for _, value in provider.last.headers)

    assert ask(gateway.port, b"DELETE", b"/bodhi/v1/session", ours).status == 204
    after = ask(gateway.port, b"POST", way.target(model), way.headers(token), way.body(model))
    assert after.status == 401
