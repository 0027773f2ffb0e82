"""The vault: known answers, and that a sealed text opens in its own place and nowhere else."""

import pickle
from dataclasses import fields, replace

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from bodhi.core.credential import Secret
from bodhi.storage.vault import (
    CannotOpen,
    DataKey,
    Place,
    RootKey,
    Vault,
    decode,
    derive,
    encode,
    length_prefixed,
    unwrap,
    wrap,
)

ROOT = RootKey(bytes(range(32)))
KEY = DataKey("KEY1", b"k" * 32)
PLACE = Place("api_models", "sealed_key", "ROW", "https://api.example.com:443")
KNOWN = (
    "v1.KEY1.BuRKFgs6L7jzRuGe62EhnGVIQxBMyN6RN33YXkF81MEuYxhxL6KRzioHHcT5VQgsX32DmvCuQEaX4xXea6t5IpF72AU426E36t9"
    "Dzhk1XepBlZR6V_deyicWNE6M7S3h5YIcqIREIwPG9qx0m0dxp2BQJfXez0Xj1CFajg"
)
"""Sealed when the format was decided: every later version must open it."""


def vault(deployment: str = "DEPLOYMENT", active: DataKey = KEY, *others: DataKey) -> Vault:
    return Vault(deployment, ROOT, derivation=b"d" * 32, active=active, others=others)


def test_hkdf_gives_the_answers_of_rfc_5869() -> None:
    # Appendix A.1 and A.3, cut to the 32 bytes that we take.
    first = derive(b"\x0b" * 22, bytes(range(0xF0, 0xFA)), bytes(range(13)))
    assert first.hex() == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
    assert derive(b"\x0b" * 22, b"").hex() == "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"


def test_aes_gcm_gives_the_answer_of_the_specification() -> None:
    # Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B.
    plaintext = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    sealed = AESGCM(bytes.fromhex("feffe9928665731c6d6a8f9467308308" * 2)).encrypt(
        bytes.fromhex("cafebabefacedbaddecaf888"), plaintext, bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    )
    assert sealed.hex() == (
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
        "76fc6ece0f4e1768cddf8853bb2d551b"
    )


def test_what_was_sealed_when_the_format_was_decided_still_opens() -> None:
    assert vault().open(KNOWN, PLACE).reveal() == "sk-known-answer"
    assert ROOT.key_id == "bf427935"
    assert vault().derive("token-mac/v1").hex() == "24b2ae5f9456d527c227d7b940312958734f22dcac44d5a1059c0de7d38a6f02"
    wrapped = "YWu-Yook0xVmv7S8BHYHCpGIAEdMym5uP1p-bQf4NWKuHBmpougwDSvKhubu___obVhLTNMy1fxUk6Fy"
    assert unwrap(ROOT, "DEPLOYMENT", "KEY1", wrapped) == KEY


@given(st.text(max_size=300))
def test_every_text_comes_back(secret: str) -> None:
    assert vault().open(vault().seal(Secret(secret), PLACE), PLACE).reveal() == secret


@given(st.binary(max_size=200).map(lambda raw: raw.decode("latin-1") + "\x80\x00"))
def test_texts_that_look_like_padding_come_back(secret: str) -> None:
    assert vault().open(vault().seal(Secret(secret), PLACE), PLACE).reveal() == secret


def test_lengths_up_to_63_bytes_look_alike() -> None:
    assert len({len(vault().seal(Secret("x" * length), PLACE)) for length in range(64)}) == 1
    assert len(vault().seal(Secret("x" * 64), PLACE)) > len(vault().seal(Secret("x" * 63), PLACE))


def test_the_same_secret_never_looks_the_same() -> None:
    assert len({vault().seal(Secret("sk"), PLACE) for _ in range(100)}) == 100


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
PLACES = st.builds(Place, TEXTS, TEXTS, TEXTS, TEXTS)


@settings(max_examples=1000, deadline=None)
@given(PLACES, PLACES, st.sampled_from([field.name for field in fields(Place)]), TEXTS)
def test_a_sealed_text_opens_in_no_other_place(place: Place, other: Place, field: str, value: str) -> None:
    sealed = vault().seal(Secret("sk-secret"), place)
    changed: dict[str, str] = {field: value}
    for wrong in (other, replace(place, **changed)):
        if wrong != place:
            with pytest.raises(CannotOpen):
                vault().open(sealed, wrong)


