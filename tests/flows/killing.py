"""Kills a server at random moments while an Admin changes things: `python -m tests.flows.killing FOLDER KILLS SEED`.

A process of its own, since it forks: it has imported everything and has no thread, so that a server starts in a moment.
"""

import asyncio
import http.client
import importlib
import json
import os
import random
import select
import signal
import socket
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from bodhi.app import build
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.ids import new_id
from bodhi.core.principal import Role
from bodhi.home import open_home
from bodhi.identity.sign_in import BEARER, Opening
from bodhi.server.run import bind_sockets, new_runner
from bodhi.serving import Announcement, run_built
from bodhi.settings import Settings, read_settings
from bodhi.storage.audit import PURPOSE, ChainKeys
from bodhi.storage.audit_chain import verify_chain
from bodhi.storage.engine import Store
from bodhi.storage.store_urls import StoreUrls
from bodhi.storage.users import User, insert_first_admin, insert_user

# The server loads it when it is first asked for; after a fork it is there already.
importlib.import_module("bodhi.control.api")
PATIENCE = 30.0
ACTIVE_MS = (5, 150)
PEOPLE = 3
TABLES = {"token": "tokens", "api_model": "api_models", "user": "users"}


@dataclass
class World:
    """What the client was told is so, and what a request without an answer may have made so."""

    settings: Settings
    keys: ChainKeys
    session: str
    people: list[str]
    known: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """The acknowledged fields of each object; `gone` for one that was removed."""
    unanswered: tuple[str, str] | None = None
    acknowledged: int = 0
    kills: int = 0


async def prepare(folder: Path) -> World:
    """Make a home folder with an Admin who has just signed in, and a few people."""
    settings = read_settings({}, home=folder / "home", host="127.0.0.1", port=0, drain_timeout=0.1)
    home = await open_home(settings)
    try:
        admin = _person("ada", Role.ADMIN)
        people = [_person(f"person-{number}", Role.USER) for number in range(PEOPLE)]
        sessions = (await build(home)).services.sessions
        async with home.store.write() as connection:
            await insert_first_admin(connection, admin)
            for person in people:
                await insert_user(connection, person)
            opened = await sessions.open(connection, admin, Opening(method="password", carried_by=BEARER))
        keys = ChainKeys(home.vault.derive(PURPOSE))
        return World(settings, keys, opened.secret.reveal(), [person.id for person in people])
    finally:
        await home.close()


def serve_until_killed(settings: Settings, listening: list[socket.socket], ready: int) -> NoReturn:
    """Run the real server in this process, which somebody else ends."""

    def announce(_: Announcement) -> None:
        os.write(ready, b"!")

    async def run() -> None:
        home = await open_home(settings)
        await run_built(await build(home), listening, announce)

    try:
        with new_runner() as runner:
            runner.run(run())
    finally:
        os._exit(1)


def kill_after(delay: float, process: int) -> int:
    """Fork somebody who kills a process after a time, and return who it is."""
    killer = os.fork()
    if killer == 0:
        select.select([], [], [], delay)
        os.kill(process, signal.SIGKILL)
        os._exit(0)
    return killer


