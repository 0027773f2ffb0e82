"""The shapes of api models in requests and answers. The rules for the values are in `service` and `core.api_model`."""

from typing import Any

from pydantic import BaseModel, Field, SecretStr

from bodhi.control.api_models.verdict import Kind
from bodhi.control.schemas import Body, Time
from bodhi.core.api_model import MAX_MODEL_ID


class TimeoutsGiven(Body):
    """Deadlines of one call in seconds; one that is left out is the gateway's own."""

    connect: float | None = Field(default=None, gt=0, le=86_400)
    first_byte: float | None = Field(default=None, gt=0, le=86_400)
    idle: float | None = Field(default=None, gt=0, le=86_400)
    total: float | None = Field(default=None, gt=0, le=86_400)
    write_stall: float | None = Field(default=None, gt=0, le=86_400)


class ApiModelPatch(Body):
    """The fields to change. One that is left out stays as it is."""

    name: str = Field(default_factory=str)
    format: str = Field(default_factory=str)
    base_url: str = Field(default_factory=str)
    api_key: SecretStr | None = Field(default=None)
    """Left out: the stored key stays. Null: it is removed, and no credential is sent. It never comes out again."""
    prefix: str = Field(default_factory=str)
    forward_all: bool = Field(default_factory=bool)
    """Whether every model id that begins with the prefix is forwarded."""
    models: list[str] = Field(default_factory=list)
    """Upstream model ids, at most 50, without the prefix."""
    extra_headers: dict[str, Any] = Field(default_factory=dict)
    extra_body: dict[str, Any] = Field(default_factory=dict)
    allow_private_network: bool = Field(default_factory=bool)
    timeouts: TimeoutsGiven | None = None

    def given(self) -> dict[str, Any]:
        """Return the fields that the request names, with their values."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class NewApiModel(ApiModelPatch):
    """A new api model. What is left out takes the format's default, or is empty."""

    name: str
    format: str


class Trial(ApiModelPatch):
    """The values of a form, saved or not, to try a connection with."""

    id: str | None = Field(default=None, max_length=64)
    """The api model that the form edits: its values fill what is left out, its key included."""
    model: str | None = Field(default=None, max_length=MAX_MODEL_ID)
    """The upstream model id to test with; left out, the first one selected."""


class StoredTrial(Body):
    """What to test a stored api model with."""

    model: str | None = Field(default=None, max_length=MAX_MODEL_ID)


class TimeoutsShown(BaseModel):
    """Deadlines of one call in seconds."""

    connect: float
    first_byte: float
    idle: float
    total: float
    write_stall: float


class LastTest(BaseModel):
    """How the last connection test of a stored api model went."""

    at: Time
    ok: bool
    model: str
    message: str
    detail: str
    status: int | None
    duration_ms: int


class ApiModelShown(BaseModel):
    """One api model. The key is not among its fields."""

    id: str
    name: str
    format: str
    base_url: str
    has_key: bool
    prefix: str
    forward_all: bool
    models: list[str]
    extra_headers: dict[str, str] | None
    """Null for those who may not change api models."""
    extra_body: dict[str, Any] | None
    allow_private_network: bool
    timeouts: TimeoutsShown | None
    owner_id: str | None
    private: bool
    """Whether it serves its owner and nobody else."""
    broken: str | None
    """Why calls are refused, if they are."""
    origin: str
    """Scheme, host and port that the key was entered for; a change of it asks for the key again."""
    last_test: LastTest | None
    """Null where there was none since address, format, key or extras changed, and for those who may not edit."""
    created_at: Time
    updated_at: Time


class Tested(BaseModel):
    """How a connection test went."""

    ok: bool
    message: str
    """`Connection works`, `Invalid API key`, `Rate limit exceeded`, `Network error` or `Connection failed`."""
    detail: str
    """The provider's own text, or what was met instead of one."""
    status: int | None
    """The status that the provider answered, if it answered."""
    duration_ms: int
    url: str
    """The exact URL that was called."""
    kind: Kind | None
    """The reason of a failure, for programs; null where it went well."""
    retry_after: int | None
    """Seconds to wait, where the provider named a time."""
    reply: str
    """The beginning of a refusing answer as it came, without the key; empty where it went well, or none came."""


class Fetched(Tested):
    """A provider's catalog, or why there is none."""

    models: list[str]
    truncated: bool
    """Whether the provider has more than are listed here."""
