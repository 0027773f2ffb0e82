"""What all checks share: the error that says that a property does not hold, and faults that only a log would show."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from typing_extensions import override


class Broken(AssertionError):
    """A property does not hold for this input."""


def hold(condition: object, what: str) -> None:
    """Stop with `what` unless the condition is true.

    Raises:
        Broken: it is not.
    """
    if not condition:
        raise Broken(what)


class _Listener(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(logging.Formatter().format(record))


@contextmanager
def no_errors_logged(name: str) -> Iterator[None]:
    """Let no error be logged in the block below the logger `name`: faults that are caught are faults.

    Raises:
        Broken: one was.
    """
    logger, listener = logging.getLogger(name), _Listener()
    propagated = logger.propagate
    logger.propagate = False
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagated
    hold(not listener.heard, "logged: " + "\n".join(listener.heard))
