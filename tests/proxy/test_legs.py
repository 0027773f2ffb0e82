from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bodhi.core.api_model import ApiModel, Timeouts
from bodhi.core.credential import Secret
from bodhi.core.errors import ApiModelUnusable
from bodhi.directory.live import OPENED_SECONDS, Directory
from bodhi.formats.registry import FORMATS
from bodhi.proxy.legs import KEPT_SECONDS, Legs
from bodhi.storage.api_models import insert_api_model, provider_key_place
from bodhi.storage.engine import Store
from bodhi.storage.version import bump_config_version
from tests.fakes.clocks import StillClock
from tests.fakes.stores import fresh_store, new_vault
from tests.routing.samples import api_model

FORMATS_BY_NAME = {each.name: each for each in FORMATS}


class World:
    """A directory over a store with one api model, and the legs made from it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.time = StillClock()
        self.vault = new_vault()
        self.directory = Directory(store, self.vault, self.time.clock, FORMATS_BY_NAME)
        self.legs = Legs(self.directory, Timeouts(), self.time.clock)

    async def add(self, row: str, sealed: str | None = "") -> ApiModel:
        made = api_model(row, has_key=True, owner_id=None, prefix=f"{row}/")
        place = provider_key_place(row, made.base_url)
        async with self.store.write() as connection:
            await insert_api_model(connection, made, sealed or self.vault.seal(Secret("sk-1"), place))
        await self.directory.reload()
        return self.known(row)

    def known(self, row: str) -> ApiModel:
        return next(each for each in self.directory.snapshot.api_models if each.id == row)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with fresh_store(tmp_path) as store:
        yield World(store)


async def test_a_leg_is_worked_out_once(world: World) -> None:
    made = await world.add("m1")
    snapshot = world.directory.snapshot
    first = world.legs.leg(snapshot, made)

    assert world.legs.leg(snapshot, made) is first
    assert (b"authorization", b"Bearer sk-1") in first.fixed


async def test_a_key_does_not_stay_open_longer_than_a_minute(world: World) -> None:
    made = await world.add("m1")
    snapshot = world.directory.snapshot
    first = world.legs.leg(snapshot, made)
    world.time.advance(KEPT_SECONDS - 1)
    kept = world.legs.leg(snapshot, made)
    world.time.advance(1)
    renewed = world.legs.leg(snapshot, made)

    assert kept is first
    assert renewed is not first


async def test_an_idle_process_holds_no_leg_with_a_key(world: World) -> None:
    made = await world.add("m1")
    world.legs.leg(world.directory.snapshot, made)
    world.time.advance(OPENED_SECONDS)
    world.directory.forget_opened()

    assert world.legs._kept == {}


async def test_a_new_snapshot_forgets_every_leg(world: World) -> None:
    made = await world.add("m1")
    first = world.legs.leg(world.directory.snapshot, made)
    async with world.store.write() as connection:
        await bump_config_version(connection)
    await world.directory.reload()

    assert world.legs.leg(world.directory.snapshot, world.known("m1")) is not first


async def test_a_key_that_cannot_be_opened_makes_no_leg(world: World) -> None:
    made = await world.add("m1", sealed="v1.k1.AAAA")

    with pytest.raises(ApiModelUnusable):
        world.legs.leg(world.directory.snapshot, made)
