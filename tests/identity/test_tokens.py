"""The shape of tokens and the keyed hash."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from bodhi.identity.tokens import ALPHABET, KINDS, PATTERN, TokenHasher, kind_of, looks_like_token, new_token


def test_a_new_token_has_the_documented_shape() -> None:
    token = new_token().reveal()
    assert token.startswith("bodhi_u_")
    assert len(token) == len("bodhi_u_") + 43 + 6
    assert PATTERN.fullmatch(token.encode())


def test_every_new_token_passes_the_offline_check() -> None:
    assert all(looks_like_token(new_token(kind).reveal().encode()) for kind in "usx" for _ in range(100))


def test_no_two_new_tokens_are_equal() -> None:
    assert len({new_token().reveal() for _ in range(1_000)}) == 1_000


@given(st.integers(8, 56), st.sampled_from(ALPHABET))
def test_a_token_with_one_character_changed_fails_the_offline_check(position: int, character: str) -> None:
    token = new_token().reveal()
    if token[position] == character:
        return
    changed = token[:position] + character + token[position + 1 :]
    assert not looks_like_token(changed.encode())


@given(st.binary(max_size=200))
def test_junk_fails_the_offline_check(junk: bytes) -> None:
    assert not looks_like_token(junk)


def test_a_newline_after_a_token_fails_the_offline_check() -> None:
    assert not looks_like_token(new_token().reveal().encode() + b"\n")


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100))
def test_the_mac_is_hmac_sha256(key: bytes, token: bytes) -> None:
    assert TokenHasher(key).mac(token) == hmac.digest(key, token, "sha256")


def test_the_kind_of_a_token_shows_in_its_shape_alone() -> None:
    for kind in KINDS:
        token = new_token(kind).reveal().encode()
        assert kind_of(token) == kind_of(token[:-1] + (b"1" if token[-1:] == b"0" else b"0")) == kind
    for junk in (b"", b"sk-abc", b"bodhi_y_" + b"0" * 49, b"bodhi_u_" + b"0" * 48):
        assert kind_of(junk) is None
