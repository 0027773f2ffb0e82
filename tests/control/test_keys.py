"""Looking at the keys and changing the data key, as an Admin does."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from bodhi.core.credential import Secret
from bodhi.core.principal import Role
from bodhi.core.session import CONFIRMED_SECONDS
from bodhi.storage import tables
from bodhi.storage.api_models import insert_api_model, provider_key_place, sealed_keys
from bodhi.storage.data_keys import list_data_keys
from tests.fakes.control import Control, error_of
from tests.storage.conftest import api_model

DAY = 86_400.0
SECRET = "sk-canary-0123456789abcdef"
BASE_URL = "https://api.example.com/v1"


@pytest.fixture(autouse=True)
async def _stored_keys(control: Control) -> None:
    await control.store_keys()


async def add_keys(control: Control, count: int) -> None:
    async with control.store.write() as connection:
        for _ in range(count):
            record = api_model(base_url=BASE_URL)
            sealed = control.services.vault.seal(Secret(SECRET), provider_key_place(record.id, BASE_URL))
            await insert_api_model(connection, record, sealed)


async def opened(control: Control) -> list[str]:
    async with control.store.read() as connection:
        sealed = await sealed_keys(connection)
    vault = control.services.vault
    return [vault.open(text, provider_key_place(key, BASE_URL)).reveal() for key, text in sealed.items()]


async def acts(control: Control) -> list[dict[str, Any]]:
    async with control.store.read() as connection:
        query = select(tables.audit_log).where(tables.audit_log.c.action == "keys.rotate_data")
        return [dict(row) for row in (await connection.execute(query)).mappings()]


async def test_ids_states_ages_and_counts_are_shown_and_no_key(control: Control, admin: dict[str, str]) -> None:
    await add_keys(control, 2)
    shown = await control.call("GET", "/keys", admin)
    assert shown.status_code == 200
    assert shown.json()["root_key_id"] == control.services.vault.root.key_id
    by_id = {key["id"]: key for key in shown.json()["data"]}
    assert by_id["k1"] == {
        "id": "k1",
        "purpose": "seal",
        "state": "active",
        "root_key_id": control.services.vault.root.key_id,
        "created_at": "2027-01-11T20:00:00.000Z",
        "age_days": 3,
        "retired_at": None,
        "rows": 2,
    }
    assert (by_id["k0"]["purpose"], by_id["k0"]["rows"]) == ("derive", 0)
    async with control.store.read() as connection:
        kept = [part for key in await list_data_keys(connection) for part in (key.wrapped or "", key.check_value)]
    assert [part for part in kept if part in shown.text] == []


async def test_a_rotation_seals_everything_anew_and_tells_the_trail(control: Control, admin: dict[str, str]) -> None:
    await add_keys(control, 3)
    rotated = await control.call("POST", "/keys/rotate-data", admin)
    active = control.services.vault.active_id
    assert rotated.json() == {"active": active, "moved": 3, "captures": 0, "chats": 0, "failed": 0, "destroyed": []}
    assert active != "k1"
    assert await opened(control) == [SECRET] * 3
    states = {key["id"]: key["state"] for key in (await control.call("GET", "/keys", admin)).json()["data"]}
    assert states == {"k0": "active", "k1": "decrypt_only", active: "active"}
    (act,) = await acts(control)
    assert (act["subject_id"], act["user_name"], act["via"], act["outcome"]) == (active, "ada", "api", "done")
    assert (json.loads(act["before"]), json.loads(act["after"])) == ({"active": "k1"}, {"active": active})


async def test_a_rotation_can_be_repeated_and_destroys_what_is_old_and_unused(
    control: Control, admin: dict[str, str]
) -> None:
    await add_keys(control, 1)
    first = (await control.call("POST", "/keys/rotate-data", admin)).json()
    control.time.advance(31 * DAY)
    admin = await control.session_of("grace")
    second = (await control.call("POST", "/keys/rotate-data", admin)).json()
    assert (first["destroyed"], second["destroyed"], second["moved"]) == ([], ["k1"], 1)
    assert first["active"] != second["active"]
    assert await opened(control) == [SECRET]


async def test_what_does_not_open_is_counted_and_left(control: Control, admin: dict[str, str]) -> None:
    await add_keys(control, 1)
    async with control.store.write() as connection:
        await connection.execute(tables.api_models.update().values(base_url="https://evil.example/v1"))
    rotated = (await control.call("POST", "/keys/rotate-data", admin)).json()
    assert (rotated["moved"], rotated["failed"]) == (0, 1)


@pytest.mark.parametrize("role", [Role.USER, Role.POWER_USER, Role.MANAGER])
@pytest.mark.usefixtures("admin")
async def test_keys_are_for_admins(control: Control, role: Role) -> None:
    headers = await control.session_of("mia", role)
    assert error_of(await control.call("GET", "/keys", headers))[:2] == (403, "role_too_low")
    assert error_of(await control.call("POST", "/keys/rotate-data", headers))[:2] == (403, "role_too_low")
    assert await acts(control) == []


async def test_a_rotation_takes_a_recent_proof_of_identity(control: Control, admin: dict[str, str]) -> None:
    control.time.advance(CONFIRMED_SECONDS + 1)
    assert error_of(await control.call("POST", "/keys/rotate-data", admin))[:2] == (403, "confirmation_needed")
    assert (await control.call("GET", "/keys", admin)).status_code == 200
    assert control.services.vault.active_id == "k1"
