"""Guessing: passwords and codes, from one address and from many, in process and over HTTP. The work that guesses cost is
bounded by the formula of the limits, never by how many come."""

import json
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from sqlalchemy import func, select
from typing_extensions import override

from bodhi.core.credential import Secret
from bodhi.core.errors import SignInFailed, TooManyAttempts
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.identity.passwords import Passwords
from bodhi.identity.sign_in import Opening, Sessions
from bodhi.identity.throttle import LIMITS, PASSWORD_FROM_ADDRESS, PASSWORD_OF_ACCOUNT, Limit, Throttle
from bodhi.identity.tokens import TokenHasher
from bodhi.storage.audit import AuditLog
from bodhi.storage.engine import Store
from bodhi.storage.tables import attempts, audit_log, sessions
from bodhi.storage.users import User, insert_user
from tests.fakes.clocks import StillClock
from tests.fakes.gateway import Gateway
from tests.fakes.raw_client import RawAnswer, ask
from tests.fakes.stores import fresh_store

GUESSES = 10_000
ACCOUNT, ADDRESS = LIMITS[PASSWORD_OF_ACCOUNT], LIMITS[PASSWORD_FROM_ADDRESS]
RIGHT = Secret("correct zebra stapler")
JSON = [(b"content-type", b"application/json")]


class Counting(Passwords):
    """Counts the passwords that are compared, which is what guesses cost."""

    compared = 0

    @override
    async def verify(self, stored: str | None, password: Secret) -> bool:
        self.compared += 1
        return await super().verify(stored, password)


class Attack:
    """An attacker with a clock of their own."""

    def __init__(self, store: Store) -> None:
        self.time = StillClock()
        self.passwords = Counting(passes=1, memory_kib=64)
        throttle = Throttle(store, self.time.clock)
        audit = AuditLog(b"a" * 32, self.time.clock)
        self.sessions = Sessions(store, self.passwords, TokenHasher(b"s" * 32), audit, self.time.clock, throttle)
        self.told: dict[str, int] = {}

    async def guess(self, number: int, address: str, name: str = "ada") -> None:
        opening = Opening(method="password", address=address)
        try:
            await self.sessions.sign_in(name, Secret(f"guess {number}"), opening)
            self.told["in"] = self.told.get("in", 0) + 1
        except (SignInFailed, TooManyAttempts) as error:
            self.told[error.code] = self.told.get(error.code, 0) + 1


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with fresh_store(tmp_path) as store:
        password_hash = await Passwords(passes=1, memory_kib=64).new_hash(RIGHT)
        user = User(new_id(), "ada", Role.ADMIN, password_hash, disabled=False, created_at=1.0)
        async with store.write() as connection:
            await insert_user(connection, user)
        yield store


@pytest.fixture
def attack(store: Store) -> Attack:
    return Attack(store)


def allowed(limit: Limit, seconds: float) -> int:
    """Return how many attempts a limit lets through in a time: the burst, and what has come back since."""
    return limit.burst + int(seconds / limit.seconds)


async def test_ten_thousand_guesses_from_one_address_cost_what_the_formula_allows(attack: Attack) -> None:
    for number in range(GUESSES):
        attack.time.advance(0.1)
        await attack.guess(number, "192.0.2.1")
    most = allowed(ACCOUNT, GUESSES * 0.1)
    assert most - 1 <= attack.passwords.compared <= most
    assert attack.told == {
        "sign_in_failed": attack.passwords.compared,
        "too_many_attempts": GUESSES - attack.passwords.compared,
    }


async def test_ten_thousand_guesses_from_ten_thousand_addresses_cost_no_more(attack: Attack, store: Store) -> None:
    for number in range(GUESSES):
        attack.time.advance(0.1)
        await attack.guess(number, f"10.{number % 251}.{number // 251}.1")
    most = allowed(ACCOUNT, GUESSES * 0.1)
    assert most - 1 <= attack.passwords.compared <= most
    async with store.read() as connection:
        kept = (await connection.execute(select(func.count()).select_from(attempts))).scalar_one()
    assert kept <= 1 + most


async def test_one_password_tried_on_a_thousand_accounts_is_bounded_by_the_address(attack: Attack) -> None:
    for number in range(1_000):
        attack.time.advance(0.1)
        await attack.guess(0, f"2001:db8::{number:x}", name=f"user-{number}")
    most = allowed(ADDRESS, 1_000 * 0.1)
    assert most - 1 <= attack.passwords.compared <= most


