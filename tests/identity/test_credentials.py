"""Reading credentials out of headers and query."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.types import Header
from bodhi.identity.credentials import MAX_CREDENTIALS, read_credentials


@pytest.mark.parametrize("scheme", [b"Bearer", b"bearer", b"BEARER"])
def test_the_bearer_scheme_is_read_in_any_case(scheme: bytes) -> None:
    assert read_credentials([(b"authorization", scheme + b" abc")]) == [b"abc"]


@pytest.mark.parametrize("value", [b"Basic abc", b"Token auth_tokens/abc", b"Bearer", b"Bearer  ", b"", b"abc"])
def test_other_schemes_and_empty_bearers_are_ignored(value: bytes) -> None:
    assert read_credentials([(b"authorization", value)]) == []


@pytest.mark.parametrize("name", [b"x-api-key", b"x-goog-api-key"])
def test_the_vendors_headers_are_read(name: bytes) -> None:
    assert read_credentials([(b"accept", b"*/*"), (name, b"abc")]) == [b"abc"]


def test_the_query_key_is_percent_decoded() -> None:
    assert read_credentials([], b"alt=sse&key=a%5Fb") == [b"a_b"]


@pytest.mark.parametrize("query", [b"monkey=abc", b"key=", b"key", b"KEY=abc", b"x=key=1"])
def test_other_parameters_are_no_credentials(query: bytes) -> None:
    assert read_credentials([], query) == []


def test_the_same_credential_twice_counts_once() -> None:
    headers = [(b"authorization", b"Bearer abc"), (b"x-api-key", b"abc"), (b"x-goog-api-key", b"def")]
    assert read_credentials(headers, b"key=abc&key=ghi&key=ghi") == [b"abc", b"def", b"ghi"]


def test_only_a_few_credentials_are_looked_at() -> None:
    headers = [(b"x-api-key", str(n).encode()) for n in range(100)]
    assert len(read_credentials(headers)) == MAX_CREDENTIALS


@given(
    st.lists(st.tuples(st.sampled_from([b"authorization", b"x-api-key", b"accept"]), st.binary(max_size=30))),
    st.binary(max_size=60),
)
def test_any_headers_and_query_can_be_read(headers: list[Header], query: bytes) -> None:
    found = read_credentials(headers, query)
    assert len(found) == len(set(found))
    assert all(found)
