"""One side under atheris, in a process of its own: `python -m fuzz.guided <side> <options of libFuzzer>`.

Coverage is that of our Python; the parsers below it are C and guide nothing.
"""

import asyncio
import importlib
import sys

import atheris


def main(side: str, options: list[str]) -> None:
    """Fuzz until libFuzzer ends the process."""
    with atheris.instrument_imports(include=["bodhi"]):
        check = importlib.import_module(f"fuzz.{side}").check
    loop = asyncio.new_event_loop()

    def try_one(raw: bytes) -> None:
        check(loop, raw)

    atheris.Setup([sys.argv[0], *options], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
