"""What the trail says of api models: each change in its transaction, and no secret in it."""

import json
from typing import Any

from sqlalchemy import select

from bodhi.core.principal import Role
from bodhi.storage.tables import audit_log
from tests.fakes.control import Control, error_of

KEY = "sk-canary-0123456789"
FORM = {
    "name": "OpenAI", "format": "openai", "base_url": "https://example.org/v1", "models": ["gpt"], "api_key": KEY,
    "extra_headers": {"x-secret": "header-canary"}, "extra_body": {"metadata": {"deep": "body-canary"}},
}  # fmt: skip


async def acts(control: Control) -> list[dict[str, Any]]:
    async with control.store.read() as connection:
        query = select(audit_log).where(audit_log.c.action.like("api_model.%")).order_by(audit_log.c.seq)
        rows = [row._asdict() for row in await connection.execute(query)]
    assert not any(secret in repr(rows) for secret in (KEY, "sk-other", "header-canary", "body-canary"))
    return [{**row, "before": json.loads(row["before"]), "after": json.loads(row["after"])} for row in rows]


async def created(control: Control, headers: dict[str, str]) -> str:
    response = await control.call("POST", "/api-models", headers, FORM)
    assert response.status_code == 201, response.text
    made: str = response.json()["id"]
    return made


async def test_a_new_api_model_is_told_with_fingerprints_for_its_secrets(
    control: Control, admin: dict[str, str]
) -> None:
    made = await created(control, admin)
    (act,) = await acts(control)
    assert (act["action"], act["subject_id"], act["subject_name"], act["user_name"]) == (
        "api_model.create", made, "OpenAI", "ada",
    )  # fmt: skip
    assert act["before"] == {}
    assert act["after"]["key"] == {"fingerprint": control.services.audit.fingerprint(KEY)}
    assert act["after"]["extra_headers"]["names"] == ["x-secret"]
    assert (act["after"]["models"], act["after"]["base_url"]) == (["gpt"], "https://example.org/v1")


async def test_a_change_tells_only_the_fields_that_changed(control: Control, admin: dict[str, str]) -> None:
    made = await created(control, admin)
    await control.call("PATCH", f"/api-models/{made}", admin, {"name": "Open", "models": ["gpt"]})
    await control.call("PATCH", f"/api-models/{made}", admin, {"api_key": "sk-other-0123456789"})
    await control.call("PATCH", f"/api-models/{made}", admin, {"extra_headers": {"x-secret": "another"}})
    _, named, keyed, extras = await acts(control)
    assert (named["before"], named["after"]) == ({"name": "OpenAI"}, {"name": "Open"})
    assert (set(keyed["before"]), set(keyed["after"])) == ({"key"}, {"key"})
    assert keyed["before"] != keyed["after"]
    assert (set(extras["after"]), extras["after"]["extra_headers"]["names"]) == ({"extra_headers"}, ["x-secret"])


async def test_a_removed_api_model_is_told_as_it_was(control: Control, admin: dict[str, str]) -> None:
    made = await created(control, admin)
    await control.call("DELETE", f"/api-models/{made}", admin)
    act = (await acts(control))[-1]
    assert (act["action"], act["before"]["name"], act["after"]) == ("api_model.delete", "OpenAI", {})


async def test_what_is_refused_leaves_no_act_and_no_change(control: Control, admin: dict[str, str]) -> None:
    made = await created(control, admin)
    refused = await control.call("PATCH", f"/api-models/{made}", admin, {"base_url": "https://other.example/v1"})
    assert error_of(refused) == (400, "invalid_field", "api_key")
    assert len(await acts(control)) == 1


async def test_nothing_changes_where_the_trail_cannot_be_written(control: Control, admin: dict[str, str]) -> None:
    made = await created(control, admin)
    async with control.store.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE audit_log RENAME TO elsewhere")
    refused = await control.call("PATCH", f"/api-models/{made}", admin, {"name": "Open"})
    assert error_of(refused)[:2] == (503, "store_unavailable")
    assert (await control.call("GET", f"/api-models/{made}", admin)).json()["name"] == "OpenAI"


async def test_entering_a_key_needs_a_recent_proof_of_identity_and_nothing_else_does(
    control: Control, admin: dict[str, str]
) -> None:
    made = await created(control, admin)
    control.time.time += 601
    for method, path, body in (
        ("POST", "/api-models", FORM),
        ("PATCH", f"/api-models/{made}", {"api_key": KEY}),
        ("PATCH", f"/api-models/{made}", {"api_key": None}),
    ):
        assert error_of(await control.call(method, path, admin, body))[:2] == (403, "confirmation_needed")
    assert (await control.call("PATCH", f"/api-models/{made}", admin, {"name": "Open"})).status_code == 200
    token = await control.token_of("pia", Role.POWER_USER, "power_user")
    assert (await control.call("PATCH", f"/api-models/{made}", token, {"api_key": KEY})).status_code == 200
