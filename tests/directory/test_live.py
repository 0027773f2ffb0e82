"""The directory: current, in memory, and never giving a key to another origin."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bodhi.core.api_model import ApiModel
from bodhi.core.credential import Secret
from bodhi.core.errors import ApiModelUnusable, StoreUnavailable
from bodhi.core.principal import Role, TokenGrant
from bodhi.directory.live import OPENED_SECONDS, Directory
from bodhi.formats.registry import FORMATS as ALL
from bodhi.storage.api_models import get_api_model, insert_api_model, provider_key_place, update_api_model
from bodhi.storage.engine import Store
from bodhi.storage.tokens import insert_token, update_token
from bodhi.storage.users import User, insert_user
from bodhi.storage.vault import Vault
from bodhi.storage.version import bump_config_version
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store, new_vault
from tests.fakes.waiting import eventually

FORMATS = {each.name: each for each in ALL}
KEY = Secret("sk-provider")


@dataclass
class World:
    store: Store
    vault: Vault
    time: StillClock
    directory: Directory

    async def add(
        self, row: str = "m1", base_url: str = "https://one.example/v1", key: Secret | None = KEY
    ) -> ApiModel:
        api_model = ApiModel(
            id=row, name=row, format=ALL[0].name, base_url=base_url, prefix="", forward_all=False,
            models=("gpt",), extra_headers={}, extra_body={}, allow_private_network=False, has_key=key is not None,
            owner_id=None, created_at=0.0, updated_at=0.0,
        )  # fmt: skip
        sealed = self.vault.seal(key, provider_key_place(row, base_url)) if key else None
        async with self.store.write() as connection:
            await insert_api_model(connection, api_model, sealed)
        await self.directory.reload()
        return self.directory.snapshot.api_models[-1]

    async def hide_versions(self) -> None:
        async with self.store.write() as connection:
            await connection.execute(text("ALTER TABLE config_version RENAME TO elsewhere"))

    async def show_versions(self) -> None:
        async with self.store.write() as connection:
            await connection.execute(text("ALTER TABLE elsewhere RENAME TO config_version"))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with fresh_store(tmp_path) as store:
        vault, time = new_vault(), StillClock()
        yield World(store, vault, time, Directory(store, vault, time.clock, FORMATS))


async def test_before_the_first_load_nothing_can_be_decided(world: World) -> None:
    assert not world.directory.loaded
    with pytest.raises(StoreUnavailable):
        _ = world.directory.snapshot


async def test_a_new_api_model_is_known_after_a_reload(world: World) -> None:
    await world.add()
    assert [m.id for m in world.directory.snapshot.api_models] == ["m1"]
    assert list(world.directory.snapshot.table.api_models) == ["m1"]
    assert not world.directory.snapshot.has_admin


async def test_a_key_is_opened_for_its_own_api_model(world: World) -> None:
    assert world.directory.secret_for(await world.add()) == KEY


async def test_a_key_less_api_model_has_no_secret(world: World) -> None:
    assert world.directory.secret_for(await world.add(key=None)) is None


async def test_a_key_is_not_opened_for_another_origin(world: World) -> None:
    api_model = await world.add()
    for base_url in ["https://two.example/v1", "http://one.example/v1", "https://one.example:444/v1"]:
        with pytest.raises(ApiModelUnusable):
            world.directory.secret_for(replace(api_model, base_url=base_url))
    world.directory.secret_for(api_model)
    with pytest.raises(ApiModelUnusable):
        world.directory.secret_for(replace(api_model, base_url="https://two.example/v1"))


async def test_a_call_from_before_a_change_is_not_given_the_new_key(world: World) -> None:
    before = await world.add()
    moved = replace(before, base_url="https://two.example/v1")
    sealed = world.vault.seal(Secret("sk-second"), provider_key_place("m1", moved.base_url))
    async with world.store.write() as connection:
        await update_api_model(connection, moved, sealed)
    await world.directory.reload()
    assert world.directory.secret_for(world.directory.snapshot.api_models[0]) == Secret("sk-second")
    with pytest.raises(ApiModelUnusable):
        world.directory.secret_for(before)


async def test_a_key_copied_from_another_row_does_not_open_and_is_shown_as_broken(world: World) -> None:
    await world.add("m1")
    await world.add("m2")
    async with world.store.write() as connection:
        await connection.execute(
            text("UPDATE api_models SET sealed_key = (SELECT sealed_key FROM api_models WHERE id = 'm1')")
        )
    await world.directory.reload()
    first, second = world.directory.snapshot.api_models
    assert first.broken is None
    assert second.broken
    assert world.directory.secret_for(first) == KEY
    with pytest.raises(ApiModelUnusable):
        world.directory.secret_for(second)


async def test_an_opened_key_is_kept_for_a_minute_at_most(world: World) -> None:
    api_model = await world.add()
    first = world.directory.secret_for(api_model)
    assert world.directory.secret_for(api_model) is first
    world.time.advance(OPENED_SECONDS)
    assert world.directory.secret_for(api_model) is not first
    world.time.advance(OPENED_SECONDS)
    world.directory.forget_opened()
    assert not world.directory._opened


async def test_the_watch_notices_a_change_of_another_process(world: World) -> None:
    await world.add()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(world.directory.watch())
        async with world.store.write() as connection:
            api_model = await get_api_model(connection, "m1")
            assert api_model is not None
            await update_api_model(connection, replace(api_model, name="renamed"), None)
        await eventually(lambda: world.directory.snapshot.api_models[0].name == "renamed")
        watching.cancel()


async def test_an_outage_keeps_the_last_snapshot_and_is_noticed(world: World) -> None:
    await world.add()
    snapshot = world.directory.snapshot
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(world.directory.watch())
        await world.hide_versions()
        await eventually(lambda: world.directory.stale_since is not None)
        assert world.directory.snapshot is snapshot
        await world.show_versions()
        await eventually(lambda: world.directory.stale_since is None)
        watching.cancel()


async def test_reloads_asked_for_at_once_share_one(world: World) -> None:
    await world.directory.reload()
    before = world.directory._begun
    await asyncio.gather(*(world.directory.reload() for _ in range(50)))
    assert world.directory._begun - before <= 2


async def test_a_failed_reload_says_so_and_the_next_one_works(world: World) -> None:
    await world.hide_versions()
    with pytest.raises(StoreUnavailable):
        await world.directory.reload()
    await world.show_versions()
    await world.directory.reload()
    assert world.directory.loaded


async def test_a_revoked_token_is_known_as_revoked(world: World) -> None:
    async with world.store.write() as connection:
        await insert_user(connection, User("u1", "ada", Role.ADMIN, None, disabled=False, created_at=0.0))
        grant = TokenGrant("t1", "laptop", b"m" * 32, "u1", "ada", Role.ADMIN, "user", (), 0.0, None, None)
        await insert_token(connection, grant)
    await world.directory.reload()
    assert world.directory.snapshot.grants[b"m" * 32].revoked_at is None
    assert world.directory.snapshot.has_admin
    async with world.store.write() as connection:
        await update_token(connection, replace(grant, revoked_at=world.time.time))
        await bump_config_version(connection)
    await world.directory.reload()
    assert world.directory.snapshot.grants[b"m" * 32].revoked_at is not None


async def test_a_look_learns_what_another_process_wrote(world: World) -> None:
    await world.add()
    async with world.store.write() as connection:
        await connection.execute(text("UPDATE api_models SET name = 'renamed'"))
        await bump_config_version(connection)

    await world.directory.look()

    assert [m.name for m in world.directory.snapshot.api_models] == ["renamed"]


async def test_many_who_look_at_once_share_two_looks_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.add()
    looks = 0
    follow = world.directory.follow

    async def counted() -> None:
        nonlocal looks
        looks += 1
        await follow()

    monkeypatch.setattr(world.directory, "follow", counted)
    await asyncio.gather(*(world.directory.look() for _ in range(200)))

    assert looks <= 2


async def test_a_look_at_a_store_that_is_out_says_so_to_everybody(world: World) -> None:
    await world.add()
    await world.hide_versions()

    looked = await asyncio.gather(*(world.directory.look() for _ in range(20)), return_exceptions=True)

    assert [type(each) for each in looked] == [StoreUnavailable] * 20
    assert world.directory.stale_since is not None
