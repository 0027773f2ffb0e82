"""Bodhi, a self-hosted gateway for language models. Only the version lives here; importing it imports nothing."""

__version__ = "0.1.0"
