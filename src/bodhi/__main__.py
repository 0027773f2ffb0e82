"""`python -m bodhi` is the command `bodhi`."""

import sys

from bodhi.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
