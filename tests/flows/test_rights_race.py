"""Rights that are taken away: gone on the very next call where that was done, and within seconds everywhere else.

Two gateways share one home folder, as two workers do. Programs call both all the time, while on the first one their
owner loses a right.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2
import pytest
from sqlalchemy import update

from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.identity.sign_in import BEARER, COOKIE
from bodhi.storage.tables import users
from bodhi.storage.users import User
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawClient, ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.ways import OPENAI

PROMISED = 5.0
"""Seconds after which no worker lets anything through any more."""


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
    return what_session_meets(gateway, {"x-api-key": person.token})


def what_session_meets(gateway: Gateway, headers: dict[str, str]) -> str:
    sent = [(name.encode(), value.encode()) for name, value in headers.items()]
    me = ask(gateway.port, b"GET", b"/bodhi/v1/session", sent)
    told = json.loads(me.body)
    return str(told["role"] if me.status == 200 else told["error"]["code"])


@dataclass
class Pair:
    """Two gateways on one home folder, and the headers of an Admin."""

    first: Gateway
    second: Gateway
    admin: dict[str, str]

    def new_person(self, role: Role) -> Person:
        """Store a person, with a token that is wide enough for the role and sessions of both kinds."""
        user = self.first.add_user(f"person-{new_id()}", role)
        bearer, cookie = (self.first.open_session(user, carried_by=each) for each in (BEARER, COOKIE))
        wish = {"name": "n", "scope": "power_user"}
        made = self.change("POST", "/tokens", {"authorization": f"Bearer {bearer}"}, wish).json()
        self.second.do(self.second.server.directory.reload())
        return Person(user, made["id"], made["token"], bearer, cookie)

    def change(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx2.Response:
        """Change something on the first gateway, and return once that is acknowledged."""
        response = httpx2.request(method, f"{self.first.url}/bodhi/v1{path}", headers=headers, json=body)
        assert response.is_success, response.text
        return response


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> Iterator[Pair]:
    home = tmp_path_factory.mktemp("home")
    with UpstreamThread() as provider, Gateway(home, lane=has_lane) as first, Gateway(home, lane=has_lane) as second:
        first.add_api_model(OPENAI.format, provider.base_url(OPENAI.format), key=OPENAI.provider_key, models=("ok",))
        second.do(second.server.directory.reload())
        yield Pair(first, second, {"authorization": f"Bearer {first.open_session(carried_by=BEARER)}"})


LOSSES: dict[str, tuple[str, str, Any, str]] = {
    "a role, to User": ("PATCH", "/users/{user}", {"role": "user"}, "user"),
    "every role": ("PATCH", "/users/{user}", {"role": "guest"}, "role_too_low"),
    "the account for a while": ("PATCH", "/users/{user}", {"disabled": True}, "token_disabled"),
    "the account": ("DELETE", "/users/{user}", None, "token_invalid"),
    "a token for a while": ("PATCH", "/tokens/{token}", {"disabled": True}, "token_disabled"),
    "a token": ("DELETE", "/tokens/{token}", None, "token_revoked"),
    "a secret": ("POST", "/tokens/{token}/rotate", {"overlap_seconds": 0}, "token_expired"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_is_lost_at_once_here_and_within_seconds_elsewhere(pair: Pair, loss: str) -> None:
    method, path, body, met = LOSSES[loss]
    person = pair.new_person(Role.POWER_USER)
    of_account = path.startswith("/users")
    headers = pair.admin if of_account else {"authorization": f"Bearer {person.bearer}"}
    path = path.format(user=person.user.id, token=person.token_id)
    with Caller(pair.first, person) as here, Caller(pair.second, person) as elsewhere:
        for caller in (here, elsewhere):
            caller.wait_for(3, lambda answer: answer == "power_user")
        pair.change(method, path, headers, body)
        done = time.monotonic()
        sessions = sessions_meet(pair, person)
        for caller in (here, elsewhere):
            caller.wait_for(5, lambda answer: answer == met)

    assert {answer for began, answer in here.calls if began >= done} == {met}
    let_through = [began - done for began, answer in elsewhere.calls if answer == "power_user"]
    assert max(let_through) <= PROMISED
    assert {answer for began, answer in elsewhere.calls if began - done > PROMISED} <= {met}
    # Sessions are read from the store at every call, so that there is nothing to catch up with.
    assert sessions == {"session_ended" if of_account else "power_user"}


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


def test_a_call_that_is_under_way_goes_on(tmp_path_factory: pytest.TempPathFactory, has_lane: bool) -> None:
    with UpstreamThread() as provider, Gateway(tmp_path_factory.mktemp("home"), lane=has_lane) as gateway:
        base_url = provider.base_url(OPENAI.format)
        gateway.add_api_model(OPENAI.format, base_url, key=OPENAI.provider_key, models=("slow-50ms",))
        pair = Pair(gateway, gateway, {})
        person = pair.new_person(Role.POWER_USER)
        with RawClient(gateway.port) as client:
            body = OPENAI.body("slow-50ms", stream=True)
            client.send(b"POST", OPENAI.target("slow-50ms", stream=True), OPENAI.headers(person.token), body)
            client.read_until(b"data:")
            headers = {"authorization": f"Bearer {person.bearer}"}
            pair.change("DELETE", f"/tokens/{person.token_id}", headers)
            assert what_token_meets(gateway, person) == "token_revoked"
            assert client.answer().complete
