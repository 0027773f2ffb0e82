"""Making stored changes known."""

from bodhi.control.services import reload
from tests.fakes.control import Control


async def test_a_change_that_is_stored_succeeds_even_if_it_cannot_be_read_back(control: Control) -> None:
    async with control.store.write() as connection:
        await connection.exec_driver_sql("ALTER TABLE config_version RENAME TO elsewhere")
    await reload(control.services)
    assert control.services.directory.stale_since is not None
    assert control.services.directory.loaded
