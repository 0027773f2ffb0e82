"""Takes a provider's key out of the error bodies in which some providers repeat it.

Successful answers never come here: they pass byte for byte.
"""

import base64
import json
from urllib.parse import quote

from bodhi.core.credential import Secret
from bodhi.core.errors import UpstreamMalformed
from bodhi.core.types import Header
from bodhi.relay.decode import new_decoder

FRAGMENT = 12
"""A key is taken out wherever this many characters of it stand in a row."""

MAX_ERROR_BODY = 1024 * 1024

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def scrub(text: bytes, secret: Secret) -> bytes:
    """Return the text with every trace of the secret starred out, byte for byte, so that its length stays."""
    # All places are found before any is starred: a star in the middle would hide what is left of the key beside it.
    places = [place for form in _forms(secret.reveal()) for place in _places(text, form)]
    if not places:
        return text
    starred = bytearray(text)
    for begin, end in places:
        starred[begin:end] = b"*" * (end - begin)
    return bytes(starred)


def scrub_headers(headers: list[Header], secret: Secret) -> list[Header]:
    """Return the fields with every trace of the secret starred out of their values."""
    return [(name, scrub(value, secret)) for name, value in headers]


def scrub_answer(headers: list[Header], body: bytes, secret: Secret) -> tuple[list[Header], bytes]:
    """Scrub an error answer. A compressed body stays compressed unless the secret is in it.

    Raises:
        UpstreamMalformed: it is not what its Content-Encoding says, so that nobody can tell what is in it.
    """
    codings = [coding for name, value in headers if name == b"content-encoding" for coding in value.split(b",")]
    headers = scrub_headers(headers, secret)
    plain = body
    for coding in reversed(codings):
        if coding.strip().lower() in (b"", b"identity"):
            continue
        decoder = new_decoder(coding)
        if decoder is None:
            return headers, scrub(body, secret)
        plain = decoder.feed(plain)
        if decoder.given_up:
            raise UpstreamMalformed("The provider's error answer cannot be decoded.")
    scrubbed = scrub(plain, secret)
    if scrubbed == plain:
        return headers, body
    kept = [field for field in headers if field[0] not in (b"content-encoding", b"content-length")]
    return [*kept, (b"content-length", str(len(scrubbed)).encode())], scrubbed


def _forms(key: str) -> set[bytes]:
    """Return the spellings in which providers repeat what they were shown; base64 at each place in a longer text."""
    raw = key.encode()
    encoded = {base64.b64encode(raw[shift:]).rstrip(b"=")[:-1] for shift in range(3)}
    url_safe = {form.translate(_URL_SAFE) for form in encoded}
    hexadecimal = raw.hex().encode()
    escaped = json.dumps(key)[1:-1].encode()
    return {raw, quote(key, safe="").encode(), escaped, hexadecimal, hexadecimal.upper(), *encoded, *url_safe}


def _places(text: bytes, form: bytes) -> list[tuple[int, int]]:
    """Find every run of the text that repeats at least FRAGMENT characters of the form, or all of a short one."""
    width = min(FRAGMENT, len(form))
    if width < 4:
        return []
    places: list[tuple[int, int]] = []
    for start in range(len(form) - width + 1):
        fragment = form[start : start + width]
        at = text.find(fragment)
        while at >= 0:
            places.append((at, at + width))
            at = text.find(fragment, at + 1)
    return places
