from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.api_model import Origin, Timeouts
from bodhi.core.call import OutboundRequest
from bodhi.core.errors import InvalidField, InvalidPath
from bodhi.relay.request_head import write_request_head

REQUEST = OutboundRequest(
    origin=Origin("https", "api.test", 443), allow_private_network=False, method=b"POST", target=b"/v1/x?a=b",
    headers=[(b"accept", b"*/*")], body=b"{}", timeouts=Timeouts(),
)  # fmt: skip


def test_head_is_written_in_order() -> None:
    assert write_request_head(REQUEST) == (
        b"POST /v1/x?a=b HTTP/1.1\r\nhost: api.test\r\naccept: */*\r\ncontent-length: 2\r\n\r\n"
    )


def test_get_without_body_has_no_length() -> None:
    assert b"content-length" not in write_request_head(replace(REQUEST, method=b"GET", body=b""))


def test_post_without_body_has_length_zero() -> None:
    assert b"content-length: 0\r\n" in write_request_head(replace(REQUEST, body=b""))


def test_port_and_ipv6_host_are_written() -> None:
    assert b"host: [::1]:8080\r\n" in write_request_head(replace(REQUEST, origin=Origin("http", "::1", 8080)))


@pytest.mark.parametrize(
    "header",
    [(b"x", b"a\r\nb: c"), (b"x", b"a\nb"), (b"x", b"a\rb"), (b"x", b"\x00"), (b"x", b"\x7f"), (b"x", b"\x01"),
     (b"", b"a"), (b"x y", b"a"), (b"x:", b"a"), (b"x\r\ny", b"a"), (b"h\xc3\xb6", b"a"), (b"Host", b"evil"),
     (b"content-length", b"1"), (b"Transfer-Encoding", b"chunked"), (b"connection", b"x-api-key")],
)  # fmt: skip
def test_header_that_would_change_the_structure_is_refused(header: tuple[bytes, bytes]) -> None:
    with pytest.raises(InvalidField) as caught:
        write_request_head(replace(REQUEST, headers=[(b"accept", b"*/*"), header]))
    assert "evil" not in caught.value.message


@pytest.mark.parametrize("target", [b"", b"v1", b"/a b", b"/a\r\nx: y", b"http://other/", b"/\xc3\xa4", b"/\x00"])
def test_target_outside_the_grammar_is_refused(target: bytes) -> None:
    with pytest.raises(InvalidPath):
        write_request_head(replace(REQUEST, target=target))


@given(st.lists(st.tuples(st.binary(max_size=8), st.binary(max_size=12)), max_size=6))
def test_any_headers_are_written_as_they_are_or_refused(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        head = write_request_head(replace(REQUEST, headers=headers))
    except InvalidField:
        return
    lines = head.split(b"\r\n")[2:-3]
    assert lines == [name + b": " + value for name, value in headers]


def test_tab_and_high_bytes_in_values_pass() -> None:
    assert b"x: a\tb\xff\r\n" in write_request_head(replace(REQUEST, headers=[(b"x", b"a\tb\xff")]))
