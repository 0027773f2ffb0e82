"""The shape of Bodhi's own tokens, and the keyed hash under which they are known. Who owns one is not decided here.

A token is `bodhi_<kind>_<43 base62 characters, 256 bits><6 base62 characters, CRC-32 of all before>`. The checksum lets
junk be refused without a look-up and lets secret scanners be exact; it protects nothing.
"""

import hmac
import re
import secrets
import string
import zlib

from bodhi.core.credential import Secret

FOR_PROGRAMS = "u"
FOR_SESSIONS = "s"
FOR_LINKS = "x"

KINDS = {FOR_PROGRAMS: "an API token", FOR_SESSIONS: "the secret of a sign-in", FOR_LINKS: "the secret of a link"}
"""What the letter in a token says of it."""

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET_CHARACTERS = 43
CHECK_CHARACTERS = 6
PATTERN = re.compile(rb"bodhi_([usx])_[0-9A-Za-z]{49}")
"""What secret scanners should look for, too."""

_PAIRS = tuple((a + b).encode() for a in ALPHABET for b in ALPHABET)
_SQUARE = len(_PAIRS)


def new_token(kind: str = FOR_PROGRAMS) -> Secret:
    """Mint a token of a kind: `u` for programs, `s` for a sign-in, `x` for one-time links."""
    body = f"bodhi_{kind}_" + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_CHARACTERS))
    return Secret(body + _checksum(body.encode()).decode())


def looks_like_token(text: bytes) -> bool:
    """Tell whether a text has the shape and the checksum of a token, without knowing any token."""
    return PATTERN.fullmatch(text) is not None and _checksum(text[:-CHECK_CHARACTERS]) == text[-CHECK_CHARACTERS:]


def kind_of(text: bytes) -> str | None:
    """Return the key of KINDS for a text with the shape of a token, whatever its checksum."""
    shape = PATTERN.fullmatch(text)
    return None if shape is None else shape[1].decode()


def _checksum(body: bytes) -> bytes:
    """Write the CRC-32 of a token's body as six base62 digits."""
    crc = zlib.crc32(body)
    return _PAIRS[crc // _SQUARE // _SQUARE] + _PAIRS[crc // _SQUARE % _SQUARE] + _PAIRS[crc % _SQUARE]


class TokenHasher:
    """Computes the HMAC-SHA-256 under which the store knows a token.

    The key is derived from the root key, so somebody who can write the store still cannot plant a token.
    """

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, digestmod="sha256")

    def mac(self, token: bytes) -> bytes:
        """Return the 32 bytes that stand for a token."""
        # A copy of the keyed state costs half of what `hmac.digest` does, and this runs once per call.
        keyed = self._keyed.copy()
        keyed.update(token)
        return keyed.digest()
