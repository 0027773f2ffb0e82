"""The keys that secrets are sealed with: what may be shown of them, and the change of the data key while Bodhi runs.

Never key material. The root key is changed on the host, where its file lies.
"""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel

from bodhi.control.given import Given
from bodhi.control.guards import Acting, Allowed
from bodhi.control.schemas import Time
from bodhi.control.services import reload
from bodhi.storage.rotation import destroy_retired, rotate_data, status

GRACE_SECONDS = 30 * 86_400.0
"""For how long a retired data key stays, so that processes notice the change and backups stay readable."""

router = APIRouter(tags=["keys"])


class DataKeyShown(BaseModel):
    """One data key, without the key."""

    id: str
    purpose: Literal["seal", "derive"]
    """`seal` for provider keys, captures and chats; `derive` for what tells tokens and sessions, and never changes."""
    state: Literal["active", "decrypt_only", "destroyed"]
    root_key_id: str
    """Which root key wraps it: 8 hexadecimal digits."""
    created_at: Time
    age_days: int
    retired_at: Time | None
    rows: int
    """How many provider keys, captures, chats and messages of chats need it."""


class KeysShown(BaseModel):
    """The keys of this deployment."""

    root_key_id: str
    """The root key that this process uses. A backup needs the one that it was made with."""
    data: list[DataKeyShown]


class Rotated(BaseModel):
    """What the change of the data key came to."""

    active: str
    """The new data key's id."""
    moved: int
    """Provider keys that were sealed anew."""
    captures: int
    """Captures that were sealed anew."""
    chats: int
    """Chats, and messages of chats, that were sealed anew."""
    failed: int
    """Of all of these, what does not open and stays as it is."""
    destroyed: list[str]
    """Data keys retired more than 30 days ago that nothing needed any more."""


@router.get("/keys")
async def list_keys(_principal: Allowed, services: Given) -> KeysShown:
    """List the keys by id, state, age and use."""
    now = services.clock.now()
    keys = await status(services.store)
    shown = [
        DataKeyShown.model_validate(
            {name: getattr(key, name) for name in DataKeyShown.model_fields if name != "age_days"}
            | {"age_days": max(0, int((now - key.created_at) // 86_400))}
        )
        for key in keys
    ]
    return KeysShown(root_key_id=services.vault.root.key_id, data=shown)


@router.post("/keys/rotate-data")
async def rotate(_principal: Allowed, actor: Acting, services: Given) -> Rotated:
    """Make a new data key and seal everything anew under it, while calls go on. Repeating it is safe."""
    store, audit, clock = services.store, services.audit, services.clock
    resealed = await rotate_data(store, services.vault, audit, actor, clock)
    active = services.vault.active_id
    destroyed = await destroy_retired(store, audit, actor, clock.now() - GRACE_SECONDS)
    await reload(services)
    return Rotated(
        active=active,
        moved=resealed.moved,
        captures=resealed.captures,
        chats=resealed.chats,
        failed=resealed.failed,
        destroyed=destroyed,
    )