def test_characters_moved_between_fields_make_another_place() -> None:
    sealed = vault().seal(Secret("sk"), Place("ab", "c", "d", "e"))
    with pytest.raises(CannotOpen):
        vault().open(sealed, Place("a", "bc", "d", "e"))


def test_another_deployment_or_data_key_does_not_open() -> None:
    sealed = vault().seal(Secret("sk"), PLACE)
    with pytest.raises(CannotOpen):
        vault("OTHER").open(sealed, PLACE)
    with pytest.raises(CannotOpen):
        vault(active=DataKey("KEY1", b"x" * 32)).open(sealed, PLACE)
    with pytest.raises(CannotOpen):
        vault(active=DataKey("KEY2", b"k" * 32)).open(sealed, PLACE)


def test_a_data_keys_name_cannot_be_exchanged() -> None:
    twin = DataKey("KEY2", KEY.key)
    sealed = vault().seal(Secret("sk"), PLACE)
    with pytest.raises(CannotOpen):
        vault("DEPLOYMENT", KEY, twin).open(sealed.replace("KEY1", "KEY2"), PLACE)


@given(st.integers(0, len(KNOWN) - 1), st.characters(codec="ascii"))
def test_one_changed_character_is_enough(position: int, character: str) -> None:
    changed = KNOWN[:position] + character + KNOWN[position + 1 :]
    if changed != KNOWN:
        with pytest.raises(CannotOpen):
            vault().open(changed, PLACE)


@given(st.text(max_size=200) | st.text(max_size=200).map("v1.KEY1.".__add__))
def test_any_other_text_is_refused_in_one_way(text: str) -> None:
    with pytest.raises(CannotOpen, match=r"^This cannot be opened\.$"):
        vault().open(text, PLACE)


@pytest.mark.parametrize("length", range(0, len(KNOWN), 7))
def test_a_truncated_text_is_refused(length: int) -> None:
    with pytest.raises(CannotOpen):
        vault().open(KNOWN[:length], PLACE)


def test_older_data_keys_open_and_the_active_one_seals() -> None:
    newer = DataKey("KEY2", b"n" * 32)
    both = vault("DEPLOYMENT", newer, KEY)
    assert both.open(KNOWN, PLACE).reveal() == "sk-known-answer"
    assert both.active_id == "KEY2"
    assert both.seal(Secret("sk"), PLACE).startswith("v1.KEY2.")
    assert both.knows("KEY1")
    assert both.data_key("KEY1") == KEY
    assert both.data_key("KEY3") is None


def test_a_wrapped_data_key_needs_its_root_key_deployment_and_id() -> None:
    wrapped = wrap(ROOT, "DEPLOYMENT", KEY)
    assert unwrap(ROOT, "DEPLOYMENT", "KEY1", wrapped) == KEY
    for root, deployment, key_id, text in (
        (RootKey.generate(), "DEPLOYMENT", "KEY1", wrapped),
        (ROOT, "OTHER", "KEY1", wrapped),
        (ROOT, "DEPLOYMENT", "KEY2", wrapped),
        (ROOT, "DEPLOYMENT", "KEY1", wrapped[:-2]),
        (ROOT, "DEPLOYMENT", "KEY1", ""),
    ):
        with pytest.raises(CannotOpen):
            unwrap(root, deployment, key_id, text)


def test_purposes_give_unrelated_keys() -> None:
    purposes = ("kek/v1", "token-mac/v1", "session-mac/v1", "setup-mac/v1", "audit/v1")
    assert len({ROOT.derive(purpose) for purpose in purposes} | {vault().derive(purpose) for purpose in purposes}) == 10


@pytest.mark.parametrize("length", [0, 1, 16, 31, 33, 64])
def test_a_root_key_has_32_bytes(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        RootKey(bytes(length))


def test_no_key_is_in_a_repr() -> None:
    shown = f"{ROOT!r} {KEY!r} {vault()!r} {ROOT}"
    assert repr(KEY.key) not in shown
    assert ROOT.reveal().hex() not in shown
    with pytest.raises(TypeError):
        pickle.dumps(vault().open(KNOWN, PLACE))


@given(st.lists(st.text(max_size=5)), st.lists(st.text(max_size=5)))
def test_different_fields_give_different_bytes(one: list[str], other: list[str]) -> None:
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)


@given(st.binary(max_size=100))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    assert decode(encode(raw)) == raw
    with pytest.raises(CannotOpen):
        decode(encode(raw) + "=")
