"""What one process of a home folder does for all: who it is. What there is to do is accounting's."""

import fcntl
import os
from pathlib import Path

FILE = "duty.lock"


class Duty:
    """A lock on a file, which the first to ask gets and keeps, and which the system frees when that process ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def is_ours(self) -> bool:
        """Take the duty if nobody has it, and tell whether it is ours."""
        if self._file is not None:
            return True
        try:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:  # The store in the same folder is in trouble, too, and says so.
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def close(self) -> None:
        """Let another process have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
