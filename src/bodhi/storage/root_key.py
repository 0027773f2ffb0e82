"""Where the root key comes from: a value, a named file, or the file in the home folder. Reads no environment."""

import base64
import binascii
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from bodhi.core.credential import Secret
from bodhi.core.errors import StartupError
from bodhi.storage.vault import KEY_BYTES, RootKey

ROOT_KEY_FILE = "root.key"
STAGED_SUFFIX = ".new"
EXIT_STATUS = 3
MAX_FILE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class RootKeySources:
    """The places to look for the root key, in this order."""

    value: Secret | None = None
    """BODHI_ENCRYPTION_KEY: base64 of 32 bytes."""
    value_file: Path | None = None
    """BODHI_ENCRYPTION_KEY_FILE: a file with the same text; mounted by the operator, so its mode is not judged."""
    home_file: Path | None = None
    """`root.key` in the home folder; made on the first start."""

    def describe(self) -> str:
        """Name the sources for people, in the order tried."""
        sources = [
            "BODHI_ENCRYPTION_KEY" + ("" if self.value is not None else " (not set)"),
            "BODHI_ENCRYPTION_KEY_FILE" + (f" ({self.value_file})" if self.value_file else " (not set)"),
        ]
        if self.home_file is not None:
            sources.append(f"the file {self.home_file}")
        return ", ".join(sources)

    @property
    def is_home_file(self) -> bool:
        """Whether the file in the home folder is the source that counts."""
        return self.value is None and self.value_file is None and self.home_file is not None


def load_root_key(sources: RootKeySources) -> RootKey | None:
    """Return the root key of the first source that is set; None where only a missing home file is left.

    Raises:
        StartupError: a source is set and unreadable, is not base64 of exactly 32 bytes, or others may read the file.
    """
    if sources.value is not None:
        return parse_root_key(sources.value.reveal(), "BODHI_ENCRYPTION_KEY")
    if sources.value_file is not None:
        return parse_root_key(_text(sources.value_file), f"BODHI_ENCRYPTION_KEY_FILE ({sources.value_file})")
    return None if sources.home_file is None else read_home_file(sources.home_file)


def parse_root_key(text: str, source: str) -> RootKey:
    """Read a root key's text form; never pads, cuts or hashes it into shape.

    Raises:
        StartupError: the text is not base64 of exactly 32 bytes.
    """
    try:
        raw = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise StartupError(
            f"The root key in {source} must be base64 of exactly {KEY_BYTES} bytes. "
            "Make one with: openssl rand -base64 32",
            EXIT_STATUS,
        )
    return RootKey(raw)


def read_home_file(path: Path) -> RootKey | None:
    """Read a root key file of the home folder; None when it does not exist.

    Raises:
        StartupError: others may read it, someone else owns it, or its text is not a root key.
    """
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StartupError(f"The root key file {path} cannot be read: {error.strerror}.", EXIT_STATUS) from error
    if not stat.S_ISREG(found.st_mode):
        raise StartupError(f"The root key file {path} is not a plain file.", EXIT_STATUS)
    if found.st_mode & 0o077:
        raise StartupError(f"Others may read the root key file {path}. Correct it with: chmod 600 {path}", EXIT_STATUS)
    if found.st_uid != os.geteuid():
        raise StartupError(
            f"The root key file {path} belongs to another user. Correct it with: chown {os.geteuid()} {path}",
            EXIT_STATUS,
        )
    return parse_root_key(_text(path), f"the file {path}")


def write_home_file(path: Path, root: RootKey) -> bool:
    """Write a root key file, whole or not at all; False when there is one already, which is never overwritten.

    Raises:
        StartupError: the folder cannot be written.
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            # The mode is set again because a umask may have taken bits from it.
            os.fchmod(descriptor, 0o600)
            file.write(base64.b64encode(root.reveal()) + b"\n")
            file.flush()
            os.fsync(descriptor)
        try:
            # Unlike a rename, a link fails where the name exists: of two first starts, one key wins.
            os.link(partial, path)
        except FileExistsError:
            return False
        finally:
            partial.unlink()
        _sync_folder(path.parent)
    except OSError as error:
        raise StartupError(f"The root key file {path} cannot be written: {error.strerror}.") from error
    return True


def stage_root_key(home_file: Path) -> RootKey:
    """Write a fresh root key beside the current one, to be adopted when the database is wrapped by it.

    Raises:
        StartupError: the folder cannot be written, or a staged file there is not a root key.
    """
    staged = _staged(home_file)
    write_home_file(staged, RootKey.generate())
    found = read_home_file(staged)
    if found is None:
        raise StartupError(f"The new root key {staged} vanished while it was written.", EXIT_STATUS)
    return found


def staged_root_key(home_file: Path) -> RootKey | None:
    """Return the staged root key, if there is one.

    Raises:
        StartupError: the staged file is not fit to be a root key file.
    """
    return read_home_file(_staged(home_file))


def adopt_staged_root_key(home_file: Path) -> None:
    """Put the staged root key in the current one's place, and keep the current one under its id for older backups.

    Raises:
        StartupError: the folder cannot be written.
    """
    current = read_home_file(home_file)
    try:
        if current is not None:
            kept = home_file.with_name(f"{home_file.name}.{current.key_id}")
            if not kept.exists():
                os.link(home_file, kept)
        _staged(home_file).replace(home_file)
        _sync_folder(home_file.parent)
    except OSError as error:
        raise StartupError(f"The root key file {home_file} cannot be replaced: {error.strerror}.") from error


def _staged(home_file: Path) -> Path:
    return home_file.with_name(home_file.name + STAGED_SUFFIX)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(MAX_FILE_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise StartupError(f"The root key file {path} cannot be read: {error.strerror}.", EXIT_STATUS) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
