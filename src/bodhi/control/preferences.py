"""What each person chose for the pages. Nobody else reads it, and nothing in it gives a right."""

import json
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, ValidationError

from bodhi.control.chat_bodies import JsonObject, bounded_json
from bodhi.control.given import Given
from bodhi.control.guards import Allowed
from bodhi.control.schemas import Body
from bodhi.core.errors import SessionEnded
from bodhi.storage.preferences import change_preferences, read_preferences

MAX_FAVOURITES = 100
MAX_RECENT = 10

router = APIRouter(tags=["preferences"])

ModelId = Annotated[str, Field(max_length=600)]
"""A model as the pages name it; nothing here looks into it."""


class Preferences(BaseModel):
    """All that somebody chose."""

    default_model: str | None = None
    favourites: list[str] = Field(default_factory=list)
    recent: list[str] = Field(default_factory=list)
    """Models used last, the latest first."""
    single_key_shortcuts: bool = True
    chat_settings: dict[str, Any] = Field(default_factory=dict)
    """What a new chat starts with."""


class PreferencesPatch(Body):
    """The fields to change. One that is left out stays as it is."""

    default_model: ModelId | None = None
    favourites: list[ModelId] = Field(default_factory=list, max_length=MAX_FAVOURITES)
    recent: list[ModelId] = Field(default_factory=list, max_length=MAX_RECENT)
    single_key_shortcuts: bool = True
    chat_settings: JsonObject = Field(default_factory=dict)
    """At most 64 KiB as JSON."""


@router.get("/preferences")
async def show(principal: Allowed, services: Given) -> Preferences:
    """Return one's own preferences; what was never chosen is as it is for everybody."""
    async with services.store.read() as connection:
        return _shown(await read_preferences(connection, principal.user_id))


@router.patch("/preferences")
async def change(principal: Allowed, services: Given, body: PreferencesPatch) -> Preferences:
    """Change one's own preferences, and return all of them."""
    changes = body.model_dump(mode="python", include=body.model_fields_set)
    if "chat_settings" in changes:
        bounded_json(changes["chat_settings"], param="chat_settings")
        # Half of a surrogate pair could be stored and never be shown.
        text = json.dumps(changes["chat_settings"], ensure_ascii=False)
        changes["chat_settings"] = json.loads(text.encode("utf-8", "replace"))
    async with services.store.write() as connection:
        whole = await change_preferences(connection, principal.user_id, changes, services.clock.now())
    if whole is None:
        raise SessionEnded
    return _shown(whole)


def _shown(stored: dict[str, Any]) -> Preferences:
    """Return what is stored, without fields that this version does not know or cannot understand."""
    try:
        return Preferences.model_validate(stored)
    except ValidationError:
        return Preferences()
