"""Access to the recordings: bodies and streams of each format, scrubbed."""

from pathlib import Path

FOLDER = Path(__file__).parent / "recordings"


def recording(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def recordings(format_name: str) -> list[Path]:
    return sorted((FOLDER / format_name).iterdir())
