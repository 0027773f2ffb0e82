"""Who may call the model endpoints: every endpoint of every dialect, with every role, token scope and credential."""

from collections.abc import Iterator

import pytest

from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.ids import new_id
from bodhi.core.principal import CHAT, MODEL_CALLS, SCOPES, Role, TokenGrant
from bodhi.formats.contract import Dialect, Endpoint
from bodhi.formats.registry import FORMATS, dialects_of
from bodhi.identity.sign_in import BEARER, COOKIE, Opening
from bodhi.identity.tokens import new_token
from bodhi.storage.tokens import insert_token
from bodhi.storage.users import User
from scripts.docs_tables import documented_path
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer
from tests.fakes.raw_client import ask as ask_raw

ENDPOINTS = [(dialect, endpoint) for dialect in dialects_of(FORMATS) for endpoint in dialect.endpoints]
REFUSED = (401, 403)


def name_of(value: object) -> str:
    return value.name if isinstance(value, Endpoint) else ""


def address(dialect: Dialect, endpoint: Endpoint) -> str:
    path = documented_path(dialect, endpoint)
    return dialect.mount + path.replace("{model}", "nothing").replace("{id}", "resp_1").replace("{action}", "embed")


def ask(gateway: Gateway, dialect: Dialect, endpoint: Endpoint, headers: dict[str, str]) -> RawAnswer:
    body = None if endpoint.method in ("GET", "DELETE") else b'{"model":"nothing"}'
    sent = [(name.encode(), value.encode()) for name, value in {**headers, "content-type": "application/json"}.items()]
    return ask_raw(gateway.port, endpoint.method.encode(), address(dialect, endpoint).encode(), sent, body)


class People:
    """One person of each role, with tokens of each scope and sessions of both kinds."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self.by_role = {role: gateway.add_user(f"the-{role.wire}", role) for role in Role}
        self.tokens = {
            (role, scope): gateway.do(self._token(person, scope))
            for role, person in self.by_role.items()
            for scope in SCOPES
        }
        self.cookie = gateway.do(self._session(COOKIE))
        self.bearer = gateway.do(self._session(BEARER))

    async def _token(self, owner: User, scope: str) -> str:
        secret, now, services = new_token(), SYSTEM_CLOCK.now(), self._gateway.server.services
        mac = services.hasher.mac(secret.reveal().encode())
        grant = TokenGrant(new_id(), "n", mac, owner.id, owner.name, owner.role, scope, (), now, now + 900, None)
        async with services.store.write() as connection:
            await insert_token(connection, grant)
        await services.directory.reload()
        return secret.reveal()

    async def _session(self, carried_by: str) -> str:
        services, admin = self._gateway.server.services, self.by_role[Role.ADMIN]
        async with services.store.write() as connection:
            opened = await services.sessions.open(connection, admin, Opening(method="password", carried_by=carried_by))
        return opened.secret.reveal()


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as running:
        yield running


@pytest.fixture(scope="module")
def people(gateway: Gateway) -> People:
    return People(gateway)


@pytest.mark.parametrize(("dialect", "endpoint"), ENDPOINTS, ids=name_of)
def test_a_token_opens_a_model_endpoint_whatever_its_scope_if_its_owner_has_a_role(
    gateway: Gateway, people: People, dialect: Dialect, endpoint: Endpoint
) -> None:
    for (role, scope), token in people.tokens.items():
        answer = ask(gateway, dialect, endpoint, {"authorization": f"Bearer {token}"})
        if role < MODEL_CALLS:
            assert answer.status in REFUSED, (role, scope)
        else:
            assert answer.status not in (*REFUSED, 500), (role, scope, answer.body)


@pytest.mark.parametrize(("dialect", "endpoint"), ENDPOINTS, ids=name_of)
def test_no_session_opens_a_model_endpoint(
    gateway: Gateway, people: People, dialect: Dialect, endpoint: Endpoint
) -> None:
    by_cookie = ask(gateway, dialect, endpoint, {"cookie": f"bodhi_session={people.cookie}"})
    as_bearer = ask(gateway, dialect, endpoint, {"authorization": f"Bearer {people.bearer}"})
    with_nothing = ask(gateway, dialect, endpoint, {})

    assert by_cookie.header(b"x-bodhi-error") == with_nothing.header(b"x-bodhi-error") == b"token_missing"
    assert as_bearer.header(b"x-bodhi-error") == b"token_invalid"
    assert by_cookie.status == as_bearer.status == with_nothing.status == 401


def test_chat_tokens_are_among_the_scopes_that_were_tried(people: People) -> None:
    assert (Role.ADMIN, CHAT) in people.tokens


@pytest.mark.parametrize(("dialect", "endpoint"), ENDPOINTS, ids=name_of)
def test_no_model_endpoint_answers_before_there_is_an_admin(
    fresh: Gateway, dialect: Dialect, endpoint: Endpoint
) -> None:
    for headers in ({}, {"authorization": "Bearer sk-whatever"}):
        answer = ask(fresh, dialect, endpoint, headers)

        assert answer.status == 503
        assert answer.header(b"x-bodhi-error") == b"setup_required"
        assert b"bodhi setup" in answer.body


def test_a_path_that_means_nothing_tells_nothing_before_there_is_an_admin(fresh: Gateway) -> None:
    answer = ask_raw(fresh.port, b"GET", b"/v1/nothing", [])

    assert (answer.status, answer.header(b"x-bodhi-error")) == (503, b"setup_required")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Gateway]:
    """Give a gateway that nobody has set up."""
    with Gateway(tmp_path_factory.mktemp("fresh"), set_up=False, lane=has_lane) as running:
        yield running
