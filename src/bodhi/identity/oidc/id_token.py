"""ID tokens: signature and claims, held to OpenID Connect Core section 3.1.3.7 and RFC 8725. Pure: asks nobody.

What a token says of its own algorithm or key only chooses among what the settings and the provider's key set allow.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from typing_extensions import override

from bodhi.core.errors import IdentityProviderUnavailable, IdentityRefused
from bodhi.identity.oidc.config import KEY_TYPES

MAX_TOKEN = 64 * 1024
MAX_HEADER = 8 * 1024
MAX_SIGNATURE = 2_048
MAX_SUBJECT = 255
"""OpenID Connect Core section 2: a subject has at most 255 ASCII characters."""
LEEWAY = 60.0
MAX_TIME = 1e12
MIN_RSA_BITS = 2_048
MAX_KEYS = 100

_SAME = {"EdDSA": {"EdDSA", "Ed25519"}, "Ed25519": {"EdDSA", "Ed25519"}}
"""Two names of one algorithm (RFC 9864)."""
_SECRET_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

PublicKey = RSAKey | ECKey | OKPKey


class NoSuchKey(IdentityRefused):
    """The identity provider's token names a key that its key set does not hold."""


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key that may have signed."""

    kid: str | None
    key_type: str
    curve: str | None
    algorithm: str | None
    """The one that the provider keeps it for, if it says so."""
    key: PublicKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a token must say to be the answer to one sign-in."""

    issuer: str
    client_id: str
    nonce: str
    algorithms: Collection[str]
    now: float
    access_token: str | None = None


class _Algorithms(JWSRegistry):
    """The library's algorithms, as the settings allow them: it would warn of the name `EdDSA`, which all still use."""

    max_header_length = MAX_HEADER
    max_payload_length = MAX_TOKEN
    max_signature_length = MAX_SIGNATURE

    @override
    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


def read_key_set(document: Mapping[str, Any]) -> tuple[KeyEntry, ...]:
    """Read a JWK Set (RFC 7517 section 5) down to the keys that may sign.

    Raises:
        IdentityProviderUnavailable: it is none, holds too many keys, or gives away a private or symmetric key, after
            which nothing that it signs proves anything.
    """
    keys = document.get("keys")
    if not isinstance(keys, list) or len(keys) > MAX_KEYS or not all(isinstance(each, dict) for each in keys):
        raise IdentityProviderUnavailable("The identity provider's key set cannot be read.")
    if any(_SECRET_MEMBERS & each.keys() or each.get("kty") == "oct" for each in keys):
        raise IdentityProviderUnavailable("The identity provider's key set gives away a secret key, so it is not used.")
    return tuple(entry for entry in map(_entry, keys) if entry is not None)


def validate(token: str, keys: Sequence[KeyEntry], expected: Expected) -> Mapping[str, Any]:
    """Return the claims of an ID token that answers one sign-in.

    Raises:
        NoSuchKey: the key that it names is not at hand; the provider may have a new one.
        IdentityRefused: whatever else is wrong with it. The message never repeats a part of the token.
    """
    header = _read_header(token)
    algorithm = header["alg"]
    if not isinstance(algorithm, str) or algorithm not in expected.algorithms or algorithm not in KEY_TYPES:
        _refuse("is signed with an algorithm that is not allowed")
    # No extension is understood here, so a critical one must not be passed over (RFC 7515 section 4.1.11).
    if "crit" in header or "b64" in header:
        _refuse("asks for an extension that is not understood")
    entry = _choose(keys, algorithm, header.get("kid"))
    registry = _Algorithms(algorithms=[algorithm], strict_check_header=False)
    try:
        payload = jws.deserialize_compact(token, entry.key, registry=registry).payload
    except (JoseError, ValueError, TypeError):
        payload = None
    if payload is None:
        _refuse("is not signed by the identity provider")
    claims = _read_json(payload)
    _check_parties(claims, expected)
    _check_times(claims, expected.now)
    _check_bindings(claims, expected, algorithm)
    return claims


def _read_header(token: str) -> Mapping[str, Any]:
    if len(token) > MAX_TOKEN or not token.isascii() or token.count(".") != 2:
        _refuse("is too long or no signed token")
    try:
        raw = _decoded(token.partition(".")[0])
    except ValueError:
        raw = b""
    header = _read_json(raw)
    if "alg" not in header:
        _refuse("names no algorithm")
    return header