class Client:
    """Changes things as fast as it can, and remembers what was acknowledged."""

    def __init__(self, world: World, port: int, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self._number = 0

    def wait_for_control(self) -> None:
        """Ask something of the control API, which is made for the first that is asked."""
        self._call("GET", "/session")

    def work(self) -> None:
        """Go on until the server is gone."""
        ways: tuple[Callable[[], None], ...] = (
            self._new_token, self._new_api_model, self._change, self._change, self._remove, self._promote,
        )  # fmt: skip
        try:
            while True:
                self._chance.choice(ways)()
        except (OSError, http.client.HTTPException):
            self._connection.close()

    def _new_token(self) -> None:
        name = self._name()
        answer = self._call("POST", "/tokens", {"name": name})
        self._acknowledge(("token", answer["id"]), name=name)

    def _new_api_model(self) -> None:
        name = self._name()
        fields = {
            "name": name, "format": "openai", "base_url": "https://example.org/v1", "prefix": f"{name}/",
            "forward_all": True, "api_key": "sk-0123456789abcdef",
        }  # fmt: skip
        answer = self._call("POST", "/api-models", fields)
        self._acknowledge(("api_model", answer["id"]), name=name)

    def _change(self) -> None:
        chosen = self._choose()
        if chosen is None:
            return
        name = self._name()
        self._world.unanswered = chosen
        self._call("PATCH", self._path(chosen), {"name": name})
        self._acknowledge(chosen, name=name)

    def _remove(self) -> None:
        chosen = self._choose()
        if chosen is None:
            return
        self._world.unanswered = chosen
        self._call("DELETE", self._path(chosen))
        self._acknowledge(chosen, gone=True)

    def _promote(self) -> None:
        person = ("user", self._chance.choice(self._world.people))
        role = self._chance.choice(["user", "power_user", "manager"])
        self._world.unanswered = person
        self._call("PATCH", f"/users/{person[1]}", {"role": role})
        self._acknowledge(person, role=role)

    def _choose(self) -> tuple[str, str] | None:
        kept = [thing for thing, fields in self._world.known.items() if thing[0] != "user" and not fields.get("gone")]
        return self._chance.choice(kept[-20:]) if kept else None

    def _path(self, thing: tuple[str, str]) -> str:
        return f"/{thing[0].replace('_', '-')}s/{thing[1]}"

    def _name(self) -> str:
        self._number += 1
        return f"n{self._world.kills}-{self._number}"

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._world.session}", "content-type": "application/json"}
        text = None if body is None else json.dumps(body)
        self._connection.request(method, f"/bodhi/v1{path}", text, headers)
        response = self._connection.getresponse()
        answer = response.read()
        if response.status // 100 != 2:
            raise AssertionError(f"{method} {path}: {response.status} {answer!r}")
        return json.loads(answer) if answer else {}

    def _acknowledge(self, thing: tuple[str, str], **fields: Any) -> None:
        self._world.known.setdefault(thing, {}).update(fields)
        self._world.unanswered = None
        self._world.acknowledged += 1


def faults(world: World) -> list[str]:
    """Hold the store, as the killed server left it, against what was acknowledged, and the trail against the tables."""
    file = world.settings.home / "bodhi.db"
    with sqlite3.connect(file) as connection:
        connection.row_factory = sqlite3.Row
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        tables = {
            kind: {row["id"]: dict(row) for row in connection.execute(f"SELECT * FROM {table}")}
            for kind, table in TABLES.items()
        }
        acts = [dict(row) for row in connection.execute("SELECT * FROM audit_log WHERE outcome = 'done' ORDER BY seq")]
    connection.close()
    found += [f"lost: {thing} {fields}" for thing, fields in world.known.items() if not _is_kept(world, tables, thing)]
    found += _unlike(told_by(acts), tables)
    problem = asyncio.run(_problem(world))
    return [*found, problem] if problem else found


