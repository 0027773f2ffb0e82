"""Measure the gateway beside nginx as a plain proxy, on the same work in the same run: `python -m bench`."""
