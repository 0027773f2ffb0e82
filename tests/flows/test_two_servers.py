"""Two servers on one store, a home folder or a PostgreSQL database: what changes at one holds at the other."""

import asyncio
import base64
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from bodhi.core.principal import Role
from bodhi.storage.audit_chain import Verdict, verify_chain
from bodhi.storage.tables import audit_log
from tests.fakes.gateway import Gateway
from tests.fakes.postgres import Postgres
from tests.fakes.raw_client import ask
from tests.fakes.upstream import UpstreamThread
from tests.fakes.waiting import eventually_in_thread
from tests.fakes.ways import OPENAI

PASSWORD = "correct zebra stapler"
KEY = "sk-canary-0123456789abcdef"
WORKERS = 4
"""At each server."""
TURNS = 12


@dataclass(frozen=True)
class Pair:
    """Two running servers, and the session of the first Admin."""

    one: Gateway
    two: Gateway
    session: str
    client: httpx2.Client

    def call(self, gateway: Gateway, method: str, path: str, document: Any = None) -> httpx2.Response:
        """Call the control API of one of them."""
        headers = {"authorization": f"Bearer {self.session}"}
        return self.client.request(method, f"{gateway.url}/bodhi/v1{path}", headers=headers, json=document)

    def done(self, gateway: Gateway, method: str, path: str, document: Any = None) -> Any:
        """Call, and return what the answer holds; it must be a success."""
        answer = self.call(gateway, method, path, document)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def verdict(self) -> Verdict:
        """Verify the audit trail."""
        home = self.one.server.home
        return self.one.do(verify_chain(home.store.read, home.audit.keys))

    def acts(self) -> dict[str, int]:
        """Count what was done, by action."""
        return self.one.do(self._acts())

    async def _acts(self) -> dict[str, int]:
        query = select(audit_log.c.action, func.count()).where(audit_log.c.outcome == "done").group_by("action")
        async with self.one.server.home.store.read() as connection:
            return {row[0]: int(row[1]) for row in await connection.execute(query)}


