"""The configuration's version: grows with each committed change, and only then."""

import pytest

from bodhi.storage.engine import Store
from bodhi.storage.version import bump_config_version, config_version


async def test_a_committed_bump_is_seen_by_others(store: Store) -> None:
    async with store.read() as connection:
        before = await config_version(connection)
    async with store.write() as connection:
        assert await bump_config_version(connection) == before + 1
    async with store.read() as connection:
        assert await config_version(connection) == before + 1


async def test_a_bump_that_was_rolled_back_never_was(store: Store) -> None:
    async with store.read() as connection:
        before = await config_version(connection)
    with pytest.raises(RuntimeError, match="stop"):
        async with store.write() as connection:
            await bump_config_version(connection)
            raise RuntimeError("stop")
    async with store.read() as connection:
        assert await config_version(connection) == before
