"""Opening a home folder: everything is made on the first start, and nothing is overwritten on a wrong one."""

import asyncio
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.core.errors import StartupError
from bodhi.home import EXIT_HOME, ROOT_KEY_FILE, Home, _make_folder, open_home, root_key_sources, store_urls
from bodhi.settings import Settings, read_settings
from bodhi.storage.schema_state import MAIN_VERSION_TABLE, schema_state


def settings(home: Path, **variables: str) -> Settings:
    return read_settings({"BODHI_HOME": str(home), **variables})


async def test_the_first_start_makes_everything_for_this_account_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "home"
    home = await open_home(settings(folder))
    state = await schema_state(home.store)
    await home.close()

    assert state == "current"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / ROOT_KEY_FILE).stat().st_mode) == 0o600


async def test_a_second_start_finds_the_same_key(tmp_path: Path) -> None:
    first = await open_home(settings(tmp_path))
    secret = first.vault.derive("token-mac/v1")
    await first.close()
    second = await open_home(settings(tmp_path))
    await second.close()

    assert second.vault.derive("token-mac/v1") == secret


async def test_a_lost_root_key_stops_the_start_and_is_not_made_anew(tmp_path: Path) -> None:
    await (await open_home(settings(tmp_path))).close()
    (tmp_path / ROOT_KEY_FILE).unlink()

    with pytest.raises(StartupError) as caught:
        await open_home(settings(tmp_path))

    assert caught.value.exit_status == 3
    assert not (tmp_path / ROOT_KEY_FILE).exists()


async def test_a_folder_that_cannot_be_made_is_said_to_be_the_cause(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StartupError, match="cannot be written") as caught:
        await open_home(settings(tmp_path / "file" / "home"))

    assert caught.value.exit_status == EXIT_HOME
    assert str(tmp_path / "file" / "home") in caught.value.message


async def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    home = await open_home(settings(tmp_path))
    async with home.store.write() as connection:
        await connection.execute(text(f"UPDATE {MAIN_VERSION_TABLE} SET version_num = '9999'"))
    await home.close()

    with pytest.raises(StartupError, match="newer version"):
        await open_home(settings(tmp_path))


async def test_a_database_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    url = "postgresql://kim:canary@127.0.0.1:1/bodhi"

    with pytest.raises(StartupError) as caught:
        await open_home(settings(tmp_path, BODHI_DATABASE_URL=url))

    assert "canary" not in caught.value.message
    assert "127.0.0.1" in caught.value.message


def test_the_root_key_is_looked_for_where_the_settings_say(tmp_path: Path) -> None:
    plain = root_key_sources(settings(tmp_path))
    given = root_key_sources(settings(tmp_path, BODHI_ENCRYPTION_KEY="a2V5", BODHI_ENCRYPTION_KEY_FILE="/key"))

    assert (plain.value, plain.value_file, plain.home_file) == (None, None, tmp_path / ROOT_KEY_FILE)
    assert given.value is not None
    assert given.value.reveal() == "a2V5"
    assert given.value_file == Path("/key")


def test_the_databases_are_in_the_home_folder_or_where_the_url_says(tmp_path: Path) -> None:
    embedded = store_urls(settings(tmp_path))
    remote = store_urls(replace(settings(tmp_path), database_url="postgresql://h/d"))

    assert str(tmp_path) in embedded.main
    assert embedded.main != embedded.usage
    assert remote.main.startswith("postgresql+asyncpg:")


async def test_opening_leaves_no_trace_of_its_look_at_the_folder(tmp_path: Path) -> None:
    await (await open_home(settings(tmp_path))).close()

    assert ".writable" not in [path.name for path in tmp_path.iterdir()]


async def test_many_may_open_a_fresh_home_at_once(tmp_path: Path) -> None:
    settings = read_settings({}, home=tmp_path / "home")

    opened = await asyncio.gather(*(open_home(settings) for _ in range(6)), return_exceptions=True)
    homes = [home for home in opened if isinstance(home, Home)]
    for home in homes:
        await home.close()

    assert [str(each) for each in opened if isinstance(each, BaseException)] == []
    assert len({home.vault.root.key_id for home in homes}) == 1
    assert len({home.vault.active_id for home in homes}) == 1


def test_a_server_and_commands_that_start_together_do_not_trip_over_one_another(tmp_path: Path) -> None:
    settings = read_settings({}, home=tmp_path / "home")

    with ThreadPoolExecutor(8) as threads:
        tried = [threads.submit(_make_folder, settings) for _ in range(2_000)]

    assert [attempt.exception() for attempt in tried if attempt.exception()] == []
    assert list(settings.home.iterdir()) == []
