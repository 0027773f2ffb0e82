"""What a format file must fill: Dialect (how clients speak to us) and Format (how we speak to an upstream).

Both are frozen values. Nothing here knows any one format, and nothing outside `formats` compares their names.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from bodhi.core.errors import BodhiError
from bodhi.core.types import Headers, JsonObject
from bodhi.core.usage import TokenCounts


class ModelIn(Enum):
    """Where a call names its model."""

    BODY = "body"
    PATH = "path"
    OBJECT = "object"
    """Nowhere: the path holds the id of an object, and the store knows which api model created it."""
    NONE = "none"


class Serves(Enum):
    """What an endpoint does with a call."""

    RELAY = "relay"
    CATALOG = "catalog"
    """Answers the list of models that the caller may use, from memory."""
    CATALOG_ENTRY = "catalog_entry"
    """Answers one model of that list; the model is in the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One inbound method and path, and what becomes of it upstream.

    `path` is a template below the dialect's mount. `{model}` matches any model id, slashes included; `{id}` one
    segment of `[A-Za-z0-9_-]{1,128}`; `{action}` one word of letters; `{version}` one of the dialect's versions; a
    literal in square brackets, as `[models/]`, may be left out. A model id ends at the path's last colon where the
    template goes on with one. Templates are tried in the order of `Dialect.endpoints`; the first that fits is taken.
    `suffix` is appended to the base URL and takes the same names.
    """

    name: str
    """Stable, dotted, unique over all dialects: what usage records and docs call it."""
    method: str
    path: str
    suffix: str = ""
    model_in: ModelIn
    serves: Serves = Serves.RELAY
    generating: bool = False
    """Whether Extra Body applies: calls that make a model generate, not embeddings, counting or listing."""
    model_optional: bool = False
    """Whether a body without `model` is legal; it is routed only where a single api model could be meant."""
    repeated_models: tuple[str, ...] = ()
    """Other places in the body that repeat the path's model, as `a.b` and `a[].b`; they must agree with it."""
    creates_object: bool = False
    """Whether the answer holds the id of an object that the upstream keeps; see `Dialect.read_object_id`."""
    deletes_object: bool = False
    references: tuple[str, ...] = ()
    """Top-level body fields that name such an object of an earlier call."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What marks a request as this dialect's, where dialects share a path.

    The first match wins, in the registry's order: any dialect's paths, then any dialect's headers, then any
    dialect's query parameters.
    """

    paths: tuple[str, ...] = ()
    """Regular expressions over `METHOD /path`, matched from the start."""
    headers: tuple[bytes, ...] = ()
    query: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogEntry:
    """One model id that a principal may send, for the models lists. `created_at` is Unix time."""

    id: str
    created_at: float
    owned_by: str


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """One page of an upstream's catalog: its model ids, and the query string of the next page, if any."""

    ids: tuple[str, ...]
    next_query: str | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """The smallest real call for a connection test: at most one output token."""

    endpoint: Endpoint
    body: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How clients speak to us. Two dialects with the same mount share errors and models lists."""

    name: str
    mount: str
    """A path before the ordinary one under which the dialect is unambiguous, such as `/openai`."""
    claims: Claims = field(default_factory=Claims)
    endpoints: tuple[Endpoint, ...]
    versions: tuple[str, ...] = ()
    """Path segments that `{version}` matches, the one that error messages suggest first. A base URL that ends in one
    has it replaced by the client's."""

    write_error: Callable[[BodhiError, str], bytes]
    """(error, request id) to the JSON body that the dialect's SDKs understand."""
    error_headers: Callable[[BodhiError, str], Headers] = lambda error, request_id: ()
    """(error, request id) to further response headers, such as the dialect's own request id."""
    error_status: Callable[[BodhiError], int] = lambda error: error.status
    """The HTTP status for an error, where the dialect has its own convention."""
    write_break: Callable[[BodhiError, str, str], bytes]
    """(error, request id, media type) to the bytes that tell, inside a started stream, that it broke off: one event.

    It is understood only between events. Where an event was cut short, nothing that follows mends it, and the aborted
    connection speaks for itself."""
    read_error: Callable[[bytes], str | None]
    """An upstream's error body to the one line a person reads, or None if it has none."""

    catalog_suffix: str = "/models"
    """Where an upstream's catalog is, below the base URL."""
    catalog_query: str
    """The query string of the first page of an upstream's catalog."""
    read_catalog: Callable[[bytes], CatalogPage]
    """An upstream's catalog body to ids. Raises ValueError if it is none."""
    write_catalog: Callable[[Sequence[CatalogEntry], Mapping[str, str]], bytes]
    """(all entries, the client's query) to the list's body, paged as the dialect pages."""
    write_catalog_entry: Callable[[CatalogEntry], bytes]

    usage_markers: tuple[bytes, ...]
    """A stream event is decoded for usage only if it holds one of these."""
    read_usage: Callable[[bytes, TokenCounts], None]
    """Update the counts from one JSON document: a stream event's data, or a whole body. Raises nothing."""
    usage_key: bytes = b'"usage"'
    """The member of a body that holds the counts: what to look for in the tail of a body too large to keep."""
    finish_markers: tuple[bytes, ...] = ()
    """What a stream's event holds that tells why the answer ended, where that is none of the events read for usage."""
    read_object_id: Callable[[bytes], str | None] = lambda document: None
    """The id of the object that an answer creates, from its body or its first event's data."""

    probe: Callable[[str], Probe]
    """Upstream model id to the connection test."""


@dataclass(frozen=True, slots=True)
class ProviderPreset:
    """A ready choice in the form: a provider that speaks a format at a known address."""

    label: str
    base_url: str
    needs_key: bool = True
    private_network: bool = False
    """Whether the address is on this machine or network, so that the record must allow that."""
    key_url: str = ""
    """Where a person gets a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How we speak to an upstream in a dialect."""

    name: str
    label: str
    dialect: Dialect
    base_url: str
    key_headers: Callable[[str], Headers]
    """The provider's key to the header that carries it."""
    key_prefix: str = ""
    """What every key of this format begins with, where the provider guarantees it."""
    default_headers: Headers = ()
    """Sent when neither the client nor Extra Headers name them."""
    client_wins: frozenset[bytes] = frozenset()
    """Extra Headers that only apply when the client did not send the header."""
    joined_headers: frozenset[bytes] = frozenset()
    """List-valued headers: the client's and Extra Headers' values become one line without duplicates."""
    required_values: Mapping[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    """Values that a joined header always holds."""
    preset_headers: Mapping[str, str] = field(default_factory=dict)
    preset_body: JsonObject = field(default_factory=dict)
    private: bool = False
    """Whether a record belongs to the person who made it and serves nobody else."""
    notice: str = ""
    """What a person must know before configuring it."""
    providers: tuple[ProviderPreset, ...] = ()
