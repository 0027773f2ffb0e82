"""Which fields pass, in both directions."""

from hypothesis import given
from hypothesis import strategies as st

from bodhi.relay.headers import (
    CREDENTIALS,
    GUARD_HEADERS,
    HOP_BY_HOP,
    connection_names,
    forwarded,
    joined,
    returned,
    value_of,
)

NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).map(str.encode)
STOPPED = [
    *sorted(HOP_BY_HOP | CREDENTIALS),
    b"host", b"content-length", b"expect", b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"proxy-foo", b"cookie",
]  # fmt: skip
PASSING = [
    b"user-agent", b"accept", b"accept-encoding", b"content-type", b"anthropic-version", b"anthropic-beta", b"anthropic-anything-new",
    b"openai-organization", b"idempotency-key", b"x-stainless-lang", b"x-goog-api-client", b"x-goog-user-project", b"x-claude-code-x",
    b"x-client-request-id", b"originator", b"session-id", b"traceparent",
]  # fmt: skip


def test_nothing_of_the_connection_and_no_credential_is_forwarded() -> None:
    assert forwarded([(name, b"canary") for name in STOPPED]) == []


def test_everything_else_is_forwarded_in_its_order() -> None:
    fields = [(name, b"v") for name in PASSING] + [(PASSING[0], b"again")]

    assert fields == forwarded(fields)


def test_what_connection_names_is_dropped_in_both_directions() -> None:
    fields = [(b"connection", b"close, X-Secret-Hop"), (b"x-secret-hop", b"1"), (b"x-kept", b"2")]

    assert forwarded(fields) == [(b"x-kept", b"2")]
    assert [(b"x-kept", b"2"), *GUARD_HEADERS] == returned(fields)
    assert frozenset({b"x-secret-hop"}) == connection_names(fields)


def test_the_operator_can_keep_further_fields_back() -> None:
    assert forwarded([(b"openai-organization", b"org-1")], frozenset({b"openai-organization"})) == []


def test_an_answer_cannot_touch_our_origin() -> None:
    hostile = [
        b"set-cookie", b"alt-svc", b"strict-transport-security", b"clear-site-data", b"location", b"content-security-policy",
        b"access-control-allow-origin", b"transfer-encoding", b"connection", b"x-bodhi-error",
    ]  # fmt: skip

    assert list(GUARD_HEADERS) == returned([(name, b"x") for name in hostile])


def test_what_clients_read_of_an_answer_passes() -> None:
    fields = [(name, b"x") for name in (b"x-request-id", b"request-id", b"retry-after", b"retry-after-ms", b"x-should-retry",
              b"x-ratelimit-remaining-tokens", b"anthropic-ratelimit-unified-status", b"openai-processing-ms", b"content-encoding",
              b"content-disposition", b"server-timing", b"date", b"content-length")]  # fmt: skip

    assert fields == returned(fields)[: len(fields)]


@given(st.lists(st.tuples(NAMES, st.binary(max_size=5)), max_size=12))
def test_forwarding_never_invents_a_field(fields: list[tuple[bytes, bytes]]) -> None:
    assert all(field in fields for field in forwarded(fields))


def test_list_values_are_joined_once_each_in_order() -> None:
    assert joined([b"b, a", b" a,,c ,b"]) == b"b,a,c"


def test_the_first_value_of_a_field_counts() -> None:
    assert value_of([(b"a", b"1"), (b"a", b"2")], b"a") == b"1"
    assert value_of([], b"a") is None
