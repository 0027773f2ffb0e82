"""Who is asking: the role ladder, token scopes, and the principal that guards and routing look at."""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from fnmatch import fnmatchcase

from bodhi.core.remember import remember


class Role(IntEnum):
    """What a person may do; each role includes those below it."""

    GUEST = 0
    """Signed in, and let in to nothing yet: somebody from the identity provider who has no role."""
    USER = 10
    POWER_USER = 20
    MANAGER = 30
    ADMIN = 40

    @property
    def wire(self) -> str:
        """The role's name in the API, the store and the docs."""
        return self.name.lower()


ROLES = {role.wire: role for role in Role}

SCOPES = {"chat": Role.USER, "user": Role.USER, "power_user": Role.POWER_USER}
"""A token's scope caps what its owner's role allows: the role that a principal with this scope has at most."""

CHAT = "chat"
"""The scope of the short-lived tokens that a signed-in page gets: model endpoints, and nothing else."""

PROGRAM_SCOPES = ("user", "power_user")
"""The scopes that people may mint tokens with."""

MODEL_CALLS = Role.USER
"""The lowest role that may call the model endpoints. Any token scope may; cookies and sessions never do."""

MAX_REMEMBERED_MODELS = 1_000
MAX_REMEMBERED_MODEL = 512
"""Characters of a model's name; the verdict on a longer one is found each time."""


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What the store knows of one API token, joined with its owner; never the token itself."""

    id: str
    name: str
    mac: bytes
    """HMAC-SHA-256 of the token, 32 bytes."""
    owner_id: str
    owner_name: str
    owner_role: Role
    scope: str
    allowed_models: tuple[str, ...]
    """Globs over the model ids that clients send; empty allows all."""
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    disabled_at: float | None = None
    disabled_by: str | None = None
    """The id of the person who disabled it; None for the command line."""
    owner_disabled: bool = False
    session_id: str | None = None
    """For a chat token the session it ends with."""
    lifetime: float | None = None
    """Seconds that a new secret works for; None: it never expires, or nobody has said."""
    previous_mac: bytes | None = None
    """Of the secret before the last rotation."""
    previous_until: float | None = None
    """Until when that one still works."""


class TokenState(StrEnum):
    """Whether a token opens anything, and if not, the first reason."""

    ACTIVE = "active"
    REVOKED = "revoked"
    EXPIRED = "expired"
    DISABLED = "disabled"
    OWNER_DISABLED = "owner_disabled"
    OWNER_WITHOUT_ROLE = "owner_without_role"


def state_of(grant: TokenGrant, now: float) -> TokenState:
    """Tell the state of a token at a time."""
    if grant.revoked_at is not None:
        return TokenState.REVOKED
    if grant.expires_at is not None and grant.expires_at <= now:
        return TokenState.EXPIRED
    if grant.disabled_at is not None:
        return TokenState.DISABLED
    if grant.owner_disabled:
        return TokenState.OWNER_DISABLED
    return TokenState.ACTIVE if grant.owner_role >= MODEL_CALLS else TokenState.OWNER_WITHOUT_ROLE


@dataclass(slots=True)
class Principal:
    """Someone who proved who they are: a user, through a session or a token that can only narrow the role.

    Exactly one of `token_id` and `session_id` is set.
    """

    user_id: str
    user_name: str
    role: Role
    token_id: str | None = None
    token_name: str | None = None
    scope: str | None = None
    """The token's scope; None for a session."""
    session_id: str | None = None
    authenticated_at: float | None = None
    """When the person behind a session last proved who they are, by password or identity provider; Unix time."""
    reads_captures: bool = False
    """Whether an Admin has allowed this person to read captured prompts and completions; never through a token."""
    allowed_models: tuple[str, ...] = ()
    _remembered: dict[str, bool] = field(default_factory=dict)

    def may_use(self, model_id: str) -> bool:
        """Tell whether a model id, as clients send it with its prefix, is within the token's allowed models."""
        if not self.allowed_models:
            return True
        verdict = self._remembered.get(model_id)
        if verdict is None:
            verdict = any(fnmatchcase(model_id, pattern) for pattern in self.allowed_models)
            if len(model_id) <= MAX_REMEMBERED_MODEL:
                remember(self._remembered, model_id, verdict, MAX_REMEMBERED_MODELS)
        return verdict


def principal_of(grant: TokenGrant) -> Principal:
    """Build the principal for a token: the lesser of its scope and its owner's current role."""
    return Principal(
        user_id=grant.owner_id,
        user_name=grant.owner_name,
        role=min(SCOPES[grant.scope], grant.owner_role),
        token_id=grant.id,
        token_name=grant.name,
        scope=grant.scope,
        allowed_models=grant.allowed_models,
    )
