"""The gateway as `bodhi serve` runs it, but for one thing: calls to the mock cost what they would at OpenAI."""

import contextlib
import sys

from bodhi.app import build
from bodhi.home import open_home
from bodhi.server.run import bind_sockets, new_runner
from bodhi.serving import run_built
from bodhi.settings import read_settings

PRICED_AT = "https://api.openai.com/v1"


async def serve() -> None:
    """Serve until a signal to stop, as the environment says."""
    settings = read_settings()
    with contextlib.ExitStack() as listening:
        sockets = bind_sockets(settings.host, settings.port)
        for listener in sockets:
            listening.callback(listener.close)
        home = await open_home(settings)
        try:
            server = await build(home, priced_at=lambda _: PRICED_AT)
            await run_built(server, sockets, lambda _: None)
        finally:
            await home.close()


if __name__ == "__main__":
    with new_runner() as runner:
        runner.run(serve())
    sys.exit(0)