async def test_the_owner_gets_in_as_soon_as_the_guessing_pauses(attack: Attack) -> None:
    for number in range(100):
        await attack.guess(number, "192.0.2.1")
    attack.time.advance(ACCOUNT.seconds)
    user, _ = await attack.sessions.sign_in("ada", RIGHT, Opening(method="password", address="198.51.100.7"))
    assert user.name == "ada"


@pytest.mark.parametrize("jump", [86_400.0, -86_400.0])
async def test_a_clock_a_day_off_opens_no_gap_and_locks_nobody_out(attack: Attack, jump: float) -> None:
    for number in range(100):
        await attack.guess(number, "192.0.2.1")
    attack.time.advance(jump)
    for number in range(100):
        await attack.guess(number, "192.0.2.1")
    assert attack.passwords.compared <= 2 * ACCOUNT.burst
    attack.time.advance(ACCOUNT.seconds)
    await attack.sessions.sign_in("ada", RIGHT, Opening(method="password", address="192.0.2.1"))


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(tmp_path_factory.mktemp("home"), trusted_proxies=(ip_network("127.0.0.1/32"),)) as gateway:
        yield gateway


def sign_in(gateway: Gateway, name: str, password: str, address: str) -> RawAnswer:
    """Sign in through a proxy that says where the client is."""
    body = json.dumps({"username": name, "password": password}).encode()
    headers = [*JSON, (b"x-forwarded-for", address.encode())]
    return ask(gateway.port, b"POST", b"/bodhi/v1/session", headers, body)


def test_over_http_guesses_end_in_429_whatever_address_they_claim(gateway: Gateway) -> None:
    answers = [sign_in(gateway, "admin", f"guess {n}", f"198.51.100.{n}") for n in range(ACCOUNT.burst + 5)]
    codes = [answer.header(b"x-bodhi-error") for answer in answers]
    assert codes == [b"sign_in_failed"] * ACCOUNT.burst + [b"too_many_attempts"] * 5
    assert [int(answer.header(b"retry-after") or 0) for answer in answers[-5:]] == pytest.approx([60] * 5, abs=15)
    assert len({answer.body for answer in answers[: ACCOUNT.burst]}) == 1
    known = sign_in(gateway, "admin", "guess", "198.51.100.200")
    for n in range(ACCOUNT.burst):
        sign_in(gateway, "nobody", f"guess {n}", f"198.51.100.{n}")
    unknown = sign_in(gateway, "nobody", "guess", "198.51.100.200")
    assert (unknown.status, unknown.header(b"x-bodhi-error")) == (known.status, known.header(b"x-bodhi-error"))

    async def told() -> list[tuple[object, ...]]:
        await gateway.server.refusals.flush()
        columns = audit_log.c.reason, audit_log.c.subject_name
        query = select(*columns).where(audit_log.c.action == "session.open", audit_log.c.outcome == "refused")
        async with gateway.server.home.store.read() as connection:
            assert (await connection.execute(select(func.count()).select_from(sessions))).scalar_one() == 0
            return [tuple(row) for row in await connection.execute(query)]

    rows = gateway.do(told())
    assert set(rows) == {
        ("sign_in_failed", "admin"), ("too_many_attempts", "admin"),
        ("sign_in_failed", None), ("too_many_attempts", None),
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{}", b"[]", b"null", b"\xff", b'{"username": "admin"}', b'{"password": "x"}', b'{"username": 1, "password": 2}',
        b'{"username": "admin", "password": "x", "role": "admin"}', b'{"username": "\\ud800", "password": "\\ud800"}',
        b'{"username": "\\u0000", "password": "\\u0000"}', b'{"username": ' + b'"' + b"x" * 100_000 + b'", "password": "x"}',
        b'{"username": "x", "password": "' + b"x" * 200_000 + b'"}', b'{"username": "x", "password": "' + b"x" * 300_000 + b'"}',
    ],
    ids=range(14),
)  # fmt: skip
def test_junk_signs_nobody_in_and_is_answered_clearly(gateway: Gateway, body: bytes) -> None:
    answer = ask(gateway.port, b"POST", b"/bodhi/v1/session", [*JSON, (b"x-forwarded-for", b"203.0.113.9")], body)
    assert answer.status in (400, 401, 413)
    assert json.loads(answer.body)["error"]["message"]
    assert not answer.all(b"set-cookie")
    assert b"xxxx" not in answer.body
