"""ID tokens without a provider around them; tests/control/test_oidc.py has the hundred ways in which one lies."""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bodhi.core.errors import IdentityProviderUnavailable, IdentityRefused
from bodhi.identity.oidc.config import KEY_TYPES
from bodhi.identity.oidc.id_token import Expected, NoSuchKey, read_key_set, read_time, validate
from tests.fakes.oidc.hostile import CLIENT_ID, NOW, signed, signing_key

EXPECTED = Expected(
    issuer="https://id.example.org", client_id=CLIENT_ID, nonce="n", algorithms=KEY_TYPES, now=NOW, access_token="token"
)
CLAIMS = {"iss": "https://id.example.org", "aud": CLIENT_ID, "sub": "s", "exp": NOW + 60, "iat": NOW, "nonce": "n"}


def public(*algorithms: str) -> Any:
    return read_key_set({"keys": [signing_key(each).as_dict(private=False) for each in algorithms]})


def token(algorithm: str = "RS256", **claims: Any) -> str:
    key = signing_key(algorithm)
    return signed({"alg": algorithm, "kid": key.kid}, {**CLAIMS, **claims}, key, algorithm)


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "EdDSA"])
def test_each_algorithm_is_understood(algorithm: str) -> None:
    assert validate(token(algorithm), public(algorithm), EXPECTED)["sub"] == "s"


def test_ed25519_goes_by_both_its_names() -> None:
    key = signing_key("EdDSA")
    text = signed({"alg": "Ed25519", "kid": key.kid}, CLAIMS, key, "EdDSA")
    assert validate(text, public("EdDSA"), EXPECTED)["sub"] == "s"


def test_one_key_needs_no_name() -> None:
    text = signed({"alg": "RS256"}, CLAIMS, signing_key("RS256"), "RS256")
    assert validate(text, public("RS256", "ES256"), EXPECTED)["sub"] == "s"
    with pytest.raises(IdentityRefused, match="which key"):
        validate(text, (*public("RS256"), *public("RS256")), EXPECTED)


@pytest.mark.parametrize(
    ("algorithm", "digest"), [("RS256", "sha256"), ("RS384", "sha384"), ("RS512", "sha512"), ("EdDSA", "sha512")]
)
def test_the_access_tokens_hash_follows_the_algorithm(algorithm: str, digest: str) -> None:
    half = hashlib.new(digest, b"token").digest()
    at_hash = base64.urlsafe_b64encode(half[: len(half) // 2]).rstrip(b"=").decode()
    assert validate(token(algorithm, at_hash=at_hash), public(algorithm), EXPECTED)
    for other in (replace(EXPECTED, access_token=None), replace(EXPECTED, access_token="other")):
        with pytest.raises(IdentityRefused, match="another access token"):
            validate(token(algorithm, at_hash=at_hash), public(algorithm), other)


@pytest.mark.parametrize(
    ("claims", "now"),
    [({"exp": NOW}, NOW + 59.9), ({"iat": NOW + 60}, NOW), ({"nbf": NOW + 60}, NOW), ({"exp": NOW + 60.5}, NOW)],
)
def test_clocks_may_differ_by_a_minute(claims: dict[str, Any], now: float) -> None:
    assert validate(token(**claims), public("RS256"), replace(EXPECTED, now=now))


def test_several_audiences_need_one_authorized_party() -> None:
    assert validate(token(aud=["other", CLIENT_ID], azp=CLIENT_ID), public("RS256"), EXPECTED)
    assert validate(token(aud=[CLIENT_ID]), public("RS256"), EXPECTED)


def test_a_token_beyond_its_bound_is_not_read() -> None:
    with pytest.raises(IdentityRefused, match="too long"):
        validate(token(padding="x" * 50_000), public("RS256"), EXPECTED)


def test_an_algorithm_that_the_settings_leave_out_is_refused() -> None:
    with pytest.raises(IdentityRefused, match="not allowed"):
        validate(token(), public("RS256"), replace(EXPECTED, algorithms=frozenset({"ES256"})))
    # Nor is one that no settings can allow.
    with pytest.raises(IdentityRefused, match="not allowed"):
        validate(token().replace("x", "x"), public("RS256"), replace(EXPECTED, algorithms=frozenset({"HS256", "none"})))


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"}, {"key_ops": ["sign"]}, {"alg": "RS512"}, {"kid": 7}, {"kty": "EC"}, {"n": "!"}, {"n": None},
        {"e": None}, {"alg": ["RS256"]}, {"kid": "other"}, {"n": "AQAB"},
    ],
)  # fmt: skip
def test_a_key_of_another_kind_or_purpose_is_none(change: dict[str, Any]) -> None:
    keys = read_key_set({"keys": [{**signing_key("RS256").as_dict(private=False), **change}]})
    with pytest.raises(NoSuchKey):
        validate(token(), keys, EXPECTED)


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_a_key_set_with_any_secret_member_is_not_used_at_all(member: str) -> None:
    leaking = {**signing_key("ES256").as_dict(private=False), member: "AQAB"}
    with pytest.raises(IdentityProviderUnavailable, match="secret"):
        read_key_set({"keys": [signing_key("RS256").as_dict(private=False), leaking]})


@pytest.mark.parametrize(
    ("value", "time"),
    [(1, 1.0), (1.5, 1.5), (0, 0.0), (True, None), ("1", None), (None, None), (float("nan"), None), (10**400, None)],
)
def test_a_time_is_a_number_of_bounded_size(value: Any, time: float | None) -> None:
    assert read_time({"exp": value}, "exp") == time


JSON_VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=3)


@given(st.dictionaries(st.sampled_from([*CLAIMS, "azp", "nbf", "at_hash"]), JSON_VALUES))
def test_whatever_the_claims_hold_the_answer_is_yes_or_a_refusal(claims: dict[str, Any]) -> None:
    refused_or_read(lambda: validate(token(**claims), public("RS256"), EXPECTED))


@given(st.text(alphabet='abcAB01-_=.{}"', max_size=200) | st.text(max_size=200))
def test_whatever_is_sent_as_a_token_is_refused(text: str) -> None:
    with pytest.raises(IdentityRefused):
        validate(text, public("RS256"), EXPECTED)


@given(st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "typ", "jku", "jwk", "x5c", "cty"]), JSON_VALUES))
def test_whatever_the_header_holds_the_answer_is_yes_or_a_refusal(header: dict[str, Any]) -> None:
    key = signing_key("RS256")
    text = signed({"alg": "RS256", "kid": key.kid, **header}, CLAIMS, key, "RS256")
    refused_or_read(lambda: validate(text, public("RS256"), EXPECTED))


def refused_or_read(read: Callable[[], Any]) -> None:
    try:
        assert read()["sub"]
    except IdentityRefused:
        return
