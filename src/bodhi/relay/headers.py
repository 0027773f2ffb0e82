"""Which header fields pass, and which stop here, in both directions. Lists and look-ups only; nothing is sent.

Both directions are open lists: what tomorrow's clients and providers add passes without a change here.
"""

from collections.abc import Iterable

from bodhi.core.types import Header, Headers

HOP_BY_HOP = frozenset(
    {
        b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te",
        b"trailer", b"trailers", b"transfer-encoding", b"upgrade", b"http2-settings",
    }
)  # fmt: skip
"""Fields of one connection only: RFC 9110 section 7.6.1. What `Connection` names is dropped beside them."""

CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"x-goog-api-key", b"api-key", b"cookie"})
"""Every place in which a client shows a credential; exactly one provider credential is set instead."""

NOT_FORWARDED = (
    HOP_BY_HOP
    | CREDENTIALS
    | {
        b"host",
        b"content-length",
        b"expect",
        b"forwarded",
        b"x-real-ip",
        b"via",
        b"true-client-ip",
        b"cf-connecting-ip",
    }
)
NOT_FORWARDED_PREFIXES = (b"proxy-", b"x-forwarded-", b"sec-fetch-", b"sec-websocket-")

NOT_RETURNED = HOP_BY_HOP | {
    b"set-cookie", b"set-cookie2", b"alt-svc", b"strict-transport-security", b"clear-site-data", b"location",
    b"refresh", b"public-key-pins", b"service-worker-allowed", b"x-bodhi-request-id", b"x-bodhi-error",
    b"content-security-policy", b"content-security-policy-report-only", b"x-content-type-options",
    b"access-control-allow-origin", b"access-control-allow-credentials",
}  # fmt: skip
"""What an upstream may not do to our origin: cookies, transport policy, redirects, cross-origin grants."""

GUARD_HEADERS: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
)
"""Added to every relayed answer, so that a browser never runs what a provider sends on our origin."""


def _is_forwarded(name: bytes) -> bool:
    return name not in NOT_FORWARDED and not name.startswith(NOT_FORWARDED_PREFIXES)


def connection_names(headers: Headers) -> frozenset[bytes]:
    """Return the field names that the `Connection` fields nominate as hop-by-hop."""
    lines = [value for name, value in headers if name == b"connection"]
    if not lines:
        return frozenset()
    options = {option.strip().lower() for option in b",".join(lines).split(b",")}
    return frozenset(options - {b"", b"close", b"keep-alive"})


def forwarded(headers: Headers, dropped: frozenset[bytes] = frozenset()) -> list[Header]:
    """Return the client's fields that pass to the upstream, in their order.

    Args:
        headers: as received, names in lower case.
        dropped: further names that the operator keeps from upstreams.
    """
    passed = [field for field in headers if _is_forwarded(field[0])]
    if len(passed) != len(headers) and (named := connection_names(headers)):
        dropped = dropped | named
    if dropped:
        passed = [field for field in passed if field[0] not in dropped]
    return passed


def returned(headers: Headers) -> list[Header]:
    """Return the upstream's fields that pass to the client, in their order, and the guard fields."""
    passed = [field for field in headers if field[0] not in NOT_RETURNED]
    if len(passed) != len(headers) and (named := connection_names(headers)):
        passed = [field for field in passed if field[0] not in named]
    passed += GUARD_HEADERS
    return passed


def value_of(headers: Headers, name: bytes) -> bytes | None:
    """Return the first value of a field, or None."""
    for field_name, value in headers:
        if field_name == name:
            return value
    return None


def joined(values: Iterable[bytes]) -> bytes:
    """Join list-valued fields (RFC 9110 section 5.3) into one line, each member once, first mention first."""
    present: dict[bytes, None] = {}
    for value in values:
        for member in value.split(b","):
            if stripped := member.strip():
                present.setdefault(stripped)
    return b",".join(present)
