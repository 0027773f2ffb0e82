"""Finds secrets in whatever a program leaves behind, in every form in which one could get there."""

import base64
import json
import logging
from pathlib import Path
from urllib.parse import quote

FRAGMENT = 12
PUBLIC = b"sk-ant-oat01-"
"""What every key of a kind begins with, which messages may name."""


class Canary:
    """One secret that must not be found. `fragments` looks for any twelve characters of it as well."""

    def __init__(self, name: str, secret: str, *, fragments: bool = False) -> None:
        self.name = name
        raw = secret.encode()
        self.forms = {
            raw,
            quote(secret, safe="").encode(),
            "".join(f"%{byte:02X}" for byte in raw).encode(),
            json.dumps(secret)[1:-1].encode(),
            "".join(f"\\u{ord(letter):04x}" for letter in secret).encode(),
            raw.hex().encode(),
            raw.hex().upper().encode(),
            *_base64_forms(raw),
        }
        if fragments:
            self.forms |= {raw[at : at + FRAGMENT] for at in range(len(raw) - FRAGMENT + 1)}
            self.forms = {form for form in self.forms if form not in PUBLIC}

    def found_in(self, heap: bytes) -> list[bytes]:
        """Return the forms that occur in a heap of bytes, without repeating more of the secret than needed."""
        return [form[:4] + b"..." for form in self.forms if form in heap]


def _base64_forms(raw: bytes) -> set[bytes]:
    """Return what base64 makes of a secret wherever it stands in a longer text: the part that is sure at each shift."""
    found = set()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            inside = raw[(3 - shift) % 3 :]
            found.add(encode(inside[: len(inside) // 3 * 3]))
    return found


class LogHeap(logging.Handler):
    """Keeps every line that any logger of this process writes, at the finest level, tracebacks included."""

    LOGGERS = (
        "",
        "bodhi",
        "uvicorn",
        "uvicorn.error",
        "uvicorn.access",
        "asyncio",
        "sqlalchemy",
        "aiosqlite",
        "alembic",
    )

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self.lines: list[str] = []
        self._before: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(self.format(record))

    def start(self) -> None:
        """Listen."""
        for name in self.LOGGERS:
            logger = logging.getLogger(name)
            self._before[name] = logger.level
            logger.setLevel(logging.DEBUG)
            if not name or not logger.propagate:
                logger.addHandler(self)

    def stop(self) -> None:
        """Put everything back."""
        for name, level in self._before.items():
            logging.getLogger(name).setLevel(level)
            logging.getLogger(name).removeHandler(self)

    @property
    def heap(self) -> bytes:
        """Return everything that was written."""
        return "\n".join(self.lines).encode("utf-8", "surrogateescape")


def files_below(folder: Path) -> dict[str, bytes]:
    """Return the content of every file, journals and the root key's own file included."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
