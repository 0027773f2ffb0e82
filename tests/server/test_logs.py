import logging
import sys
from collections.abc import Iterator

import pytest

from bodhi.server.logs import LineFormatter, configure_logs


def line(message: str, *arguments: object, exc_info: bool = False) -> str:
    record = logging.LogRecord(
        "bodhi.x", logging.WARNING, __file__, 1, message, arguments, sys.exc_info() if exc_info else None
    )
    record.created = 0.5
    return LineFormatter().format(record)


@pytest.fixture
def untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.level, root.handlers[:])
    yield
    root.level, root.handlers[:] = before


def test_an_event_is_one_line_with_time_level_and_logger() -> None:
    assert line("open %s", "m") == "1970-01-01T00:00:00.500Z warning bodhi.x: open m"


@pytest.mark.parametrize("text", ["a\nb", "a\r\nb", "\x1b[31mred", "a\x00", "tab\there", "\x9b31m"])
def test_control_characters_cannot_forge_a_line_or_steer_a_terminal(text: str) -> None:
    written = line("%s", text)

    assert written.isprintable()


@pytest.mark.parametrize(
    "secret",
    ["bodhi_u_0123456789abcdef", "sk-proj-0123456789", "AIzaSyA0123456789", "/v1?alt=sse&key=canary", "Bearer canary"],
)
def test_what_looks_like_a_secret_is_starred(secret: str) -> None:
    written = line("request %s", secret)

    assert "***" in written
    assert "0123456789" not in written
    assert "canary" not in written


def test_a_traceback_follows_indented_without_secrets() -> None:
    try:
        raise RuntimeError("key sk-proj-0123456789\nforged line")
    except RuntimeError:
        written = line("failed", exc_info=True)

    first, *rest = written.splitlines()
    assert first.endswith("failed")
    assert rest
    assert all(each.startswith("    ") for each in rest)
    assert "0123456789" not in written


@pytest.mark.usefixtures("untouched_logging")
def test_the_least_severity_is_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("warning")
    logging.getLogger("bodhi.a").info("quiet")
    logging.getLogger("bodhi.a").warning("loud")

    written = capsys.readouterr().err
    assert "loud" in written
    assert "quiet" not in written
