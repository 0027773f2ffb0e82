import base64
import gzip
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.credential import Secret
from bodhi.core.errors import UpstreamMalformed
from bodhi.relay.scrub import FRAGMENT, scrub, scrub_answer, scrub_headers

KEY = "sk-canary/0123456789+abcdefghijklmnop=="
SECRET = Secret(KEY)


@pytest.mark.parametrize(
    "form",
    [
        KEY,
        quote(KEY, safe=""),
        base64.b64encode(KEY.encode()).decode().rstrip("="),
        KEY.encode().hex(),
        KEY.encode().hex().upper(),
    ],
)
def test_every_spelling_of_the_key_is_starred_out(form: str) -> None:
    text = b'{"error": "key ' + form.encode() + b' is invalid"}'

    scrubbed = scrub(text, SECRET)

    assert form.encode() not in scrubbed
    assert len(scrubbed) == len(text)
    assert scrubbed.startswith(b'{"error": "key ')
    assert scrubbed.endswith(b' is invalid"}')


@given(start=st.integers(0, len(KEY) - FRAGMENT), width=st.integers(FRAGMENT, len(KEY)))
def test_a_part_of_the_key_is_starred_out(start: int, width: int) -> None:
    part = KEY[start : start + width].encode()

    assert scrub(b"key: " + part + b".", SECRET) == b"key: " + b"*" * len(part) + b"."


@pytest.mark.parametrize("shift", range(3))
def test_the_key_within_a_longer_base64_text_is_starred_out(shift: int) -> None:
    text = base64.b64encode(b"x" * shift + KEY.encode() + b" tail of a dump")

    middle = base64.b64encode(KEY.encode()[3 - shift if shift else 0 :])[:FRAGMENT]

    assert middle in text
    assert middle not in scrub(text, SECRET)


@given(st.binary(max_size=300))
def test_a_text_without_the_key_stays_as_it_is(text: bytes) -> None:
    assert scrub(text, SECRET) == text


def test_a_masked_key_with_its_ends_stays_readable() -> None:
    text = b"Incorrect API key provided: sk-cana****mnop."

    assert scrub(text, SECRET) == text


def test_header_values_are_scrubbed() -> None:
    assert scrub_headers([(b"x-echo", KEY.encode())], SECRET) == [(b"x-echo", b"*" * len(KEY))]


def test_a_compressed_body_without_the_key_stays_compressed() -> None:
    body = gzip.compress(b'{"error": "busy"}')
    headers = [(b"content-encoding", b"gzip"), (b"content-length", str(len(body)).encode())]

    assert scrub_answer(headers, body, SECRET) == (headers, body)


def test_a_compressed_body_with_the_key_is_sent_plain_without_it() -> None:
    plain = b'{"error": "' + KEY.encode() + b'"}'
    headers, body = scrub_answer([(b"content-encoding", b"gzip"), (b"x-a", b"1")], gzip.compress(plain), SECRET)

    assert body == b'{"error": "' + b"*" * len(KEY) + b'"}'
    assert headers == [(b"x-a", b"1"), (b"content-length", str(len(body)).encode())]


@pytest.mark.parametrize(
    ("codings", "body"),
    [
        ([b"gzip"], gzip.compress(b"hello ") + gzip.compress(KEY.encode())),
        ([b"gzip, gzip"], gzip.compress(gzip.compress(KEY.encode()))),
        ([b"gzip", b"GZIP"], gzip.compress(gzip.compress(KEY.encode()))),
        ([b"identity, gzip"], gzip.compress(KEY.encode())),
        ([b"x-unheard-of"], KEY.encode()),
    ],
    ids=["members", "twice", "two lines", "identity", "unknown"],
)
def test_the_key_is_found_however_the_body_was_coded(codings: list[bytes], body: bytes) -> None:
    _, scrubbed = scrub_answer([(b"content-encoding", coding) for coding in codings], body, SECRET)

    assert b"*" * len(KEY) in scrubbed
    assert KEY.encode() not in scrubbed


@pytest.mark.parametrize("body", [KEY.encode(), gzip.compress(KEY.encode())[:-8] + bytes(8)], ids=["plain", "broken"])
def test_a_body_that_is_not_coded_as_it_says_never_passes(body: bytes) -> None:
    with pytest.raises(UpstreamMalformed):
        scrub_answer([(b"content-encoding", b"gzip")], body, SECRET)
