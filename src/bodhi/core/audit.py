"""What the audit trail says of an administrative act: who, from where, what, and how it went. Storing it is storage's.

The table of actions is the vocabulary of the trail: nothing else can be written, and the docs list it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Via(StrEnum):
    """By which way an act came."""

    API = "api"
    HOST = "host"
    """The command line, on the machine itself."""
    GATEWAY = "gateway"
    """Bodhi by itself, such as when it removes what has grown old."""


class Outcome(StrEnum):
    """How an act went."""

    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acts, and from where. A visitor who has proved nothing has an address only."""

    via: Via = Via.API
    user_id: str | None = None
    user_name: str | None = None
    """As it was at the time; for the command line the operating system's account."""
    token_id: str | None = None
    session_id: str | None = None
    address: str | None = None
    """The client's IP address."""


GATEWAY = Actor(via=Via.GATEWAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One act. `before` and `after` hold what changed, never a secret: fingerprints stand for those."""

    action: str
    """A key of ACTIONS."""
    subject_id: str | None = None
    subject_name: str | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    outcome: Outcome = Outcome.DONE
    reason: str | None = None
    """For a refusal the code of `core.errors`."""
    count: int = 1
    """How many refusals of the same kind, from the same address, one row stands for."""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise ValueError(f"{self.action!r} is not an action of the audit trail")


ACTIONS: Mapping[str, str] = MappingProxyType({
    "setup.claim": "The first Admin was made with the setup code.",
    "session.open": "Somebody signed in.",
    "session.confirm": "Somebody proved again who they are.",
    "session.close": "A session was ended, by its owner or because the account changed.",
    "session.cross_site": "A page of another site tried to use a session.",
    "session.chat_token": "A signed-in page got a short-lived token for model calls.",
    "user.create": "An account was made.",
    "user.change": "An account's name, role or permission changed, or it was disabled or enabled.",
    "user.delete": "An account was removed with its tokens and private api models.",
    "user.password": "A password was set.",
    "invite.create": "An invite link was made.",
    "invite.accept": "An invite link was used.",
    "invite.revoke": "An invite link was withdrawn.",
    "password_reset.create": "A link to set a new password was made.",
    "password_reset.accept": "A link to set a new password was used.",
    "access_request.create": "Somebody without a role asked for one.",
    "access_request.approve": "A request for a role was approved.",
    "access_request.reject": "A request for a role was rejected.",
    "token.create": "An API token was minted.",
    "token.change": "An API token's name, models or expiry changed, or it was disabled or enabled.",
    "token.rotate": "An API token got a new secret.",
    "token.revoke": "An API token was revoked.",
    "api_model.create": "An api model was made.",
    "api_model.change": "An api model changed.",
    "api_model.delete": "An api model was removed with its key.",
    "keys.rotate_root": "The root key was replaced.",
    "keys.rotate_data": "The data key was replaced and secrets sealed anew.",
    "capture.change": "Capture of prompts and completions was turned on or off, or its retention changed.",
    "capture.read": "A captured prompt and completion was read.",
    "usage.export": "Usage records were exported.",
    "usage.purge": "Usage records past their retention were removed.",
    "capture.purge": "Captures past their retention were removed.",
    "audit.export": "The audit trail was exported.",
    "audit.purge": "Rows of the audit trail past their retention were removed.",
    "oidc.start": "A sign-in at the identity provider was begun.",
    "host.refused": "Requests for a Host that is not served were refused.",
})  # fmt: skip
"""Every action, and what it means."""
