"""What a person can set, call or be told is in the docs, by the name that the code uses."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from bodhi import settings
from bodhi.cli.main import app
from bodhi.core import errors
from bodhi.core.errors import BodhiError
from bodhi.formats.contract import Dialect, Endpoint
from bodhi.formats.registry import FORMATS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def docs() -> str:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def endpoints() -> Iterator[tuple[Dialect, Endpoint]]:
    dialects = {format_.dialect.name: format_.dialect for format_ in FORMATS}
    return ((dialect, endpoint) for dialect in dialects.values() for endpoint in dialect.endpoints)


def documented_path(dialect: Dialect, endpoint: Endpoint) -> str:
    """Return the path as the docs write it: the newest version, and `{model}` where a model id stands."""
    version = dialect.versions[0] if dialect.versions else ""
    return endpoint.path.replace("{version}", version).replace("[models/]", "models/")


def error_codes() -> list[str]:
    classes = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, BodhiError)]
    return sorted({class_.code for class_ in classes} - {"error"})


def commands() -> Iterator[str]:
    """Yield every command as a person types it."""
    pending: list[tuple[str, Any]] = [("bodhi", typer.main.get_command(app))]
    while pending:
        name, command = pending.pop()
        inner = getattr(command, "commands", {})
        pending.extend((f"{name} {child}", inner[child]) for child in inner)
        if not inner and not command.hidden:
            yield name


def test_every_setting_is_in_the_configuration_page() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

    assert [setting.env_name for setting in settings.SETTINGS if f"`{setting.env_name}`" not in page] == []


def test_every_default_stands_beside_its_setting() -> None:
    rows = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines()
    wrong = [
        setting.env_name
        for setting in settings.SETTINGS
        if str(setting.default) and not any(setting.env_name in row and str(setting.default) in row for row in rows)
    ]

    assert wrong == []


def test_every_endpoint_is_in_the_docs(docs: str) -> None:
    missing = [
        f"{endpoint.method} {documented_path(dialect, endpoint)}"
        for dialect, endpoint in endpoints()
        if documented_path(dialect, endpoint) not in docs
    ]

    assert missing == []


def test_every_error_code_is_in_the_docs(docs: str) -> None:
    assert [code for code in error_codes() if f"`{code}`" not in docs] == []


def test_every_command_is_in_the_docs(docs: str) -> None:
    assert [command for command in commands() if command not in docs] == []
