"""Rights that are taken away: gone on the very next call where that was done, and within seconds everywhere else.

Two gateways share one home folder, as two workers do. Programs call both all the time, while on the first one their
owner loses a right.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2
import pytest
from sqlalchemy import delete, update

from bodhi.core.audit import Act, Actor, Via
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.identity.mint import Mint, Owner, TokenWish, mint_token
from bodhi.identity.sign_in import BEARER, COOKIE, Opening
from bodhi.identity.token_changes import TokenChange, change_token, end_token, rotate_token
from bodhi.storage.sessions import delete_sessions
from bodhi.storage.tables import users
from bodhi.storage.users import User
from bodhi.storage.version import bump_config_version
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawClient, ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import OPENAI

PROMISED = 5.0
"""Seconds after which no worker lets anything through any more."""
ACTOR = Actor(via=Via.HOST, user_name="test")


@dataclass
class Person:
    """Somebody with a token, and sessions of both kinds."""

    user: User
    token_id: str
    token: str
    bearer: str
    cookie: str


@dataclass
class Caller:
    """A program that calls one gateway without a pause, and notes when each call began and how it was answered."""

    gateway: Gateway
    person: Person
    calls: list[tuple[float, str]] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PROMISED)

    def _run(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self.calls.append((began, what_token_meets(self.gateway, self.person)))

    def wait_for(self, count: int, answer: Callable[[str], bool]) -> None:
        """Return when the last so many calls were answered so. The deadline is far beyond what is promised."""
        give_up = time.monotonic() + 6 * PROMISED
        while time.monotonic() < give_up:
            last = self.calls[-count:]
            if len(last) == count and all(answer(each) for _, each in last):
                return
            self._stop.wait(0.005)
        raise AssertionError(f"the last calls were answered {self.calls[-3:]}")


def what_token_meets(gateway: Gateway, person: Person) -> str:
    """Make a model call, then ask what the token may do; return the role, or the code of the refusal."""
    answer = ask(gateway.port, b"POST", OPENAI.target("ok"), OPENAI.headers(person.token), OPENAI.body("ok"))
    if answer.status != 200:
        return (answer.header(b"x-bodhi-error") or b"?").decode()
    me = httpx2.get(f"{gateway.url}/bodhi/v1/session", headers={"x-api-key": person.token})
    return str(me.json()["role"] if me.status_code == 200 else me.json()["error"]["code"])


def what_session_meets(gateway: Gateway, headers: dict[str, str]) -> str:
    me = httpx2.get(f"{gateway.url}/bodhi/v1/session", headers=headers)
    return str(me.json()["role"] if me.status_code == 200 else me.json()["error"]["code"])


@dataclass
class Pair:
    """Two gateways on one home folder."""

    first: Gateway
    second: Gateway

    def new_person(self, role: Role) -> Person:
        return self.first.do(self._new_person(role))

    async def _new_person(self, role: Role) -> Person:
        services = self.first.server.services
        user = User(new_id(), f"person-{new_id()}", role, None, disabled=False, created_at=1.0)
        await self.first._insert_user(user)
        owner = Owner(user.id, user.name, role)
        secret, grant = await mint_token(services.mint, ACTOR, owner, TokenWish(name="n", scope="power_user"))
        opened = []
        for carried_by in (BEARER, COOKIE):
            async with services.store.write() as connection:
                opening = Opening(method="password", carried_by=carried_by)
                opened.append(await services.sessions.open(connection, user, opening))
        await services.directory.reload()
        bearer, cookie = (each.secret.reveal() for each in opened)
        return Person(user, grant.id, secret.reveal(), bearer, cookie)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    home = tmp_path_factory.mktemp("home")
    with UpstreamThread() as provider, Gateway(home) as first, Gateway(home) as second:
        first.add_api_model(OPENAI.format, provider.base_url(OPENAI.format), key=OPENAI.provider_key, models=("ok",))
        second.do(second.server.directory.reload())
        yield Pair(first, second)


async def change_person(gateway: Gateway, person: Person, **values: Any) -> None:
    """Change somebody as an Admin does: with their sessions ended and a row in the audit trail, all at once."""
    services, user = gateway.server.services, person.user
    async with services.store.write() as connection:
        await bump_config_version(connection)
        await delete_sessions(connection, user.id)
        if values:
            await connection.execute(update(users).where(users.c.id == user.id).values(**values))
        else:
            await connection.execute(delete(users).where(users.c.id == user.id))
        action = "user.change" if values else "user.delete"
        await services.audit.append(connection, ACTOR, Act(action=action, subject_id=user.id, after=values))
    await services.directory.reload()


async def change_person_token(gateway: Gateway, person: Person, how: str) -> None:
    """Take a right from a token as its owner does."""
    mint: Mint = gateway.server.services.mint
    if how == "disable":
        await change_token(mint, ACTOR, person.token_id, TokenChange(disabled=True), lambda *_: None)
    elif how == "rotate":
        await rotate_token(mint, ACTOR, person.token_id, 0, lambda *_: None)
    else:
        await end_token(mint, ACTOR, person.token_id, lambda *_: None)
    await gateway.server.services.directory.reload()


LOSSES: dict[str, tuple[Callable[[Gateway, Person], Any], str]] = {
    "a role, to User": (lambda gateway, person: change_person(gateway, person, role="user"), "user"),
    "every role": (lambda gateway, person: change_person(gateway, person, role="guest"), "role_too_low"),
    "the account for a while": (
        lambda gateway, person: change_person(gateway, person, disabled=True),
        "token_disabled",
    ),
    "the account": (change_person, "token_invalid"),
    "a token for a while": (lambda gateway, person: change_person_token(gateway, person, "disable"), "token_disabled"),
    "a token": (lambda gateway, person: change_person_token(gateway, person, "revoke"), "token_revoked"),
    "a secret": (lambda gateway, person: change_person_token(gateway, person, "rotate"), "token_expired"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_is_lost_at_once_here_and_within_seconds_elsewhere(pair: Pair, loss: str) -> None:
    take, met = LOSSES[loss]
    person = pair.new_person(Role.POWER_USER)
    with Caller(pair.first, person) as here, Caller(pair.second, person) as elsewhere:
        for caller in (here, elsewhere):
            caller.wait_for(3, lambda answer: answer == "power_user")
        pair.first.do(take(pair.first, person))
        done = time.monotonic()
        sessions = sessions_meet(pair, person)
        for caller in (here, elsewhere):
            caller.wait_for(5, lambda answer: answer == met)

    assert {answer for began, answer in here.calls if began >= done} == {met}
    let_through = [began - done for began, answer in elsewhere.calls if answer == "power_user"]
    assert max(let_through) <= PROMISED
    assert {answer for began, answer in elsewhere.calls if began - done > PROMISED} <= {met}
    # Sessions are read from the store at every call, so that there is nothing to catch up with.
    kept = "power_user" if "token" in loss or "secret" in loss else "session_ended"
    assert sessions == {kept}


def sessions_meet(pair: Pair, person: Person) -> set[str]:
    """Return what the person's sessions meet on both gateways."""
    shown = ({"authorization": f"Bearer {person.bearer}"}, {"cookie": f"bodhi_session={person.cookie}"})
    return {what_session_meets(gateway, headers) for gateway in (pair.first, pair.second) for headers in shown}


