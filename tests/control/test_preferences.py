"""What people chose for the pages."""

from typing import Any

import pytest
from sqlalchemy import update

from bodhi.core.principal import Role
from bodhi.storage import tables
from tests.control.test_chats import send
from tests.fakes.control import Control, error_of

NOTHING_CHOSEN: dict[str, Any] = {
    "default_model": None,
    "favourites": [],
    "recent": [],
    "single_key_shortcuts": True,
    "chat_settings": {},
}


@pytest.fixture
async def ada(control: Control) -> dict[str, str]:
    await control.session_of("root", Role.ADMIN)
    return await control.session_of("ada", Role.USER)


async def test_changes_touch_what_they_name_and_one_person(control: Control, ada: dict[str, str]) -> None:
    bob = await control.session_of("bob", Role.USER)
    assert (await control.call("GET", "/preferences", ada)).json() == NOTHING_CHOSEN
    first = {"favourites": ["a@1", "b@2"], "single_key_shortcuts": False, "chat_settings": {"system": "Kurz, bitte."}}
    second = {"default_model": "a@1", "recent": ["b@2"], "favourites": []}

    assert (await control.call("PATCH", "/preferences", ada, first)).json() == NOTHING_CHOSEN | first
    assert (await control.call("PATCH", "/preferences", ada, second)).json() == NOTHING_CHOSEN | first | second
    assert (await control.call("PATCH", "/preferences", ada, {})).json() == NOTHING_CHOSEN | first | second
    assert (await control.call("GET", "/preferences", ada)).json() == NOTHING_CHOSEN | first | second
    assert (await control.call("GET", "/preferences", bob)).json() == NOTHING_CHOSEN


async def test_what_is_too_much_or_of_another_kind_is_refused(control: Control, ada: dict[str, str]) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"favourites": ["m"] * 101}, "favourites"),
        ({"recent": ["m"] * 11}, "recent"),
        ({"favourites": ["x" * 601]}, "favourites.0"),
        ({"default_model": "x" * 601}, "default_model"),
        ({"single_key_shortcuts": 1}, "single_key_shortcuts"),
        ({"chat_settings": {"a": "x" * 65_536}}, "chat_settings"),
        ({"chat_settings": {"a": float("inf")}}, "chat_settings"),
        ({"theme": "dark"}, "theme"),
    ]
    for body, param in wrong:
        assert error_of(await send(control, "PATCH", "/preferences", ada, body)) == (400, "invalid_field", param)
    assert (await control.call("GET", "/preferences", ada)).json() == NOTHING_CHOSEN


async def test_half_of_a_character_is_kept_so_that_it_can_be_shown(control: Control, ada: dict[str, str]) -> None:
    changed = await send(control, "PATCH", "/preferences", ada, {"chat_settings": {"a": "\x00 \ud83d"}})
    assert changed.status_code == 200
    assert (await control.call("GET", "/preferences", ada)).json() == changed.json()


async def test_what_another_version_stored_hides_nothing(control: Control, ada: dict[str, str]) -> None:
    await control.call("PATCH", "/preferences", ada, {"recent": ["m"]})
    async with control.store.write() as connection:
        await connection.execute(update(tables.preferences).values(value='{"recent":["m"],"later":1}'))
    assert (await control.call("GET", "/preferences", ada)).json() == NOTHING_CHOSEN | {"recent": ["m"]}
    async with control.store.write() as connection:
        await connection.execute(update(tables.preferences).values(value='{"recent":7}'))
    assert (await control.call("GET", "/preferences", ada)).json() == NOTHING_CHOSEN
