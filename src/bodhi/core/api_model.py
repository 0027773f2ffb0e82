"""An api model and the rules for its fields: base URL and origin, prefix, selected models, extras, deadlines."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from typing_extensions import override

from bodhi.core.errors import InvalidField
from bodhi.core.types import Json, JsonObject

MAX_NAME = 255
MAX_PREFIX = 32
MAX_MODELS = 50
MAX_MODEL_ID = 256
MAX_KEY = 4096
MAX_EXTRAS_BYTES = 16 * 1024
MAX_EXTRAS_DEPTH = 16

PREFIX_PATTERN = re.compile(r"[A-Za-z0-9\-_./:@]+")
HEADER_NAME_PATTERN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")
HEADER_VALUE_PATTERN = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
CONTROL_PATTERN = re.compile(r"[\x00-\x1f\x7f]")

RESERVED_HEADERS = frozenset(
    {
        "authorization", "x-api-key", "x-goog-api-key", "api-key", "cookie", "host", "content-length",
        "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "content-encoding",
    }
)  # fmt: skip
"""Header names that Extra Headers may not set: credentials, framing, and the connection's own. `proxy-*` too."""

RESERVED_BODY_FIELDS = frozenset({"model", "stream"})
"""Top-level fields that Extra Body may not set, since routing and framing were decided from the client's."""

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Deadlines of one upstream call, in seconds."""

    connect: float = 10.0
    """Name resolution, TCP and TLS together."""
    first_byte: float = 600.0
    idle: float = 300.0
    total: float = 3600.0
    write_stall: float = 60.0


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port of a base URL: what a provider's key is bound to."""

    scheme: str
    host: str
    port: int

    @override
    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def authority(self) -> str:
        """The value of the Host field: the port only where it is not the scheme's default (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if DEFAULT_PORTS[self.scheme] == self.port else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class ApiModel:
    """An administrator's record of one provider: how to reach it, and which model ids it serves to whom."""

    id: str
    name: str
    format: str
    base_url: str
    prefix: str
    forward_all: bool
    models: tuple[str, ...]
    """The selected upstream model ids, without the prefix, in the order chosen."""
    extra_headers: Mapping[str, str]
    extra_body: JsonObject
    allow_private_network: bool
    has_key: bool
    owner_id: str | None
    created_at: float
    updated_at: float
    timeouts: Timeouts | None = None
    """Deadlines of its own; None takes the gateway's settings."""
    broken: str | None = None
    """Why the stored key cannot be opened, or None. A broken api model is listed, and refuses calls."""

    def client_ids(self) -> Iterable[str]:
        """Yield the model ids that clients send: prefix and selected id."""
        return (self.prefix + model for model in self.models)


def parse_base_url(text: str) -> tuple[Origin, str]:
    """Split a base URL into its origin and its path without a trailing slash.

    Raises:
        InvalidField: it is not a plain http or https URL (user info, query, fragment, odd characters).
    """
    if not text:
        raise InvalidField("The base URL is empty.", param="base_url")
    if CONTROL_PATTERN.search(text) or " " in text or "\\" in text or not text.isascii():
        raise InvalidField("The base URL holds blanks, backslashes, control or non-ASCII characters.", param="base_url")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise InvalidField(
            "The base URL cannot be read. It looks like https://api.example.com/v1.", param="base_url"
        ) from error
    scheme = parts.scheme.lower()
    if scheme not in DEFAULT_PORTS or not parts.hostname:
        raise InvalidField("The base URL must begin with http:// or https:// and name a host.", param="base_url")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in text or "#" in text:
        raise InvalidField("The base URL must not hold a user name, a query or a fragment.", param="base_url")
    if port == 0:
        raise InvalidField("The base URL's port must be between 1 and 65535.", param="base_url")
    if "%" in parts.netloc or ".." in parts.path or "//" in parts.path or "%" in parts.path:
        raise InvalidField("The base URL's host and path must be plain: no %, no .. and no //.", param="base_url")
    host = parts.hostname.rstrip(".").lower()
    if not host:
        raise InvalidField("The base URL must name a host.", param="base_url")
    return Origin(scheme, host, port or DEFAULT_PORTS[scheme]), parts.path.rstrip("/")


def check_name(text: str) -> None:
    """Refuse an empty or overlong name.

    Raises:
        InvalidField: the name is empty, longer than 255 characters, or holds control characters.
    """
    if not text.strip() or len(text) > MAX_NAME or CONTROL_PATTERN.search(text):
        raise InvalidField(f"The name must have 1 to {MAX_NAME} printable characters.", param="name")


