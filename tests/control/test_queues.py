"""What a process holds and had to drop, over HTTP."""

import os

import pytest

from bodhi.accounting.recorder import FULL
from bodhi.core.audit import Actor
from bodhi.core.principal import Role
from tests.control.test_usage import a_call
from tests.fakes.control import Control, error_of

QUIET = {"waiting": 0, "dropped": {}}


@pytest.mark.usefixtures("admin")
async def test_a_quiet_process_has_nothing_waiting_and_dropped_nothing(control: Control) -> None:
    manager = await control.session_of("eve", Role.MANAGER)

    shown = (await control.call("GET", "/queues", manager)).json()

    assert shown == {
        "pid": os.getpid(),
        "records": QUIET,
        "captures": QUIET,
        "refused_attempts": QUIET,
        "token_uses_not_noted": 0,
        "provider_connections": {"in_use": 0, "idle": 0},
    }


@pytest.mark.usefixtures("admin")
async def test_what_waits_and_what_was_dropped_is_told(control: Control) -> None:
    manager = await control.session_of("eve", Role.MANAGER)
    services = control.services
    services.recorder.record(a_call("u1", 1.0))
    services.recorder.dropped[FULL] += 3
    services.captures.dropped["queue_full"] += 2
    services.refusals.note(Actor(address="127.0.0.1"), "host.refused", "host_not_allowed")
    services.refusals.dropped += 4
    services.recorder.uses_not_noted += 5

    shown = (await control.call("GET", "/queues", manager)).json()

    assert shown["records"] == {"waiting": 1, "dropped": {FULL: 3}}
    assert shown["captures"] == {"waiting": 0, "dropped": {"queue_full": 2}}
    assert shown["refused_attempts"] == {"waiting": 1, "dropped": {"not_written": 4}}
    assert shown["token_uses_not_noted"] == 5


@pytest.mark.usefixtures("admin")
async def test_nobody_below_a_manager_sees_it(control: Control) -> None:
    user = await control.session_of("bob", Role.POWER_USER)

    assert error_of(await control.call("GET", "/queues", user)) == (403, "role_too_low", None)
