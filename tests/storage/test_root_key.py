"""Where the root key comes from: order of sources, strict form, and a file that nobody else may read."""

import base64
import os
from pathlib import Path

import pytest

from bodhi.core.credential import Secret
from bodhi.core.errors import StartupError
from bodhi.storage.root_key import (
    EXIT_STATUS,
    RootKeySources,
    adopt_staged_root_key,
    load_root_key,
    parse_root_key,
    read_home_file,
    stage_root_key,
    staged_root_key,
    write_home_file,
)
from bodhi.storage.vault import RootKey


def text_of(root: RootKey) -> str:
    return base64.b64encode(root.reveal()).decode()


def id_of(root: RootKey | None) -> str:
    assert root is not None
    return root.key_id


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "root.key"
    assert write_home_file(path, RootKey(b"h" * 32))
    return path


def test_the_value_comes_first_then_the_named_file_then_the_home(tmp_path: Path, key_file: Path) -> None:
    named = tmp_path / "mounted"
    named.write_text(text_of(RootKey(b"n" * 32)) + "\n")
    value = Secret(text_of(RootKey(b"v" * 32)))
    assert id_of(load_root_key(RootKeySources(value, named, key_file))) == RootKey(b"v" * 32).key_id
    assert id_of(load_root_key(RootKeySources(None, named, key_file))) == RootKey(b"n" * 32).key_id
    assert id_of(load_root_key(RootKeySources(None, None, key_file))) == RootKey(b"h" * 32).key_id
    assert load_root_key(RootKeySources()) is None
    assert load_root_key(RootKeySources(home_file=tmp_path / "missing")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "password",
        "x" * 32,
        base64.b64encode(bytes(31)).decode(),
        base64.b64encode(bytes(33)).decode(),
        base64.b64encode(bytes(32)).decode()[:-1],
        base64.b64encode(bytes(32)).decode()[:-4],
        bytes(32).hex(),
        "ü" * 44,
    ],
)
def test_anything_but_32_bytes_is_refused(text: str, key_file: Path) -> None:
    with pytest.raises(StartupError) as caught:
        parse_root_key(text, "BODHI_ENCRYPTION_KEY")
    assert caught.value.exit_status == EXIT_STATUS
    assert not text.strip() or text not in caught.value.message
    key_file.write_text(text)
    with pytest.raises(StartupError):
        read_home_file(key_file)


def test_an_empty_value_is_not_taken_for_an_unset_one(key_file: Path) -> None:
    with pytest.raises(StartupError, match="BODHI_ENCRYPTION_KEY"):
        load_root_key(RootKeySources(Secret(""), None, key_file))


def test_a_named_file_that_is_missing_does_not_fall_back_to_the_home(tmp_path: Path, key_file: Path) -> None:
    with pytest.raises(StartupError, match="missing") as caught:
        load_root_key(RootKeySources(None, tmp_path / "missing", key_file))
    assert caught.value.exit_status == EXIT_STATUS


def test_the_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    for umask in (0o000, 0o277):
        path = tmp_path / f"root.key-{umask}"
        before = os.umask(umask)
        try:
            assert write_home_file(path, RootKey.generate())
        finally:
            os.umask(before)
        assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610, 0o601, 0o660])
def test_a_file_that_others_may_use_is_refused(key_file: Path, mode: int) -> None:
    key_file.chmod(mode)
    with pytest.raises(StartupError, match="chmod 600") as caught:
        read_home_file(key_file)
    assert caught.value.exit_status == EXIT_STATUS


def test_a_file_of_another_owner_is_refused(key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = key_file.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(StartupError, match="another user"):
        read_home_file(key_file)


def test_a_link_is_refused(tmp_path: Path, key_file: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(key_file)
    with pytest.raises(StartupError, match="plain file"):
        read_home_file(link)


def test_an_existing_file_is_never_overwritten(key_file: Path) -> None:
    before = key_file.read_bytes()
    assert not write_home_file(key_file, RootKey.generate())
    assert key_file.read_bytes() == before
    assert [path.name for path in key_file.parent.iterdir()] == ["root.key"]


def test_a_folder_that_is_missing_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="cannot be written"):
        write_home_file(tmp_path / "missing" / "root.key", RootKey.generate())


def test_a_staged_key_replaces_the_current_one_which_is_kept(key_file: Path) -> None:
    old = id_of(read_home_file(key_file))
    staged = stage_root_key(key_file)
    assert id_of(read_home_file(key_file)) == old
    assert id_of(staged_root_key(key_file)) == staged.key_id
    assert stage_root_key(key_file).key_id == staged.key_id
    adopt_staged_root_key(key_file)
    assert id_of(read_home_file(key_file)) == staged.key_id
    assert staged_root_key(key_file) is None
    assert id_of(read_home_file(key_file.with_name(f"root.key.{old}"))) == old


def test_the_sources_are_described_without_the_key() -> None:
    secret = text_of(RootKey(b"v" * 32))
    sources = RootKeySources(Secret(secret), Path("/run/key"), Path("/home/root.key"))
    assert secret not in sources.describe() + repr(sources)
    assert "BODHI_ENCRYPTION_KEY_FILE (/run/key)" in sources.describe()