def told_by(acts: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what things must be like, by the trail alone."""
    told: dict[tuple[str, str], dict[str, Any]] = {}
    for act in acts:
        kind, _, verb = act["action"].partition(".")
        if kind not in TABLES or verb == "password":
            continue
        fields = told.setdefault((kind, act["subject_id"]), {})
        after = json.loads(act["after"])
        fields.update({name: after[name] for name in ("name", "role") if name in after})
        fields["gone"] = fields.get("gone", False) or verb in ("delete", "revoke")
        fields["made"] = fields.get("made", False) or verb == "create"
        if verb == "create" and act["subject_name"]:
            fields.setdefault("name", act["subject_name"])
    return told


def _is_kept(world: World, tables: dict[str, dict[str, Any]], thing: tuple[str, str]) -> bool:
    if thing == world.unanswered:
        # The request without an answer may have been done, or not; the trail and the table still have to agree.
        return True
    return not _differences(world.known[thing], tables[thing[0]].get(thing[1]))


def _differences(fields: dict[str, Any], row: dict[str, Any] | None) -> list[str]:
    is_gone = row is None or row.get("revoked_at") is not None
    if fields.get("gone") or is_gone:
        return [] if bool(fields.get("gone")) == is_gone else ["gone"]
    assert row is not None
    return [name for name in ("name", "role") if name in fields and row[name] != fields[name]]


def _unlike(told: dict[tuple[str, str], dict[str, Any]], tables: dict[str, dict[str, Any]]) -> list[str]:
    found = []
    for thing, fields in told.items():
        different = _differences(fields, tables[thing[0]].get(thing[1]))
        found += [f"the trail tells otherwise of {thing}: {different} {fields}"] if different else []
    for kind in ("token", "api_model"):
        made = {thing_id for (each, thing_id), fields in told.items() if each == kind and fields["made"]}
        found += [
            f"no row of the trail tells of {kind} {thing_id}" for thing_id in tables[kind] if thing_id not in made
        ]
    return found


async def _problem(world: World) -> str | None:
    store = await Store.open(StoreUrls.in_home(world.settings.home))
    try:
        return (await verify_chain(store.read, world.keys)).problem
    finally:
        await store.close()


def adopt_store(world: World) -> None:
    """Take what the store has of the thing whose change was not answered, since nobody knows how that went."""
    if world.unanswered is None:
        return
    kind, thing_id = world.unanswered
    with sqlite3.connect(world.settings.home / "bodhi.db") as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute(f"SELECT * FROM {TABLES[kind]} WHERE id = ?", [thing_id]).fetchone()
    connection.close()
    fields = world.known.setdefault(world.unanswered, {})
    if row is None or (kind == "token" and row["revoked_at"] is not None):
        fields["gone"] = True
    else:
        fields.update({name: row[name] for name in fields if name in ("name", "role")})
    world.unanswered = None


def kill_once(world: World, chance: random.Random, log: int) -> None:
    """Start a server, change things, kill it in the middle."""
    listening = bind_sockets("127.0.0.1", 0)
    reading, ready = os.pipe()
    server = os.fork()
    if server == 0:
        os.close(reading)
        os.dup2(log, 1)
        os.dup2(log, 2)
        serve_until_killed(world.settings, listening, ready)
    os.close(ready)
    port = listening[0].getsockname()[1]
    for each in listening:
        each.close()
    killer = None
    try:
        if not select.select([reading], [], [], PATIENCE)[0] or os.read(reading, 1) != b"!":
            raise AssertionError("the server did not start after a kill")
        client = Client(world, port, chance)
        client.wait_for_control()
        killer = kill_after(chance.uniform(*ACTIVE_MS) / 1000, server)
        client.work()
    finally:
        if killer is None:
            os.kill(server, signal.SIGKILL)
        else:
            os.waitpid(killer, 0)
        os.waitpid(server, 0)
        os.close(reading)
    world.kills += 1


def main(folder: Path, kills: int, seed: int) -> int:
    """Kill so many servers, and print what came of it as JSON."""
    world, chance = asyncio.run(prepare(folder)), random.Random(seed)
    found: list[str] = []
    with (folder / "log").open("wb") as log:
        while world.kills < kills:
            kill_once(world, chance, log.fileno())
            found = faults(world)
            adopt_store(world)
            if found:
                break
    told = {"kills": world.kills, "acknowledged": world.acknowledged, "faults": found[:20]}
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if found else 0


def _person(name: str, role: Role) -> User:
    return User(new_id(SYSTEM_CLOCK), name, role, None, disabled=False, created_at=SYSTEM_CLOCK.now())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
