import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from bodhi.relay.decode import MAX_DECODED, Decoder, new_decoder

ENCODERS: dict[bytes, Callable[[bytes], bytes]] = {
    b"gzip": gzip.compress,
    b"x-gzip": gzip.compress,
    b"deflate": zlib.compress,
    b"br": brotli.compress,
    b"zstd": zstandard.ZstdCompressor().compress,
}


def decoder(coding: bytes) -> Decoder:
    made = new_decoder(coding)
    assert made is not None
    return made


@pytest.mark.parametrize("coding", sorted(ENCODERS))
@given(text=st.binary(max_size=2000), at=st.integers(0, 2000))
def test_any_split_decodes_to_the_whole(coding: bytes, text: bytes, at: int) -> None:
    encoded = ENCODERS[coding](text)
    half = decoder(coding)

    assert half.feed(encoded[:at]) + half.feed(encoded[at:]) == text
    assert not half.given_up


def test_the_name_of_a_coding_has_any_case_and_blanks_around_it() -> None:
    assert decoder(b" GZip ").feed(gzip.compress(b"text")) == b"text"


@pytest.mark.parametrize("coding", [b"", b"identity", b"compress", b"gzip, br"])
def test_an_unknown_coding_has_no_decoder(coding: bytes) -> None:
    assert new_decoder(coding) is None


@pytest.mark.parametrize("coding", sorted(ENCODERS))
@given(pieces=st.lists(st.binary(max_size=400), max_size=4))
def test_rubbish_raises_nothing(coding: bytes, pieces: list[bytes]) -> None:
    broken = decoder(coding)
    for piece in pieces:
        broken.feed(piece)


@pytest.mark.parametrize("coding", sorted(ENCODERS))
def test_a_bomb_goes_quiet_at_the_bound(coding: bytes) -> None:
    bomb = ENCODERS[coding](bytes(MAX_DECODED * 2))
    quiet = decoder(coding)

    assert len(quiet.feed(bomb)) <= MAX_DECODED
    assert quiet.given_up
    assert quiet.feed(bomb) == b""


def test_all_members_of_a_gzip_body_are_read() -> None:
    assert decoder(b"gzip").feed(gzip.compress(b"one, ") + gzip.compress(b"two")) == b"one, two"