def _entry(jwk: Mapping[str, Any]) -> KeyEntry | None:
    """Read one key; None for those of other kinds or purposes, which say nothing against the rest."""
    kid, algorithm, operations = jwk.get("kid"), jwk.get("alg"), jwk.get("key_ops")
    if jwk.get("use", "sig") != "sig" or (isinstance(operations, list) and "verify" not in operations):
        return None
    if not isinstance(kid, str | None) or not isinstance(algorithm, str | None):
        return None
    wanted = ("kty", "crv", "x", "y", "n", "e")
    plain = {name: jwk[name] for name in wanted if isinstance(jwk.get(name), str)}
    kinds: dict[str, type[PublicKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    kind = kinds.get(plain.get("kty", ""))
    if kind is None:
        return None
    try:
        # RFC 7518 section 3.3 asks for 2048 bits; the library would only warn, and take a shorter key.
        if kind is RSAKey and int.from_bytes(_decoded(plain["n"])).bit_length() < MIN_RSA_BITS:
            return None
        key = kind.import_key(plain)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return KeyEntry(kid, plain["kty"], plain.get("crv"), algorithm, key)


def _choose(keys: Sequence[KeyEntry], algorithm: str, kid: object) -> KeyEntry:
    """Choose the one key that can have signed."""
    key_type, curve = KEY_TYPES[algorithm]
    names = _SAME.get(algorithm, {algorithm})
    fitting = [
        each
        for each in keys
        if each.key_type == key_type
        and (curve is None or each.curve == curve)
        and (each.algorithm is None or each.algorithm in names)
        and (kid is None or each.kid == kid)
    ]
    if not fitting:
        raise NoSuchKey
    if len(fitting) > 1:
        _refuse("does not tell which key signed it")
    return fitting[0]


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    """Check by whom, for whom and about whom the token is."""
    if claims.get("iss") != expected.issuer:
        _refuse("is of another issuer")
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or expected.client_id not in audiences:
        _refuse("is for another client")
    authorized = claims.get("azp")
    if (len(audiences) > 1 and authorized is None) or authorized not in (None, expected.client_id):
        _refuse("was issued to another client")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        _refuse("does not tell whom it is about")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    expires, issued = read_time(claims, "exp"), read_time(claims, "iat")
    begins = read_time(claims, "nbf") if "nbf" in claims else 0.0
    if expires is None or issued is None or begins is None:
        _refuse("does not tell when it is valid")
    if now >= expires + LEEWAY:
        _refuse("has expired, or the clocks of Bodhi and the identity provider differ")
    if issued > now + LEEWAY or begins > now + LEEWAY:
        _refuse("is not valid yet: the clocks of Bodhi and the identity provider differ")


def _check_bindings(claims: Mapping[str, Any], expected: Expected, algorithm: str) -> None:
    """Check that the token belongs to this sign-in and to the access token that came with it."""
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), expected.nonce.encode()):
        _refuse("belongs to another sign-in")
    if "at_hash" in claims:
        stated = claims["at_hash"]
        known = expected.access_token is not None and isinstance(stated, str)
        if not known or stated != _left_half(expected.access_token or "", algorithm):
            _refuse("belongs to another access token")


def _left_half(access_token: str, algorithm: str) -> str:
    """Return an access token's hash (OpenID Connect Core section 3.1.3.6); for Ed25519 it is SHA-512's."""
    bits = algorithm[-3:] if algorithm[-3:].isdigit() and not algorithm.startswith("Ed") else "512"
    digest = hashlib.new(f"sha{bits}", access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def read_time(claims: Mapping[str, Any], name: str) -> float | None:
    """Return a claim that is a time, in Unix seconds; None where it is missing or no number."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < MAX_TIME:
        return None
    return float(value)


def _decoded(text: str) -> bytes:
    """Read base64url without padding; raises ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _read_json(text: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(text, parse_constant=lambda _: _refuse("cannot be read"))
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        _refuse("cannot be read")
    return document


def _refuse(how: str) -> NoReturn:
    raise IdentityRefused(f"The identity provider's ID token {how}. Begin to sign in again.")
