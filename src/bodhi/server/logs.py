"""How the process writes its log: one line per event on standard error, control characters escaped, secrets starred."""

import logging
import re

from typing_extensions import override

from bodhi.core.clock import iso_time

_SECRET = re.compile(
    r"bodhi_[a-z]+_[A-Za-z0-9]{8,}"
    r"|sk-[A-Za-z0-9_-]{8,}"
    r"|AIza[A-Za-z0-9_-]{8,}"
    r"|(?<=[?&]key=)[^&\s]+"
    r"|(?i:(?<=bearer )\S+)"
)
"""Shapes of tokens and provider keys. No code logs one on purpose; this is the second fence."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]|\n(?!    )")


class LineFormatter(logging.Formatter):
    """Writes time, level, logger and message on one line; a traceback follows indented."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, safe to show in a terminal and free of anything that looks like a secret."""
        text = record.getMessage()
        if record.exc_info:
            trace = self.formatException(record.exc_info).replace("\n", "\n    ")
            text = f"{text}\n    {trace}"
        safe = _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), _SECRET.sub("***", text))
        return f"{iso_time(record.created)} {record.levelname.lower():7} {record.name}: {safe}"


def configure_logs(level: str) -> None:
    """Send everything of at least this level to standard error."""
    root = logging.StreamHandler()
    root.setFormatter(LineFormatter())
    logging.basicConfig(level=level.upper(), handlers=[root], force=True)
    # uvicorn announces every start and stop of its own; ours are told by the command line.
    logging.getLogger("uvicorn").setLevel("WARNING")
