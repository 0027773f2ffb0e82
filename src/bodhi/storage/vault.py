"""Sealing and opening of secrets: keys, and what a sealed text is bound to. Pure: no database, no files.

The root key never encrypts a secret itself: keys derived from it wrap the data keys, and each sealed text has a key
of its own, derived from a data key. So the root key can change without touching a row.
"""

import base64
import binascii
import os
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from typing_extensions import override

from bodhi.core.credential import Secret

KEY_BYTES = 32
SALT_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
PAD_TO = 64
VERSION = "v1"


class CannotOpen(Exception):
    """A sealed text does not open here. Why is not said: the difference would help only who tampers."""

    def __init__(self) -> None:
        super().__init__("This cannot be opened.")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret belongs. A sealed text opens in the place it was sealed for, and nowhere else."""

    table: str
    column: str
    row_id: str
    origin: str = ""
    """Scheme, host and port that the secret may be sent to; empty for secrets that are never sent."""


class RootKey:
    """The one key outside the database, from which every other follows."""

    __slots__ = ("_key", "key_id")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"a root key has {KEY_BYTES} bytes")
        self._key = key
        self.key_id = derive(key, "key-id/v1")[:4].hex()

    @classmethod
    def generate(cls) -> "RootKey":
        """Return a fresh root key."""
        return cls(os.urandom(KEY_BYTES))

    def derive(self, purpose: str) -> bytes:
        """Return the 32 bytes for one purpose. Use `Vault.derive` for what must survive a change of the root key."""
        return derive(self._key, purpose)

    def reveal(self) -> bytes:
        """Return the key itself, for the file that keeps it."""
        return self._key

    @override
    def __repr__(self) -> str:
        return f"RootKey({self.key_id})"


@dataclass(frozen=True, slots=True)
class DataKey:
    """A random key that sealed texts' keys are derived from."""

    id: str
    key: bytes = field(repr=False)


class Vault:
    """Seals with the active data key, and opens with any that is known.

    Args:
        deployment_id: what every sealed text is bound to, so that it opens in no other deployment.
        root: the root key; it stays in memory to unwrap data keys that another process adds.
        derivation: the key that `derive` starts from.
        active: the data key for new texts.
        others: older data keys, for opening only.
    """

    def __init__(
        self, deployment_id: str, root: RootKey, *, derivation: bytes, active: DataKey, others: Iterable[DataKey] = ()
    ) -> None:
        self.deployment_id = deployment_id
        self.root = root
        self.read_root: Callable[[], RootKey | None] = lambda: None
        """Reads the root key from its source anew, for when another process has changed it."""
        self._derivation = derivation
        self._keys: dict[str, bytes] = {}
        self._active = active
        self._lock = threading.Lock()
        self.replace_data_keys(active, others)

    @property
    def active_id(self) -> str:
        """The id of the data key that seals."""
        return self._active.id

    def knows(self, data_key_id: str) -> bool:
        """Tell whether a data key is at hand."""
        return data_key_id in self._keys

    def data_key(self, data_key_id: str) -> DataKey | None:
        """Return a data key that is at hand, for wrapping it anew."""
        key = self._keys.get(data_key_id)
        return None if key is None else DataKey(data_key_id, key)

    def derive(self, purpose: str) -> bytes:
        """Return 32 bytes for one purpose, such as `token-mac/v1`; the same after every rotation."""
        return derive(self._derivation, purpose)

    def replace_data_keys(self, active: DataKey, others: Iterable[DataKey]) -> None:
        """Take over the data keys that the database holds now."""
        with self._lock:
            self._keys = {key.id: key.key for key in (*others, active)}
            self._active = active

    def seal(self, plaintext: Secret, place: Place) -> str:
        """Encrypt a secret for one place: `v1.<data key id>.<base64url of salt, nonce, ciphertext and tag>`."""
        active = self._active
        salt, nonce = os.urandom(SALT_BYTES), os.urandom(NONCE_BYTES)
        bound = self._bound_to(active.id, place)
        value_key = derive(active.key, bound, salt)
        ciphertext = AESGCM(value_key).encrypt(nonce, _pad(plaintext.reveal().encode()), bound)
        return f"{VERSION}.{active.id}.{encode(salt + nonce + ciphertext)}"

    def open(self, sealed: str, place: Place) -> Secret:
        """Decrypt a secret in the place it was sealed for.

        Raises:
            CannotOpen: another place, origin or deployment, an unknown data key, or a damaged text.
        """
        version, _, rest = sealed.partition(".")
        data_key_id, _, payload = rest.partition(".")
        key = self._keys.get(data_key_id)
        if version != VERSION or key is None:
            raise CannotOpen
        raw = decode(payload)
        salt, nonce, ciphertext = raw[:SALT_BYTES], raw[SALT_BYTES:][:NONCE_BYTES], raw[SALT_BYTES + NONCE_BYTES :]
        if len(ciphertext) < PAD_TO + TAG_BYTES:
            raise CannotOpen
        bound = self._bound_to(data_key_id, place)
        try:
            return Secret(_unpad(AESGCM(derive(key, bound, salt)).decrypt(nonce, ciphertext, bound)).decode())
        except (InvalidTag, UnicodeDecodeError):
            raise CannotOpen from None

    def _bound_to(self, data_key_id: str, place: Place) -> bytes:
        return length_prefixed(
            "bodhi-secret",
            VERSION,
            self.deployment_id,
            data_key_id,
            place.table,
            place.column,
            place.row_id,
            place.origin,
        )


