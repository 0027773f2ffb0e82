"""`python -m bodhi` and the script `bodhi`: a process that belongs to the command, whose memory is set up for it.

Nothing else does that: who imports the command line into a program of their own keeps their collector as it was.
"""

import gc
import sys

# Importing leaves no garbage, and looking for some meanwhile costs a sixth of the start. `main` turns it on again.
gc.disable()

from bodhi.cli.main import command, run  # noqa: E402 # see above
from bodhi.server.memory import keep_freed_memory  # noqa: E402 # see above

GC_OBJECTS = 2_000
"""New objects between two looks for cyclic garbage; Python's own 700 would look all the time.

A call leaves none behind. Statements of the control API do, about 2,000 objects each: the later they are found, the
more memory there is that is never given back.
"""


def main() -> int:
    """Run the command line and return the exit status."""
    loaded = command(sys.argv[1:])
    # What is loaded now stays until the end: frozen, it is never looked through again.
    gc.freeze()
    gc.set_threshold(GC_OBJECTS)
    gc.enable()
    keep_freed_memory()
    return run(loaded)


if __name__ == "__main__":
    sys.exit(main())