def test_a_session_that_outlived_a_change_is_no_more_than_its_person(pair: Pair) -> None:
    person = pair.new_person(Role.MANAGER)
    for values, met in (
        ({"role": "user"}, "user"),
        ({"role": "guest"}, "guest"),
        ({"disabled": True}, "session_ended"),
    ):
        pair.first.do(_only_store(pair.first, person, **values))
        assert sessions_meet(pair, person) == {met}


async def _only_store(gateway: Gateway, person: Person, **values: Any) -> None:
    """Change somebody's row and nothing else, so that even a forgotten session is seen to be refused."""
    async with gateway.server.services.store.write() as connection:
        await connection.execute(update(users).where(users.c.id == person.user.id).values(**values))


def test_a_call_that_is_under_way_goes_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    with UpstreamThread() as provider, Gateway(tmp_path_factory.mktemp("home")) as gateway:
        base_url = provider.base_url(OPENAI.format)
        gateway.add_api_model(OPENAI.format, base_url, key=OPENAI.provider_key, models=("slow-50ms",))
        pair = Pair(gateway, gateway)
        person = pair.new_person(Role.POWER_USER)
        with RawClient(gateway.port) as client:
            body = OPENAI.body("slow-50ms", stream=True)
            client.send(b"POST", OPENAI.target("slow-50ms", stream=True), OPENAI.headers(person.token), body)
            client.read_until(b"data:")
            gateway.do(change_person_token(gateway, person, "revoke"))
            assert what_token_meets(gateway, person) == "token_revoked"
            assert client.answer().complete