def check_prefix(text: str) -> None:
    """Refuse a prefix that clients could not send in every dialect. The empty prefix means none.

    Raises:
        InvalidField: characters beyond letters, digits and `-_./:@`, more than 32 of them, or a path trick.
    """
    if not text:
        return
    if len(text) > MAX_PREFIX:
        raise InvalidField(f"The prefix must have at most {MAX_PREFIX} characters.", param="prefix")
    if not PREFIX_PATTERN.fullmatch(text):
        raise InvalidField("The prefix may hold letters, digits and - _ . / : @, and no blanks.", param="prefix")
    if ".." in text or "//" in text or text.startswith(("/", "./", "models/")):
        raise InvalidField("The prefix must not begin with / or models/, nor hold .. or //.", param="prefix")


def check_models(models: Iterable[str]) -> tuple[str, ...]:
    """Return the selected model ids without blanks around them, each once, in the order chosen.

    Raises:
        InvalidField: more than 50, or an id that is empty, too long, or cannot be written in a path.
    """
    selected = tuple(dict.fromkeys(model.strip() for model in models))
    if len(selected) > MAX_MODELS:
        raise InvalidField(f"At most {MAX_MODELS} models can be selected; this is {len(selected)}.", param="models")
    for model in selected:
        if not is_model_id(model):
            raise InvalidField(f"{model[:80]!r} is not a model id.", param="models")
    return selected


def is_model_id(text: str) -> bool:
    """Tell whether a text can be a model id: printable, at most 256 characters, no blanks, no path tricks."""
    return (
        0 < len(text) <= MAX_MODEL_ID
        and text.isprintable()
        and not any(c in text for c in " \\?#")
        and ".." not in text
        and "//" not in text
        and not text.startswith("/")
        and not text.endswith("/")
    )


def check_extra_headers(extras: Mapping[str, object]) -> None:
    """Refuse Extra Headers that could change who is authenticated, how the request is framed, or where it goes.

    Raises:
        InvalidField: naming the header and the rule it breaks.
    """
    seen: set[str] = set()
    for name, value in extras.items():
        canonical = name.lower().replace("_", "-").strip()
        if not HEADER_NAME_PATTERN.fullmatch(name):
            raise InvalidField(f"{name[:80]!r} is not a header name.", param="extra_headers")
        if canonical in RESERVED_HEADERS or canonical.startswith("proxy-"):
            raise InvalidField(
                f"{name!r} cannot be set here. Credentials belong into the API key field, and Bodhi sets the "
                "connection's own headers.",
                param="extra_headers",
            )
        if canonical in seen:
            raise InvalidField(f"{name!r} occurs twice.", param="extra_headers")
        if not isinstance(value, str) or not HEADER_VALUE_PATTERN.fullmatch(value) or value != value.strip():
            raise InvalidField(f"The value of {name!r} must be one line of text.", param="extra_headers")
        seen.add(canonical)
    if sum(len(n) + len(str(v)) for n, v in extras.items()) > MAX_EXTRAS_BYTES:
        raise InvalidField("Extra Headers must be at most 16 KiB.", param="extra_headers")


def check_extra_body(extras: JsonObject, encoded_bytes: int) -> None:
    """Refuse an Extra Body that is too large, too deep, or sets what routing decides.

    Args:
        extras: the JSON object.
        encoded_bytes: its size as JSON.

    Raises:
        InvalidField: naming the rule it breaks.
    """
    if encoded_bytes > MAX_EXTRAS_BYTES:
        raise InvalidField("Extra Body must be at most 16 KiB of JSON.", param="extra_body")
    for name in RESERVED_BODY_FIELDS & extras.keys():
        raise InvalidField(f"{name!r} cannot be set here: the client's request decides it.", param="extra_body")
    if _depth(extras) > MAX_EXTRAS_DEPTH:
        raise InvalidField(f"Extra Body must nest at most {MAX_EXTRAS_DEPTH} deep.", param="extra_body")


def check_key(key: str) -> None:
    """Refuse a provider key that cannot be written into a header.

    Raises:
        InvalidField: blanks, line breaks or characters beyond ASCII, or an overlong text.
    """
    if not 0 < len(key) <= MAX_KEY:
        raise InvalidField(f"The API key must have 1 to {MAX_KEY} characters.", param="api_key")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InvalidField("The API key holds blanks or characters that no key has. Copy it again.", param="api_key")


def _depth(document: Json) -> int:
    """Count how deeply a document nests, without recursing."""
    depth, level = 0, [document]
    while level:
        depth += 1
        below: list[Json] = []
        for value in level:
            if isinstance(value, Mapping):
                below.extend(value.values())
            elif isinstance(value, list | tuple):
                below.extend(value)
        level = below
    return depth
