"""People across the whole program: two Admins against each other, and an invite from the terminal to a model call."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bodhi.core.principal import Role
from bodhi.identity.sign_in import BEARER, Opening
from bodhi.storage.users import count_admins, delete_user, list_users
from tests.fakes.control import PASSWORD, Control, running_control
from tests.fakes.gateway import Gateway
from tests.fakes.trail import trail_of
from tests.fakes.upstream import UpstreamThread

ROUNDS = 50
LOSSES: tuple[dict[str, Any] | None, ...] = ({"role": "manager"}, {"disabled": True}, None)


async def lose(control: Control, headers: dict[str, str], user_id: str, loss: dict[str, Any] | None) -> httpx2.Response:
    """Lower, disable or remove somebody."""
    return await control.call("DELETE" if loss is None else "PATCH", f"/users/{user_id}", headers, loss)


@pytest.mark.parametrize("whom", ["each other", "themselves"])
async def test_of_two_admins_who_go_at_once_one_stays(tmp_path: Path, whom: str) -> None:
    async with running_control(tmp_path) as control:
        outcomes = []
        for number in range(ROUNDS):
            pair = [await control.add_user(f"admin-{number}-{side}", Role.ADMIN) for side in "ab"]
            sessions = [await control.sign_in(user) for user in pair]
            subjects = pair[::-1] if whom == "each other" else pair
            kinds = LOSSES[number % 3], LOSSES[number // 3 % 3]
            answers = await asyncio.gather(
                *(
                    lose(control, headers, subject.id, loss)
                    for headers, subject, loss in zip(sessions, subjects, kinds, strict=True)
                )
            )
            statuses = sorted(answer.status_code for answer in answers)
            assert statuses[0] in (200, 204)
            assert statuses[1] in ((401, 403, 409) if whom == "each other" else (409,)), answers[1].text
            outcomes.append(statuses[1])
            done = await trail_of(control, "user.change", "user.delete")
            assert len([row for row in done if row["outcome"] == "done"]) == number + 1
            async with control.store.write() as connection:
                assert await count_admins(connection) == 1
                await _remove_everybody(connection)
        refused = [row for row in await trail_of(control) if row["outcome"] == "refused"]
        assert sum(row["count"] for row in refused) == len([each for each in outcomes if each != 401])


async def _remove_everybody(connection: Any) -> None:
    """Clear the table for the next round; Admins last, by a way around the rule."""
    people = sorted(await list_users(connection), key=lambda user: user.role is Role.ADMIN and not user.disabled)
    for user in people[:-1]:
        await delete_user(connection, user.id)
    await connection.exec_driver_sql("DELETE FROM users")


def test_from_an_invite_to_a_model_call_and_out_again(tmp_path: Path, provider: UpstreamThread, has_lane: bool) -> None:
    with (
        Gateway(tmp_path / "home", lane=has_lane) as gateway,
        httpx2.Client(base_url=gateway.url, timeout=30) as client,
    ):
        gateway.add_api_model("openai", provider.base_url("openai"), key="provider-key-openai", models=("ok",))
        services = gateway.server.services

        def call(token: str) -> int:
            body = {"model": "ok", "messages": []}
            return client.post("/v1/chat/completions", json=body, headers=bearer(token)).status_code

        def change(**fields: object) -> int:
            return client.patch(f"/bodhi/v1/users/{user_id}", json=fields, headers=bearer(admin)).status_code

        async def sign_in_admin() -> str:
            async with services.store.write() as connection:
                opened = await services.sessions.open(
                    connection, gateway.admin, Opening(method="password", carried_by=BEARER)
                )
            return opened.secret.reveal()

        admin = gateway.do(sign_in_admin())
        invite = client.post("/bodhi/v1/invites", json={"role": "user"}, headers=bearer(admin)).json()
        account = {"code": invite["code"], "username": "bob", "password": PASSWORD, "bearer": True}
        begun = client.post("/bodhi/v1/invites/accept", json=account).json()
        user_id, session = begun["user"]["user_id"], begun["session"]
        token = client.post("/bodhi/v1/tokens", json={"name": "laptop"}, headers=bearer(session)).json()["token"]

        assert call(token) == 200
        assert change(role="guest") == 200
        assert call(token) in (401, 403)
        assert client.get("/bodhi/v1/session", headers=bearer(session)).status_code == 401
        assert change(role="user") == 200
        assert call(token) == 200
        assert change(disabled=True) == 200
        assert call(token) == 401
        assert change(disabled=False) == 200
        assert call(token) == 200
        assert client.delete(f"/bodhi/v1/users/{user_id}", headers=bearer(admin)).status_code == 204
        assert call(token) == 401


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}
