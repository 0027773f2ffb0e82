"""Requests for a role, where two answer at once. What is asked and answered over HTTP is tested there."""

import asyncio
from pathlib import Path

from bodhi.core.audit import Actor, Via
from bodhi.core.clock import SYSTEM_CLOCK
from bodhi.core.errors import Conflict
from bodhi.core.ids import new_id
from bodhi.core.principal import Principal, Role
from bodhi.identity.people import HOST
from bodhi.identity.requests import Requests
from bodhi.storage.audit import AuditLog
from bodhi.storage.users import User, get_user, insert_user
from tests.fakes.stores import fresh_store

OPERATOR = Actor(via=Via.HOST, user_name="root")


async def test_of_a_yes_and_a_no_at_once_one_counts(tmp_path: Path) -> None:
    async with fresh_store(tmp_path) as store:
        requests = Requests(store, AuditLog(b"a" * 32, SYSTEM_CLOCK), SYSTEM_CLOCK)
        for number in range(10):
            gus = User(new_id(), f"gus{number}", Role.GUEST, None, disabled=False, created_at=1.0)
            async with store.write() as connection:
                await insert_user(connection, gus)
            asking = Principal(user_id=gus.id, user_name=gus.name, role=Role.GUEST)
            request = await requests.ask(asking, Actor(user_id=gus.id), "please")
            answers = await asyncio.gather(
                requests.approve(HOST, OPERATOR, request.id, Role.MANAGER),
                requests.reject(HOST, OPERATOR, request.id),
                return_exceptions=True,
            )
            (counted,) = [each for each in answers if not isinstance(each, BaseException)]
            assert [type(each) for each in answers if isinstance(each, BaseException)] == [Conflict]
            async with store.read() as connection:
                user = await get_user(connection, gus.id)
            assert user is not None
            assert user.role is (Role.MANAGER if counted.state == "approved" else Role.GUEST)
            assert counted.decided_by_name == "root"