@pytest.fixture(params=["sqlite", "postgresql"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Give two servers, set up at the first."""
    shared: dict[str, Any] = {}
    if request.param == "sqlite":
        homes = [tmp_path / "home"] * 2
    else:
        server: Postgres = request.getfixturevalue("postgres")
        root_key = base64.b64encode(os.urandom(32)).decode()
        database = server.url(asyncio.run(server.new_database()))
        homes = [tmp_path / "a", tmp_path / "b"]
        shared = {"database_url": database, "encryption_key": root_key}
    with ExitStack() as stack:
        one, two = (stack.enter_context(Gateway(home, set_up=False, **shared)) for home in homes)
        code = (homes[0] / "setup-code").read_text().strip()
        claim = {"code": code, "username": "ada", "password": PASSWORD, "bearer": True}
        answer = httpx2.post(f"{one.url}/bodhi/v1/setup", json=claim, timeout=30)
        assert answer.status_code == 201, answer.text
        eventually_in_thread(lambda: httpx2.get(f"{two.url}/bodhi/v1/openapi.json").status_code == 200)
        yield Pair(one, two, answer.json()["session"], stack.enter_context(httpx2.Client(timeout=30)))


def status_of(gateway: Gateway, token: str) -> int:
    """Call a model with a token."""
    return ask(gateway.port, b"POST", OPENAI.target("ok"), OPENAI.headers(token), OPENAI.body("ok")).status


def test_people_tokens_and_api_models_of_one_are_those_of_the_other(
    pair: Pair, upstream_thread: UpstreamThread
) -> None:
    sign_in = {"username": "ada", "password": PASSWORD, "bearer": True}
    assert httpx2.post(f"{pair.two.url}/bodhi/v1/session", json=sign_in, timeout=30).status_code == 201
    fields = {"name": "One", "format": "openai", "base_url": upstream_thread.base_url("openai"), "models": ["ok"]}
    pair.done(pair.one, "POST", "/api-models", {**fields, "api_key": KEY, "allow_private_network": True})
    minted = pair.done(pair.two, "POST", "/tokens", {"name": "laptop"})
    assert status_of(pair.one, minted["token"]) == 200
    eventually_in_thread(lambda: status_of(pair.two, minted["token"]) == 200)
    assert dict(upstream_thread.last.headers)[OPENAI.key_header] == OPENAI.key_value(KEY)

    rotated = pair.done(pair.one, "POST", "/keys/rotate-data")
    eventually_in_thread(lambda: pair.two.server.home.vault.active_id == rotated["active"])
    assert status_of(pair.two, minted["token"]) == 200

    pair.done(pair.one, "DELETE", f"/tokens/{minted['id']}")
    assert status_of(pair.one, minted["token"]) == 401
    eventually_in_thread(lambda: status_of(pair.two, minted["token"]) == 401)
    assert pair.verdict().problem is None


def test_somebody_who_is_demoted_at_one_can_do_less_at_the_other(pair: Pair) -> None:
    person = pair.one.add_user("pat", Role.POWER_USER)
    token = pair.one.mint(person, scope="power_user")

    def may_manage(gateway: Gateway) -> int:
        answer = httpx2.post(
            f"{gateway.url}/bodhi/v1/api-models", json={}, headers={"authorization": f"Bearer {token}"}
        )
        return answer.status_code

    eventually_in_thread(lambda: (may_manage(pair.one), may_manage(pair.two)) == (400, 400))
    pair.done(pair.one, "PATCH", f"/users/{person.id}", {"role": "user"})
    assert may_manage(pair.one) == 403
    eventually_in_thread(lambda: may_manage(pair.two) == 403)
    pair.done(pair.two, "PATCH", f"/users/{person.id}", {"disabled": True})
    eventually_in_thread(lambda: (may_manage(pair.one), may_manage(pair.two)) == (401, 401))
    assert pair.verdict().problem is None
    assert pair.acts()["user.change"] == 2


def work(pair: Pair, gateway: Gateway, name: str, person: str) -> None:
    """Change tokens, people, captures and keys, one after the other; each change must be answered as done."""
    for turn in range(TURNS):
        minted = pair.done(gateway, "POST", "/tokens", {"name": name})
        pair.done(gateway, "PATCH", f"/tokens/{minted['id']}", {"name": f"{name}, {turn}"})
        pair.done(gateway, "DELETE", f"/tokens/{minted['id']}")
        pair.done(gateway, "PATCH", f"/users/{person}", {"name": f"{name}.{turn}"})
        pair.done(gateway, "PUT", "/capture", {"enabled": False, "days": 1 + turn % 7})
        if turn % 4 == 0:
            pair.done(gateway, "POST", "/keys/rotate-data")


def test_of_changes_at_both_at_once_none_is_lost_and_the_trail_has_no_gap(pair: Pair) -> None:
    before = pair.acts()
    people = [pair.one.add_user(f"person-{number}").id for number in range(2 * WORKERS)]
    with ThreadPoolExecutor(2 * WORKERS) as pool:
        workers = [
            pool.submit(work, pair, (pair.one, pair.two)[number % 2], f"worker-{number}", person)
            for number, person in enumerate(people)
        ]
        for each in workers:
            each.result()
    after = pair.acts()
    made = {action: after[action] - before.get(action, 0) for action in after if after[action] != before.get(action)}
    turns = 2 * WORKERS * TURNS
    assert made == {
        "token.create": turns,
        "token.change": turns,
        "token.revoke": turns,
        "user.change": turns,
        "capture.change": turns,
        "keys.rotate_data": turns // 4,
    }
    assert sum(made.values()) >= 500
    verdict = pair.verdict()
    assert (verdict.problem, verdict.first) == (None, 1)
    assert verdict.rows == verdict.last >= 500
