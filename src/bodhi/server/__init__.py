"""The HTTP/1.1 front: refusals, deadlines and framing before any application code. No routes live here."""
