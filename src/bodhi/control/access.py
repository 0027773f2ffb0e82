"""Who may call which endpoint of the control API: the one table that guards, tests and docs/roles.md read.

An endpoint without a row keeps the whole control API from being served. Rules about single objects, such as whose token
it is, are the endpoints' own; so is who may call a model, which `core.principal.MODEL_CALLS` says.
"""

from dataclasses import dataclass
from enum import Enum

from bodhi.core.principal import Role

PREFIX = "/bodhi/v1"


class Confirm(Enum):
    """Whether a session must have been opened or confirmed in the last ten minutes."""

    NO = "no"
    YES = "yes"
    WITH_KEY = "with a provider key"
    """Only where the request enters or replaces a provider's key; the endpoint asks for it."""


BOTH = frozenset({"user", "power_user"})
WIDE = frozenset({"power_user"})
NO_TOKEN: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Access:
    """One row: an endpoint, and who may call it."""

    method: str
    path: str
    """As the router has it, `{parameters}` included."""
    role: Role | None
    """The lowest role; None lets anybody in."""
    scopes: frozenset[str] = NO_TOKEN
    """Scopes of the API tokens that may call it; without any it takes a session. Chat tokens never may."""
    confirm: Confirm = Confirm.NO
    audit: str | None = None
    """The action that a call leaves in the audit trail."""
    before_setup: bool = False
    """Whether it answers before there is an Admin."""
    way_back: bool = False
    """Whether another site sends browsers here, as an identity provider does; what they bring must prove itself."""


def _row(  # noqa: PLR0913 # one argument a column of the table
    method: str, path: str, role: Role | None, scopes: frozenset[str] = NO_TOKEN, confirm: Confirm = Confirm.NO,
    audit: str | None = None, *, before_setup: bool = False, way_back: bool = False,
) -> Access:  # fmt: skip
    return Access(method, PREFIX + path, role, scopes, confirm, audit, before_setup, way_back)


_ANYBODY = None
_GUEST, _USER, _POWER_USER, _MANAGER, _ADMIN = Role
_NO, _YES, _KEY = Confirm

