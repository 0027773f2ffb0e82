"""What an identity provider, or somebody between it and Bodhi, can do wrong: each case by name, with the words it earns."""

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.util import urlsafe_b64encode

from bodhi.identity.oidc.fetch import MAX_ANSWER
from tests.fakes.clocks import StillClock
from tests.fakes.oidc.hostile import (
    CLIENT_SECRET,
    NOW,
    HostileProvider,
    Visit,
    encoded,
    json_reply,
    signed,
    signing_key,
)
from tests.fakes.puppet import write_reply

DAY = 86_400


@dataclass
class Scene:
    """A sign-in after it has gone to the provider, before it comes back."""

    provider: HostileProvider
    visit: Visit
    time: StillClock
    earlier_nonce: str
    """The nonce of another sign-in that was begun before."""


@dataclass(frozen=True)
class Case:
    """One mischief: how it is done, and which error of which words it must end in."""

    change: Callable[[Scene], object]
    words: str
    code: str = "identity_refused"
    before: Callable[[HostileProvider], object] = lambda provider: None
    """What is changed before anything is asked."""


UNAVAILABLE = "identity_provider_unavailable"


def _claims(words: str, **claims: object) -> Case:
    return Case(lambda scene: scene.provider.claims.update(claims), words)


def _header(words: str, **header: object) -> Case:
    return Case(lambda scene: scene.provider.header.update(header), words)


def _back(words: str, **parameters: str | None) -> Case:
    return Case(lambda scene: scene.visit.bring(**parameters), words)


def _replied(path: str, words: str, code: str, status: int, kind: bytes, body: bytes) -> Case:
    answer = write_reply(status, [(b"Content-Type", kind), (b"Location", b"https://evil.example/")], [body])
    return Case(lambda scene: scene.provider.replies.update({path: answer}), words, code)


def _hmac_with(secret: bytes) -> Callable[[Scene], object]:
    def sign(header: dict[str, object], claims: dict[str, object]) -> str:
        text = encoded({**header, "alg": "HS256"}) + b"." + encoded(claims)
        return (text + b"." + urlsafe_b64encode(hmac.digest(secret, text, "sha256"))).decode()

    return lambda scene: setattr(scene.provider, "sign", sign)


def _unsigned(scene: Scene) -> None:
    scene.provider.sign = lambda header, claims: (
        encoded({**header, "alg": "none"}) + b"." + encoded(claims) + b"."
    ).decode()


def _with_other_key(scene: Scene, **header: object) -> None:
    """Sign with a key of the attacker's own, under the name of the provider's."""
    key = signing_key("RS256", 9)
    scene.provider.sign = lambda own, claims: signed({**own, **header}, claims, key, "RS256")


def _attackers_jwk() -> object:
    return signing_key("RS256", 9).as_dict(private=False)


def _tampered(part: int) -> Callable[[Scene], object]:
    def change(scene: Scene) -> None:
        def sign(header: dict[str, object], claims: dict[str, object]) -> str:
            parts = signed(header, claims, signing_key("RS256"), "RS256").split(".")
            if part == 1:
                parts[1] = urlsafe_b64encode(json.dumps({**claims, "sub": "somebody-else"}).encode()).decode()
            else:
                parts[2] = parts[2][:-8] + ("A" * 8 if not parts[2].endswith("A" * 8) else "Q" * 8)
            return ".".join(parts)

        scene.provider.sign = sign

    return change


def _raw_claims(text: bytes) -> Callable[[Scene], object]:
    """Sign a payload that no JSON writer would write."""

    def change(scene: Scene) -> None:
        def sign(header: dict[str, object], claims: dict[str, object]) -> str:
            payload = json.dumps({**claims, "exp": "EXP"}).encode().replace(b'"EXP"', text)
            return signed(header, payload, signing_key("RS256"), "RS256")

        scene.provider.sign = sign

    return change


def _two_keys_without_names(provider: HostileProvider) -> None:
    provider.kid = None
    provider.keys = [
        {name: value for name, value in signing_key("RS256", number).as_dict(private=False).items() if name != "kid"}
        for number in (0, 1)
    ]


def _keys_of_other_use(provider: HostileProvider) -> None:
    provider.keys = [{**signing_key("RS256").as_dict(private=False), "use": "enc"}]


def _short_key(provider: HostileProvider) -> None:
    short = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    provider.keys = [
        {"kty": "RSA", "kid": "RS256-0", "e": "AQAB", "n": urlsafe_b64encode(short.n.to_bytes(128)).decode()}
    ]


