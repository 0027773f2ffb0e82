import asyncio

from bodhi.server.sweeper import Sweeper
from tests.fakes.waiting import eventually


class Counted:
    def __init__(self) -> None:
        self.swept = 0

    def sweep(self, now: float) -> None:
        self.swept += 1


async def test_every_connection_is_swept_until_the_sweeper_stops() -> None:
    sweeper = Sweeper(0.01)
    connections = [Counted(), Counted()]
    sweeper.connections.update(connections)
    loop = asyncio.get_running_loop()
    sweeper.start(loop)
    sweeper.start(loop)
    await eventually(lambda: all(each.swept > 2 for each in connections))
    sweeper.stop()
    before = [each.swept for each in connections]
    later = loop.time() + 0.05
    await eventually(lambda: loop.time() > later)
    assert [each.swept for each in connections] == before
