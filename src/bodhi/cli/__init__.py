"""The command line: the main job without a browser, on the store of a home folder, whether or not a server runs."""

import gc

# Importing leaves no garbage, and looking for some meanwhile costs a sixth of the start. `main` turns it on again.
gc.disable()