def _asks_userinfo(provider: HostileProvider) -> None:
    provider.claims["preferred_username"] = None
    provider.userinfo = {}


def _userinfo(words: str, userinfo: dict[str, object], code: str = "identity_refused") -> Case:
    def before(provider: HostileProvider) -> None:
        provider.claims["preferred_username"] = None
        provider.userinfo = userinfo

    return Case(lambda scene: None, words, code, before)


_PUBLIC_PEM = signing_key("RS256").as_pem(private=False)
_FAILED_USERINFO = Case(
    lambda scene: scene.provider.replies.update({"/userinfo": json_reply({}, 403)}),
    "answered 403 instead of your claims",
    UNAVAILABLE,
    _asks_userinfo,
)

ON_THE_WAY_BACK: dict[str, Case] = {
    "alg none": Case(_unsigned, "algorithm that is not allowed"),
    "alg NONE": _header("algorithm that is not allowed", alg="NONE"),
    "alg HS256 by the public key": Case(_hmac_with(_PUBLIC_PEM), "algorithm that is not allowed"),
    "alg HS256 by the client's secret": Case(_hmac_with(CLIENT_SECRET.encode()), "algorithm that is not allowed"),
    "alg beyond the settings": _header("algorithm that is not allowed", alg="RS512"),
    "alg missing": _header("names no algorithm", alg=None),
    "alg a list": _header("algorithm that is not allowed", alg=["RS256"]),
    "alg of another kind of key": _header("key set does not hold", alg="ES256"),
    "unknown kid": _header("key set does not hold", kid="nobody's"),
    "kid a list": _header("key set does not hold", kid=["RS256-0"]),
    "no kid among several keys": Case(lambda scene: None, "which key signed", before=_two_keys_without_names),
    "a key that does not sign": Case(lambda scene: None, "key set does not hold", before=_keys_of_other_use),
    "a key that is too short": Case(lambda scene: None, "key set does not hold", before=_short_key),
    "another key under a known kid": Case(_with_other_key, "not signed by the identity provider"),
    "tampered signature": Case(_tampered(2), "not signed by the identity provider"),
    "tampered claims": Case(_tampered(1), "not signed by the identity provider"),
    "crit": _header("extension that is not understood", crit=["exp"], exp=1),
    "b64 false": _header("extension that is not understood", b64=False, crit=["b64"]),
    "jwk in the header": Case(lambda scene: _with_other_key(scene, jwk=_attackers_jwk()), "not signed by"),
    "jku in the header": Case(lambda scene: _with_other_key(scene, jku="https://evil.example/jwks"), "not signed by"),
    "x5u in the header": Case(lambda scene: _with_other_key(scene, x5u="https://evil.example/x5u"), "not signed by"),
    "x5c in the header": Case(lambda scene: _with_other_key(scene, x5c=["MIIB"]), "not signed by"),
    "wrong issuer": _claims("of another issuer", iss="https://evil.example"),
    "no issuer": _claims("of another issuer", iss=None),
    "issuer with a slash more": Case(
        lambda scene: scene.provider.claims.update(iss=scene.provider.issuer + "/"), "of another issuer"
    ),
    "wrong audience": _claims("for another client", aud="somebody-else"),
    "audience that only begins alike": _claims("for another client", aud="bodhi2"),
    "no audience": _claims("for another client", aud=None),
    "audience an object": _claims("for another client", aud={"bodhi": 1}),
    "several audiences, other azp": _claims("issued to another client", aud=["bodhi", "other"], azp="other"),
    "several audiences, no azp": _claims("issued to another client", aud=["bodhi", "other"]),
    "one audience, other azp": _claims("issued to another client", azp="other"),
    "expired": _claims("has expired", exp=NOW - 61),
    "no expiry": _claims("does not tell when", exp=None),
    "expiry a text": _claims("does not tell when", exp=str(NOW + 300)),
    "expiry true": _claims("does not tell when", exp=True),
    "expiry NaN": Case(_raw_claims(b"NaN"), "cannot be read"),
    "expiry Infinity": Case(_raw_claims(b"Infinity"), "cannot be read"),
    "expiry beyond all numbers": Case(_raw_claims(b"1e999"), "does not tell when"),
    "claims a list": Case(
        lambda scene: setattr(
            scene.provider, "sign", lambda header, claims: signed(header, [claims], signing_key("RS256"), "RS256")
        ),
        "cannot be read",
    ),
    "issued in the future": _claims("not valid yet", iat=NOW + 61),
    "no time of issue": _claims("does not tell when", iat=None),
    "not valid before later": _claims("not valid yet", nbf=NOW + 61),
    "Bodhi's clock a day behind": _claims("clocks of Bodhi", iat=NOW + DAY, exp=NOW + DAY + 300),
    "Bodhi's clock a day ahead": _claims("clocks of Bodhi", iat=NOW - DAY, exp=NOW - DAY + 300),
    "no nonce": _claims("belongs to another sign-in", nonce=None),
    "wrong nonce": _claims("belongs to another sign-in", nonce="wrong"),
    "nonce not a text": _claims("belongs to another sign-in", nonce=1),
    "nonce of another sign-in": Case(
        lambda scene: scene.provider.claims.update(nonce=scene.earlier_nonce), "belongs to another sign-in"
    ),
    "wrong at_hash": _claims("belongs to another access token", at_hash="wrong"),
    "no subject": _claims("whom it is about", sub=None),
    "empty subject": _claims("whom it is about", sub=""),
    "long subject": _claims("whom it is about", sub="s" * 256),
    "subject a number": _claims("whom it is about", sub=1),
    "subject with NUL": _claims("whom it is about", sub="a\x00b"),
    "huge token": Case(
        lambda scene: scene.provider.claims.update(padding="x" * 49_000), "more than 64 KiB", UNAVAILABLE
    ),
    "huge header": _header("not signed by", padding="x" * 9_000),
    "token of five parts": Case(lambda scene: scene.provider.granted.update(id_token="a.b.c.d.e"), "no signed token"),
    "token that is no base64": Case(lambda scene: scene.provider.granted.update(id_token="!.!.!"), "cannot be read"),
    "no state": _back("unknown, was ended before", state=None),
    "empty state": _back("unknown, was ended before", state=""),
    "wrong state": _back("unknown, was ended before", state="x" * 43),
    "state beyond all length": _back("unknown, was ended before", state="x" * 5_000),
    "state not ASCII": _back("unknown, was ended before", state="ü" * 43),
    "state twice": Case(lambda scene: scene.visit.back.append(("state", "other")), "says a thing twice"),
    "code twice": Case(lambda scene: scene.visit.back.append(("code", "other")), "says a thing twice"),
    "no cookie": Case(lambda scene: setattr(scene.visit, "cookie", None), "in another browser"),
    "empty cookie": Case(lambda scene: setattr(scene.visit, "cookie", ""), "in another browser"),
    "another browser's cookie": Case(lambda scene: setattr(scene.visit, "cookie", "x" * 43), "in another browser"),
    "too late": Case(lambda scene: scene.time.advance(600), "took too long"),
    "iss of another provider": _back("not of the identity provider that was asked", iss="https://evil.example"),
    "iss missing where it is promised": _back("not of the identity provider that was asked", iss=None),
    "no code": _back("sent no code", code=None),
    "code beyond all length": _back("sent no code", code="x" * 5_000),
    "access denied": _back("access_denied: &lt;b&gt;no&lt;/b&gt;", error="access_denied", error_description="<b>no</b>"),
    "code refused": _replied(
        "/token", "invalid_grant", "identity_refused", 400, b"application/json", b'{"error": "invalid_grant"}'
    ),
    "reason that is no name": _replied(
        "/token", "no reason given", "identity_refused", 400, b"application/json", b'{"error": "<script>"}'
    ),
    "client refused": _replied(
        "/token", "BODHI_OIDC_CLIENT_SECRET", UNAVAILABLE, 401, b"application/json", b'{"error": "invalid_client"}'
    ),
    "token endpoint answers 500": _replied("/token", "answered 500", UNAVAILABLE, 500, b"application/json", b"{}"),
    "token endpoint answers HTML": _replied("/token", "without JSON", UNAVAILABLE, 200, b"text/html", b"<html>"),
    "token endpoint redirects": _replied("/token", "redirect", UNAVAILABLE, 302, b"application/json", b"{}"),
    "token endpoint names another type": _replied("/token", "without JSON", UNAVAILABLE, 200, b"text/plain", b"{}"),
    "token endpoint answers broken JSON": _replied("/token", "broken JSON", UNAVAILABLE, 200, b"application/json", b"{"),
    "token endpoint answers a list": _replied("/token", "no object", UNAVAILABLE, 200, b"application/json", b"[]"),
    "token endpoint answers without end": _replied(
        "/token", "more than 64 KiB", UNAVAILABLE, 200, b"application/json", b" " * (MAX_ANSWER + 1)
    ),
    "no ID token": Case(lambda scene: scene.provider.granted.update(id_token=None), "no ID token", UNAVAILABLE),
    "ID token a number": Case(lambda scene: scene.provider.granted.update(id_token=1), "no ID token", UNAVAILABLE),
    "userinfo about somebody else": _userinfo("about somebody else", {"sub": "subject-2", "name": "eve"}),
    "userinfo about nobody": _userinfo("about somebody else", {"name": "eve"}),
    "userinfo refused": _FAILED_USERINFO,
}  # fmt: skip
"""Sign-ins that go out well and come back wrong."""


