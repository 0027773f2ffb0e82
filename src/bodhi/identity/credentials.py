"""Finds what a request offers as proof, in all the shapes that clients use. What it proves is decided elsewhere.

Clients send `Authorization: Bearer` (RFC 6750 section 2.1), Anthropic's `x-api-key`, Google's `x-goog-api-key`
or `?key=`.
"""

from urllib.parse import unquote_to_bytes

from bodhi.core.types import Headers

MAX_CREDENTIALS = 8
"""More than a client ever sends; the rest is not looked at, so that a request cannot ask for many hashes."""

_PLAIN = frozenset({b"x-api-key", b"x-goog-api-key"})
_ALL = _PLAIN | {b"authorization"}
_BEARER = b"bearer "


def read_credentials(headers: Headers, query: bytes = b"") -> list[bytes]:
    """Collect the credentials of a request in the order found, each once.

    Args:
        headers: field lines with lower-case names.
        query: the raw query string, without its question mark.
    """
    found: list[bytes] = []
    for name, value in [field for field in headers if field[0] in _ALL]:
        if name in _PLAIN:
            credential = value.strip()
        elif value[:7].lower() == _BEARER:
            credential = value[7:].strip()
        else:
            continue
        if credential and credential not in found:
            found.append(credential)
    if b"key=" in query:
        found.extend(key for key in _query_keys(query) if key not in found)
    return found[:MAX_CREDENTIALS]


def _query_keys(query: bytes) -> list[bytes]:
    """Read every `key` parameter, percent-decoded."""
    keys = []
    for pair in query.split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"key" and value:
            keys.append(unquote_to_bytes(value).strip())
    return list(dict.fromkeys(key for key in keys if key))