def wrap(root: RootKey, deployment_id: str, data_key: DataKey) -> str:
    """Encrypt a data key under the root key's wrapping key."""
    nonce = os.urandom(NONCE_BYTES)
    bound = length_prefixed("bodhi-data-key", VERSION, deployment_id, data_key.id)
    return encode(nonce + AESGCM(root.derive("kek/v1")).encrypt(nonce, data_key.key, bound))


def unwrap(root: RootKey, deployment_id: str, data_key_id: str, wrapped: str) -> DataKey:
    """Decrypt a data key.

    Raises:
        CannotOpen: another root key or deployment wrapped it, or it is damaged.
    """
    raw = decode(wrapped)
    bound = length_prefixed("bodhi-data-key", VERSION, deployment_id, data_key_id)
    if len(raw) != NONCE_BYTES + KEY_BYTES + TAG_BYTES:
        raise CannotOpen
    try:
        key = AESGCM(root.derive("kek/v1")).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], bound)
    except InvalidTag:
        raise CannotOpen from None
    return DataKey(data_key_id, key)


def derive(key: bytes, purpose: str | bytes, salt: bytes | None = None) -> bytes:
    """Return 32 bytes by HKDF-SHA-256 (RFC 5869)."""
    context = purpose.encode() if isinstance(purpose, str) else purpose
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=context).derive(key)


def length_prefixed(*fields: str) -> bytes:
    """Join fields so that no two different lists of fields give the same bytes."""
    encoded = [text.encode("utf-8", "surrogatepass") for text in fields]
    return b"".join(len(text).to_bytes(4) + text for text in encoded)


def encode(raw: bytes) -> str:
    """Write base64url without padding (RFC 4648 section 5)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read base64url without padding, in its one canonical spelling.

    Raises:
        CannotOpen: the text is not that.
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CannotOpen from None
    if encode(raw) != text:
        raise CannotOpen
    return raw


def _pad(plaintext: bytes) -> bytes:
    """Hide the length: one 0x80, then zeros up to a multiple of 64 bytes (ISO/IEC 7816-4)."""
    return plaintext + b"\x80" + bytes(-(len(plaintext) + 1) % PAD_TO)


def _unpad(padded: bytes) -> bytes:
    plaintext, mark, _ = padded.rpartition(b"\x80")
    if not mark:
        raise CannotOpen
    return plaintext
