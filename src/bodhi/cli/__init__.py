"""The command line: the main job without a browser, on the store of a home folder, whether or not a server runs."""