ROWS: tuple[Access, ...] = (
    Access("GET", "/livez", _ANYBODY, before_setup=True),
    Access("GET", "/readyz", _ANYBODY, before_setup=True),
    _row("GET", "/health", _ANYBODY, before_setup=True),
    _row("GET", "/openapi.json", _ANYBODY),
    _row("GET", "/setup", _ANYBODY, before_setup=True),
    _row("POST", "/setup", _ANYBODY, audit="setup.claim", before_setup=True),
    _row("POST", "/session", _ANYBODY, audit="session.open"),
    _row("GET", "/session", _GUEST, BOTH),
    _row("DELETE", "/session", _GUEST, audit="session.close"),
    _row("POST", "/session/confirm", _GUEST, audit="session.confirm"),
    _row("POST", "/session/password", _GUEST, audit="user.password"),
    _row("POST", "/session/chat-token", _USER, audit="session.chat_token"),
    _row("GET", "/sessions", _GUEST),
    _row("DELETE", "/sessions", _GUEST, audit="session.close"),
    _row("DELETE", "/sessions/{session_id}", _GUEST, audit="session.close"),
    _row("GET", "/oidc", _ANYBODY, before_setup=True),
    _row("POST", "/oidc/start", _ANYBODY, before_setup=True),
    _row("GET", "/oidc/callback", _ANYBODY, audit="session.open", before_setup=True, way_back=True),
    _row("GET", "/users", _MANAGER),
    _row("GET", "/users/{user_id}", _MANAGER),
    _row("PATCH", "/users/{user_id}", _MANAGER, NO_TOKEN, _YES, "user.change"),
    _row("DELETE", "/users/{user_id}", _MANAGER, NO_TOKEN, _YES, "user.delete"),
    _row("POST", "/users/{user_id}/password-reset", _MANAGER, NO_TOKEN, _YES, "password_reset.create"),
    _row("POST", "/password-resets/accept", _ANYBODY, audit="password_reset.accept"),
    _row("GET", "/invites", _MANAGER),
    _row("POST", "/invites", _MANAGER, NO_TOKEN, _YES, "invite.create"),
    _row("DELETE", "/invites/{invite_id}", _MANAGER, audit="invite.revoke"),
    _row("POST", "/invites/look", _ANYBODY),
    _row("POST", "/invites/accept", _ANYBODY, audit="invite.accept"),
    _row("GET", "/access-requests", _MANAGER),
    _row("POST", "/access-requests", _GUEST, audit="access_request.create"),
    _row("GET", "/access-requests/mine", _GUEST),
    _row("POST", "/access-requests/{request_id}/approve", _MANAGER, NO_TOKEN, _YES, "access_request.approve"),
    _row("POST", "/access-requests/{request_id}/reject", _MANAGER, audit="access_request.reject"),
    _row("GET", "/formats", _USER, BOTH),
    _row("GET", "/api-models", _USER, BOTH),
    _row("POST", "/api-models", _POWER_USER, WIDE, _KEY, "api_model.create"),
    _row("POST", "/api-models/fetch-models", _POWER_USER, WIDE),
    _row("POST", "/api-models/test-connection", _POWER_USER, WIDE),
    _row("GET", "/api-models/{api_model_id}", _USER, BOTH),
    _row("PATCH", "/api-models/{api_model_id}", _POWER_USER, WIDE, _KEY, "api_model.change"),
    _row("DELETE", "/api-models/{api_model_id}", _POWER_USER, WIDE, _NO, "api_model.delete"),
    _row("POST", "/api-models/{api_model_id}/fetch-models", _POWER_USER, WIDE),
    _row("POST", "/api-models/{api_model_id}/test-connection", _POWER_USER, WIDE),
    _row("GET", "/tokens", _USER, BOTH),
    _row("POST", "/tokens", _USER, NO_TOKEN, _YES, "token.create"),
    _row("PATCH", "/tokens/{token_id}", _USER, audit="token.change"),
    _row("POST", "/tokens/{token_id}/rotate", _USER, NO_TOKEN, _YES, "token.rotate"),
    _row("DELETE", "/tokens/{token_id}", _USER, audit="token.revoke"),
    _row("GET", "/chats", _USER),
    _row("POST", "/chats", _USER),
    _row("DELETE", "/chats", _USER),
    _row("GET", "/chats/{chat_id}", _USER),
    _row("PATCH", "/chats/{chat_id}", _USER),
    _row("DELETE", "/chats/{chat_id}", _USER),
    _row("PUT", "/chats/{chat_id}/messages/{message_id}", _USER),
    _row("GET", "/preferences", _USER),
    _row("PATCH", "/preferences", _USER),
    _row("GET", "/usage", _USER, BOTH),
    _row("GET", "/usage/summary", _USER, BOTH),
    _row("GET", "/usage/series", _USER, BOTH),
    _row("GET", "/usage/filters", _USER, BOTH),
    _row("GET", "/usage/tail", _USER, BOTH),
    _row("GET", "/usage/export", _USER, NO_TOKEN, _YES, "usage.export"),
    _row("GET", "/usage/{call_id}", _USER, BOTH),
    _row("GET", "/usage/{call_id}/capture", _USER, NO_TOKEN, _YES, "capture.read"),
    _row("GET", "/capture", _ADMIN),
    _row("PUT", "/capture", _ADMIN, NO_TOKEN, _YES, "capture.change"),
    _row("GET", "/settings", _ADMIN),
    _row("GET", "/queues", _MANAGER),
    _row("GET", "/audit", _ADMIN),
    _row("GET", "/audit/head", _ADMIN),
    _row("GET", "/audit/export", _ADMIN, NO_TOKEN, _YES, "audit.export"),
    _row("GET", "/keys", _ADMIN),
    _row("POST", "/keys/rotate-data", _ADMIN, NO_TOKEN, _YES, "keys.rotate_data"),
)

BY_ENDPOINT = {(row.method, row.path): row for row in ROWS}
"""The rows by method and path."""