def _described(**description: object) -> Callable[[HostileProvider], object]:
    return lambda provider: provider.description.update(description)


def _answered(path: str, status: int, kind: bytes, body: bytes, *headers: tuple[bytes, bytes]) -> Callable[..., object]:
    return lambda provider: provider.replies.update(
        {path: write_reply(status, [(b"Content-Type", kind), *headers], [body])}
    )


def _keys(*keys: object) -> Callable[[HostileProvider], object]:
    return lambda provider: setattr(provider, "keys", list(keys))


_DOCUMENT = "/.well-known/openid-configuration"
_JSON = b"application/json"

AT_THE_START: dict[str, tuple[Callable[[HostileProvider], object], str]] = {
    "document of another issuer": (_described(issuer="https://evil.example"), "by another issuer"),
    "document of an issuer with a slash more": (
        lambda provider: provider.description.update(issuer=provider.issuer + "/"), "by another issuer",
    ),
    "document without issuer": (_described(issuer=None), "by another issuer"),
    "document without token endpoint": (_described(token_endpoint=None), "lacks token_endpoint"),
    "document without keys": (_described(jwks_uri=None), "lacks jwks_uri"),
    "keys without https": (_described(jwks_uri="http://192.0.2.1/jwks"), "without https"),
    "keys in a file": (_described(jwks_uri="file:///etc/passwd"), "cannot be used"),
    "keys behind a password": (_described(jwks_uri="https://user:secret@id.example.org/"), "cannot be used"),
    "keys at a cloud's metadata": (_described(jwks_uri="https://169.254.169.254/latest"), "never connects to"),
    "token endpoint with a break": (_described(token_endpoint="https://id.example.org/\r\nx: y"), "cannot be read"),
    "authorization endpoint by javascript": (_described(authorization_endpoint="javascript:alert(1)"), "cannot be used"),
    "authorization endpoint a number": (_described(authorization_endpoint=1), "lacks authorization_endpoint"),
    "document missing": (_answered(_DOCUMENT, 404, _JSON, b"{}"), "Check BODHI_OIDC_ISSUER"),
    "document as HTML": (_answered(_DOCUMENT, 200, b"text/html", b"<html>"), "without JSON"),
    "document elsewhere": (_answered(_DOCUMENT, 301, _JSON, b"{}", (b"Location", b"https://evil.example/")), "redirect"),
    "document compressed": (_answered(_DOCUMENT, 200, _JSON, b"{}", (b"Content-Encoding", b"gzip")), "compressed"),
    "document too deep": (_answered(_DOCUMENT, 200, _JSON, b"[" * 60_000), "broken JSON"),
    "document too long": (_answered(_DOCUMENT, 200, _JSON, b" " * (MAX_ANSWER + 1)), "more than 64 KiB"),
    "key set too long": (_answered("/jwks", 200, _JSON, b" " * (MAX_ANSWER + 1)), "more than 64 KiB"),
    "key set failing": (_answered("/jwks", 500, _JSON, b"{}"), "answered 500"),
    "key set missing": (_answered("/jwks", 404, _JSON, b"{}"), "instead of its keys"),
    "key set not a list": (_answered("/jwks", 200, _JSON, b'{"keys": {}}'), "cannot be read"),
    "key set of numbers": (_keys(1, 2), "cannot be read"),
    "key set of too many": (_keys(*[{"kty": "RSA"}] * 101), "cannot be read"),
    "key set with a private key": (
        lambda provider: setattr(provider, "keys", [signing_key("RS256").as_dict(private=True)]), "gives away a secret",
    ),
    "key set with a symmetric key": (_keys({"kty": "oct", "k": "c2VjcmV0"}), "gives away a secret"),
}  # fmt: skip
"""What keeps a sign-in from going out at all."""
