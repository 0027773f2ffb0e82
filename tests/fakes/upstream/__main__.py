"""The fake upstream as a program, to try a gateway by hand or to measure it."""

import argparse
import asyncio
import sys

from tests.fakes.upstream.server import BASES, Upstream


async def serve(port: int, host: str) -> None:
    """Listen until interrupted and print the base URLs."""
    upstream = Upstream()
    await upstream.start(port, host)
    for name in BASES:
        sys.stdout.write(f"{name:18} {upstream.base_url(name)}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.upstream", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    try:
        asyncio.run(serve(options.port, options.host))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
